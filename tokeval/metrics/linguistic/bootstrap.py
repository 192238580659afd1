"""Intervals for figures on word lists: words fall into buckets by a stable hash, and buckets are drawn."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tokeval.arrow import Int64, text_buffers
from tokeval.schema import BUCKETS

DRAWS = 1000
_LEVEL = (2.5, 97.5)


def buckets_of(words: pa.Array) -> Int64:
    """The bucket, 0 to BUCKETS - 1, of each word of a `large_string` array."""
    from tokeval.metrics.linguistic.kernels import hash_words

    hashes = np.zeros(len(words), np.uint64)
    hash_words(*text_buffers(words), hashes)
    return (hashes >> np.uint64(64 - (BUCKETS - 1).bit_length())).astype(np.int64)


def weights(seed: int) -> Int64:
    """How often each bucket is drawn in each resample, shape (DRAWS, BUCKETS)."""
    drawn = np.random.default_rng(seed).integers(0, BUCKETS, (DRAWS, BUCKETS))
    return np.stack([np.bincount(row, minlength=BUCKETS) for row in drawn])


def ratio_interval(numerators: Int64, denominators: Int64, seed: int) -> tuple[float, float] | None:
    """The 95 % interval of Σ numerators / Σ denominators, both of shape (BUCKETS,); None with fewer than two buckets."""
    if (denominators > 0).sum() < 2:
        return None
    drawn = weights(seed)
    below = drawn @ denominators
    return interval((drawn @ numerators)[below > 0] / below[below > 0])


def interval(values: npt.NDArray[np.float64]) -> tuple[float, float] | None:
    """The 95 % interval of resampled values; None if there are none."""
    if not len(values):
        return None
    low, high = np.percentile(values, _LEVEL)
    return float(low), float(high)
