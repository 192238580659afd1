"""A compiled hash table of (context, successor) counts that keeps only contexts with a low hash.

A table is a uint64 array of shape (slots, 3), so that an entry lies together in memory: context, tail (slice and
successor), count. A slot is free while its count is 0; the number of slots is a power of two.

Oracle in plain Python: `tests/oracles/ngrams.py`.
"""

from __future__ import annotations

import numpy as np

from tokeval.jit import kernel
from tokeval.utf8 import spread

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@kernel
def context_hash(context):
    """The hash by which a context is sampled or not, the same on every shard."""
    return spread(context + _GOLDEN)


@kernel
def _highest(level):
    """The highest hash of the sample of share 2^-level."""
    return ~np.uint64(0) if level == 0 else (np.uint64(1) << np.uint64(64 - level)) - np.uint64(1)


@kernel
def sampled(context, level):
    """Whether a context belongs to the sample of share 2^-level."""
    return context_hash(context) <= _highest(level)


@kernel
def _add(table, hashed, context, tail, count):
    """Add to one entry; returns 1 if it is new."""
    mask = np.int64(table.shape[0] - 1)
    slot = np.int64(spread(hashed ^ (tail * _GOLDEN))) & mask
    while True:
        if table[slot, 2] == 0:
            table[slot, 0], table[slot, 1], table[slot, 2] = context, tail, count
            return 1
        if table[slot, 0] == context and table[slot, 1] == tail:
            table[slot, 2] += count
            return 0
        slot = (slot + 1) & mask


@kernel
def add_all(table, used, contexts, tails, counts, level, room):
    """Add entries, those of the sample; returns entries used and how many were taken before `room`."""
    highest = _highest(level)
    for k in range(counts.shape[0]):
        if used >= room:
            return used, k
        hashed = context_hash(contexts[k])
        if hashed <= highest:
            used += _add(table, hashed, contexts[k], tails[k], np.uint64(counts[k]))
    return used, counts.shape[0]


@kernel
def move(table, level, wider):
    """Add the entries of a table that belong to the sample to an empty one that has room; returns entries used."""
    highest, used = _highest(level), 0
    for slot in range(table.shape[0]):
        if table[slot, 2]:
            hashed = context_hash(table[slot, 0])
            if hashed <= highest:
                used += _add(wider, hashed, table[slot, 0], table[slot, 1], table[slot, 2])
    return used


@kernel
def add_batch(table, used, ids, offsets, codes, rows, width, level, room, document, position):
    """Add the n-grams of a batch with `width` (1 or 2) tokens on the left, never across documents.

    Starts at a document and a token within it, so that it can go on after the table was thinned or grown; returns
    entries used and the place reached (document = number of documents when done).
    """
    highest = _highest(level)
    shift, left = np.uint64(32), width - 1
    for row in range(document, codes.shape[0]):
        first, last = offsets[row], offsets[row + 1]
        high = np.uint64(rows[codes[row]]) << shift
        begin = max(first + width, position) if row == document else first + width
        for k in range(begin, last):
            context = np.uint64(ids[k - 1])
            if left:
                context |= np.uint64(ids[k - 2]) << shift
            hashed = context_hash(context)
            if hashed > highest:
                continue
            if used >= room:
                return used, row, k
            used += _add(table, hashed, context, high | np.uint64(ids[k]), np.uint64(1))
    return used, codes.shape[0], 0
