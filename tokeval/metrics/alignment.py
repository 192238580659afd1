"""Tokens per parallel document: the state behind figures that compare slices on the same content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tokeval.arrow import Int64, runs, sorted_runs
from tokeval.metrics.base import Accumulator, View
from tokeval.schema import BUCKETS, bucket_of

#: Documents kept at most; beyond it every second id is left out, then every fourth, and so on.
CAP = 1 << 21
#: Rows that wait for their compaction: as many as are kept, but within these bounds. Each accumulator of each thread
#: may hold so many, and ids that come again are merged early.
_WAIT, _WAIT_MOST = 1 << 16, 1 << 20


@dataclass(frozen=True)
class Parallel:
    """The documents of one slice: sorted distinct keys; tokens, bytes and rows per key."""

    keys: npt.NDArray[np.uint64]
    tokens: Int64
    bytes: Int64
    rows: Int64

    def where(self, rows: npt.NDArray[np.bool_] | Int64 | slice) -> Parallel:
        """Some of the documents."""
        return Parallel(self.keys[rows], self.tokens[rows], self.bytes[rows], self.rows[rows])

    def by_bucket(self, column: str, keys: npt.NDArray[np.uint64]) -> Int64:
        """A column's sums by bucket, shape (BUCKETS,), over some of the documents (sorted keys, all of them here)."""
        values = getattr(self, column)
        if len(keys) != len(self.keys):
            values = values[np.searchsorted(self.keys, keys)]
        # floats count exactly to 2^53, more than all tokens of the documents that are kept
        return np.bincount(bucket_of(keys), values, BUCKETS).astype(np.int64)


class Alignment(Accumulator):
    """Tokens, bytes and rows by slice and key, kept as sorted columns; new batches wait in a list until compacted.

    Memory is bounded by `CAP` documents. Where a corpus has more, the ids whose hash ends in `level` zero bits are
    kept: an id is in the sample of every slice or of none, each kept id is counted exactly, and the level is the least
    at which the whole corpus fits, so that it does not depend on shards or order.
    """

    name: ClassVar[str] = "alignment"
    version: ClassVar[int] = 2  # the first took equal texts without an id for parallel ones

    def __init__(self, cap: int = CAP) -> None:
        self._cap = cap
        self._level = 0
        self._slices: dict[str, Parallel] = {}
        self._waiting: dict[str, list[Parallel]] = {}
        self._waiting_rows = self._kept = 0

    @property
    def level(self) -> int:
        """One id in 2^level is in the sample."""
        self._compact()
        return self._level

    def update(self, view: View) -> None:
        """Note the tokens of each document of a batch that has an id, under its key."""
        batch = view.batch
        if not batch.has_ids:
            return
        tokens, ones = np.diff(view.encoding.offsets), np.ones(len(batch), np.int64)
        whole, codes = Parallel(batch.keys, tokens, batch.units["bytes"], ones), batch.codes
        if batch.ids is not None and batch.ids.null_count:  # the key of a row without an id is that of its text
            known = batch.ids.is_valid().to_numpy(zero_copy_only=False)
            whole, codes = whole.where(known), codes[known]
        if self._level:
            kept = _sampled(whole.keys, self._level)
            whole, codes = whole.where(kept), codes[kept]
        order, parts = sorted_runs(codes, len(batch.slices))
        whole = whole.where(order)
        for name, part in zip(batch.slices, parts, strict=True):
            if part.start < part.stop:
                self._waiting.setdefault(name, []).append(whole.where(part))
        self._waiting_rows += len(whole.keys)
        if self._waiting_rows > min(max(_WAIT, self._kept), _WAIT_MOST, self._cap):
            self._compact()

    def merge(self, other: Alignment) -> Alignment:
        """Both; tokens and rows of equal keys are added."""
        merged = Alignment(min(self._cap, other._cap))
        merged._level = max(self.level, other.level)
        for part in (self, other):
            for name, documents in part.slices().items():
                merged._waiting.setdefault(name, []).append(merged._thinned(documents))
        merged._compact()
        return merged

    def state(self) -> pa.Table:
        """Columns slice, key, tokens, bytes, rows; sorted. The level and the cap are in the metadata."""
        slices = sorted(self.slices().items())
        names = [name for name, _ in slices]
        codes = np.repeat(np.arange(len(slices)), [len(p.keys) for _, p in slices]).astype(np.int32)
        column = pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(names, pa.string()))
        empty = np.zeros(0, np.int64)
        table = pa.table(
            {
                "slice": column,
                "key": np.concatenate([empty.astype(np.uint64), *(p.keys for _, p in slices)]),
                "tokens": np.concatenate([empty, *(p.tokens for _, p in slices)]),
                "bytes": np.concatenate([empty, *(p.bytes for _, p in slices)]),
                "rows": np.concatenate([empty, *(p.rows for _, p in slices)]),
            }
        )
        return table.replace_schema_metadata({"level": str(self._level), "cap": str(self._cap)})

    @classmethod
    def from_state(cls, table: pa.Table) -> Alignment:
        """The alignment of a state."""
        metadata = table.schema.metadata or {}
        made = cls(int(metadata.get(b"cap", CAP)))
        made._level = int(metadata.get(b"level", 0))
        column = table["slice"].combine_chunks()
        names = column.dictionary.to_pylist()
        columns = [table[c].to_numpy() for c in ("key", "tokens", "bytes", "rows")]
        for name, part in zip(names, runs(column.indices.to_numpy(), len(names)), strict=True):
            made._slices[name] = Parallel(*(values[part] for values in columns))
        return made

    def slices(self) -> dict[str, Parallel]:
        """The documents of each slice."""
        self._compact()
        return self._slices

    def _thinned(self, documents: Parallel) -> Parallel:
        return documents if self._level == 0 else documents.where(_sampled(documents.keys, self._level))

    def _compact(self) -> None:
        if not self._waiting:
            return
        for name, parts in self._waiting.items():
            known = [self._slices[name]] if name in self._slices else []
            self._slices[name] = _combine(known + parts)
        self._waiting, self._waiting_rows = {}, 0
        while sum(len(documents.keys) for documents in self._slices.values()) > self._cap:
            self._level += 1
            self._slices = {name: self._thinned(documents) for name, documents in self._slices.items()}
        self._kept = sum(len(documents.keys) for documents in self._slices.values())


def _sampled(keys: npt.NDArray[np.uint64], level: int) -> npt.NDArray[np.bool_]:
    """Whether the last `level` bits of a key are zero (its bucket is in the first bits)."""
    mask: npt.NDArray[np.bool_] = keys & np.uint64((1 << level) - 1) == 0
    return mask


def _combine(parts: list[Parallel]) -> Parallel:
    keys = np.concatenate([p.keys for p in parts])
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    first = np.ones(len(keys), bool)
    first[1:] = keys[1:] != keys[:-1]
    heads = np.flatnonzero(first)
    columns = (np.concatenate([getattr(p, c) for p in parts])[order] for c in ("tokens", "bytes", "rows"))
    if len(heads) == len(keys):
        return Parallel(keys, *columns)
    return Parallel(keys[heads], *(np.add.reduceat(column, heads) for column in columns))
