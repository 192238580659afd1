"""Memoised words as a fast path: cut, look up, encode what is new, gather. No Python object per word or document."""

from __future__ import annotations

from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tokeval.arrow import Int64, UInt8, UInt32, id_buffers, text_buffers
from tokeval.tokenizers.base import Tokenizer
from tokeval.tokenizers.fast import Found, positions

Int32 = npt.NDArray[np.int32]
Item = TypeVar("Item", bound=np.generic)


class ChunkEncoder(Protocol):
    """Encodes chunks of text that hold no space; may be shared by threads."""

    #: Whether ASCII punctuation, and Han ideographs, are chunks of their own.
    punctuation: bool
    han: bool

    def encode(self, data: UInt8, cuts: Int64) -> tuple[UInt32, Int32, Int32, Int64]:
        """Flat ids, their byte ranges in their chunk, and the number of each chunk's tokens.

        The number is -1 where only the reference can tell, -2 where even that depends on what is around the chunk.
        """


class MemoWords:
    """The chunks met so far with their ids, for one thread."""

    name = "memoised words"

    def __init__(self, reference: Tokenizer, encoder: ChunkEncoder) -> None:
        self._reference, self._encoder = reference, encoder
        punctuation = [33 <= v < 127 and not chr(v).isalnum() and encoder.punctuation for v in range(128)]
        self._alone = np.array(punctuation, np.bool_)
        self._table = np.full(1 << 14, -1, np.int32)
        self._hashes = np.empty(1 << 13, np.uint64)
        self._cuts = np.zeros((1 << 13) + 1, np.int64)
        self._store = np.empty(1 << 16, np.uint8)
        self._count = 0
        self._id_offsets = np.zeros(1, np.int64)
        self._ids, self._starts, self._ends = np.zeros(0, np.uint32), np.zeros(0, np.int32), np.zeros(0, np.int32)
        self._doubtful = np.zeros(0, np.bool_)

    def held(self) -> int:
        """The bytes in use for chunks and ids."""
        return 33 * self._count + int(self._cuts[self._count]) + 12 * int(self._id_offsets[-1])

    def encode(self, texts: pa.Array, spans: bool) -> Found:
        """Ids and byte ranges; rows with a chunk whose ids depend on its neighbours are left to the reference."""
        from tokeval.tokenizers.words import kernels

        data, offsets = text_buffers(texts)
        words, places, rows = self._scan(data, offsets)
        unsure = np.zeros(len(texts), np.bool_)
        out_offsets = np.zeros(len(texts) + 1, np.int64)
        kernels.gather_sizes(words, rows, self._id_offsets, self._doubtful, out_offsets, unsure)
        total = int(out_offsets[-1])
        ids = np.empty(total, np.uint32)
        starts, ends = np.empty(total if spans else 0, np.int32), np.empty(total if spans else 0, np.int32)
        if total:
            kernels.gather(
                words, places, rows, self._id_offsets, self._ids, self._starts, self._ends, unsure, ids, starts, ends
            )
        open_rows = np.flatnonzero(unsure) if unsure.any() else None
        return Found(ids, out_offsets, starts if spans else None, ends if spans else None, open_rows)

    def _scan(self, data: UInt8, offsets: Int64) -> tuple[Int32, Int32, Int64]:
        from tokeval.tokenizers.words import kernels

        total = int(offsets[-1] - offsets[0])
        words, places = np.empty(total + 1, np.int32), np.empty(total + 1, np.int32)
        rows = np.zeros(len(offsets), np.int64)
        row = found = 0
        before = self._count
        while True:
            row, self._count, found = kernels.scan(
                data,
                offsets,
                row,
                self._alone,
                self._encoder.han,
                self._table,
                self._hashes,
                self._store,
                self._cuts,
                self._count,
                words,
                places,
                rows,
                found,
            )
            if row == len(offsets) - 1:
                break
            self._make_room(int(offsets[row + 1] - offsets[row]))
        if self._count > before:
            self._learn(before)
        return words[:found], places[:found], rows

    def _make_room(self, size: int) -> None:
        from tokeval.tokenizers.words import kernels

        used = int(self._cuts[self._count])
        if used + size > len(self._store):
            self._store = _grown(self._store, used + size)
        capacity = len(self._table)
        while 2 * (self._count + size) > capacity:
            capacity *= 2
        if capacity > len(self._table):
            self._hashes = _grown(self._hashes, capacity // 2)
            self._cuts = _grown(self._cuts, capacity // 2 + 1)
            self._table = np.empty(capacity, np.int32)
            kernels.fill_table(self._table, self._hashes, self._count)

    def _learn(self, before: int) -> None:
        """Encode the chunks from `before` on; what the encoder leaves open goes to the reference, alone."""
        cuts = self._cuts[before : self._count + 1]
        ids, starts, ends, lengths = self._encoder.encode(self._store, cuts)
        doubtful = lengths == -2
        rest = np.flatnonzero(lengths < 0)
        if len(rest):
            chunks = pa.Array.from_buffers(
                pa.large_string(), len(cuts) - 1, [None, pa.py_buffer(cuts), pa.py_buffer(self._store)]
            )
            spans = self._reference.spans_batch(chunks.take(pa.array(rest)))
            theirs, their_offsets = id_buffers(spans.ids)
            sure = np.flatnonzero(lengths >= 0)
            lengths = lengths.copy()
            lengths[rest] = np.diff(their_offsets)
            merged = np.concatenate(([0], np.cumsum(lengths)))
            here, there = positions(merged, sure), positions(merged, rest)
            size = int(merged[-1])
            ids = _merged(size, here, ids, there, theirs)
            starts = _merged(size, here, starts, there, spans.starts)
            ends = _merged(size, here, ends, there, spans.ends)
        base = self._id_offsets[-1]
        self._id_offsets = np.concatenate((self._id_offsets, base + np.cumsum(lengths)))
        self._ids = _appended(self._ids, int(base), ids)
        self._starts = _appended(self._starts, int(base), starts)
        self._ends = _appended(self._ends, int(base), ends)
        self._doubtful = np.concatenate((self._doubtful, doubtful))


def _grown(array: npt.NDArray[Item], size: int) -> npt.NDArray[Item]:
    larger = np.empty(max(size, 2 * len(array)), array.dtype)
    larger[: len(array)] = array
    return larger


def _appended(array: npt.NDArray[Item], size: int, more: npt.NDArray[Item]) -> npt.NDArray[Item]:
    if size + len(more) > len(array):
        array = _grown(array, size + len(more))
    array[size : size + len(more)] = more
    return array


def _merged(
    size: int, here: Int64, mine: npt.NDArray[Item], there: Int64, theirs: npt.NDArray[Item]
) -> npt.NDArray[Item]:
    out = np.empty(size, mine.dtype)
    out[here], out[there] = mine, theirs
    return out
