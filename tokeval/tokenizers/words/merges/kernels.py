"""The compiled merging of neighbours, best pair first, as SentencePiece's BPE does it inside a chunk."""

from __future__ import annotations

import numpy as np

from tokeval.jit import kernel
from tokeval.tokenizers.kernels import pop, push
from tokeval.tokenizers.words.kernels import write_point
from tokeval.tokenizers.words.normal.kernels import MARK_POINT, by_map
from tokeval.utf8 import point_at

#: The part of a candidate that is the symbol; above it stands the rank.
SYMBOL = np.int64(0x1FFFFF)

#: No pair: above every rank.
NONE = np.int64(1) << 42

#: Chunks of more symbols than this are merged over a heap, which stays fast however long they are.
_SHORT = 48


@kernel
def merged(pairs, order, left, right):
    """What two symbols make together, behind its rank; NONE if they make nothing."""
    if left < 0 or right < 0:
        return NONE
    key = (np.int64(left) << 21) | np.int64(right)
    mask = pairs.shape[0] - 1
    slot = np.int64((np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)) & mask
    while pairs[slot] >= 0:
        if pairs[slot] >> 21 == key:
            whole = pairs[slot] & SYMBOL
            return (order[whole] << 21) | whole
        slot = (slot + 1) & mask
    return NONE


@kernel
def enter_pairs(pairs, lefts, rights, wholes):
    """Fill a table of pairs; an empty slot holds -1."""
    mask = pairs.shape[0] - 1
    for k in range(lefts.shape[0]):
        key = (lefts[k] << 21) | rights[k]
        slot = np.int64((np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)) & mask
        while pairs[slot] >= 0:
            slot = (slot + 1) & mask
        pairs[slot] = (key << 21) | wholes[k]


@kernel
def _merge_short(pairs, order, symbols, ends, ranks, count):
    """Merge in place; the number of symbols left."""
    for k in range(count - 1):
        ranks[k] = merged(pairs, order, symbols[k], symbols[k + 1])
    while count > 1:
        best, at = ranks[0], 0
        for k in range(1, count - 1):
            if ranks[k] >> 21 < best >> 21:  # of equals the first
                best, at = ranks[k], k
        if best == NONE:
            break
        symbols[at], ends[at] = best & SYMBOL, ends[at + 1]
        count -= 1
        for k in range(at + 1, count):
            symbols[k], ends[k] = symbols[k + 1], ends[k + 1]
        for k in range(at + 1, count - 1):
            ranks[k] = ranks[k + 1]
        if at > 0:
            ranks[at - 1] = merged(pairs, order, symbols[at - 1], symbols[at])
        if at + 1 < count:
            ranks[at] = merged(pairs, order, symbols[at], symbols[at + 1])
    return count


@kernel
def _merge_long(pairs, order, symbols, ends, ranks, count):
    """`_merge_short` for many symbols: n log n, over linked neighbours and a heap of (rank, place)."""
    after, before = np.arange(1, count + 1), np.arange(-1, count - 1)
    heap = np.empty(3 * count, np.int64)
    size = 0
    for k in range(count - 1):
        ranks[k] = merged(pairs, order, symbols[k], symbols[k + 1])
        if ranks[k] < NONE:
            size = push(heap, size, (ranks[k] >> 21 << 40) | k)
    ranks[count - 1] = NONE
    while size:
        rank, at = heap[0] >> 40, heap[0] & ((np.int64(1) << 40) - 1)
        size = pop(heap, size)
        if ranks[at] >> 21 != rank:
            continue  # one of the two has merged elsewhere since
        other = after[at]
        symbols[at], ends[at] = ranks[at] & SYMBOL, ends[other]
        ranks[other] = NONE
        after[at] = after[other]
        ranks[at] = NONE
        if after[at] < count:
            before[after[at]] = at
            ranks[at] = merged(pairs, order, symbols[at], symbols[after[at]])
            if ranks[at] < NONE:
                size = push(heap, size, (ranks[at] >> 21 << 40) | at)
        left = before[at]
        if left >= 0:
            ranks[left] = merged(pairs, order, symbols[left], symbols[at])
            if ranks[left] < NONE:
                size = push(heap, size, (ranks[left] >> 21 << 40) | left)
    kept = at = 0
    while at < count:
        symbols[kept], ends[kept] = symbols[at], ends[at]
        kept += 1
        at = after[at]
    return kept


@kernel
def merge(data, cuts, plain, mapped, letters, pairs, order, numbers, unknown, fallback, ids, lengths):
    """Byte-pair merges of chunks, each behind a word mark; -2 tokens where doubtful in context.

    `letters` holds the symbol of each code point or -1, `order` the rank of each symbol, `numbers` its id or -1,
    `fallback` the id of each byte for what has none, or nothing. If not `plain`, spaces are marks and all else is as
    it stands.
    """
    units, forms, marks = mapped
    widest = 16
    for e in range(cuts.shape[0] - 1):
        widest = max(widest, cuts[e + 1] - cuts[e])
    room = 16 * widest + 16
    buffer = np.empty(room, np.uint8)
    symbols, ends, ranks = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int64)
    t = 0
    for e in range(cuts.shape[0] - 1):
        size = write_point(buffer, 0, np.int64(MARK_POINT))
        if plain:
            size = by_map(data, cuts[e], cuts[e + 1], units, forms, marks, buffer, size)
            size = 0 if size == 3 else size
        else:
            for at in range(cuts[e], cuts[e + 1]):
                if data[at] == 0x20:
                    size = write_point(buffer, size, np.int64(MARK_POINT))
                else:
                    buffer[size] = data[at]
                    size += 1
                    if data[at] == 0x81 and at >= cuts[e] + 2 and data[at - 1] == 0x96 and data[at - 2] == 0xE2:
                        size = -2
                        break
        if t + size > ids.shape[0]:
            size = -2
        if size <= 0:
            lengths[e] = size
            continue
        count = at = 0
        while at < size:
            point, width = point_at(buffer, at)
            at += width
            symbols[count], ends[count] = letters[point], at
            count += 1
        if count > _SHORT:
            count = _merge_long(pairs, order, symbols, ends, ranks, count)
        else:
            count = _merge_short(pairs, order, symbols, ends, ranks, count)
        origin = t
        for k in range(count):
            number = numbers[symbols[k]] if symbols[k] >= 0 else np.int64(-1)
            if number < 0 and fallback.shape[0]:
                for j in range(ends[k - 1] if k else 0, ends[k]):
                    ids[t] = fallback[buffer[j]]
                    t += 1
                continue
            if number < 0 and t > origin and ids[t - 1] == unknown:  # neighbours in the unknown are one
                continue
            ids[t] = number if number >= 0 else unknown
            t += 1
        lengths[e] = t - origin
    return t
