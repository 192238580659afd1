"""Token frequencies by slice: the state behind figures on distributions."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tokeval.arrow import Int64, runs, sorted_runs
from tokeval.metrics.base import Accumulator, View
from tokeval.schema import IDS

_LOW, _HIGH = 1 << 16, 1 << 24


@dataclass
class _Row:
    """The counts of one slice: 16 bits and 8 bits per id, and the few that reach 2^24 apart.

    Pages that no count touches take no memory, and `high` is only made once a count can need it: 3 bytes an id at
    most, whatever the size of the corpus.
    """

    low: npt.NDArray[np.uint16]
    high: npt.NDArray[np.uint8]
    over: dict[int, int] = field(default_factory=dict)
    tokens: int = 0

    def widen(self, width: int, tokens: int) -> None:
        """Make room for ids below `width` and for so many further tokens."""
        self.tokens += tokens
        if width > len(self.low):
            grown = np.zeros(width, np.uint16)
            grown[: len(self.low)] = self.low
            self.low = grown
        if self.tokens >= _LOW and len(self.high) < len(self.low):
            taller = np.zeros(len(self.low), np.uint8)
            taller[: len(self.high)] = self.high
            self.high = taller

    def add_to(self, total: Int64) -> None:
        """Add the counts to those by id."""
        total[: len(self.low)] += self.low
        if len(self.high):
            total[: len(self.high)] += self.high.astype(np.int64) << 16
        for token, times in self.over.items():
            total[token] += times << 24

    def seen(self) -> tuple[Int64, Int64]:
        """The ids that occur, sorted, and their counts."""
        there = self.low != 0
        there[: len(self.high)] |= self.high != 0
        there[list(self.over)] = True
        ids = np.flatnonzero(there)
        counts = self.low[ids].astype(np.int64)
        if len(self.high):
            inside = ids < len(self.high)
            counts[inside] += self.high[ids[inside]].astype(np.int64) << 16
        for token, times in self.over.items():
            counts[np.searchsorted(ids, token)] += times << 24
        return ids, counts

    def put(self, ids: npt.NDArray[np.uint32], counts: Int64) -> None:
        """Set the counts of ids for which there is room."""
        self.low[ids] = counts & (_LOW - 1)
        if len(self.high):
            self.high[ids] = (counts >> 16) & 0xFF
        for at in np.flatnonzero(counts >= _HIGH):
            self.over[int(ids[at])] = int(counts[at] >> 24)


class Frequencies(Accumulator):
    """int64 counts per slice and id."""

    name: ClassVar[str] = "frequencies"

    def __init__(self) -> None:
        self._rows: dict[str, _Row] = {}
        self._known: dict[tuple[str, ...], Int64] = {}

    def update(self, view: View) -> None:
        """Count the ids of a batch."""
        if IDS not in view.encoding.facts.capabilities:
            return
        from tokeval.metrics.kernels import count_ids

        self._known.clear()
        ids, offsets, batch = view.encoding.ids, view.encoding.offsets, view.batch
        width = max(int(ids.max()) + 1 if len(ids) else 0, view.encoding.facts.vocabulary_size or 0)
        order, parts = sorted_runs(batch.codes, len(batch.slices))
        lengths = np.diff(offsets)
        for name, part in zip(batch.slices, parts, strict=True):
            documents = order[part]
            row = self._row(name)
            row.widen(width, int(lengths[documents].sum()))
            carried = np.empty(width if row.tokens >= _HIGH else 0, np.uint32)
            over = count_ids(ids, offsets, documents, row.low, row.high, carried)
            for token in carried[:over].tolist():
                row.over[token] = row.over.get(token, 0) + 1

    def merge(self, other: Frequencies) -> Frequencies:
        """Both, added."""
        merged = Frequencies()
        for name in {**self._rows, **other._rows}:
            parts = [part._rows[name] for part in (self, other) if name in part._rows]
            if len(parts) == 1:  # most slices, where a corpus is sorted by them
                merged._rows[name] = deepcopy(parts[0])
                continue
            total = np.zeros(max(len(row.low) for row in parts), np.int64)
            for row in parts:
                row.add_to(total)
            seen = np.flatnonzero(total).astype(np.uint32)
            made = merged._row(name)
            made.widen(len(total), int(total.sum()))
            made.put(seen, total[seen])
        return merged

    def state(self) -> pa.Table:
        """Columns slice, id, count; only what was seen, sorted."""
        names = sorted(self._rows)
        seen = [self._rows[name].seen() for name in names]
        codes = np.repeat(np.arange(len(names)), [len(ids) for ids, _ in seen]).astype(np.int32)
        return pa.table(
            {
                "slice": pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(names, pa.string())),
                "id": np.concatenate([np.zeros(0, np.uint32), *(ids.astype(np.uint32) for ids, _ in seen)]),
                "count": np.concatenate([np.zeros(0, np.int64), *(counts for _, counts in seen)]),
            }
        )

    @classmethod
    def from_state(cls, table: pa.Table) -> Frequencies:
        """The frequencies of a state."""
        made = cls()
        column = table["slice"].combine_chunks()
        names, ids, counts = column.dictionary.to_pylist(), table["id"].to_numpy(), table["count"].to_numpy()
        for name, part in zip(names, runs(column.indices.to_numpy(), len(names)), strict=True):
            row = made._row(name)
            row.widen(int(ids[part].max()) + 1 if len(ids[part]) else 0, int(counts[part].sum()))
            row.put(ids[part], counts[part])
        return made

    def by_id(self, slices: Sequence[str]) -> Int64:
        """Counts by id over the given slices, zeros included."""
        rows = [self._rows[name] for name in slices if name in self._rows]
        total = np.zeros(max((len(row.low) for row in rows), default=0), np.int64)
        for row in rows:
            row.add_to(total)
        return total

    def seen(self, name: str) -> tuple[Int64, Int64]:
        """The ids that occur in a slice, sorted, and their counts."""
        return self._rows[name].seen() if name in self._rows else (np.zeros(0, np.int64), np.zeros(0, np.int64))

    def counts(self, slices: Sequence[str]) -> Int64:
        """Counts of the ids seen in the given slices, sorted upwards, zeros left out; kept until the next update."""
        key = tuple(slices)
        if key not in self._known:
            total = self.seen(key[0])[1] if len(key) == 1 else self.by_id(key)
            self._known[key] = np.sort(total[total > 0])
        return self._known[key]

    def _row(self, name: str) -> _Row:
        return self._rows.setdefault(name, _Row(np.zeros(0, np.uint16), np.zeros(0, np.uint8)))
