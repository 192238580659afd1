"""Words by ICU's dictionaries (extra `icu`), for scripts that are written without spaces."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tokeval.arrow import Int64, text_buffers
from tokeval.schema import Words


def cut_with_icu(texts: pa.Array, words: Words, unspaced: Int64, *, within_words: bool) -> tuple[Words, Int64]:
    """The words of each document by ICU's word breaks; a segment without a letter or digit is no word.

    Args:
        texts: `large_string` array without nulls.
        words: its white-space words.
        unspaced: characters of scripts without spaces in each document.
        within_words: cut only those white-space words that hold such characters, and leave the others whole
            (`auto`); otherwise cut whole documents (`icu`).

    Returns:
        The words, and per document the characters for whose scripts ICU has no dictionary.
    """
    from tokeval.corpus.kernels import without_dictionary

    data, offsets = text_buffers(texts)
    left = np.zeros(len(texts), np.int64)
    without_dictionary(data, offsets, left)
    starts: list[npt.NDArray[np.int32]] = []
    ends: list[npt.NDArray[np.int32]] = []
    counts = np.zeros(len(texts), np.int64)
    for row in range(len(texts)):
        own = slice(words.offsets[row], words.offsets[row + 1])
        first, last = words.starts[own], words.ends[own]
        if not within_words or unspaced[row]:
            first, last = _cut(texts[row].as_py(), (first, last) if within_words else None)
        starts.append(first)
        ends.append(last)
        counts[row] = len(first)
    empty = np.zeros(0, np.int32)
    cut = Words(
        np.concatenate([empty, *starts]), np.concatenate([empty, *ends]), np.concatenate(([0], np.cumsum(counts)))
    )
    return cut, left


def _cut(
    text: str, runs: tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]] | None
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    from icu4py.breakers import WordBreaker

    from tokeval.corpus.kernels import is_unspaced

    places = _utf16_places(text)
    # ICU counts in UTF-16 code units; `points` are positions in the string, `places` in its UTF-8 bytes
    found = [(places[0][a], places[0][b]) for a, b in WordBreaker(text, "en").segments()]
    segments = [(a, b) for a, b in found if any(c.isalnum() for c in text[a:b])]
    if runs is not None:
        at_byte = {byte: point for point, byte in enumerate(places[1])}
        whole = []
        inside: list[tuple[int, int]] = []
        for start, end in zip(*(run.tolist() for run in runs), strict=True):
            a, b = at_byte[start], at_byte[end]
            if any(is_unspaced(ord(c)) for c in text[a:b]):
                inside += [(max(s, a), min(e, b)) for s, e in segments if s < b and e > a]
            else:
                whole.append((a, b))
        segments = sorted(whole + inside)
    bounds = np.array([(places[1][a], places[1][b]) for a, b in segments], np.int32).reshape(-1, 2)
    return bounds[:, 0].copy(), bounds[:, 1].copy()


def _utf16_places(text: str) -> tuple[list[int], list[int]]:
    """The string position of each UTF-16 code unit, and the byte position of each string position."""
    points: list[int] = []
    places: list[int] = []
    at = 0
    for point, character in enumerate(text):
        points += [point] * (2 if ord(character) > 0xFFFF else 1)
        places.append(at)
        at += len(character.encode())
    return [*points, len(text)], [*places, at]
