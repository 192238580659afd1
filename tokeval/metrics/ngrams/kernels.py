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

#: About so many entries are added in one go, at most twice as many; a table has room for these beyond its `room`.
_BLOCK = 256


@kernel
def context_hash(context):
    """The hash by which a context is sampled or not, the same on every shard."""
    return spread(context + _GOLDEN)


@kernel
def _highest(level):
    """The highest hash of the sample of share 2^-level."""
    return ~np.uint64(0) if level == 0 else (np.uint64(1) << np.uint64(64 - level)) - np.uint64(1)


@kernel
def _add(table, slot, context, tail, count):
    """Add to one entry, looking for it from `slot` on; returns 1 if it is new."""
    mask = np.uint64(table.shape[0] - 1)
    while True:
        if table[slot, 2] == 0:
            table[slot, 0], table[slot, 1], table[slot, 2] = context, tail, count
            return 1
        if table[slot, 0] == context and table[slot, 1] == tail:
            table[slot, 2] += count
            return 0
        slot = (slot + np.uint64(1)) & mask


@kernel
def _add_block(table, block, slots, size):
    """Add the first `size` rows of a block (context, tail, count); returns how many entries are new.

    Most slots are not in the processor's caches: they are read once beforehand, all at the same time.
    """
    mask, new = np.uint64(table.shape[0] - 1), 0
    for k in range(np.uint64(size)):  # unsigned, so that no index is below 0
        slot = spread(context_hash(block[k, 0]) ^ (block[k, 1] * _GOLDEN)) & mask
        slots[k, 0], slots[k, 1] = slot, table[slot, 2]
    for k in range(np.uint64(size)):
        new += _add(table, slots[k, 0], block[k, 0], block[k, 1], block[k, 2])
    return new


@kernel
def add_all(table, used, contexts, tails, counts, level, room):
    """Add entries, those of the sample; returns entries used and how many were taken before `room` was reached.

    It may be passed by a block. What has no count, as a free slot of another table, is no entry.
    """
    highest, held = _highest(level), 0
    block, slots = np.empty((_BLOCK, 3), np.uint64), np.empty((_BLOCK, 2), np.uint64)
    for k in range(counts.shape[0]):
        block[held, 0], block[held, 1], block[held, 2] = contexts[k], tails[k], counts[k]
        held += (counts[k] != 0) & (context_hash(contexts[k]) <= highest)
        if held == _BLOCK:
            used += _add_block(table, block, slots, held)
            held = 0
            if used >= room:
                return used, k + 1
    return used + _add_block(table, block, slots, held), counts.shape[0]


@kernel
def move(table, level, wider):
    """Add the entries of a table that belong to the sample to an empty one that has room; returns entries used."""
    return add_all(wider, 0, table[:, 0], table[:, 1], table[:, 2], level, wider.shape[0])[0]


@kernel
def add_batch(table, used, ids, offsets, codes, rows, width, level, room, document, position):
    """Add the n-grams of a batch with `width` (1 or 2) tokens on the left, never across documents.

    Starts at a document and a token within it, so that it can go on after the table was thinned or grown; returns
    entries used and the place reached (document = number of documents when done). A block may pass `room`.
    """
    highest, held = _highest(level), np.uint64(0)
    shift, left = np.uint64(32), ~np.uint64(0) if width == 2 else np.uint64(0)
    hashes, places = np.empty(_BLOCK, np.uint64), np.empty(2 * _BLOCK, np.uint64)
    tails = np.empty(2 * _BLOCK, np.uint64)
    block, slots = np.empty((2 * _BLOCK, 3), np.uint64), np.empty((2 * _BLOCK, 2), np.uint64)
    for row in range(document, codes.shape[0]):
        first, last = offsets[row], offsets[row + 1]
        high = np.uint64(rows[codes[row]]) << shift
        begin = max(first + width, position) if row == document else first + width
        for at in range(begin, last, _BLOCK):
            size = np.uint64(min(last - at, _BLOCK))
            one_before, before = np.uint64(at - 1), np.uint64(at - width)
            for k in range(size):  # many at a time
                context = np.uint64(ids[one_before + k]) | ((np.uint64(ids[before + k]) << shift) & left)
                hashes[k] = context_hash(context)
            for k in range(size):  # without a branch on what is sampled
                places[held], tails[held] = np.uint64(at) + k, high
                held += np.uint64(hashes[k] <= highest)
            if held >= _BLOCK:
                _fill_block(block, ids, places, tails, width, left, held)
                used += _add_block(table, block, slots, held)
                held = np.uint64(0)
                if used >= room:
                    return used, row, at + np.int64(size)
    _fill_block(block, ids, places, tails, width, left, held)
    return used + _add_block(table, block, slots, held), codes.shape[0], 0


@kernel
def sort_by(keys, order, spare):
    """Reorder `order` so that the uint64 `keys` at its places ascend, equal ones staying as they were.

    A radix sort: keys differ in few of their bits, so it takes an eighth of the time of one that compares.

    Args:
        keys: shape (n,).
        order: int64 of shape (n,), places in them.
        spare: room for as many.
    """
    differ, ends, within = np.uint64(0), np.empty(1 << 11, np.int64), np.uint64((1 << 11) - 1)
    for k in range(1, keys.shape[0]):
        differ |= keys[k] ^ keys[0]
    shift, turns = np.uint64(0), 0
    while shift < np.uint64(64) and differ >> shift:
        if (differ >> shift) & within:
            ends[:] = 0
            for k in range(keys.shape[0]):
                ends[(keys[k] >> shift) & within] += 1
            end = 0
            for digit in range(ends.shape[0]):
                end += ends[digit]
                ends[digit] = end - ends[digit]
            for k in range(order.shape[0]):
                digit = (keys[order[k]] >> shift) & within
                spare[ends[digit]] = order[k]
                ends[digit] += 1
            order, spare, turns = spare, order, turns + 1
        shift += np.uint64(11)
    if turns & 1:
        spare[:] = order


@kernel
def _fill_block(block, ids, places, tails, width, left, size):
    """Make block rows of the n-grams that end at some places; `left` masks the token two places before."""
    for k in range(np.uint64(size)):
        at = places[k]
        before = np.uint64(ids[at - np.uint64(width)]) << np.uint64(32)
        block[k, 0] = np.uint64(ids[at - np.uint64(1)]) | (before & left)
        block[k, 1], block[k, 2] = tails[k] | np.uint64(ids[at]), 1
