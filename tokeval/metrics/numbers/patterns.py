"""How numbers of one length are cut: the state behind the entropy of cut patterns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import pyarrow as pa

from tokeval.metrics.base import Accumulator, View
from tokeval.metrics.numbers.measures import runs, scores
from tokeval.schema import SPANS

_LENGTH_SHIFT, _SLICE_SHIFT = np.uint64(40), np.uint64(46)
#: Longer numbers are left out of the entropy.
LONGEST = 40


class CutPatterns(Accumulator):
    """Numbers per slice, digit length (2 to 40) and cut pattern (bit j: a cut after digit j + 1)."""

    name: ClassVar[str] = "cut_patterns"
    needs: ClassVar[frozenset[str]] = frozenset({SPANS})

    def __init__(self) -> None:
        #: slice -> (length, pattern) -> numbers
        self._counts: dict[str, dict[tuple[int, int], int]] = {}
        self._pooled: dict[tuple[str, ...], dict[int, list[int]]] = {}

    def update(self, view: View) -> None:
        """Count the patterns of a batch."""
        self._pooled.clear()
        found, scored = runs(view.batch), scores(view)
        keep = (scored.lengths > 1) & (scored.lengths <= LONGEST)
        codes = np.repeat(view.batch.codes, np.diff(found.number_rows)).astype(np.uint64)[keep]
        packed = codes << _SLICE_SHIFT | scored.lengths[keep].astype(np.uint64) << _LENGTH_SHIFT | scored.patterns[keep]
        for key, count in zip(*(a.tolist() for a in np.unique(packed, return_counts=True)), strict=True):
            name, rest = view.batch.slices[key >> 46], key & ((1 << 46) - 1)
            self._add(name, (rest >> 40, rest & ((1 << 40) - 1)), count)

    def merge(self, other: CutPatterns) -> CutPatterns:
        """Both, added."""
        merged = CutPatterns()
        for part in (self, other):
            for name, counts in part._counts.items():
                for key, count in counts.items():
                    merged._add(name, key, count)
        return merged

    def state(self) -> pa.Table:
        """Columns slice, length, pattern, count; sorted."""
        rows = sorted((name, *key, count) for name, counts in self._counts.items() for key, count in counts.items())
        slices, lengths, patterns, counts = zip(*rows, strict=True) if rows else ((), (), (), ())
        return pa.table(
            {
                "slice": pa.array(slices, pa.string()),
                "length": pa.array(lengths, pa.int64()),
                "pattern": pa.array(patterns, pa.uint64()),
                "count": pa.array(counts, pa.int64()),
            }
        )

    @classmethod
    def from_state(cls, table: pa.Table) -> CutPatterns:
        """The patterns of a state."""
        made = cls()
        for row in table.to_pylist():
            made._add(row["slice"], (row["length"], row["pattern"]), row["count"])
        return made

    def counts(self, slices: Sequence[str]) -> dict[int, list[int]]:
        """Per digit length the counts of its patterns over the given slices, sorted; kept until the next update."""
        known = self._pooled.get(tuple(slices))
        if known is not None:
            return known
        pooled: dict[tuple[int, int], int] = {}
        for name in slices:
            for key, count in self._counts.get(name, {}).items():
                pooled[key] = pooled.get(key, 0) + count
        found: dict[int, list[int]] = {}
        for (length, _), count in pooled.items():
            found.setdefault(length, []).append(count)
        for counts in found.values():
            counts.sort()
        self._pooled[tuple(slices)] = found
        return found

    def _add(self, name: str, key: tuple[int, int], count: int) -> None:
        counts = self._counts.setdefault(name, {})
        counts[key] = counts.get(key, 0) + count
