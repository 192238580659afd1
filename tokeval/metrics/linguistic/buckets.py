"""Words fall into buckets by a stable hash, as documents do, so that intervals come from the same draws."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tokeval.arrow import text_buffers
from tokeval.schema import bucket_of


def buckets_of(words: pa.Array) -> npt.NDArray[np.int32]:
    """The bucket, 0 to BUCKETS - 1, of each word of a `large_string` array."""
    from tokeval.metrics.linguistic.kernels import hash_words

    hashes = np.zeros(len(words), np.uint64)
    hash_words(*text_buffers(words), hashes)
    return bucket_of(hashes)
