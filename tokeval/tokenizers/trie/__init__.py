"""Sets of byte strings as double-array tries, for kernels that match along a text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tokeval.arrow import Int64, UInt8
from tokeval.errors import TokenizerError

Trie = Int64


def trie_of(pieces: Sequence[bytes], numbers: Sequence[int] | None = None) -> Trie:
    """A trie of pieces under their numbers (else their places), see `kernels`.

    Empty pieces are left out; of equal ones the last counts.

    Raises:
        TokenizerError: they are more than a node can number.
    """
    from tokeval.tokenizers.trie import kernels

    if len(pieces) >= kernels.PIECES:
        raise TokenizerError(f"{len(pieces):,} pieces are more than can be matched", hint="16,777,214 can")
    order = np.array(sorted(range(len(pieces)), key=pieces.__getitem__), np.int64)
    store, offsets = _flat([pieces[i] for i in order])
    if numbers is not None:
        order = np.array(numbers, np.int64)[order]
    cells = 2 * len(store) + 1024
    while True:
        trie: Trie = np.zeros(cells, np.int64)
        if kernels.build(store, offsets, order, trie) >= 0:
            return trie
        cells *= 2


def _flat(pieces: Sequence[bytes]) -> tuple[UInt8, Int64]:
    """The pieces one after the other (at least one byte), and their n + 1 offsets."""
    offsets: Int64 = np.concatenate(([0], np.cumsum([len(piece) for piece in pieces], dtype=np.int64)))
    return np.frombuffer(b"".join(pieces) or b"\0", np.uint8).copy(), offsets
