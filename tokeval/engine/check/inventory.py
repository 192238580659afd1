"""Probes of the vocabulary and of the files: sizes, holes, duplicates, unreachable tokens."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow.compute as pc

from tokeval.engine.check.behaviour import short, skipped
from tokeval.engine.check.outcome import Found, Probe
from tokeval.engine.check.subject import Declared, Subject
from tokeval.schema import NORMAL
from tokeval.vocabulary.reach import NOT_PRODUCED, NOT_TESTED, UNREACHABLE, find_reach
from tokeval.vocabulary.tokens import describe


def _added_twice(subject: Subject) -> Found:
    content = subject.declaration
    if content is None:
        return skipped("only a tokenizer.json declares added tokens")
    added = _added(content)
    by_content, by_id = Counter(text for text, _ in added), Counter(number for _, number in added)
    vocabulary, repeated = _model_vocabulary(content)
    bad = [text for text, count in by_content.items() if count > 1]
    bad += [text for text, number in added if by_id[number] > 1 and text not in bad]
    bad += [text for text, number in added if vocabulary.get(text, number) != number and text not in bad]
    bad += [text for text in repeated if text not in bad]
    if not bad:
        return Found(0, len(added), f"the {len(added)} added tokens are declared once")
    message = f"{len(bad)} tokens are declared twice, with one id or with several"
    return Found(len(bad), max(len(added), len(bad)), message, short(min(bad, key=len)))


def _added_ids(subject: Subject) -> Found:
    content, table = subject.declaration, subject.vocabulary
    if content is None or table is None:
        return skipped("only a tokenizer.json declares added tokens")
    added = _added(content)
    entries = set(zip(table["piece"].to_pylist(), table["id"].to_pylist(), strict=True))
    bad = [(text, number) for text, number in added if (text, number) not in entries]
    if not bad:
        return Found(0, len(added), f"the {len(added)} added tokens have the ids that are declared")
    text, number = min(bad, key=lambda pair: len(pair[0]))
    mine = [i for piece, i in sorted(entries, key=str) if piece == text]
    message = f"{len(bad)} added tokens do not have the id that is declared: the library numbers them by itself"
    return Found(len(bad), len(added), message, f"{short(text)}: declared {number}, is {mine[0] if mine else 'none'}")


def _added(content: dict[str, Any]) -> list[tuple[str, Any]]:
    """The added tokens of a tokenizer.json, with their ids."""
    return [(str(token.get("content")), token.get("id")) for token in content.get("added_tokens") or []]


def _model_vocabulary(content: dict[str, Any]) -> tuple[dict[str, Any], Sequence[str]]:
    """The ids of a tokenizer.json's model by piece, and the pieces that it has more than once."""
    vocabulary = (content.get("model") or {}).get("vocab")
    if isinstance(vocabulary, list):
        return {
            str(entry[0]): number for number, entry in enumerate(vocabulary) if isinstance(entry, list) and entry
        }, ()
    return (vocabulary, vocabulary.repeated) if isinstance(vocabulary, Declared) else ({}, ())


def _holes(subject: Subject) -> Found:
    table = subject.vocabulary
    if table is None:
        return skipped("the tokenizer does not declare a vocabulary")
    ids = table["id"].to_numpy().astype(np.int64)
    size = int(ids.max()) + 1 if len(ids) else 0
    missing = np.setdiff1d(np.arange(size), ids)
    if not len(missing):
        return Found(0, size, f"ids run from 0 to {size - 1:,} without a hole")
    return Found(len(missing), size, f"{len(missing):,} ids below {size:,} stand for nothing", f"id {missing[0]}", True)


def _size(subject: Subject) -> Found:
    table = subject.vocabulary
    if table is None:
        return skipped("the tokenizer does not declare a vocabulary")
    size = int(table["id"].to_numpy().max()) + 1 if table.num_rows else 0
    declared = _declared_size(subject)
    if declared is None:
        return skipped(f"nothing beside the file declares a size; its ids end at {size - 1:,}")
    if declared == size:
        return Found(0, 1, f"{declared:,} entries are declared, and there are as many")
    if declared > size:
        return Found(
            1, 1, f"{declared:,} entries are declared for {size:,} ids: {declared - size:,} are padding", None, True
        )
    return Found(1, 1, f"{declared:,} entries are declared for {size:,} ids", f"id {declared} has no row in the model")


