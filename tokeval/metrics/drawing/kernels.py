"""Sums of draws from few buckets, and the order statistics that bound an interval."""

from __future__ import annotations

import numpy as np

from tokeval.jit import kernel


@kernel
def add_filled(sums, rows, weights, drawn):
    """Put into some rows of `drawn` the buckets of `sums`, each as often as the draws take it; empty ones cost nothing.

    Args:
        sums: int64 of shape (k, buckets).
        rows: positions in them.
        weights: float64 of shape (buckets, draws).
        drawn: float64 of shape (k, draws).
    """
    for row in rows:
        for draw in range(drawn.shape[1]):
            drawn[row, draw] = 0
        for bucket in range(sums.shape[1]):
            if sums[row, bucket] != 0:
                amount = float(sums[row, bucket])
                for draw in range(weights.shape[1]):
                    drawn[row, draw] += amount * weights[bucket, draw]


@kernel
def divide(drawn, above, below, rows, values):
    """Ratios of drawn sums, NaN where there is nothing to divide by.

    Args:
        drawn: float64 of shape (slots, draws).
        above: slots of the numerators, shape (k,).
        below: of the denominators.
        rows: where in `values`, float64 of shape (rows, draws), the ratios go.
        values: takes them.
    """
    for at in range(rows.shape[0]):  # indices that cannot be below 0 let it divide many at a time
        up, down, row = np.uint64(above[at]), np.uint64(below[at]), np.uint64(rows[at])
        for draw in range(np.uint64(drawn.shape[1])):
            divisor = drawn[down, draw]
            values[row, draw] = drawn[up, draw] / divisor if divisor != 0 else np.nan


@kernel
def count_filled(above, below, counts):
    """How many buckets hold anything, above or below the line; sums of shape (k, buckets)."""
    for row in range(counts.shape[0]):
        count = 0
        for bucket in range(above.shape[1]):
            count += (above[row, bucket] | below[row, bucket]) != 0
        counts[row] = count


@kernel
def add_marked(values, marks, total):
    """Add the rows of `values` that are marked to `total`, one after the other."""
    for row in range(values.shape[0]):
        if marks[row]:
            for draw in range(values.shape[1]):
                total[draw] += values[row, draw]


@kernel
def select_both(values, rows, tails, lowest, highest, found):
    """The value of a rank from below and that of the same rank from above, NaN left out, of some rows.

    Nothing is found where more than half are NaN. Ranks are small (a tail of 2.5 %), so the lowest and the highest
    values are kept in order, by insertion.

    Args:
        values: float64 of shape (k, draws).
        rows: positions in them.
        tails: of those that are no NaN, the share below the lower value, one per row.
        lowest: room for as many values as there are draws, float64.
        highest: likewise.
        found: takes low and high, shape (k, 2).
    """
    for at in range(rows.shape[0]):
        row, count = rows[at], 0
        for draw in range(values.shape[1]):
            count += values[row, draw] == values[row, draw]
        if count < values.shape[1] // 2:
            continue
        rank = min(max(int(tails[at] * (count + 1)), 1), count)
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
