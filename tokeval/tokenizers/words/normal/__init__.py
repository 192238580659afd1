"""SentencePiece's character maps ("precompiled"), which SentencePiece and Hugging Face apply in ways of their own."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tokeval.arrow import UInt8, UInt32
from tokeval.tokenizers.fast import NoFastPathError

_POINTS = 0x110000

#: What may continue the character before it without being a mark by its category, as ranges of code points.
_CONTINUES = (
    (0x0E33, 0x0E33),
    (0x0EB3, 0x0EB3),
    (0x1100, 0x11FF),
    (0xA960, 0xA97F),
    (0xAC00, 0xD7FF),
    (0xFF9E, 0xFF9F),
    (0x1F3FB, 0x1F3FF),
)

Flags = npt.NDArray[np.bool_]
Mapped = tuple[UInt32, UInt8, UInt8]


@dataclass(frozen=True)
class CharacterMap:
    """A map, read once: going through all of its keys takes longer than anything else that is done with it.

    Attributes:
        units, forms: the trie, and the normalised forms (each ends with a zero byte); both empty if it maps nothing.
        joined: which code points are in a key of several.
        behind: which of them elsewhere than in front.
    """

    units: UInt32
    forms: UInt8
    joined: Flags
    behind: Flags

    def arising(self, symbols: Iterable[str]) -> list[str]:
        """The characters that become a part of a symbol, or are dropped from between its parts.

        Symbols are found before normalising and after; texts with these characters may hold one that is not there yet.
        """
        letters = "".join(symbols)
        if not letters:
            return []
        _, _, sources = _marked_points(self.units, self.forms, letters)
        return [chr(point) for point in np.flatnonzero(sources)]


def character_map(blob: bytes) -> CharacterMap:
    """Read a map.

    Raises:
        NoFastPathError: it is none, or one of its keys joins a space with what is beside it.
    """
    units, forms = np.zeros(0, np.uint32), np.zeros(1, np.uint8)
    if blob:
        size = int.from_bytes(blob[:4], "little")
        if size % 4 or not 0 < size < len(blob) - 3 or blob[-1]:
            raise NoFastPathError("a character map that cannot be read")
        units = np.frombuffer(blob, "<u4", size // 4, 4).astype(np.uint32)
        forms = np.frombuffer(blob, np.uint8, offset=4 + size).copy()
    joined, behind, _ = _marked_points(units, forms)
    if joined[0x20]:
        raise NoFastPathError("a character map that joins spaces with what is beside them")
    return CharacterMap(units, forms, joined, behind)


def _marked_points(units: UInt32, forms: UInt8, wanted: Iterable[str] = ()) -> tuple[Flags, Flags, Flags]:
    """Which code points are in a key of several, which of them elsewhere than in front; see `mark_keys`.

    And which ones a key ends with that leaves nothing, or one of the letters wanted.
    """
    from tokeval.tokenizers.words.normal.kernels import mark_keys

    letters, joined, behind, sources = (np.zeros(_POINTS, np.bool_) for _ in range(4))
    letters[[ord(letter) for letter in wanted]] = True
    if len(units):
        mark_keys(units, forms, letters, joined, behind, sources)
    return joined, behind, sources


def as_sentencepiece(found: CharacterMap, symbols: Iterable[str]) -> tuple[Mapped, list[str]]:
    """A map with what it does to each code point, none to user-defined symbols of one character; other symbols."""
    from tokeval.tokenizers.words.normal.kernels import GOES_ON, KEPT, MAPPED, MARK_POINT, PLAIN, mark_plain

    kinds = np.full(_POINTS, MAPPED if len(found.units) else PLAIN, np.uint8)
    others = []
    for symbol in symbols:
        if len(symbol) == 1 and not found.joined[ord(symbol)] and symbol != " ":
            kinds[ord(symbol)] = PLAIN
        else:
            others.append(symbol)
    if len(found.units):
        mark_plain(found.units, kinds)
    for point in (0x20, MARK_POINT):
        kinds[point] = KEPT if kinds[point] == PLAIN else MAPPED
    kinds[found.behind] |= GOES_ON
    return (found.units, found.forms, kinds), others


def as_hugging_face(blob: bytes) -> Mapped:
    """A map with what may continue a character (1) and what is left to the library wherever it is (2)."""
    found = character_map(blob)
    extends = np.zeros(_POINTS, np.uint8)
    for point in range(_POINTS):
        category = unicodedata.category(chr(point))
        if category[0] == "M":
            extends[point] = 1
        elif category[0] in "CZ" and category != "Co":  # what has no category yet may have one for the library
            extends[point] = 2
    for low, high in _CONTINUES:
        extends[low : high + 1] = 1
    return (found.units, found.forms, extends)
