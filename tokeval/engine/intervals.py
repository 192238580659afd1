"""Intervals for figures, and the row `macro`: both come from the same draws over buckets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tokeval.arrow import Int64
from tokeval.metrics.base import Metric
from tokeval.metrics.uncertainty import Floats, intervals, resample
from tokeval.schema import ALL, MACRO, Figure, Status

#: A figure and its interval.
Bounded = tuple[Figure, tuple[float, float] | None]


def with_intervals(found: Sequence[tuple[Metric, Sequence[Figure]]], seed: int) -> list[tuple[Metric, list[Bounded]]]:
    """The figures of one tokenizer and corpus with their intervals, each metric with its mean over slices.

    Args:
        found: metrics and their figures.
        seed: of the draws.
    """
    draws = _Draws([figure for _, figures in found for figure in figures], seed)
    done = []
    for metric, figures in found:
        drawn = draws.of(figures)
        bounds = dict(zip(drawn.rows, intervals(drawn.values, drawn.buckets), strict=True))
        made = [(figure, bounds.get(i) or figure.ci) for i, figure in enumerate(figures)]
        mean = _macro(metric, figures, drawn)
        if mean is not None:
            made.insert(1 if figures[0].slice == ALL else 0, (mean, mean.ci))
        done.append((metric, made))
    return done


@dataclass(frozen=True)
class _Drawn:
    """What was drawn for some figures: which of them, their values (k, DRAWS), and the buckets behind each."""

    rows: list[int]
    values: Floats
    buckets: list[int]


class _Draws:
    """The sums of every draw, each distinct row of sums computed once: many ratios share their denominator."""

    def __init__(self, figures: Sequence[Figure], seed: int) -> None:
        known: dict[bytes, int] = {}
        rows: list[Int64] = []
        self._places: dict[int, list[int]] = {}
        self._kept = [figure.resampled for figure in figures if figure.resampled is not None]  # so that ids stay theirs
        for resampled in self._kept:
            places = self._places[id(resampled)] = []
            for row in resampled.sums:
                place = known.setdefault(row.tobytes(), len(rows))
                if place == len(rows):
                    rows.append(row)
                places.append(place)
        stacked = np.stack(rows) if rows else np.zeros((0, 1), np.int64)
        self._sums = resample(stacked, seed) if rows else np.zeros((0, 1))
        self._filled = stacked != 0

    def of(self, figures: Sequence[Figure]) -> _Drawn:
        """The values of those figures that anything is drawn for."""
        chosen = [
            (index, self._places[id(figure.resampled)], figure.resampled.statistic)
            for index, figure in enumerate(figures)
            if figure.resampled is not None and figure.status is Status.OK
        ]
        values = np.empty((len(chosen), self._sums.shape[1]))
        plain = [at for at, (_, _, statistic) in enumerate(chosen) if statistic is None]
        above, below = (self._sums[[chosen[at][1][part] for at in plain]] for part in (0, 1))
        values[plain] = np.divide(above, below, out=np.full(above.shape, np.nan), where=below != 0)
        for at, (_, places, statistic) in enumerate(chosen):
            if statistic is not None:
                values[at] = statistic(self._sums[places])
        buckets = [int(np.count_nonzero(self._filled[places].any(axis=0))) for _, places, _ in chosen]
        return _Drawn([index for index, _, _ in chosen], values, buckets)


def _macro(metric: Metric, figures: Sequence[Figure], drawn: _Drawn) -> Figure | None:
    """The unweighted mean over the slices that have a figure; None for counts and for what has no slices."""
    parts = [index for index, figure in enumerate(figures) if figure.slice not in (ALL, MACRO)]
    if metric.pairs or not metric.macro or metric.info.unit == "count" or len(parts) < 2:
        return None
    known = {index: v for index in parts if (v := figures[index].value) is not None}
    first = figures[parts[0]]
    if not known:
        reason = first.reason if len({figures[i].reason for i in parts}) == 1 else "no slice has a figure"
        return Figure(MACRO, None, 0, reference=first.reference, status=first.status, reason=reason)
    total, n = math.fsum(known.values()), sum(figures[index].n for index in known)
    size = float(len(known))
    mean = Figure(MACRO, total / size, n, total, size, reference=first.reference, signed=first.signed)
    rows = [at for at, index in enumerate(drawn.rows) if index in known]
    if len(rows) < len(known):
        return mean
    value = drawn.values[rows].mean(axis=0, keepdims=True)
    return replace(mean, ci=intervals(value, [max(drawn.buckets[at] for at in rows)])[0])
