"""Marks on single tokens: twins that differ only in a space, in case or in Unicode form; merges that look wrong."""

from __future__ import annotations

from collections.abc import Mapping

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

#: Texts whose Unicode form is asked in one go.
_TOGETHER = 1 << 12


def find_flags(tokens: pa.Table, characters: Characters) -> dict[str, Flags]:
    """Which tokens have which flag, by flag.

    Args:
        tokens: bytes, kind, position, script as `describe` gives them.
        characters: the tokens' characters; empty for tokens that are not text.
    """
    bits = characters.fold(characters.categories, np.bitwise_or)
    mixed = pc.fill_null(pc.match_substring(tokens["script"].cast(pa.string()), "+"), False)
    return {
        **_twins(tokens, characters),
        SCRIPTS: mixed.to_numpy().astype(np.bool_),
        WORDS: _several_words(characters),
        LETTERS_PUNCTUATION: (bits & LETTER != 0) & (bits & PUNCTUATION != 0),
        LONG_RUN: _long_runs(characters),
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


def _several_words(characters: Characters) -> Flags:
    """Tokens with white space between characters that are none: from the first to the last of these are more."""
    black = characters.categories != SPACE
    places = np.arange(len(black))
    first = characters.fold(np.where(black, places, len(black)), np.minimum)
    last = characters.fold(np.where(black, places, -1), np.maximum, empty=-1)
    found: Flags = last - first + 1 > characters.fold(black.astype(np.int64), np.add)
    return found


def _long_runs(characters: Characters) -> Flags:
    """Tokens in which one character stands so many times in a row."""
    points, starts = characters.points, characters.offsets[:-1][characters.lengths > 0]
    begins = np.ones(len(points), np.bool_)
    begins[1:] = points[1:] != points[:-1]
    begins[starts] = True
    runs = np.flatnonzero(begins)
    long = runs[np.diff(runs, append=len(points)) >= RUN]
    found = np.zeros(len(characters.texts), np.bool_)
    found[np.searchsorted(characters.offsets, long, side="right") - 1] = True
    return found


def _twins(tokens: pa.Table, characters: Characters) -> dict[str, Flags]:
    """Each kind of twin: tokens that share a key with another, and differ from it in what the key ignores."""
    texts = characters.texts
    is_text = characters.lengths > 0
    # most texts are their own key, so only the others are written again; one call numbers them all
    written = {
        SPACE_TWIN: _without_space(characters),
        CASE_TWIN: _without_case(characters),
        FORM_TWIN: _composed(texts),
    }
    numbers = _codes(pa.concat_arrays([texts, *(changed for _, changed in written.values())]))
    whole = numbers[: len(texts)]
    keys, at = {}, len(texts)
    for flag, (rows, _) in written.items():
        keys[flag] = whole.copy()
        keys[flag][rows] = numbers[at : at + len(rows)]
        at += len(rows)
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


def _without_space(characters: Characters) -> tuple[Int64, pa.Array]:
    """The texts that begin with a space: their rows, and what is behind it."""
    filled = np.flatnonzero(characters.lengths)
    rows = filled[characters.points[characters.offsets[:-1][filled]] == 0x20]
    return rows, pc.utf8_slice_codeunits(characters.texts.take(pa.array(rows)), 1)


def _without_case(characters: Characters) -> tuple[Int64, pa.Array]:
    """The texts that folding case changes, which it does one by one with characters: their rows, and what it leaves."""
    cased = characters.each(lambda character: character.casefold() != character, np.bool_)
    rows = np.flatnonzero(characters.fold(cased, np.logical_or))
    return rows, pa.array([text.casefold() for text in characters.texts_at(rows)], pa.large_string())


def _composed(texts: pa.Array) -> tuple[Int64, pa.Array]:
    """The texts that Unicode form NFC changes: their rows, and what it leaves. Few are, so many are asked at once."""
    import unicodedata2

    changed = {}
    for at in range(0, len(texts), _TOGETHER):
        part = texts.slice(at, _TOGETHER).to_pylist()
        whole = "\0".join(part)  # with which nothing is composed
        if unicodedata2.normalize("NFC", whole) == whole:
            continue
        for row, text in enumerate(part, at):
            if not text.isascii() and (new := unicodedata2.normalize("NFC", text)) != text:
                changed[row] = new
    return np.fromiter(changed, np.int64, len(changed)), pa.array(changed.values(), pa.large_string())


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
