"""The paired test of two ratios, from the sums per bucket that runs keep."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tokeval.arrow import Floats, Int64
from tokeval.metrics.uncertainty import difference, filled, resample
from tokeval.results.store import Results, Row
from tokeval.results.sums import NAME, Sums
from tokeval.schema import MACRO

#: A difference is significant where p, corrected for the number of tests, is below.
SIGNIFICANT = 0.05


def sums_of(results: Results) -> Sums | None:
    """The sums per bucket of a run, where it kept them."""
    table = results.beside.get(NAME)
    return None if table is None else Sums.of(table)


class Draws:
    """The sums of every draw for pairs of ratios to be compared, each distinct row of sums drawn once.

    Both sides see the same draws of buckets of documents, so they are paired.

    Args:
        left, right: the sums that the first and the second row of each pair come from.
        pairs: the rows; the mean over slices, `macro`, is drawn from the sums of its slices.
        seed: of the draws.
    """

    def __init__(self, left: Sums, right: Sums, pairs: Sequence[tuple[Row, Row]], seed: int) -> None:
        self._sums = (left, right)
        rows: list[Int64] = []
        self._places: dict[bytes, int] = {}
        for pair in pairs:
            for side, row in enumerate(pair):
                for part in self._of(side, row):
                    for sums in part:
                        if self._places.setdefault(sums.tobytes(), len(rows)) == len(rows):
                            rows.append(sums)
        self._drawn = resample(np.stack(rows), seed) if rows else np.zeros((0, 0))

    def test(self, x: Row, y: Row) -> tuple[float, float, float] | str:
        """The 95 % interval of y − x and its two-sided p, or in words why there is no test."""
        of_x, of_y = self._values(0, x), self._values(1, y)
        if of_x is None or of_y is None:
            return "no sums by bucket are kept for this figure"
        made = difference(of_y[0], of_x[0], y["value"] - x["value"], max(of_x[1], of_y[1]))
        return "too few documents for an interval" if made is None else made

    def _values(self, side: int, row: Row) -> tuple[Floats, int] | None:
        """The figure in each draw, NaN where there is nothing to divide by, and how many buckets are filled."""
        parts = self._of(side, row)
        if not parts:
            return None
        quotients = []
        for part in parts:
            above, below = (self._drawn[self._places[sums.tobytes()]] for sums in part)
            quotients.append(np.divide(above, below, out=np.full(len(above), np.nan), where=below != 0))
        mean: Floats = np.mean(quotients, axis=0)
        return mean, max(filled(part) for part in parts)

    def _of(self, side: int, row: Row) -> list[Int64]:
        """The ratios whose mean the figure is: its own, or those of all slices for the row `macro`."""
        ratio = (row["tokenizer"], row["corpus"], row["metric"])
        if row["slice"] == MACRO:
            found = self._sums[side].by_slice(*ratio)
            return found if row.get("denominator") in (None, len(found)) else []
        sums = self._sums[side].get(ratio[0], ratio[1], row["slice"], ratio[2])
        return [] if sums is None else [sums]
