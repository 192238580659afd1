"""Sums of draws from few buckets, and the order statistics that bound an interval."""

from __future__ import annotations

import numpy as np

from tokeval.jit import kernel


@kernel
def add_filled(sums, rows, weights, drawn):
    """Add to some rows of `drawn` the buckets of `sums`, each as often as the draws take it; empty ones cost nothing.

    Args:
        sums: int64 of shape (k, buckets).
        rows: positions in them.
        weights: float64 of shape (buckets, draws).
        drawn: float64 of shape (k, draws).
    """
    for row in rows:
        for bucket in range(sums.shape[1]):
            if sums[row, bucket] != 0:
                amount = float(sums[row, bucket])
                for draw in range(weights.shape[1]):
                    drawn[row, draw] += amount * weights[bucket, draw]


@kernel
def select_both(values, rows, ranks, lowest, highest, found):
    """The value of a rank from below and that of the same rank from above, NaN left out, of some rows.

    Ranks are small (a tail of 2.5 %), so the lowest and the highest values are kept in order, by insertion.

    Args:
        values: float64 of shape (k, draws), of which at least `rank` are defined.
        rows: positions in them.
        ranks: one per row, from 1.
        lowest: room for as many values as the largest rank, float64.
        highest: likewise.
        found: takes low and high, shape (k, 2).
    """
    for at in range(rows.shape[0]):
        row, rank = rows[at], ranks[at]
        for place in range(rank):
            lowest[place], highest[place] = np.inf, -np.inf
        for draw in range(values.shape[1]):
            value = values[row, draw]
            if value < lowest[rank - 1]:
                place = rank - 1
                while place > 0 and lowest[place - 1] > value:
                    lowest[place] = lowest[place - 1]
                    place -= 1
                lowest[place] = value
            if value > highest[rank - 1]:
                place = rank - 1
                while place > 0 and highest[place - 1] < value:
                    highest[place] = highest[place - 1]
                    place -= 1
                highest[place] = value
        found[row, 0], found[row, 1] = lowest[rank - 1], highest[rank - 1]
