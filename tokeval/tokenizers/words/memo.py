"""Memoised words as a fast path: cut, look up, encode what is new, gather. No Python object per word or document."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tokeval.arrow import Int64, Number, UInt8, UInt32, cleared, id_buffers, stretches, text_buffers
from tokeval.tokenizers.base import Tokenizer
from tokeval.tokenizers.fast import Found, spliced
from tokeval.tokenizers.modelproto import BYTE, Model

Int32 = npt.NDArray[np.int32]

#: Room for the chunks of a batch at first, and the most that stays from batch to batch.
_ROOM, _MOST = 1 << 15, 1 << 21

#: What is known of a chunk: where its ids begin among those kept (they end where the next one's begin), and how far it
#: can be trusted; see `gather`. One look into memory.
ENTRY = np.dtype([("first", np.int64), ("slack", np.float32), ("weight", np.float32)])

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
        trust: per chunk how far sums of scores may be off, and how large they are, shape (n, 2); see `gather`.
    """

    ids: UInt32
    starts: Int32
    ends: Int32
    lengths: Int64
    trust: npt.NDArray[np.float32]

    @classmethod
    def room(cls, tokens: int, chunks: int, spans: bool) -> Encoded:
        """Room for so many, to be filled."""
        return cls(*_rooms(tokens, spans), np.empty(chunks, np.int64), np.empty((chunks, 2), np.float32))

    def first(self, tokens: int) -> Encoded:
        """The same with the first tokens only."""
        return replace(self, ids=self.ids[:tokens], starts=self.starts[:tokens], ends=self.ends[:tokens])


