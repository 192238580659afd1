"""Sums of per-document counts by slice and bucket: the state behind every ratio."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import pyarrow as pa

from tokeval.arrow import Int64
from tokeval.metrics.base import Accumulator, Measure, View
from tokeval.schema import BUCKETS


class Sums(Accumulator):
    """int64 sums of shape (BUCKETS,) per slice and measure.

    Sums are exact below 2^63, so any order of adding gives equal bits.
    """

    name: ClassVar[str] = "sums"

    def __init__(self, measures: Sequence[Measure] = ()) -> None:
        self._measures = {measure.name: measure for measure in measures}
        self._table: dict[str, dict[str, Int64]] = {}

    def update(self, view: View) -> None:
        """Add every measure of a batch."""
        from tokeval.metrics.kernels import add_to_buckets

        batch = view.batch
        buckets = view.batch.buckets
        for name, measure in self._measures.items():
            added = np.zeros((len(batch.slices), BUCKETS), np.int64)
            add_to_buckets(measure.compute(view), batch.codes, buckets, added)
            for code, slice_name in enumerate(batch.slices):
                self._add(slice_name, name, added[code])

    def merge(self, other: Sums) -> Sums:
        """Both, added."""
        merged = Sums(tuple(({**other._measures, **self._measures}).values()))
        for part in (self, other):
            for slice_name, row in part._table.items():
                for name, values in row.items():
                    merged._add(slice_name, name, values)
        return merged

    def state(self) -> pa.Table:
        """Columns slice, measure, sums (fixed-size list of BUCKETS int64)."""
        rows = [(s, m, v) for s, row in sorted(self._table.items()) for m, v in sorted(row.items())]
        flat = np.concatenate([v for _, _, v in rows]) if rows else np.zeros(0, np.int64)
        return pa.table(
            {
                "slice": pa.array([s for s, _, _ in rows], pa.string()),
                "measure": pa.array([m for _, m, _ in rows], pa.string()),
                "sums": pa.FixedSizeListArray.from_arrays(pa.array(flat), BUCKETS),
            }
        )

    @classmethod
    def from_state(cls, table: pa.Table, measures: Sequence[Measure] = ()) -> Sums:
        """The sums of a state; enough to merge and compute, and to update the measures named."""
        made = cls(measures)
        slices, names = table["slice"].to_pylist(), table["measure"].to_pylist()
        values = table["sums"].combine_chunks().flatten().to_numpy().reshape(-1, BUCKETS)
        for slice_name, name, row in zip(slices, names, values, strict=True):
            made._add(slice_name, name, row)
        return made

    @property
    def measures(self) -> list[str]:
        """What is summed, by name."""
        return list({**self._measures, **{name: None for row in self._table.values() for name in row}})

    @property
    def slices(self) -> list[str]:
        """The slices seen, sorted."""
        return sorted(self._table)

    def has(self, measure: str) -> bool:
        """Whether the measure was summed at all."""
        return any(measure in row for row in self._table.values())

    def buckets(self, measure: str, slices: Sequence[str]) -> Int64:
        """Sums per bucket over the given slices, shape (BUCKETS,)."""
        total = np.zeros(BUCKETS, np.int64)
        for name in slices:
            values = self._table.get(name, {}).get(measure)
            if values is not None:
                total += values
        return total

    def total(self, measure: str, slices: Sequence[str]) -> int:
        """The sum over the given slices."""
        return int(self.buckets(measure, slices).sum())

    def _add(self, slice_name: str, measure: str, values: Int64) -> None:
        row = self._table.setdefault(slice_name, {})
        if measure in row:
            row[measure] += values
        else:
            row[measure] = values.copy()
