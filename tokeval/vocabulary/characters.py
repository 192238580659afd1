"""The characters of every token, and what Unicode says of them: script, category. Nothing of the interpreter's own."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tokeval.arrow import Int64, UInt32, code_points

T = TypeVar("T", bound=np.generic)
U = TypeVar("U", np.int64, np.uint64)

#: A small number per token, -1 for none.
Codes = npt.NDArray[np.int32]

#: General categories folded to what a class is told by; each is one bit.
LETTER, DIGIT, PUNCTUATION, SYMBOL, SPACE, CONTROL, PRIVATE, UNASSIGNED = (1 << k for k in range(8))
_FOLD = {"L": LETTER, "M": LETTER, "N": DIGIT, "P": PUNCTUATION, "S": SYMBOL, "Z": SPACE}
_FOLD |= {"Cc": CONTROL, "Cf": CONTROL, "Co": PRIVATE, "Cs": UNASSIGNED, "Cn": UNASSIGNED}
_WHITE_CONTROLS = frozenset(map(chr, (*range(9, 14), *range(0x1C, 0x20), 0x85)))
_POINTS = 0x110000

COMMON, UNKNOWN, JAPANESE = "Common", "Unknown", "Japanese"
_JAPANESE = {frozenset(names) for names in (["Han", "Hiragana"], ["Han", "Katakana"], ["Hiragana", "Katakana"])}
_JAPANESE |= {frozenset(["Han", "Hiragana", "Katakana"])}


def unicode_version() -> str:
    """The versions of the Unicode tables behind scripts and categories, one where they agree."""
    import unicodedata2
    from fontTools.unicodedata import Scripts

    stated = re.search(r"Scripts-(\d+\.\d+\.\d+)\.txt", inspect.getsource(Scripts))
    scripts = stated[1] if stated else "unknown"
    categories = unicodedata2.unidata_version
    return categories if scripts == categories else f"{categories} (scripts {scripts})"


def category(character: str) -> int:
    """The bit of a character's folded general category."""
    import unicodedata2

    if character in _WHITE_CONTROLS:
        return SPACE
    name = unicodedata2.category(character)
    return _FOLD.get(name) or _FOLD[name[0]]


def script(character: str) -> str:
    """The long name of a character's script; Common for Inherited too."""
    from fontTools import unicodedata

    name = unicodedata.script_name(unicodedata.script(character))
    return COMMON if name == "Inherited" else name


@dataclass(frozen=True)
class Characters:
    """The code points of n tokens, flat.

    Attributes:
        texts: each token's text, `large_string`; empty where its bytes are not UTF-8.
        points: all code points in order.
        offsets: n + 1 positions into `points`.
    """

    texts: pa.Array
    points: UInt32
    offsets: Int64

    @classmethod
    def of(cls, texts: pa.Array) -> Characters:
        """Those of some texts, a `large_string` array without nulls."""
        return cls(texts, *code_points(texts))

    @cached_property
    def lengths(self) -> Int64:
        """Code points per token."""
        return np.diff(self.offsets)

    def texts_at(self, rows: npt.NDArray[np.int64]) -> list[str]:
        """The texts of some tokens."""
        found: list[str] = self.texts.take(pa.array(rows)).to_pylist()
        return found

    @cached_property
    def used(self) -> UInt32:
        """The distinct code points, sorted."""
        seen = np.zeros(_POINTS, np.bool_)
        seen[self.points] = True
        return np.flatnonzero(seen).astype(np.uint32)

    @cached_property
    def categories(self) -> npt.NDArray[np.int16]:
        """The bit of every character's folded general category."""
        return self.each(category, np.int16)

    def each(self, of: Callable[[str], T | int], kind: type[T]) -> npt.NDArray[T]:
        """A value per character, asked once per distinct code point."""
        return self.spread(np.array([of(chr(point)) for point in self.used], kind))

    def spread(self, values: npt.NDArray[T]) -> npt.NDArray[T]:
        """From a value per distinct code point (first axis, as `used`) to one per character."""
        return values[self._which]

    @cached_property
    def _which(self) -> Codes:
        """Which of the distinct code points each character is."""
        table = np.zeros(_POINTS, np.int32)
        table[self.used] = np.arange(len(self.used), dtype=np.int32)
        return table[self.points]

    def fold(self, values: npt.NDArray[T], by: np.ufunc, empty: int = 0) -> npt.NDArray[T]:
        """One value per token from one per character; `empty` for a token without characters."""
        folded = np.full((len(self.texts), *values.shape[1:]), empty, values.dtype)
        filled = np.flatnonzero(self.lengths)
        if len(filled):
            folded[filled] = by.reduceat(values, self.offsets[:-1][filled], axis=0)
        return folded


def named(codes: Codes, names: Sequence[str]) -> pa.DictionaryArray:
    """A column of names from a position in `names` per row, -1 for null."""
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), pa.array(names, pa.string()))


def distinct(rows: npt.NDArray[U]) -> tuple[npt.NDArray[U], Codes]:
    """The distinct rows of a matrix in the order in which they are met, and which of them each row is."""
    rows = np.ascontiguousarray(rows)
    width = rows.itemsize * rows.shape[1]
    column = pa.Array.from_buffers(pa.binary(width), len(rows), [None, pa.py_buffer(rows)]).dictionary_encode()
    found = np.frombuffer(b"".join(column.dictionary.to_pylist()), rows.dtype).reshape(-1, rows.shape[1])
    return found, column.indices.to_numpy()


def scripts(characters: Characters) -> tuple[Codes, list[str]]:
    """The script of every token's characters, Common and Inherited ignored.

    Returns:
        A code per token, -1 for one without characters, and the names: one script, several joined by `+`, `Japanese`
        for Han with kana or both kana, `Common` where no character says.
    """
    names: list[str] = [COMMON]
    known = {COMMON: 0}

    def code(character: str) -> int:
        name = script(character)
        if name not in known:
            known[name] = len(names)
            names.append(name)
        return known[name]

    codes = np.array([code(chr(point)) for point in characters.used], np.int64)
    # one bit per script, Common none; the words of 63 bits are numbered together
    words = len(names) // 63 + 1
    bits = [np.where((codes > 0) & (codes // 63 == w), 1 << (codes % 63), 0) for w in range(words)]
    masks = np.stack([characters.fold(characters.spread(word), np.bitwise_or) for word in bits], axis=1)
    found, which = distinct(masks)
    called = [
        _joined([names[k] for k in range(1, len(names)) if row[k // 63] >> (k % 63) & 1]) for row in found.tolist()
    ]
    # a name that several sets of scripts have is there once, else Parquet writes every row's name in full
    unique = {name: place for place, name in enumerate(dict.fromkeys(called))}
    place = np.array([unique[name] for name in called], np.int32)
    return np.where(characters.lengths > 0, place[which], -1).astype(np.int32), list(unique)


def _joined(names: list[str]) -> str:
    if frozenset(names) in _JAPANESE:
        return JAPANESE
    return "+".join(sorted(names)) or COMMON
