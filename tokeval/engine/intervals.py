"""Intervals for figures, and the row `macro`: both come from the same draws over buckets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tokeval.arrow import Int64
from tokeval.metrics.base import Metric
from tokeval.metrics.uncertainty import Floats, intervals, resample
from tokeval.schema import ALL, MACRO, Figure, Status


def with_intervals(found: Sequence[tuple[Metric, Sequence[Figure]]], seed: int) -> list[tuple[Metric, list[Figure]]]:
    """The figures of one tokenizer and corpus with their intervals, each metric with its mean over slices.

    Args:
        found: metrics and their figures.
        seed: of the draws.
    """
    drawn = _Draws([figure for _, figures in found for figure in figures], seed)
    done = []
    for metric, figures in found:
        values = [drawn.values(figure) for figure in figures]
        bounds = _bounds(figures, values, drawn)
        made = [replace(f, ci=ci) if ci is not None else f for f, ci in zip(figures, bounds, strict=True)]
        mean = _macro(metric, figures, values, drawn)
        if mean is not None:
            at = 1 if made and made[0].slice == ALL else 0
            made.insert(at, mean)
        done.append((metric, made))
    return done


class _Draws:
    """The sums of every draw, each distinct row of sums computed once: many ratios share their denominator."""

    def __init__(self, figures: Sequence[Figure], seed: int) -> None:
        self._places: dict[bytes, int] = {}
        rows: list[Int64] = []
        for figure in figures:
            for row in figure.resampled.sums if figure.resampled is not None else ():
                if self._places.setdefault(row.tobytes(), len(rows)) == len(rows):
                    rows.append(row)
        self._sums = resample(np.stack(rows), seed) if rows else np.zeros((0, 0))
        self._filled = np.stack(rows) != 0 if rows else np.zeros((0, 0), bool)

    def filled(self, figure: Figure) -> int:
        """How many buckets are filled behind a figure."""
        assert figure.resampled is not None
        places = [self._places[row.tobytes()] for row in figure.resampled.sums]
        return int(self._filled[places].any(axis=0).sum())

    def values(self, figure: Figure) -> Floats | None:
        """The figure in each draw, NaN where undefined; None where nothing is drawn for it."""
        if figure.resampled is None or figure.status is not Status.OK:
            return None
        sums = self._sums[[self._places[row.tobytes()] for row in figure.resampled.sums]]
        if figure.resampled.statistic is not None:
            return figure.resampled.statistic(sums)
        with np.errstate(divide="ignore", invalid="ignore"):
            quotient: Floats = sums[0] / sums[1]
        quotient[sums[1] == 0] = np.nan
        return quotient


def _bounds(
    figures: Sequence[Figure], values: Sequence[Floats | None], drawn: _Draws
) -> list[tuple[float, float] | None]:
    bounds: list[tuple[float, float] | None] = [None] * len(figures)
    having = [index for index, row in enumerate(values) if row is not None]
    if having:
        stacked = np.stack([row for row in values if row is not None])
        sizes = [drawn.filled(figures[index]) for index in having]
        for index, ci in zip(having, intervals(stacked, sizes), strict=True):
            bounds[index] = ci
    return bounds


def _macro(metric: Metric, figures: Sequence[Figure], values: Sequence[Floats | None], drawn: _Draws) -> Figure | None:
    """The unweighted mean over the slices that have a figure; None for counts and for what has no slices."""
    parts = [(f, v) for f, v in zip(figures, values, strict=True) if f.slice not in (ALL, MACRO)]
    if metric.pairs or metric.info.unit == "count" or len(parts) < 2:
        return None
    known = [(figure, row) for figure, row in parts if figure.value is not None and figure.status is Status.OK]
    reference = parts[0][0].reference
    if not known:
        first = parts[0][0]
        reason = first.reason if len({f.reason for f, _ in parts}) == 1 else "no slice has a figure"
        return Figure(MACRO, None, 0, reference=reference, status=first.status, reason=reason)
    total = math.fsum(figure.value for figure, _ in known if figure.value is not None)
    n = sum(figure.n for figure, _ in known)
    mean = Figure(
        MACRO, total / len(known), n, total, float(len(known)), reference=reference, signed=known[0][0].signed
    )
    rows = [row for _, row in known if row is not None]
    if len(rows) < len(known):
        return mean
    size = max(drawn.filled(figure) for figure, _ in known)
    return replace(mean, ci=intervals(np.stack(rows).mean(axis=0)[None, :], [size])[0])
