"""Documents by their number of tokens: the state behind exact quantiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import pyarrow as pa

from tokeval.arrow import Int64
from tokeval.metrics.base import Accumulator, View

_DENSE = 1 << 14


class Lengths(Accumulator):
    """How many documents of each slice have each number of tokens.

    Exact; memory grows with the number of distinct lengths above 2^14 tokens, which stays small beside the corpus.
    """

    name: ClassVar[str] = "lengths"

    def __init__(self) -> None:
        self._dense: dict[str, Int64] = {}
        self._long: dict[str, dict[int, int]] = {}

    def update(self, view: View) -> None:
        """Note the lengths of a batch."""
        lengths = np.diff(view.encoding.offsets)
        for code, name in enumerate(view.batch.slices):
            mine = lengths[view.batch.codes == code]
            self._add(name, *np.unique(mine, return_counts=True))

    def merge(self, other: Lengths) -> Lengths:
        """Both, added."""
        merged = Lengths()
        for part in (self, other):
            for name in part._dense:
                merged._add(name, *part.table((name,)))
        return merged

    def state(self) -> pa.Table:
        """Columns slice, length, documents; sorted."""
        rows = [(name, *self.table((name,))) for name in sorted(self._dense)]
        return pa.table(
            {
                "slice": pa.array([name for name, lengths, _ in rows for _ in lengths], pa.string()),
                "length": np.concatenate([np.zeros(0, np.int64), *(lengths for _, lengths, _ in rows)]),
                "documents": np.concatenate([np.zeros(0, np.int64), *(counts for _, _, counts in rows)]),
            }
        )

    @classmethod
    def from_state(cls, table: pa.Table) -> Lengths:
        """The lengths of a state."""
        made = cls()
        names, lengths, counts = np.array(table["slice"].to_pylist(), object), table["length"], table["documents"]
        for name in dict.fromkeys(names.tolist()):
            mask = names == name
            made._add(name, lengths.to_numpy()[mask], counts.to_numpy()[mask])
        return made

    def table(self, slices: Sequence[str]) -> tuple[Int64, Int64]:
        """The lengths that occur in the slices, sorted, and how many documents have each."""
        dense = np.zeros(_DENSE, np.int64)
        more: dict[int, int] = {}
        for name in slices:
            if name in self._dense:
                dense += self._dense[name]
                for length, documents in self._long[name].items():
                    more[length] = more.get(length, 0) + documents
        short = np.flatnonzero(dense)
        long = np.array(sorted(more), np.int64)
        counts = np.array([more[length] for length in long.tolist()], np.int64)
        return np.concatenate([short, long]), np.concatenate([dense[short], counts])

    def quantile(self, slices: Sequence[str], share: float) -> int | None:
        """The least length that at least this share of the documents does not exceed; None without documents."""
        lengths, counts = self.table(slices)
        if not len(lengths):
            return None
        reached = np.cumsum(counts)
        rank = max(1, int(np.ceil(share * int(reached[-1]))))
        return int(lengths[np.searchsorted(reached, rank)])

    def _add(self, name: str, lengths: Int64, counts: Int64) -> None:
        if name not in self._dense:
            self._dense[name], self._long[name] = np.zeros(_DENSE, np.int64), {}
        short = lengths < _DENSE
        self._dense[name][lengths[short]] += counts[short]
        more = self._long[name]
        for length, documents in zip(lengths[~short].tolist(), counts[~short].tolist(), strict=True):
            more[length] = more.get(length, 0) + documents
