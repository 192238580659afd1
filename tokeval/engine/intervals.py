"""Intervals for figures, and the row `macro`: both come from the same draws over buckets."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from tokeval.arrow import Floats, Int64
from tokeval.metrics.base import Metric
from tokeval.metrics.columns import Figures, Flags
from tokeval.metrics.uncertainty import DRAWS, bounds, resample
from tokeval.schema import ALL, MACRO, Figure, Status

#: Rows that are drawn at a time, and those whose draws are kept for others: megabytes, however many slices there are.
_BLOCK, _KEPT = 512, 4096


class Draws:
    """The sums of every draw; rows that come again, as many ratios share their denominator, are computed once.

    Args:
        seed: of the draws.
        places: from rows of sums to whole numbers, equal for equal rows.
    """

    def __init__(self, seed: int, places: Callable[[Int64], Int64]) -> None:
        self._seed, self._places = seed, places
        self._slots: dict[int, int] = {}
        self._drawn = np.empty((_KEPT, DRAWS))

    def of(self, sums: Int64) -> Floats:
        """Sums in each draw, shape (k, DRAWS), from sums by bucket, shape (k, BUCKETS)."""
        if len(sums) > _BLOCK:
            return resample(sums, self._seed)
        return self._drawn[self._held((sums,), [self._places(sums)])[0]]

    def divide(self, above: Int64, below: Int64, places: Int64, rows: Int64, values: Floats) -> None:
        """Put the ratios of sums in each draw into some rows of `values`; NaN where there is nothing to divide by.

        Args:
            above: sums by bucket, shape (k, BUCKETS), k at most `_BLOCK`.
            below: likewise.
            places: of both, shape (2, k).
            rows: shape (k,).
            values: shape (rows, DRAWS).
        """
        from tokeval.metrics.drawing.kernels import divide

        held = self._held((above, below), places)
        divide(self._drawn, *held, rows, values)

    def _held(self, parts: Sequence[Int64], places: Int64 | Sequence[Int64]) -> list[Int64]:
        """The rows of `_drawn` that hold each part's sums."""
        keys = [part.tolist() for part in places]
        if len(self._slots) + sum(map(len, keys)) > _KEPT:
            self._slots.clear()
        for sums, part in zip(parts, keys, strict=True):
            new = {key: row for row, key in enumerate(part) if key not in self._slots}
            first = len(self._slots)
            self._slots.update({key: first + slot for slot, key in enumerate(new)})
            resample(sums[list(new.values())], self._seed, self._drawn[first : first + len(new)])
        return [np.array([self._slots[key] for key in part], np.int64) for part in keys]


def with_intervals(metric: Metric, figures: Figures, places: Int64, draws: Draws) -> Figures:
    """The figures with their intervals, and with their mean over slices.

    Args:
        metric: whose they are.
        figures: of one tokenizer and corpus.
        places: of the parts of those that are ratios, shape (2, k).
        draws: where draws come from.
    """
    from tokeval.metrics.drawing.kernels import add_marked

    over, mean = _macro(metric, figures)
    rows = _drawable(figures)
    ci, total, most = figures.ci.copy(), np.zeros(DRAWS), 0
    for first in range(0, len(figures), _BLOCK) if rows.any() else ():
        block = slice(first, first + _BLOCK)
        values, buckets = _values(figures, places, draws, block, rows)
        found = _holding(figures.values[block], bounds(values, buckets))
        ci[block] = np.where(np.isnan(found), ci[block], found)
        add_marked(values, over[block], total)
        most = max(most, int(buckets[over[block]].max(initial=0)))
    made = replace(figures, ci=ci)
    if mean is None:
        return made
    if mean.status is Status.OK and rows[over].all():
        low, high = _holding(np.array([mean.value]), bounds(total[None] / np.count_nonzero(over), np.array([most])))[0]
        mean = replace(mean, ci=None if np.isnan(low) else (float(low), float(high)))
    return made.with_row(1 if figures.slices[0] == ALL else 0, mean)


def _holding(values: Floats, found: Floats) -> Floats:
    """Bounds, shape (k, 2), moved so far that they hold the figures: a Gini coefficient near 0 is drawn above it."""
    return np.stack((np.minimum(found[:, 0], values), np.maximum(found[:, 1], values)), axis=1)


def _drawable(figures: Figures) -> Flags:
    """The rows that have a value and something to draw from, shape (k,)."""
    rows = figures.drawn.copy()
    rows[list(figures.others)] = True
    return rows & figures.ok


def _values(figures: Figures, places: Int64, draws: Draws, block: slice, rows: Flags) -> tuple[Floats, Int64]:
    """The values of a block of figures in each draw, NaN where undefined or not drawn, and the buckets behind each."""
    from tokeval.metrics.drawing.kernels import count_filled

    size = len(rows[block])
    values, buckets = np.empty((size, DRAWS)), np.zeros(size, np.int64)
    marked = (rows & figures.drawn)[block]
    values[~marked], ratios = np.nan, np.flatnonzero(marked)
    if figures.parts is not None and len(ratios):
        above, below = (part[block][ratios] for part in figures.parts)
        draws.divide(above, below, places[:, block][:, ratios], ratios, values)
        filled = np.empty(len(ratios), np.int64)
        count_filled(above, below, filled)
        buckets[ratios] = filled
    for row, resampled in figures.others.items():
        if block.start <= row < block.stop and rows[row] and resampled.statistic is not None:
            values[row - block.start] = resampled.statistic(draws.of(resampled.sums))
            buckets[row - block.start] = np.count_nonzero(resampled.sums.any(axis=0))
    return values, buckets


def _macro(metric: Metric, figures: Figures) -> tuple[Flags, Figure | None]:
    """The unweighted mean over the slices that have a figure, and which do; None for counts and without slices."""
    parts = np.fromiter((name not in (ALL, MACRO) for name in figures.slices), np.bool_, len(figures))
    known = parts & ~np.isnan(figures.values)
    if metric.info.pairs or not metric.macro or metric.info.unit == "count" or np.count_nonzero(parts) < 2:
        return known, None
    first = int(np.argmax(parts))
    reference, size = figures.references[first], float(np.count_nonzero(known))
    if not size:
        reasons = {figures.reasons[row] for row in np.flatnonzero(parts)}
        reason = figures.reasons[first] if len(reasons) == 1 else "no slice has a figure"
        return known, Figure(MACRO, None, 0, reference=reference, status=figures.statuses[first], reason=reason)
    total, n = math.fsum(figures.values[known].tolist()), int(figures.n[known].sum())
    return known, Figure(
        MACRO, total / size, n, total, size, reference=reference, signed=figures.signed[int(np.argmax(known))]
    )