@dataclass
class Room:
    """What is written of a batch's chunks, kept for the next, as new memory costs more than what is written to it.

    Attributes:
        begins, sizes, codes, words: where chunks begin, their sizes in bytes, their hashes, their numbers.
        fresh: which of them are new.
    """

    begins: Int64
    sizes: Int32
    codes: UInt32
    words: Int32
    fresh: Int32

    @classmethod
    def new(cls) -> Room:
        """A small one."""
        sizes, words, fresh = (np.empty(_ROOM, np.int32) for _ in range(3))
        codes = np.empty(_ROOM, np.uint32)
        return cls(np.empty(_ROOM, np.int64), sizes, codes, words, fresh)

    def widen(self, chunks: int) -> None:
        """Make room for so many chunks; what was found of others stays."""
        self.begins, self.sizes = _roomy(self.begins, chunks), _roomy(self.sizes, chunks)
        self.codes = _roomy(self.codes, chunks)
        self.words, self.fresh = np.empty(len(self.sizes), np.int32), np.empty(len(self.sizes), np.int32)

    def arrays(self) -> tuple[npt.NDArray[Any], ...]:
        """All of them."""
        return self.begins, self.sizes, self.codes, self.words, self.fresh


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

    def encode(self, data: UInt8, begins: Int64, ends: Int64, spans: bool) -> Encoded:
        """Encode the chunks of UTF-8 that begin and end there."""


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
        self._room = Room.new()
        self._forget(spans=False)

    def _forget(self, spans: bool) -> None:
        self._spans = spans
        self._table = np.zeros(1 << 16, np.uint64)
        self._store = np.zeros(1 << 16, np.uint64)
        self._used, self._count = 1, 0
        self._entries = np.zeros(1, ENTRY)
        self._ids, self._starts, self._ends = np.empty(0, np.uint32), np.empty(0, np.int32), np.empty(0, np.int32)

    def held(self) -> int:
        """The bytes of all that is kept for chunks, room for more included."""
        kept = (self._table, self._entries, self._store, self._ids, self._starts, self._ends)
        return sum(array.nbytes for array in (*kept, *self._room.arrays()))

    def encode(self, texts: pa.Array, spans: bool) -> Found:
        """Ids, and byte ranges if known; rows with a chunk whose ids depend on its neighbours go to the reference."""
        from tokeval.tokenizers.words import kernels

        spans = spans and self._encoder.spans
        if spans > self._spans or (spans < self._spans and self._count < _FEW):  # such as after a check
            self._forget(spans)
        data, offsets = text_buffers(texts)
        rows = self._words(data, offsets)
        unsure = np.zeros(len(texts), np.bool_)
        out_offsets = np.zeros(len(texts) + 1, np.int64)
        if self._avoid:
            import pyarrow.compute as pc

            unsure |= pc.match_substring_regex(texts, self._avoid).to_numpy(zero_copy_only=False)
        learnt, room = (self._ids, self._starts, self._ends), self._room
        out = _rooms(int(offsets[-1] - offsets[0]) + len(texts) + kernels.PADDING, spans)  # nearly always enough
        row = 0
        while True:
            row, _ = kernels.gather(
                room.words, room.begins, offsets, rows, row, self._entries, learnt, unsure, out_offsets, out
            )
            if row == len(texts):
                break
            out = _roomy(out[0], 2 * len(out[0])), _roomy(out[1], 2 * len(out[1])), _roomy(out[2], 2 * len(out[2]))
        total = int(out_offsets[-1])
        ids, starts, ends = out[0][:total], out[1][:total], out[2][:total]
        if len(room.begins) > _MOST:
            self._room = Room.new()
        open_rows = np.flatnonzero(unsure) if unsure.any() else None
        return Found(ids, out_offsets, starts if spans else None, ends if spans else None, open_rows)

    def _words(self, data: UInt8, offsets: Int64) -> Int64:
        """Write where chunks begin and their numbers; the n + 1 places among them where documents begin."""
        from tokeval.tokenizers.words import kernels

        rows = np.zeros(len(offsets), np.int64)
        room, row = self._room, 0
        while True:
            row = kernels.cut(
                data, offsets, self._classes, self._encoder.lead, row, room.begins, room.sizes, room.codes, rows
            )
            if row == len(offsets) - 1:
                break
            room.widen(2 * len(room.begins) + int(offsets[row + 1] - offsets[row]))
        last = int(rows[-1])
        before, at = self._count, 0
        while True:
            at, self._used, self._count = kernels.look_up(
                data,
                room.begins,
                room.sizes,
                room.codes,
                at,
                last,
                self._table,
                self._store,
                self._used,
                self._count,
                room.words,
                room.fresh[self._count - before :],
            )
            if at == last:
                break
            self._make_room(int(room.sizes[at]))
        if self._count > before:
            new = room.fresh[: self._count - before]
            begins = room.begins[new]
            self._learn(before, data, begins, begins + room.sizes[new])
        return rows

    def _make_room(self, size: int) -> None:
        """More room where one more entry of so many bytes does not fit."""
        from tokeval.tokenizers.words import kernels

        self._store = _roomy(self._store, self._used + size // 8 + 16)
        if 4 * (self._count + 1) > 3 * len(self._table):
            table = cleared(2 * len(self._table), np.uint64)
            kernels.fill_table(table, self._table)
            self._table = table

    def _learn(self, before: int, data: UInt8, begins: Int64, ends: Int64) -> None:
        """Encode the chunks from `before` on; what the encoder leaves open goes to the reference, alone."""
        from tokeval.tokenizers.words import kernels

        found = self._encoder.encode(data, begins, ends, self._spans)
        found.trust[found.lengths == -2] = -1, 0
        found.lengths[found.lengths == -2] = 0
        if (found.lengths < 0).any():
            found = self._completed(found, data, begins, ends)
        base = int(self._entries[before]["first"])
        self._entries = _roomy(self._entries, self._count + 1)
        kernels.keep_learnt(self._entries, before, found.lengths, found.trust)
        self._ids = _roomy(self._ids, base + len(found.ids) + kernels.PADDING)
        self._ids[base : base + len(found.ids)] = found.ids
        if self._spans:
            end = base + len(found.ids)
            self._starts, self._ends = _roomy(self._starts, end), _roomy(self._ends, end)
            self._starts[base : base + len(found.ids)] = found.starts
            self._ends[base : base + len(found.ids)] = found.ends

    def _completed(self, found: Encoded, data: UInt8, begins: Int64, stops: Int64) -> Encoded:
        rest = np.flatnonzero(found.lengths < 0)
        chunks = stretches(data, begins[rest], stops[rest]).cast(pa.large_string())
        offsets = np.concatenate(([0], np.cumsum(np.maximum(found.lengths, 0))))
        if self._spans:
            spans = self._reference.spans_batch(chunks)
            mine = Found(found.ids, offsets, found.starts, found.ends, rest)
            theirs = Found(*id_buffers(spans.ids), spans.starts, spans.ends)
        else:
            mine = Found(found.ids, offsets, unsure=rest)
            theirs = Found(*id_buffers(self._reference.encode_batch(chunks)))
        whole = spliced(mine, theirs)
        if whole.starts is not None and whole.ends is not None:
            found = replace(found, starts=whole.starts, ends=whole.ends)
        return replace(found, ids=whole.ids, lengths=np.diff(whole.offsets))


def fallback_of(model: Model) -> Int64:
    """The id of each byte's piece, shape (256,); empty where the model has none."""
    found = {text: i for i, (text, _, kind) in enumerate(model.pieces) if kind == BYTE}
    numbers = [found.get(f"<0x{value:02X}>", -1) for value in range(256)]
    return np.array(numbers if model.byte_fallback and min(numbers) >= 0 else [], np.int64)


def _rooms(size: int, spans: bool) -> tuple[UInt32, Int32, Int32]:
    """Room for so many ids, and for starts and ends if they are wanted."""
    places = size if spans else 0
    return np.empty(size, np.uint32), np.empty(places, np.int32), np.empty(places, np.int32)


def _roomy(array: npt.NDArray[Number], size: int) -> npt.NDArray[Number]:
    """The array, or a larger one that begins as it does, with room for so much.

    A new one, as numpy has the system give it large pages: a third of the time of resizing it in its place.
    """
    if size <= len(array):
        return array
    larger = np.empty(max(size, len(array) * 3 // 2), array.dtype)
    larger[: len(array)] = array
    return larger
