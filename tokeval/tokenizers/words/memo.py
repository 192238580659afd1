"""Memoised words as a fast path: cut, look up, encode what is new, gather. No Python object per word or document."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tokeval.arrow import Int64, UInt8, UInt32, id_buffers, text_buffers
from tokeval.tokenizers.base import Tokenizer
from tokeval.tokenizers.fast import Found, positions
from tokeval.tokenizers.modelproto import BYTE, Model

Int32 = npt.NDArray[np.int32]
Item = TypeVar("Item", bound=np.generic)

#: What is known of a chunk: its first eight bytes, where its bytes begin among those kept and its ids among those kept
#: (they end where the next one's begin), and how far it can be trusted; see `gather_sizes`. One look into memory.
ENTRY = np.dtype(
    [("head", np.uint64), ("cut", np.int64), ("first", np.int64), ("slack", np.float32), ("weight", np.float32)]
)

#: So many chunks are soon learnt anew.
_FEW = 4096


@dataclass(frozen=True)
class Encoded:
    """Chunks encoded.

    Attributes:
        ids: their ids, one chunk after the other.
        starts, ends: the bytes of each token in its chunk, if they were wanted.
        lengths: the number of each chunk's tokens; -1 where only the reference can tell, -2 where even that depends
            on what is around the chunk.
        trust: per chunk how far sums of scores may be off, and how large they are, shape (n, 2); see `gather_sizes`.
    """

    ids: UInt32
    starts: Int32
    ends: Int32
    lengths: Int64
    trust: npt.NDArray[np.float32]

    @classmethod
    def room(cls, tokens: int, chunks: int, spans: bool) -> Encoded:
        """Room for so many, to be filled."""
        places = tokens if spans else 0
        return cls(
            np.empty(tokens, np.uint32),
            np.empty(places, np.int32),
            np.empty(places, np.int32),
            np.empty(chunks, np.int64),
            np.empty((chunks, 2), np.float32),
        )

    def first(self, tokens: int) -> Encoded:
        """The same with the first tokens only."""
        return replace(self, ids=self.ids[:tokens], starts=self.starts[:tokens], ends=self.ends[:tokens])


class ChunkEncoder(Protocol):
    """Encodes chunks of text between spaces; may be shared by threads."""

    #: Whether ASCII punctuation, and Han ideographs, are chunks of their own.
    punctuation: bool
    han: bool
    #: Whether all but the first of a run of spaces belong to the chunk behind it; else spaces only part chunks.
    lead: bool
    #: Whether it knows the bytes of its tokens.
    spans: bool
    #: Texts whose documents are left to the reference.
    avoid: tuple[str, ...]

    def encode(self, data: UInt8, cuts: Int64, spans: bool) -> Encoded:
        """Encode the chunks that lie between the cuts."""


class MemoWords:
    """The chunks met so far with their ids, for one thread."""

    name = "memoised words"

    def __init__(self, reference: Tokenizer, encoder: ChunkEncoder) -> None:
        from tokeval.tokenizers.words import kernels

        self._reference, self._encoder = reference, encoder
        self._classes = np.zeros(256, np.uint8)
        if encoder.punctuation:
            self._classes[[v for v in range(33, 127) if not chr(v).isalnum()]] = kernels.ALONE
        if encoder.han:
            self._classes[0xE3:0xEA] = kernels.HAN
        self._classes[0x20] = kernels.SPACE
        self._avoid = "|".join(sorted(map(re.escape, encoder.avoid)))
        self._forget(spans=False)

    def _forget(self, spans: bool) -> None:
        self._spans = spans
        self._table = np.zeros(1 << 16, np.uint64)
        self._entries = np.zeros(len(self._table) + 1, ENTRY)
        self._store = np.empty(1 << 18, np.uint8)
        self._count = 0
        self._ids, self._starts, self._ends = np.empty(0, np.uint32), np.empty(0, np.int32), np.empty(0, np.int32)

    def held(self) -> int:
        """The bytes of all that is kept for chunks, room for more included."""
        kept = (self._table, self._entries, self._store)
        return sum(array.nbytes for array in (*kept, self._ids, self._starts, self._ends))

    def encode(self, texts: pa.Array, spans: bool) -> Found:
        """Ids, and byte ranges if known; rows with a chunk whose ids depend on its neighbours go to the reference."""
        from tokeval.tokenizers.words import kernels

        spans = spans and self._encoder.spans
        if spans > self._spans or (spans < self._spans and self._count < _FEW):  # such as after a check
            self._forget(spans)
        data, offsets = text_buffers(texts)
        words, begins, rows = self._words(data, offsets)
        unsure = np.zeros(len(texts), np.bool_)
        out_offsets = np.zeros(len(texts) + 1, np.int64)
        if self._avoid:
            import pyarrow.compute as pc

            unsure |= pc.match_substring_regex(texts, self._avoid).to_numpy(zero_copy_only=False)
        kernels.gather_sizes(words, rows, self._entries, out_offsets, unsure)
        total = int(out_offsets[-1])
        ids = np.empty(total, np.uint32)
        starts, ends = np.empty(total if spans else 0, np.int32), np.empty(total if spans else 0, np.int32)
        if total:
            kernels.gather(
                words,
                begins,
                offsets,
                rows,
                self._entries,
                self._ids,
                self._starts,
                self._ends,
                unsure,
                ids,
                starts,
                ends,
            )
        open_rows = np.flatnonzero(unsure) if unsure.any() else None
        return Found(ids, out_offsets, starts if spans else None, ends if spans else None, open_rows)

    def _words(self, data: UInt8, offsets: Int64) -> tuple[Int32, Int64, Int64]:
        """The entry of each chunk and where it begins, and the n + 1 places among them where documents begin."""
        from tokeval.tokenizers.words import kernels

        room = int(offsets[-1] - offsets[0]) + len(offsets)
        begins, sizes = np.empty(room, np.int64), np.empty(room, np.int32)
        codes, words = np.empty(room, np.uint32), np.empty(room, np.int32)
        rows = np.zeros(len(offsets), np.int64)
        last = kernels.cut(data, offsets, self._classes, self._encoder.lead, begins, sizes, codes, rows)
        before, at = self._count, 0
        while True:
            at, self._count = kernels.look_up(
                data, begins, sizes, codes, at, last, self._table, self._store, self._entries, self._count, words
            )
            if at == last:
                break
            self._make_room(int(sizes[at]))
        if self._count > before:
            self._learn(before)
        return words[:last], begins, rows

    def _make_room(self, size: int) -> None:
        """More room where one more entry of so many bytes does not fit."""
        from tokeval.tokenizers.words import kernels

        self._store = _with_room(self._store, int(self._entries[self._count]["cut"]), size)
        if 4 * (self._count + 1) > 3 * len(self._table):
            table = np.zeros(2 * len(self._table), np.uint64)
            self._entries = _with_room(self._entries, self._count + 1, 3 * len(table) // 4 - self._count)
            kernels.fill_table(table, self._table)
            self._table = table

    def _learn(self, before: int) -> None:
        """Encode the chunks from `before` on; what the encoder leaves open goes to the reference, alone."""
        from tokeval.tokenizers.words import kernels

        cuts = np.ascontiguousarray(self._entries["cut"][before : self._count + 1])
        found = self._encoder.encode(self._store, cuts, self._spans)
        found.trust[found.lengths == -2] = -1, 0
        found.lengths[found.lengths == -2] = 0
        if (found.lengths < 0).any():
            found = self._completed(found, cuts)
        base = int(self._entries[before]["first"])
        kernels.keep_learnt(self._entries, before, found.lengths, found.trust)
        self._ids = _appended(self._ids, base, found.ids)
        if self._spans:
            self._starts = _appended(self._starts, base, found.starts)
            self._ends = _appended(self._ends, base, found.ends)

    def _completed(self, found: Encoded, cuts: Int64) -> Encoded:
        rest, sure = np.flatnonzero(found.lengths < 0), np.flatnonzero(found.lengths >= 0)
        chunks = pa.Array.from_buffers(
            pa.large_string(), len(cuts) - 1, [None, pa.py_buffer(cuts), pa.py_buffer(self._store)]
        ).take(pa.array(rest))
        starts = ends = found.starts
        if self._spans:
            spans = self._reference.spans_batch(chunks)
            ids, offsets = id_buffers(spans.ids)
            starts, ends = spans.starts, spans.ends
        else:
            ids, offsets = id_buffers(self._reference.encode_batch(chunks))
        lengths = found.lengths.copy()
        lengths[rest] = np.diff(offsets)
        merged = np.concatenate(([0], np.cumsum(lengths)))
        here, there = positions(merged, sure), positions(merged, rest)
        size = int(merged[-1])
        if self._spans:
            starts = _merged(size, here, found.starts, there, starts)
            ends = _merged(size, here, found.ends, there, ends)
        return Encoded(_merged(size, here, found.ids, there, ids), starts, ends, lengths, found.trust)


def fallback_of(model: Model) -> Int64:
    """The id of each byte's piece, shape (256,); empty where the model has none."""
    found = {text: i for i, (text, _, kind) in enumerate(model.pieces) if kind == BYTE}
    numbers = [found.get(f"<0x{value:02X}>", -1) for value in range(256)]
    return np.array(numbers if model.byte_fallback and min(numbers) >= 0 else [], np.int64)


def _with_room(array: npt.NDArray[Item], size: int, more: int) -> npt.NDArray[Item]:
    """The array, or a larger one that begins with its first `size` items."""
    if size + more <= len(array):
        return array
    larger = np.empty((max(size + more, 2 * len(array)), *array.shape[1:]), array.dtype)
    larger[:size] = array[:size]
    return larger


def _appended(array: npt.NDArray[Item], size: int, more: npt.NDArray[Item]) -> npt.NDArray[Item]:
    array = _with_room(array, size, len(more))
    array[size : size + len(more)] = more
    return array


def _merged(
    size: int, here: Int64, mine: npt.NDArray[Item], there: Int64, theirs: npt.NDArray[Item]
) -> npt.NDArray[Item]:
    out = np.empty(size, mine.dtype)
    out[here], out[there] = mine, theirs
    return out
