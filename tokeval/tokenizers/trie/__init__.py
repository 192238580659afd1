"""Sets of byte strings as double-array tries, for kernels that match along a text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain, pairwise

import numpy as np
import numpy.typing as npt

from tokeval.arrow import Int64, UInt8
from tokeval.errors import TokenizerError

Trie = Int64
Symbols = npt.NDArray[np.uint16]

#: Symbols are above 0 and have 16 bits.
_SYMBOLS = (1 << 16) - 1


def trie_of(pieces: Sequence[bytes], numbers: Sequence[int] | None = None) -> Trie:
    """A trie of pieces under their numbers (else their places), see `kernels`.

    Empty pieces are left out; of equal ones the last counts.

    Raises:
        TokenizerError: they are more than a node can number.
    """
    order = _sorted(pieces)
    store, offsets = _flat([pieces[i] for i in order])
    return _built(store, offsets, order if numbers is None else np.array(numbers, np.int64)[order], 8)


def wide_trie_of(pieces: Sequence[str]) -> tuple[Trie, Symbols]:
    """A wide trie of pieces under their places, and the symbol of each code point, shape (0x110000,), 0 for none.

    Empty pieces are left out; of equal ones the last counts.

    Raises:
        TokenizerError: they, or their characters, are more than a node can number.
    """
    # what is common in front, which keeps together what is often looked at
    letters = [letter for letter, _ in Counter(chain.from_iterable(pieces)).most_common()]
    if len(letters) > _SYMBOLS:
        raise TokenizerError(f"{len(letters):,} characters are more than can be matched", hint=f"{_SYMBOLS:,} can")
    symbols = np.zeros(0x110000, np.uint16)
    symbols[[ord(letter) for letter in letters]] = np.arange(1, len(letters) + 1)
    points = np.frombuffer("".join(pieces).encode("utf-32-le"), np.uint32)
    cuts = np.concatenate(([0], np.cumsum([len(piece) for piece in pieces], dtype=np.int64)))
    spelled = [symbols[points[low:high]] for low, high in pairwise(cuts.tolist())]
    order = _sorted([row.byteswap().tobytes() for row in spelled])
    store = np.concatenate([np.zeros(0, np.uint16), *(spelled[i] for i in order)])
    offsets = np.concatenate(([0], np.cumsum(np.diff(cuts)[order])))
    return _built(store, offsets, order, 16), symbols


def _sorted(pieces: Sequence[bytes]) -> Int64:
    from tokeval.tokenizers.trie import kernels

    if len(pieces) >= kernels.PIECES:
        raise TokenizerError(f"{len(pieces):,} pieces are more than can be matched", hint="16,777,214 can")
    return np.array(sorted(range(len(pieces)), key=pieces.__getitem__), np.int64)


def _built(store: UInt8 | Symbols, offsets: Int64, numbers: Int64, bits: int) -> Trie:
    from tokeval.tokenizers.trie import kernels

    cells = 2 * len(store) + 4 * (1 << bits)
    while True:
        if cells >> (39 - bits):  # children are counted from a place below that
            raise TokenizerError(f"pieces of {len(store):,} characters are more than can be matched")
        trie: Trie = np.zeros(cells, np.int64)
        if kernels.build(store, offsets, numbers, trie, bits) >= 0:
            return trie
        cells *= 2


def _flat(pieces: Sequence[bytes]) -> tuple[UInt8, Int64]:
    """The pieces one after the other (at least one byte), and their n + 1 offsets."""
    offsets: Int64 = np.concatenate(([0], np.cumsum([len(piece) for piece in pieces], dtype=np.int64)))
    return np.frombuffer(b"".join(pieces) or b"\0", np.uint8).copy(), offsets
