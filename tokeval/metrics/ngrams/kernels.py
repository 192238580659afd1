"""A compiled hash table of (context, successor) counts that keeps only contexts with a low hash.

Oracle in plain Python: `tests/oracles/ngrams.py`.
"""

from __future__ import annotations

import numpy as np

from tokeval.jit import kernel
from tokeval.utf8 import spread


@kernel
def context_hash(context):
    """The hash by which a context is sampled or not, the same on every shard."""
    return spread(context + np.uint64(0x9E3779B97F4A7C15))


@kernel
def sampled(context, level):
    """Whether a context belongs to the sample of share 2^-level."""
    return level == 0 or context_hash(context) >> np.uint64(64 - level) == 0


@kernel
def add(contexts, tails, counts, used, context, tail, count):
    """Add to one entry; returns the number of entries used. A slot is free while its count is 0."""
    mask = np.uint64(counts.shape[0] - 1)
    slot = spread(context_hash(context) ^ (tail * np.uint64(0x9E3779B97F4A7C15))) & mask
    while True:
        if counts[slot] == 0:
            contexts[slot], tails[slot], counts[slot] = context, tail, count
            return used + 1
        if contexts[slot] == context and tails[slot] == tail:
            counts[slot] += count
            return used
        slot = (slot + np.uint64(1)) & mask


@kernel
def add_all(contexts, tails, counts, used, more_contexts, more_tails, more_counts, level, room):
    """Add entries from `at` on, those of the sample; returns entries used and how many were taken before `room`."""
    for k in range(more_counts.shape[0]):
        if used >= room:
            return used, k
        if sampled(more_contexts[k], level):
            used = add(contexts, tails, counts, used, more_contexts[k], more_tails[k], more_counts[k])
    return used, more_counts.shape[0]


@kernel
def add_batch(contexts, tails, counts, used, ids, offsets, codes, rows, width, level, room, document, position):
    """Add the n-grams of a batch with `width` (1 or 2) tokens on the left, never across documents.

    Starts at a document and a token within it, so that it can go on after the table was thinned or grown; returns
    entries used and the place reached (document = number of documents when done).
    """
    for row in range(document, codes.shape[0]):
        first, last = offsets[row], offsets[row + 1]
        high = np.uint64(rows[codes[row]]) << np.uint64(32)
        begin = max(first + width, position) if row == document else first + width
        for k in range(begin, last):
            context = np.uint64(ids[k - 1])
            if width == 2:
                context |= np.uint64(ids[k - 2]) << np.uint64(32)
            if not sampled(context, level):
                continue
            if used >= room:
                return used, row, k
            used = add(contexts, tails, counts, used, context, high | np.uint64(ids[k]), 1)
    return used, codes.shape[0], 0
