"""Confidence intervals and paired differences by a bootstrap over buckets of documents.

Documents fall into a fixed number of buckets by a stable hash of their key. A draw takes as many buckets as there are,
with replacement, and adds up what is in them; all slices and tokenizers see the same draws, so that differences are
paired (Efron and Tibshirani 1993). Draws come from the raw stream of PCG64, which numpy promises to keep.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from tokeval.arrow import Floats, Int64
from tokeval.schema import BUCKETS

#: Draws of the bootstrap, and the coverage of its intervals.
DRAWS, LEVEL = 1000, 0.95
#: Filled buckets, 6, that all lie on one side of the truth less often than an interval may miss it. Of fewer not even
#: the least and the largest have it between them so often, and no sign test of them is significant.
_LEAST = next(buckets for buckets in range(2, BUCKETS) if 2.0 ** (1 - buckets) < 1 - LEVEL)

_SINGLE, _EXACT = 1 << 24, 1 << 53
_SPLIT = 26
#: With more buckets filled than these, a matrix product is faster than adding them up one by one.
_FEW = 32
#: Rows and draws of one such product.
_TILE = (16, 64)


@lru_cache(maxsize=4)
def draws(seed: int) -> Floats:
    """How often each draw takes each bucket: whole numbers, shape (BUCKETS, DRAWS), each column summing to BUCKETS."""
    raw = np.random.PCG64(seed).random_raw(DRAWS * BUCKETS)
    taken = (raw >> np.uint64(64 - (BUCKETS - 1).bit_length())).astype(np.int64).reshape(DRAWS, BUCKETS)
    flat = taken + np.arange(DRAWS)[:, None] * BUCKETS
    counted = np.bincount(flat.ravel(), minlength=DRAWS * BUCKETS)
    weights: Floats = counted.reshape(DRAWS, BUCKETS).T.astype(np.float64)
    weights.flags.writeable = False
    return weights


def resample(sums: Int64, seed: int, out: Floats | None = None) -> Floats:
    """The sums of every draw, shape (k, DRAWS), from sums by bucket, shape (k, BUCKETS), written to `out` if given.

    A product of whole numbers below 2^53 (2^24 in single precision) is exact in floating point whatever the order of
    adding; larger sums are taken in two halves, so the same sums give the same bits on any machine.
    """
    from tokeval.metrics.drawing.kernels import add_filled

    drawn = np.empty((len(sums), DRAWS)) if out is None else out
    most = np.abs(sums).max(axis=1, initial=0)
    few = (np.count_nonzero(sums, axis=1) <= _FEW) & (most < _EXACT // BUCKETS)
    add_filled(sums, np.flatnonzero(few), _weights(seed, "f8"), drawn)
    single, double = most < _SINGLE // BUCKETS, most < _EXACT // BUCKETS
    for some in _blocks(single & ~few):
        drawn[some] = _multiplied(sums[some], seed, "f4")
    for some in _blocks(double & ~single & ~few):
        drawn[some] = _multiplied(sums[some], seed, "f8")
    for some in _blocks(~double):
        high, low = sums[some] >> _SPLIT, sums[some] & ((1 << _SPLIT) - 1)
        drawn[some] = np.ldexp(_multiplied(high, seed, "f8"), _SPLIT) + _multiplied(low, seed, "f8")
    return drawn


def _blocks(chosen: npt.NDArray[np.bool_]) -> Iterator[Int64]:
    """The positions that are marked, a few at a time."""
    rows, size = np.flatnonzero(chosen), _TILE[0]
    for first in range(0, len(rows), size):
        yield rows[first : first + size]


@lru_cache(maxsize=4)
def _weights(seed: int, kind: str) -> npt.NDArray[Any]:
    """The draws, those of a bucket side by side in memory."""
    return np.ascontiguousarray(draws(seed), kind)


def _multiplied(sums: Int64, seed: int, kind: str) -> npt.NDArray[Any]:
    """Sums times draws, in products so small that no library hands them out to threads, which costs more than they."""
    weights, factors, made = _weights(seed, kind), sums.astype(kind), np.empty((len(sums), DRAWS), kind)
    for first in range(0, DRAWS, _TILE[1]):
        tile = np.s_[:, first : first + _TILE[1]]
        np.matmul(factors, weights[tile], out=made[tile])
    return made


def filled(sums: Int64) -> int:
    """How many buckets hold anything; sums of shape (k, BUCKETS)."""
    return int((sums != 0).any(axis=0).sum())


def bounds(values: Floats, buckets: Int64) -> Floats:
    """Percentile intervals from drawn values, NaN where undefined: low and high ends, shape (k, 2).

    The tails are narrowed for few buckets (Hesterberg 2015, the expanded percentile interval), without which
    intervals from few documents are too short. NaN where fewer buckets are filled than percentiles need to hold the
    truth so often (of 2 half of them would, of 4 seven eighths), or half of the draws are undefined.

    Args:
        values: shape (k, DRAWS).
        buckets: how many buckets are filled behind each row, shape (k,).
    """
    from tokeval.metrics.drawing.kernels import select_both

    found = np.full((len(values), 2), np.nan)
    rows = np.flatnonzero(buckets >= _LEAST)
    tails = np.array([_tail(size) for size in buckets[rows].tolist()])
    select_both(values, rows, tails, *np.empty((2, values.shape[1])), found)
    return found


def intervals(values: Floats, buckets: Sequence[int]) -> list[tuple[float, float] | None]:
    """The same as pairs, None where undefined."""
    found = bounds(values, np.array(buckets, np.int64)).tolist()
    return [None if math.isnan(low) else (low, high) for low, high in found]


@lru_cache(maxsize=BUCKETS)
def _tail(buckets: int) -> float:
    t = _t_of_normal(NormalDist().inv_cdf((1 + LEVEL) / 2), buckets - 1)
    return NormalDist().cdf(-t * math.sqrt(buckets / (buckets - 1)))


def difference(a: Floats, b: Floats, value: float, buckets: int) -> tuple[float, float, float] | None:
    """Interval and two-sided p-value of a difference, from paired draws of its two sides.

    The draws' standard deviation is the standard error of a t statistic with as many degrees of freedom as filled
    buckets less one. So p can be far smaller than one over the draws, which a correction over 200 slices needs, and
    the interval excludes 0 where p is below 0.05.

    Args:
        a: drawn values of shape (DRAWS,).
        b: drawn values of the other side, from the same draws.
        value: the difference of the figures themselves.
        buckets: how many buckets are filled behind them.

    Returns:
        Low end, high end, p; None where there are too few documents for any. Where every document tells the same, p is
        that of a sign test, and there is none where it could not be below 0.05.
    """
    drawn = a - b
    drawn = drawn[~np.isnan(drawn)]
    if buckets < 2 or len(drawn) < len(a) // 2:
        return None
    # One bucket of n weighs too little by (n - 1) / n, as in any variance.
    error = float(drawn.std()) * math.sqrt(buckets / (buckets - 1))
    if error <= abs(value) * 1e-12:
        if value == 0:
            return (value, value, 1.0)
        return (value, value, 2.0 ** (1 - buckets)) if buckets >= _LEAST else None
    t = _t_of_normal(NormalDist().inv_cdf((1 + LEVEL) / 2), buckets - 1)
    z = _normal_of_t(abs(value) / error, buckets - 1)
    return (value - t * error, value + t * error, math.erfc(z / math.sqrt(2)))


def holm(p: Sequence[float]) -> list[float]:
    """P-values corrected for their number (Holm 1979), in the order given."""
    order = sorted(range(len(p)), key=p.__getitem__)
    corrected, reached = [0.0] * len(p), 0.0
    for rank, index in enumerate(order):
        reached = max(reached, min(1.0, p[index] * (len(p) - rank)))
        corrected[index] = reached
    return corrected


def _normal_of_t(t: float, freedom: int) -> float:
    """The normal deviate that a t deviate corresponds to (Wallace 1959, within 0.005 from three degrees on)."""
    return (8 * freedom + 1) / (8 * freedom + 3) * math.sqrt(freedom * math.log1p(t * t / freedom))


def _t_of_normal(z: float, freedom: int) -> float:
    scaled = z * (8 * freedom + 3) / (8 * freedom + 1)
    return math.sqrt(freedom * math.expm1(scaled * scaled / freedom))
