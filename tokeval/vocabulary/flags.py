"""Marks on single tokens: twins that differ only in a space, in case or in Unicode form; merges that look wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tokeval.arrow import Int64
from tokeval.vocabulary.characters import (
    DIGIT,
    LETTER,
    PRIVATE,
    PUNCTUATION,
    SPACE,
    UNASSIGNED,
    Characters,
    distinct,
    named,
)
from tokeval.vocabulary.tokens import PARTIAL, POSITIONS

Flags = npt.NDArray[np.bool_]

#: Twins.
SAME_BYTES, SPACE_TWIN, CASE_TWIN, FORM_TWIN = "same-bytes", "space-twin", "case-twin", "form-twin"
#: Merges that look wrong.
SCRIPTS, WORDS, LETTERS_PUNCTUATION = "mixed-scripts", "several-words", "letters-punctuation"
LONG_RUN, DIGITS = "long-run", "several-digits"
#: What the bytes are not, or do not say.
PRIVATE_USE, NOT_ASSIGNED, NOT_UTF8 = "private-use", "unassigned", "not-utf8"

TWINS = (SAME_BYTES, SPACE_TWIN, CASE_TWIN, FORM_TWIN)
SUSPICIOUS = (SCRIPTS, WORDS, LETTERS_PUNCTUATION, LONG_RUN, DIGITS)
#: A character this many times in a row is a long run.
RUN = 8

_WORDS = re.compile(r"\S\s+\S")
_RUN = re.compile(rf"(.)\1{{{RUN - 1}}}", re.DOTALL)


def find_flags(tokens: pa.Table, characters: Characters) -> dict[str, Flags]:
    """Which tokens have which flag, by flag.

    Args:
        tokens: bytes, kind, position, script as `describe` gives them.
        characters: the tokens' characters; empty for tokens that are not text.
    """
    bits = characters.fold(characters.categories, np.bitwise_or)
    lengths, texts = characters.lengths, characters.texts
    mixed = pc.fill_null(pc.match_substring(tokens["script"].cast(pa.string()), "+"), False)
    spaced = (bits & SPACE != 0) & (bits & ~SPACE != 0)
    return {
        **_twins(tokens, characters),
        SCRIPTS: mixed.to_numpy().astype(np.bool_),
        WORDS: _matching(_WORDS, texts, spaced & (lengths > 2)),
        LETTERS_PUNCTUATION: (bits & LETTER != 0) & (bits & PUNCTUATION != 0),
        LONG_RUN: _matching(_RUN, texts, lengths >= RUN),
        DIGITS: digit_lengths(characters) > 1,
        PRIVATE_USE: bits & PRIVATE != 0,
        NOT_ASSIGNED: bits & UNASSIGNED != 0,
        NOT_UTF8: pc.equal(tokens["kind"].cast(pa.string()), PARTIAL).to_numpy().astype(np.bool_),
    }


def as_text(flags: Mapping[str, Flags]) -> pa.DictionaryArray:
    """Each token's flags joined by spaces."""
    names = list(flags)
    masks = np.zeros(len(next(iter(flags.values()))), np.int64)
    for bit, name in enumerate(names):
        masks |= flags[name].astype(np.int64) << bit
    seen, which = distinct(masks[:, None])
    texts = [" ".join(name for bit, name in enumerate(names) if mask >> bit & 1) for mask in seen[:, 0].tolist()]
    return named(which, texts)


def digit_lengths(characters: Characters) -> Int64:
    """The number of digits of each token that is digits alone but for one leading space, else 0."""
    digit = characters.categories == DIGIT
    first = characters.offsets[:-1][characters.lengths > 1]
    leading = np.zeros(len(digit), np.bool_)
    leading[first[characters.points[first] == 0x20]] = True
    all_digits = characters.fold(digit | leading, np.logical_and).astype(np.bool_)
    return np.where(all_digits, characters.fold(digit.astype(np.int64), np.add), 0)


def _matching(pattern: re.Pattern[str], texts: Sequence[str], among: Flags) -> Flags:
    found = among.copy()
    for row in np.flatnonzero(among).tolist():
        found[row] = pattern.search(texts[row]) is not None
    return found


def _twins(tokens: pa.Table, characters: Characters) -> dict[str, Flags]:
    """Each kind of twin: tokens that share a key with another, and differ from it in what the key ignores."""
    import unicodedata2

    texts = characters.texts
    is_text = characters.lengths > 0
    # most texts are their own key, so only the others are written again; one call numbers them all
    written = {
        SPACE_TWIN: {row: texts[row][1:] for row in _starting_with_space(characters)},
        CASE_TWIN: _changed(texts, str.casefold),
        FORM_TWIN: _changed(texts, lambda text: text if text.isascii() else unicodedata2.normalize("NFC", text)),
    }
    again = [text for changed in written.values() for text in changed.values()]
    numbers = _codes(pa.array([*texts, *again], pa.large_string()))
    whole = numbers[: len(texts)]
    keys, at = {}, len(texts)
    for flag, changed in written.items():
        keys[flag] = whole.copy()
        keys[flag][list(changed)] = numbers[at : at + len(changed)]
        at += len(changed)
    position = _codes(tokens["position"].combine_chunks())
    # a word mark that is no space (##, </w>) shows in the position alone
    spoken = whole * len(POSITIONS) + position
    same = _codes(tokens["bytes"].combine_chunks()) * len(POSITIONS) + position
    filled = tokens["byte_length"].to_numpy() > 0
    return {
        SAME_BYTES: _shared(same, np.arange(len(same)), filled),
        SPACE_TWIN: _shared(keys[SPACE_TWIN], spoken, is_text),
        CASE_TWIN: _shared(keys[CASE_TWIN], whole, is_text),
        FORM_TWIN: _shared(keys[FORM_TWIN], whole, is_text),
    }


def _changed(texts: Sequence[str], by: Callable[[str], str]) -> dict[int, str]:
    """The texts that a function changes, by row, as it leaves them."""
    return {row: new for row, (old, new) in enumerate(zip(texts, map(by, texts), strict=True)) if new != old}


def _starting_with_space(characters: Characters) -> list[int]:
    filled = np.flatnonzero(characters.lengths)
    first = characters.points[characters.offsets[:-1][filled]]
    rows: list[int] = filled[first == 0x20].tolist()
    return rows


def _codes(values: pa.Array) -> Int64:
    """A number per value, equal where the values are."""
    encoded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
    numbers: Int64 = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return numbers


def _shared(keys: Int64, distinct: Int64, among: Flags) -> Flags:
    """The rows `among` whose key stands with two or more values of `distinct`."""
    rows = np.flatnonzero(among)
    width = int(distinct.max(initial=0)) + 1
    pairs = np.sort(keys[rows] * width + distinct[rows])  # sorted, not hashed as np.unique does: four times as fast
    pairs = pairs[np.diff(pairs, prepend=-1) > 0]
    counts = np.bincount(pairs // width, minlength=int(keys.max(initial=-1)) + 1)
    found = np.zeros(len(keys), np.bool_)
    found[rows] = counts[keys[rows]] > 1
    return found
