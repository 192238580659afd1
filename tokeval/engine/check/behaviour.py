"""Probes of what the tokenizer does with text."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from itertools import chain

import numpy as np

from tokeval.arrow import text_array
from tokeval.engine.check.outcome import Found, Probe
from tokeval.engine.check.subject import Subject, shrink
from tokeval.engine.check.texts import KINDS, every_byte
from tokeval.errors import first_line
from tokeval.schema import DECODE, SPANS, SPECIAL


def all_texts() -> list[str]:
    """Every text of every kind."""
    return list(chain.from_iterable(KINDS.values()))


def short(text: str) -> str:
    """A text as Python would write it, cut where it is long."""
    shown = ascii(text) if any(unicodedata.category(c).startswith("C") for c in text) else repr(text)
    return shown if len(shown) <= 80 else f"{shown[:60]}… ({len(text):,} characters)"


def skipped(reason: str) -> Found:
    """Nothing to look at."""
    return Found(0, 0, reason, skipped=True)


def _bytes_covered(subject: Subject) -> Found:
    characters = every_byte()
    if DECODE not in subject.tokenizer.capabilities:
        return skipped("the tokenizer does not declare decode")
    values = sorted(characters)
    texts = [characters[value] for value in values]
    ids, back, unknown = subject.ids(texts), subject.decoded(texts), subject.tokenizer.unknown_id
    lost = [v for v, text, came in zip(values, texts, back, strict=True) if not _same_but_form(text, came)]
    known = [v for v in lost if unknown is not None and unknown in ids[values.index(v)]]
    silent = [v for v in lost if v not in known]
    if not lost:
        return Found(0, len(values), f"all {len(values)} bytes that UTF-8 uses come back")
    worst = silent or known
    message = f"of {len(values)} bytes that UTF-8 uses, {len(known)} become the unknown token, {len(silent)} are lost"
    return Found(len(lost), len(values), message, short(characters[worst[0]]), harmless=not silent)


def _round_trip(kind: str) -> Callable[[Subject], Found]:
    def probe(subject: Subject) -> Found:
        if DECODE not in subject.tokenizer.capabilities:
            return skipped("the tokenizer does not declare decode")
        texts = KINDS[kind]
        changed = [(text, back) for text, back in zip(texts, subject.decoded(texts), strict=True) if text != back]
        if not changed:
            return Found(0, len(texts), f"all {len(texts)} texts come back")
        lost = [(text, back) for text, back in changed if not _same_but_form(text, back)]
        form = not lost

        def differs(text: str) -> bool:
            back = subject.decoded([text])[0]
            return back != text if form else not _same_but_form(text, back)

        text = shrink(min((text for text, _ in lost or changed), key=len), differs)
        back = subject.decoded([text])[0]
        what = "in another Unicode form" if form else "changed"
        message = f"{len(changed)} of {len(texts)} texts come back {what}"
        write = ascii if form else short  # forms look alike
        return Found(len(changed), len(texts), message, f"{write(text)} → {write(back)}", harmless=form)

    return probe


def _same_but_form(text: str, back: str) -> bool:
    return unicodedata.normalize("NFC", text) == unicodedata.normalize("NFC", back)


def _determinism(subject: Subject) -> Found:
    texts = all_texts()
    first, second = subject.ids(texts), subject.ids(texts)
    again = subject.ids(texts[::-1])[::-1]
    bad = [t for t, a, b, c in zip(texts, first, second, again, strict=True) if not a == b == c]
    if not bad:
        return Found(0, len(texts), "three passes over the same texts give the same ids")
    return Found(len(bad), len(texts), f"{len(bad)} texts get other ids on another pass", short(min(bad, key=len)))


def _batch(subject: Subject) -> Found:
    texts = [*all_texts(), ""]
    together = subject.ids(texts)
    bad = [text for text, ids in zip(texts, together, strict=True) if subject.ids([text])[0] != ids]
    if not bad:
        return Found(0, len(texts), "a batch equals its texts one by one")
    message = f"{len(bad)} texts get other ids in a batch than alone"
    return Found(len(bad), len(texts), message, short(min(bad, key=len)))


def _special_text(subject: Subject) -> Found:
    table = subject.vocabulary
    if table is None:
        return skipped("the tokenizer does not declare a vocabulary")
    rows = [row for row in table.select(["id", "piece", "kind"]).to_pylist() if row["kind"] == SPECIAL]
    rows = [row for row in rows if row["id"] != subject.tokenizer.unknown_id and row["piece"]]
    if not rows:
        return skipped("the vocabulary has no special tokens")
    texts = [[row["piece"], f"a {row['piece']} b"] for row in rows]
    ids = subject.ids(list(chain.from_iterable(texts)))
    bad = [row["piece"] for k, row in enumerate(rows) if row["id"] in ids[2 * k] + ids[2 * k + 1]]
    if not bad:
        return Found(0, len(rows), f"the {len(rows)} special tokens are ordinary text where they occur in text")
    return Found(len(bad), len(rows), f"{len(bad)} special tokens are parsed out of text", short(min(bad, key=len)))


def _text_kept(subject: Subject) -> Found:
    if SPANS not in subject.tokenizer.capabilities:
        return skipped("the tokenizer does not declare spans")
    texts = [text for text in all_texts() if text.strip()]

    def uncovered(text: str) -> bool:
        encoding = subject.encoder.encode(text_array([text]))
        assert encoding.starts is not None
        assert encoding.ends is not None
        data = text.encode()
        covered = np.zeros(len(data) + 1, np.int64)
        np.add.at(covered, encoding.starts, 1)
        np.add.at(covered, encoding.ends, -1)
        inside = np.cumsum(covered)[:-1] > 0
        gaps = bytes(b if not kept else 0x20 for b, kept in zip(data, inside.tolist(), strict=True))
        return bool(gaps.decode("utf-8", "replace").strip()) and not comes_back(text)

    def comes_back(text: str) -> bool:  # what is composed with its neighbour lies under no token, and is not lost
        return DECODE in subject.tokenizer.capabilities and _same_but_form(text, subject.decoded([text])[0])

    bad = [text for text in texts if uncovered(text)]
    if not bad:
        return Found(0, len(texts), "every character that is not white space lies under a token")
    example = shrink(min(bad, key=len), lambda text: bool(text.strip()) and uncovered(text))
    return Found(len(bad), len(texts), f"{len(bad)} texts have characters under no token", short(example))


def _fast_path(subject: Subject) -> Found:
    try:
        path = subject.tokenizer.fast_path()
    except Exception as error:  # NoFastPathError, or whatever the library raises on a file it does not know
        return skipped(first_line(error))
    texts = [*all_texts(), *every_byte().values()]
    found = path.encode(text_array(texts), False)
    unsure = set() if found.unsure is None else set(np.asarray(found.unsure).tolist())
    wanted = subject.ids(texts)
    rows = [found.ids[found.offsets[k] : found.offsets[k + 1]].tolist() for k in range(len(texts))]
    tried = [k for k in range(len(texts)) if k not in unsure]
    bad = [texts[k] for k in tried if rows[k] != wanted[k]]
    if not bad:
        return Found(0, len(tried), f"{path.name} gives the same ids, and leaves {len(unsure)} texts to the reference")
    message = f"{path.name} gives other ids for {len(bad)} texts; runs fall back to the reference"
    return Found(len(bad), len(tried), message, short(min(bad, key=len)))


def _against(subject: Subject) -> Found:
    if subject.other is None:
        return skipped("no second file was named")
    other, texts = subject.other, [*all_texts(), *every_byte().values()]
    pairs = zip(texts, subject.ids(texts), subject.ids(texts, other), strict=True)
    bad = [text for text, mine, theirs in pairs if mine != theirs]
    if not bad:
        return Found(0, len(texts), f"the same ids for {len(texts)} texts as {other.spec}")
    text = shrink(min(bad, key=len), lambda t: subject.ids([t]) != subject.ids([t], other))
    mine, theirs = subject.ids([text])[0], subject.ids([text], other)[0]
    message = f"{len(bad)} of {len(texts)} texts get other ids than from {other.spec}"
    return Found(len(bad), len(texts), message, f"{short(text)}: {mine[:12]} and {theirs[:12]}")


PROBES = (
    Probe("bytes", "Can every byte that UTF-8 uses be encoded and brought back?", _bytes_covered),
    *(
        Probe(f"round_trip:{kind}", f"Do texts of this kind come back: {kind.replace('_', ' ')}?", _round_trip(kind))
        for kind in KINDS
    ),
    Probe("determinism", "Does the same text always get the same ids?", _determinism),
    Probe("batch", "Does a batch equal its texts one by one?", _batch),
    Probe("special_text", "Does text that looks like a special token stay text?", _special_text),
    Probe("text_kept", "Does the pre-tokenizer keep all of the text?", _text_kept),
    Probe("fast_path", "Does the fast path agree with the reference?", _fast_path, "remark"),
    Probe("against", "Do two files of one tokenizer agree?", _against),
)
