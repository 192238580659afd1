"""Sums of per-document counts by slice and bucket: the state behind every ratio."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tokeval.arrow import Int64
from tokeval.metrics.base import Accumulator, Measure, View
from tokeval.schema import BUCKETS

#: A measure by name, its counts in documents, and the slice code and the bucket of each of these documents.
Counted = tuple[str, Int64, npt.NDArray[np.int32], npt.NDArray[np.int32]]


class Sums(Accumulator):
    """int64 sums of shape (BUCKETS,) per slice and measure.

    Sums are exact below 2^63, so any order of adding gives equal bits. As long as all fit, 32 bits are kept of each: of
    200 slices and 300 measures these are 60 MB.
    """

    name: ClassVar[str] = "sums"

    def __init__(self, measures: Sequence[Measure] = ()) -> None:
        self._measures = {measure.name: measure for measure in measures}
        self._columns = {name: column for column, name in enumerate(self._measures)}
        self._rows: dict[str, int] = {}
        self._table: npt.NDArray[np.int32] | Int64 = np.zeros((0, len(self._columns), BUCKETS), np.int32)
        #: Pools last asked for: the rows of each, one after the other, and where those of the next begin.
        self._asked: tuple[tuple[tuple[str, ...], ...], Int64, Int64] | None = None

    def update(self, view: View) -> None:
        """Add every measure of a batch."""
        self.add(view, self.measured(view))

    def measured(self, view: View) -> list[Counted]:
        """What `add` takes: the counts of a batch by measure. No sum is read or changed."""
        batch, buckets = view.batch, view.batch.buckets
        view.wanted = frozenset(self._measures)
        found: list[Counted] = []
        for name, measure in self._measures.items():
            codes, places = batch.codes, buckets
            if measure.rows is not None:
                chosen = measure.rows(view)
                codes, places = codes[chosen], places[chosen]
            found.append((name, measure.compute(view), codes, places))
        return found

    def add(self, view: View, counts: Iterable[Counted]) -> None:
        """Add what `measured` made of a batch."""
        from tokeval.metrics.kernels import add_to_buckets

        rows = self._reserve(view.batch.slices)
        for name, values, codes, places in counts:
            column, done = self._columns[name], 0
            while (done := add_to_buckets(values, codes, places, rows, self._table[:, column], done)) < len(values):
                self._table = self._table.astype(np.int64)

    def merge(self, other: Sums) -> Sums:
        """Both, added."""
        merged = Sums(tuple(({**other._measures, **self._measures}).values()))
        names = sorted({**self._columns, **other._columns})
        merged._columns = {name: column for column, name in enumerate(names)}
        merged._table = np.zeros((0, len(names), BUCKETS), np.int64)
        for part in (self, other):
            if part._rows:
                rows = merged._reserve(tuple(part._rows))
                columns = np.array([merged._columns[name] for name in part._columns], np.int64)
                merged._table[np.ix_(rows, columns)] += part._table[list(part._rows.values())]
        merged._table = _narrow(merged._table)
        return merged

    def state(self) -> pa.Table:
        """Columns slice, measure, sums (fixed-size list of BUCKETS int64)."""
        keys = [(s, m) for s in self.slices for m in sorted(self._columns)]
        rows = [self._table[self._rows[s], self._columns[m]] for s, m in keys]
        flat = np.concatenate(rows, dtype=np.int64) if rows else np.zeros(0, np.int64)
        return pa.table(
            {
                "slice": pa.array([s for s, _ in keys], pa.string()),
                "measure": pa.array([m for _, m in keys], pa.string()),
                "sums": pa.FixedSizeListArray.from_arrays(pa.array(flat), BUCKETS),
            }
        )

    @classmethod
    def from_state(cls, table: pa.Table, measures: Sequence[Measure] = ()) -> Sums:
        """The sums of a state; enough to merge and compute, and to update the measures named."""
        made = cls(measures)
        slices, names = table["slice"].to_pylist(), table["measure"].to_pylist()
        values = table["sums"].combine_chunks().flatten().to_numpy().reshape(-1, BUCKETS)
        made._columns = {name: column for column, name in enumerate(dict.fromkeys([*made._columns, *names]))}
        made._table = np.zeros((0, len(made._columns), BUCKETS), np.int64)
        made._reserve(tuple(dict.fromkeys(slices)))
        rows, columns = [made._rows[name] for name in slices], [made._columns[name] for name in names]
        made._table[rows, columns] = values
        made._table = _narrow(made._table)
        return made

    @property
    def measures(self) -> list[str]:
        """What is summed, by name."""
        return list(self._columns)

    @property
    def relative(self) -> bool:
        """Whether updating needs the baseline's encoding."""
        return any(measure.relative for measure in self._measures.values())

    @property
    def slices(self) -> list[str]:
        """The slices seen, sorted."""
        return sorted(self._rows)

    def has(self, measure: str) -> bool:
        """Whether the measure was summed at all."""
        return measure in self._columns

    def total(self, measure: str, slices: Sequence[str]) -> int:
        """The sum over the given slices."""
        return int(self.over(measure, (tuple(slices),)).sum())

    def each(self, measure: str, slices: Sequence[str]) -> Int64:
        """The sum over each of the given slices, shape (slices,)."""
        sums: Int64 = self.over(measure, tuple((name,) for name in slices)).sum(axis=1)
        return sums

    def over(self, measure: str, pools: tuple[tuple[str, ...], ...]) -> Int64:
        """Sums per bucket over each of several pools of slices, shape (pools, BUCKETS)."""
        from tokeval.metrics.kernels import add_rows

        column = self._columns.get(measure)
        if column is None:
            return np.zeros((len(pools), BUCKETS), np.int64)
        if self._asked is None or self._asked[0] != pools:  # nearly all metrics ask for the same
            rows = [[self._rows[name] for name in pool if name in self._rows] for pool in pools]
            cuts = np.cumsum([0, *map(len, rows)])
            self._asked = pools, np.array([*chain.from_iterable(rows)], np.int64), cuts
        found = np.empty((len(pools), BUCKETS), np.int64)
        add_rows(self._table, column, *self._asked[1:], found)
        return found

    def _reserve(self, slices: tuple[str, ...]) -> Int64:
        """Room for the slices; their rows."""
        for name in slices:
            self._rows.setdefault(name, len(self._rows))
        self._asked = None
        if len(self._rows) > len(self._table):  # in place where memory allows; what is new is zero
            self._table.resize((len(self._rows), *self._table.shape[1:]), refcheck=False)
        return np.array([self._rows[name] for name in slices], np.int64)


def _narrow(table: Int64) -> npt.NDArray[np.int32] | Int64:
    """The same in 32 bits, if they are enough."""
    limits = np.iinfo(np.int32)
    fits = table.max(initial=0) <= limits.max and table.min(initial=0) >= limits.min
    return table.astype(np.int32) if fits else table
