"""Hugging Face's Unigram behind a split at white space: each word's best segmentation, by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tokeval.arrow import Int64, UInt8, UInt32
from tokeval.tokenizers.words.memo import Int32
from tokeval.tokenizers.words.points import Points, composes

#: How far below the worst piece the library puts what is not in the vocabulary.
_PENALTY = 10.0


class Unigram:
    """A compiled Viterbi over a byte trie of the pieces, with the reference's own normaliser as a table."""

    punctuation = False
    han = False

    def __init__(self, pieces: Sequence[tuple[str, float]], unknown: int, normalize: Callable[[str], str]) -> None:
        from tokeval.tokenizers.words.kernels import build_trie

        self._points = Points(normalize, None, composes)
        spelled = [piece.encode() for piece, _ in pieces]
        offsets = np.concatenate(([0], np.cumsum([len(s) for s in spelled], dtype=np.int64)))
        store = np.frombuffer(b"".join(spelled), np.uint8).copy()
        self._keys = np.full(1 << (3 * len(store)).bit_length(), -1, np.int64)
        self._children = np.zeros(len(self._keys), np.int32)
        self._terms = np.full(len(store) + 2, -1, np.int32)
        build_trie(store, offsets, self._keys, self._children, self._terms)
        self._scores = np.array([score for _, score in pieces], np.float64)
        self._unknown, self._penalty = unknown, float(self._scores.min()) - _PENALTY

    def encode(self, data: UInt8, cuts: Int64) -> tuple[UInt32, Int32, Int32, Int64]:
        """See `ChunkEncoder`."""
        from tokeval.tokenizers.words.kernels import unigram

        self._points.learn(data, cuts)
        room = 4 * (int(cuts[-1] - cuts[0]) + len(cuts)) + 16
        ids, starts, ends = np.empty(room, np.uint32), np.empty(room, np.int32), np.empty(room, np.int32)
        lengths = np.empty(len(cuts) - 1, np.int64)
        total = unigram(
            data,
            cuts,
            self._points.flags,
            self._points.counts,
            self._points.points,
            self._keys,
            self._children,
            self._terms,
            self._scores,
            self._unknown,
            self._penalty,
            ids,
            starts,
            ends,
            lengths,
        )
        return ids[:total], starts[:total], ends[:total], lengths
