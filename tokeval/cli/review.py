"""`tokeval diff OLD NEW` for two versions of a tokenizer."""

from __future__ import annotations

import json as jsonlib
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from tokeval.errors import FAILED, UsageError, suggest

if TYPE_CHECKING:
    from tokeval.engine.review import Review
    from tokeval.engine.segmentation import Changes, Example

KINDS = ("ids", "vocabulary", "decoding", "segmentation")

#: Lists are shown to this length; the JSON has all of them.
_SHOWN = 10


def command_review(
    old: str,
    new: str,
    *,
    corpora: Sequence[str] = (),
    fail_on: Sequence[str] = (),
    examples: int = 10,
    limit: int | None = None,
    markdown: Path | None = None,
    json: Path | None = None,
) -> int:
    """Print what changed between two tokenizers; exit code 1 where a kind named in `fail_on` did."""
    from tokeval.cli.parse import pairs
    from tokeval.cli.pipe import unread
    from tokeval.engine.review import broken, review
    from tokeval.results.store import write_file

    for kind in fail_on:
        if kind not in KINDS:
            raise UsageError(f"--fail-on knows no {kind!r}", hint=suggest(kind, KINDS))
    if {"decoding", "segmentation"} & set(fail_on) and not corpora:
        raise UsageError("--fail-on decoding and segmentation need text", hint="add -c NAME=PATH")
    found = review(old, new, pairs(corpora, "-c"), examples=examples, limit=limit)
    if found.vocabularies is None and {"ids", "vocabulary"} & set(fail_on):
        raise UsageError("--fail-on ids and vocabulary need both vocabularies, and one is not declared")
    failed = broken(found, fail_on)
    text = render(found, failed)
    if markdown is not None:
        write_file(markdown, text.encode())
    if json is not None:
        content = asdict(found) | {"findings": found.findings, "failed": failed}
        write_file(json, (jsonlib.dumps(content, indent=2, ensure_ascii=False, default=_plain) + "\n").encode())
    with unread():
        sys.stdout.write(text)
        sys.stdout.flush()
    return FAILED if failed else 0


def render(review: Review, failed: Sequence[str] = ()) -> str:
    """The review as Markdown, which reads well in a terminal too."""
    parts = ["## Tokenizer change", f"old: {_code(review.old)}  \nnew: {_code(review.new)}"]
    if review.same:
        parts.append("Both are the same: their fingerprints are equal.")
    parts += _vocabulary(review)
    for name, changes in review.changes.items():
        parts += _segmentation(name, changes)
    if failed:
        parts.append("**Failed**, because these changed: " + ", ".join(failed) + ".")
    return "\n\n".join(parts) + "\n"


def _vocabulary(review: Review) -> list[str]:
    ids = review.vocabularies
    if ids is None:
        return ["The vocabularies were not compared: a version does not declare it."]
    kept = ids.old_size - len(ids.redefined)
    lines = [
        f"- entries: {ids.old_size:,} → {ids.new_size:,}",
        f"- old ids that still stand for the same token: {kept:,} of {ids.old_size:,}",
        f"- tokens that moved to another id: {len(ids.moved):,}",
        f"- tokens added: {len(ids.added):,}, removed: {len(ids.removed):,}",
    ]
    parts = ["### Ids", "\n".join(lines)]
    if ids.redefined:
        count = len(ids.redefined)
        parts.append(f"**Text encoded with the old version does not decode with the new one: {count:,} ids changed.**")
    lists = {
        "Moved": [f"{_code(m.token.text)} {m.token.id} → {m.new_id}" for m in ids.moved[:_SHOWN]],
        "Added": [f"{_code(t.text)} {t.id}" for t in ids.added[:_SHOWN]],
        "Removed": [f"{_code(t.text)} {t.id}" for t in ids.removed[:_SHOWN]],
    }
    totals = {"Moved": len(ids.moved), "Added": len(ids.added), "Removed": len(ids.removed)}
    for title, shown in lists.items():
        if shown:
            more = f", and {totals[title] - len(shown):,} more" if totals[title] > len(shown) else ""
            parts.append(f"{title}: " + ", ".join(shown) + more)
    return parts


def _segmentation(name: str, changes: Changes) -> list[str]:
    change = changes.new_tokens / changes.old_tokens - 1 if changes.old_tokens else 0.0
    share = changes.changed / changes.documents if changes.documents else 0.0
    lines = [
        f"- documents cut differently: {changes.changed:,} of {changes.documents:,} ({share:.1%})",
        f"- tokens: {changes.old_tokens:,} → {changes.new_tokens:,} ({change:+.2%})",
    ]
    if changes.decoded_differently is None:
        lines.append("- decoding of old ids was not compared: a version does not declare decode")
    else:
        lines.append(
            f"- documents whose old ids the new version decodes to another text: {changes.decoded_differently:,}"
        )
    slices = [(s, n, changes.by_slice[s]) for s, n in changes.changed_by_slice.items() if n]
    slices.sort(key=lambda item: (-item[1] / item[2], item[0]))
    if len(changes.by_slice) > 1 and slices:
        shown = ", ".join(f"{_code(s)} {n / of:.1%}" for s, n, of in slices[:_SHOWN])
        lines.append(f"- slices that changed most: {shown}")
    parts = [f"### Segmentation of {_code(name)}", "\n".join(lines)]
    if changes.examples:
        parts.append("The documents that changed most (` | ` marks token boundaries, around the first change):")
        parts.append("\n\n".join(_example(example) for example in changes.examples))
    return parts


def _example(example: Example) -> str:
    head = f"{_code(example.slice)} row {example.row}: {example.share:.0%} of the boundaries"
    counts = f"{example.old_tokens} → {example.new_tokens} tokens"
    old, new = (_code(" | ".join(pieces)) for pieces in (example.old_pieces, example.new_pieces))
    return f"- {head}, {counts}  \n  old: {old}  \n  new: {new}"


def _code(text: str) -> str:
    """Text in a code span: control characters made visible, fenced by more backticks than it holds."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    longest = max((len(run) for run in _runs(shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") or not shown.strip() else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def _runs(text: str) -> Iterable[str]:
    """The runs of backticks in a text."""
    import re

    return re.findall("`+", text)


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        from tokeval.tokenizers.bytelevel import printable

        return printable(value)
    return str(value)
