"""From described tokens to figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tokeval.schema import ALL, BYTE, SPECIAL, UNUSED, Figure, Status
from tokeval.vocabulary.alphabets import Languages, completeness
from tokeval.vocabulary.characters import Characters
from tokeval.vocabulary.flags import (
    NOT_ASSIGNED,
    PRIVATE_USE,
    SUSPICIOUS,
    TWINS,
    Flags,
    digit_lengths,
)
from tokeval.vocabulary.overlap import Overlap
from tokeval.vocabulary.reach import NOT_PRODUCED, UNREACHABLE
from tokeval.vocabulary.tokens import CLASSES, CONTROL, KINDS, NOT_TEXT, POSITIONS, TEXT

Named = tuple[str, Figure]
_LONGEST = 16  # longer tokens are counted together


@dataclass(frozen=True)
class Described:
    """One vocabulary described: its table of tokens and what figures need beside it."""

    tokens: pa.Table
    characters: Characters
    flags: Mapping[str, Flags]
    languages: Languages

    @property
    def size(self) -> int:
        """The number of ids."""
        return int(self.tokens.num_rows)


def figures_of(described: Described) -> Iterator[Named]:
    """Every figure of one vocabulary by itself, with the name of its metric."""
    tokens, size = described.tokens, described.size
    yield from _partition("tokens_by_kind", tokens["kind"], KINDS)
    yield "byte_completeness", _share(ALL, len(_single_bytes(tokens)), 256, size)
    yield from _partition("tokens_by_script", pc.fill_null(tokens["script"].cast(pa.string()), NOT_TEXT))
    yield from _partition("tokens_by_position", tokens["position"], POSITIONS)
    yield from _partition("tokens_by_class", tokens["class"], CLASSES)
    spoken = pc.invert(pc.is_in(tokens["kind"].cast(pa.string()), pa.array([SPECIAL, UNUSED])))
    yield from _lengths(tokens.filter(spoken))
    yield from _numerals(described)
    yield from _alphabets(described)
    yield from _languages(described)
    if "reach" in tokens.column_names:
        reach = _counts(tokens["reach"])
        yield "unreachable_tokens", _counted(ALL, reach.get(UNREACHABLE, 0), size)
        yield "not_produced_tokens", _counted(ALL, reach.get(NOT_PRODUCED, 0), size)
    for name, flags in (("twin_tokens", TWINS), ("suspicious_tokens", SUSPICIOUS)):
        either = np.logical_or.reduce([described.flags[flag] for flag in flags])
        yield name, _counted(ALL, int(either.sum()), size)
        for flag in flags:
            yield name, _counted(flag, int(described.flags[flag].sum()), size)
    yield "private_use_tokens", _counted(ALL, int(described.flags[PRIVATE_USE].sum()), size)
    yield "unassigned_tokens", _counted(ALL, int(described.flags[NOT_ASSIGNED].sum()), size)


def overlap_figures(names: Sequence[str], found: Overlap) -> Iterator[tuple[str, str, Figure]]:
    """The figures of several vocabularies together: tokenizer, metric, figure."""
    union = found.union
    for i, name in enumerate(names):
        size = int(found.sizes[i])
        yield name, "core_tokens", _counted(ALL, found.core, size)
        yield name, "unique_tokens", _counted(ALL, int(found.unique[i]), size)
        for j, other in enumerate(names):
            if i != j:
                share = _share(ALL, int(found.common[i, j]), int(union[i, j]), size)
                yield name, "overlap_jaccard", _referring(share, other)


def _partition(metric: str, values: pa.Array | pa.ChunkedArray, order: Sequence[str] = ()) -> Iterator[Named]:
    """The number of ids of each value, the given ones first; their sum is the row `all`."""
    found = _counts(values)
    by_count = sorted((name for name in found if name not in order), key=lambda name: (-found[name], name))
    yield metric, _counted(ALL, len(values), len(values))
    for name in (*order, *by_count):
        if name in found:
            yield metric, _counted(name, found[name], len(values))


def _counts(values: pa.Array | pa.ChunkedArray) -> dict[str, int]:
    return {pair["values"]: pair["counts"] for pair in pc.value_counts(values).to_pylist()}


def _lengths(tokens: pa.Table) -> Iterator[Named]:
    data = tokens["byte_length"].to_numpy()
    labels = pa.array(np.minimum(data, _LONGEST + 1)).cast(pa.string())
    labels = pc.if_else(pc.equal(labels, str(_LONGEST + 1)), f"{_LONGEST + 1}+", labels)
    order = [*map(str, range(_LONGEST + 1)), f"{_LONGEST + 1}+"]
    yield from _partition("tokens_by_bytes", labels, order)
    chars = tokens["char_length"].drop_null().to_numpy()
    for unit, values in (("bytes", data), ("chars", chars)):
        for name in ("mean", "p50", "p95", "max"):
            yield f"token_{unit}_{name}", _statistic(name, values)


def _statistic(name: str, values: np.ndarray[tuple[int], np.dtype[np.int32]]) -> Figure:
    count = len(values)
    if not count:
        return Figure(ALL, None, 0, status=Status.UNDEFINED, reason="no token but special or unused ones")
    if name == "mean":
        return _share(ALL, int(values.sum()), count, count)
    if name == "max":
        return Figure(ALL, float(values.max()), count)
    ordered = np.sort(values)
    rank = -(-count * int(name[1:]) // 100) - 1  # the smallest value that so many per cent do not exceed
    return Figure(ALL, float(ordered[rank]), count)


def _numerals(described: Described) -> Iterator[Named]:
    lengths = digit_lengths(described.characters)
    some = lengths[lengths > 0]
    labels = pa.array([str(n) if n < 4 else "4+" for n in some.tolist()], pa.string())
    yield from _partition("tokens_by_digits", labels, ("1", "2", "3", "4+"))
    plain = {text.removeprefix(" ") for text in described.characters.texts_at(np.flatnonzero(lengths > 0))}
    for digits in (1, 2, 3):
        have = sum(text.isascii() and len(text) == digits for text in plain)
        yield "numeral_completeness", _share(f"{digits} digit{'s' * (digits > 1)}", have, 10**digits, described.size)


def _alphabets(described: Described) -> Iterator[Named]:
    characters = described.characters
    short = np.flatnonzero((characters.lengths == 1) | (characters.lengths == 2))  # a space before it apart
    single = {text.removeprefix(" ") for text in characters.texts_at(short)}
    found = completeness({text for text in single if len(text) == 1})
    complete = sum(have == all_of for have, all_of in found.values())
    yield "complete_alphabets", _counted(ALL, complete, len(found))
    for code, (have, all_of) in found.items():
        yield "alphabet_completeness", _share(code, have, all_of, described.size)


def _languages(described: Described) -> Iterator[Named]:
    languages, size = described.languages, described.size
    uses = languages.uses()
    fits = uses @ languages.answers.astype(np.int64)
    only = np.where(languages.answers.sum(axis=1) == 1, uses, 0) @ languages.answers.astype(np.int64)
    told = int(uses[languages.answers.any(axis=1)].sum())
    yield "tokens_without_language", _share(ALL, size - told, size, size)
    yield "tokens_of_language", _counted(ALL, told, size)
    yield "tokens_of_language_only", _counted(ALL, int(only.sum()), size)
    for metric, counts in (("tokens_of_language", fits), ("tokens_of_language_only", only)):
        for code, count in zip(languages.codes, counts.tolist(), strict=True):
            yield metric, _counted(code, count, size)


def _single_bytes(tokens: pa.Table) -> set[bytes]:
    single = tokens.filter(pc.equal(pc.binary_length(tokens["bytes"]), 1))
    pairs = zip(single["bytes"].to_pylist(), single["kind"].to_pylist(), strict=True)
    return {value for value, kind in pairs if kind in {BYTE, TEXT, CONTROL}}


def _counted(name: str, count: int, of: int) -> Figure:
    return Figure(name, float(count), of, float(count), float(of))


def _share(name: str, part: int, whole: int, n: int) -> Figure:
    if not whole:
        return Figure(name, None, n, status=Status.UNDEFINED, reason="nothing to divide by")
    return Figure(name, part / whole, n, float(part), float(whole))


def _referring(figure: Figure, reference: str) -> Figure:
    return replace(figure, reference=reference)
