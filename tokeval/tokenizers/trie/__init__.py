"""Sets of byte strings as double-array tries, for kernels that match along a text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tokeval.arrow import Int64, UInt8, byte_array, code_points, text_buffers
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
    order, store, offsets = _sorted(pa.array(pieces, pa.large_binary()))
    return _built(store, offsets, order if numbers is None else np.array(numbers, np.int64)[order], 8)


def wide_trie_of(pieces: Sequence[str] | pa.Array) -> tuple[Trie, Symbols]:
    """A wide trie of pieces under their places, and the symbol of each code point, shape (0x110000,), 0 for none.

    Empty pieces are left out; of equal ones the last counts.

    Raises:
        TokenizerError: they, or their characters, are more than a node can number.
    """
    texts = pieces if isinstance(pieces, pa.Array) else pa.array(pieces, pa.large_string())
    points, cuts = code_points(texts)
    counts = np.bincount(points)
    letters = np.flatnonzero(counts)
    letters = letters[np.argsort(-counts[letters], kind="stable")]  # what is often looked at lies together
    if len(letters) > _SYMBOLS:
        raise TokenizerError(f"{len(letters):,} characters are more than can be matched", hint=f"{_SYMBOLS:,} can")
    symbols = np.zeros(0x110000, np.uint16)
    symbols[letters] = np.arange(1, len(letters) + 1)
    spelled = symbols[points].astype(">u2")  # the order of its bytes is that of the symbols
    order, store, offsets = _sorted(byte_array(spelled.view(np.uint8), 2 * cuts))
    return _built(store.view(">u2").astype(np.uint16), offsets // 2, order, 16), symbols


def _sorted(pieces: pa.Array) -> tuple[Int64, UInt8, Int64]:
    """Where pieces come from, in their order, equal ones in that of their places; and all as bytes and offsets."""
    from tokeval.tokenizers.trie import kernels

    if len(pieces) >= kernels.PIECES:
        raise TokenizerError(f"{len(pieces):,} pieces are more than can be matched", hint="16,777,214 can")
    order = pc.array_sort_indices(pieces)  # stable
    data, offsets = text_buffers(pieces.take(order))
    return order.to_numpy().astype(np.int64), data[: offsets[-1]].copy(), offsets.copy()


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
