"""Token frequencies by slice: the state behind figures on distributions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import pyarrow as pa

from tokeval.arrow import Int64
from tokeval.metrics.base import Accumulator, View


class Frequencies(Accumulator):
    """int64 counts per slice and id."""

    name: ClassVar[str] = "frequencies"

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}
        self._table = np.zeros((0, 0), np.int64)

    def update(self, view: View) -> None:
        """Count the ids of a batch."""
        if "ids" not in view.encoding.facts.capabilities:
            return
        from tokeval.metrics.kernels import histogram

        ids, batch = view.encoding.ids, view.batch
        width = int(ids.max()) + 1 if len(ids) else 0
        rows = self._reserve(batch.slices, max(width, view.encoding.facts.vocabulary_size or 0))
        histogram(ids, view.encoding.offsets, batch.codes, rows, self._table)

    def merge(self, other: Frequencies) -> Frequencies:
        """Both, added."""
        merged = Frequencies()
        for part in (self, other):
            rows = merged._reserve(tuple(part._rows), part._table.shape[1])
            merged._table[rows, : part._table.shape[1]] += part._table[list(part._rows.values())]
        return merged

    def state(self) -> pa.Table:
        """Columns slice, id, count; only what was seen, sorted."""
        names = sorted(self._rows)
        seen = [np.flatnonzero(self._table[self._rows[name]]) for name in names]
        codes = np.repeat(np.arange(len(names)), [len(ids) for ids in seen]).astype(np.int32)
        counts = [self._table[self._rows[name]][ids] for name, ids in zip(names, seen, strict=True)]
        return pa.table(
            {
                "slice": pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(names, pa.string())),
                "id": np.concatenate([np.zeros(0, np.uint32), *(ids.astype(np.uint32) for ids in seen)]),
                "count": np.concatenate([np.zeros(0, np.int64), *counts]),
            }
        )

    @classmethod
    def from_state(cls, table: pa.Table) -> Frequencies:
        """The frequencies of a state."""
        made = cls()
        column = table["slice"].combine_chunks()
        ids, counts = table["id"].to_numpy(), table["count"].to_numpy()
        rows = made._reserve(tuple(column.dictionary.to_pylist()), int(ids.max()) + 1 if len(ids) else 0)
        made._table[rows[column.indices.to_numpy()], ids] = counts
        return made

    def counts(self, slices: Sequence[str]) -> Int64:
        """Counts of the ids seen in the given slices, by id, zeros left out."""
        rows = [self._rows[name] for name in slices if name in self._rows]
        total: Int64 = self._table[rows].sum(axis=0)
        return total[total > 0]

    def _reserve(self, slices: tuple[str, ...], width: int) -> Int64:
        """Room for the slices and for ids below `width`; the slices' rows."""
        for name in slices:
            self._rows.setdefault(name, len(self._rows))
        height = len(self._rows)
        if height > self._table.shape[0] or width > self._table.shape[1]:
            tall = self._table.shape[0] if height <= self._table.shape[0] else max(height, 2 * self._table.shape[0])
            grown = np.zeros((tall, max(width, self._table.shape[1])), np.int64)
            grown[: self._table.shape[0], : self._table.shape[1]] = self._table
            self._table = grown
        return np.array([self._rows[name] for name in slices], np.int64)
