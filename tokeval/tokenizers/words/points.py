"""What a tokenizer does to single code points, asked of the library itself, so that its Unicode version rules."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Callable

import numpy as np

from tokeval.arrow import Int64, UInt8

#: Flags of a code point: its chunk goes to the reference; its document does if it opens a chunk.
UNSAFE, MARK = 1, 2

_POINTS = 0x110000
_WIDEST = 4


class Points:
    """Tables by code point, filled as code points are met; shared by threads.

    Attributes:
        flags: 0, UNSAFE or MARK.
        counts, points: the normalised form, at most four code points.
        splits: of a normalised code point: 0 part of a word, 1 a word of its own, 2 a separator.
    """

    def __init__(
        self,
        normalize: Callable[[str], str],
        split: Callable[[str], list[str]] | None,
        is_unsafe: Callable[[str, str], int],
    ) -> None:
        self._normalize, self._split, self._is_unsafe = normalize, split, is_unsafe
        self._known = np.zeros(_POINTS, np.bool_)
        self._known[0xD800:0xE000] = True
        self._lock = threading.Lock()
        self.flags = np.zeros(_POINTS, np.uint8)
        self.counts = np.zeros(_POINTS, np.uint8)
        self.points = np.zeros((_POINTS, _WIDEST), np.int32)
        self.splits = np.zeros(_POINTS, np.uint8)

    def learn(self, data: UInt8, begins: Int64, ends: Int64) -> None:
        """Fill the tables for every code point of the chunks that begin and end there."""
        from tokeval.tokenizers.words.kernels import mark_points

        seen = np.zeros(_POINTS, np.bool_)
        mark_points(data, (begins, ends), seen)
        with self._lock:
            for point in np.flatnonzero(seen & ~self._known).tolist():
                self.flags[point] = self._ask(point)
                self._known[point] = True

    def _ask(self, point: int) -> int:
        """Look at the code point between two letters; its flag."""
        character = chr(point)
        form = self._normalize(f"a{character}a")
        if not (form[:1] == form[-1:] == "a" and 2 <= len(form) <= _WIDEST + 2):
            return UNSAFE
        form = form[1:-1]
        unsafe = self._is_unsafe(character, form)
        if unsafe:
            return unsafe
        self.counts[point] = len(form)
        self.points[point, : len(form)] = [ord(c) for c in form]
        if self._split is not None:
            for normal in form:
                parts = self._split(f"a{normal}a")
                kinds = {1: 0, 2: 2, 3: 1}
                if len(parts) not in kinds or "".join(parts) not in {f"a{normal}a", "aa"}:
                    return UNSAFE
                self.splits[ord(normal)] = kinds[len(parts)]
        return 0


def keeps(character: str, form: str) -> int:
    """Nothing: for what neither decomposes nor drops marks, and so changes no character by its neighbours."""
    del character, form
    return 0


def reorders(character: str, form: str) -> int:
    """Marks that canonical ordering could move past a neighbour, and what may be one in a later Unicode."""
    del character
    return UNSAFE if any(unicodedata.combining(c) or unicodedata.category(c) == "Cn" for c in form) else 0


def composes(character: str, form: str) -> int:
    """Anything that could be normalised together with its neighbours: marks, controls, spaces, jamo, emoji parts."""
    if any(unicodedata.category(c)[0] == "M" for c in character + form):
        return MARK
    if any(unicodedata.category(c)[0] in "CZ" for c in character + form) or character == "▁":
        return UNSAFE
    point = ord(character)
    ranges = ((0x1100, 0x1200), (0xA960, 0xA980), (0xD7B0, 0xD800), (0xFF9E, 0xFFA0), (0x1F000, 0x20000))
    return UNSAFE if any(low <= point < high for low, high in ranges) else 0