def _declared_size(subject: Subject) -> int | None:
    """The `vocab_size` of the model's config.json beside the tokenizer's file."""
    config = subject.file.with_name("config.json") if subject.file is not None else None
    if config is None or not config.is_file():
        return None
    try:
        content = json.loads(config.read_bytes())
    except ValueError:
        return None
    for part in (content, content.get("text_config")) if isinstance(content, dict) else ():
        if isinstance(part, dict) and isinstance(part.get("vocab_size"), int):
            return int(part["vocab_size"])
    return None


def _duplicates(subject: Subject) -> Found:
    table = subject.vocabulary
    if table is None:
        return skipped("the tokenizer does not declare a vocabulary")
    table = table.filter(pc.equal(table["kind"], NORMAL))
    tokens = describe(table, subject.tokenizer.spelling())[0]
    # pieces that differ only by a mark (##, </w>) stand at different places of a word and are no duplicates
    columns = (tokens[name].to_pylist() for name in ("id", "bytes", "position"))
    seen: dict[tuple[bytes, str], list[int]] = {}
    for number, data, position in zip(*columns, strict=True):
        seen.setdefault((data, position), []).append(number)
    groups = [(data, ids) for (data, _), ids in seen.items() if len(ids) > 1 and data]
    groups += [(piece.encode(), ids) for piece, ids in _listed_twice(subject).items()]
    if not groups:
        return Found(0, table.num_rows, f"no two of {table.num_rows:,} tokens are spelled alike")
    data, ids = min(groups, key=lambda group: len(group[0]))
    count = sum(len(ids) - 1 for _, ids in groups)
    return Found(count, table.num_rows, f"{count} tokens are spelled like another", f"{data!r}: ids {ids[:4]}")


def _listed_twice(subject: Subject) -> dict[str, list[int]]:
    """The ids of the pieces that the list of a Unigram holds more than once; the library knows the last alone."""
    listed = ((subject.declaration or Declared()).get("model") or {}).get("vocab")
    found: dict[str, list[int]] = {}
    for number, entry in enumerate(listed if isinstance(listed, list) else ()):
        found.setdefault(str(entry[0]), []).append(number)
    return {piece: ids for piece, ids in found.items() if len(ids) > 1}


def _unreachable(subject: Subject) -> Found:
    if subject.vocabulary is None:
        return skipped("the tokenizer does not declare a vocabulary")
    # a byte that stands in for what has no token is there for texts that this vocabulary may never meet
    table = subject.vocabulary.filter(pc.equal(subject.vocabulary["kind"], NORMAL))
    if not table.num_rows:
        return skipped("the vocabulary has no ordinary tokens")
    spelling, pieces = subject.tokenizer.spelling(), table["piece"].to_pylist()
    found = find_reach(describe(table, spelling)[0], table["piece"], spelling, subject.tokenizer.encode_batch)
    answers = found.to_pylist()
    counts = Counter(answers)
    tried = len(answers) - counts[NOT_TESTED]
    never, unseen = counts[UNREACHABLE], counts[NOT_PRODUCED]
    if not never + unseen:
        return Found(0, tried, f"each of {tried:,} tokens is produced by some text")
    wanted = UNREACHABLE if never else NOT_PRODUCED
    lengths = [
        (len(piece), k) for k, (piece, answer) in enumerate(zip(pieces, answers, strict=True)) if answer == wanted
    ]
    row = min(lengths)[1]
    message = f"of {tried:,} tokens no text produces {never:,}; {unseen:,} more came of none of the texts tried"
    example = f"id {table['id'][row].as_py()}: {short(pieces[row])}"
    return Found(never or unseen, tried, message, example, harmless=not never)


PROBES = (
    Probe("added_twice", "Is every added token declared once?", _added_twice),
    Probe("added_ids", "Has every added token the id that the file declares?", _added_ids),
    Probe("holes", "Do the ids run without holes?", _holes, "remark"),
    Probe("vocabulary_size", "Does the size that config.json declares hold every id?", _size),
    Probe("duplicates", "Are all tokens spelled differently?", _duplicates, "remark"),
    Probe("unreachable", "Is every token produced by some text?", _unreachable, "remark"),
)
