"""A compiled edit distance of many short pairs. Oracle in plain Python: `tests/oracles/robustness.py`."""

from __future__ import annotations

import numpy as np

from tokeval.jit import kernel
from tokeval.utf8 import spread

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@kernel
def _distance(a, low, high, b, new_low, new_high, symbols, places, taken, masks, up, down):
    """Levenshtein distance of two ranges by bits (Myers 1999, in blocks of 64).

    `symbols` and `places` are a hash table that is empty (places = -1) before and after, `taken` its slots in use;
    `masks`, `up` and `down` have a column per block, `masks` a row per symbol.
    """
    while low < high and new_low < new_high and a[low] == b[new_low]:
        low += 1
        new_low += 1
    while low < high and new_low < new_high and a[high - 1] == b[new_high - 1]:
        high -= 1
        new_high -= 1
    n, m = high - low, new_high - new_low
    if n == 0 or m == 0:
        return n + m
    one, top, all_ = np.uint64(1), np.uint64(63), ~np.uint64(0)
    blocks, found = (n + 63) >> 6, 0
    slots = symbols.shape[0] - 1
    for i in range(n):
        slot = _slot(symbols, places, a[low + i], slots)
        if places[slot] < 0:
            symbols[slot], places[slot], taken[found] = a[low + i], found, slot
            masks[found, :blocks] = 0
            found += 1
        masks[places[slot], i >> 6] |= one << np.uint64(i & 63)
    up[:blocks] = all_
    down[:blocks] = 0
    last, final = one << np.uint64((n - 1) & 63), blocks - 1
    score = n
    for j in range(new_low, new_high):
        row = places[_slot(symbols, places, b[j], slots)]
        plus, minus = one, np.uint64(0)
        for block in range(blocks):
            p, q = up[block], down[block]
            match = masks[row, block] if row >= 0 else np.uint64(0)
            across = match | q
            match |= minus
            carry = (((match & p) + p) ^ p) | match
            rises, falls = q | ~(carry | p), p & carry
            if block == final:
                score += np.int64(rises & last != 0) - np.int64(falls & last != 0)
            next_plus, next_minus = rises >> top, falls >> top
            rises, falls = (rises << one) | plus, (falls << one) | minus
            up[block] = falls | ~(across | rises)
            down[block] = rises & across
            plus, minus = next_plus, next_minus
    for k in range(found):
        places[taken[k]] = -1
    return score


@kernel
def _slot(symbols, places, symbol, slots):
    slot = np.int64(spread(np.uint64(symbol) + _GOLDEN)) & slots
    while places[slot] >= 0 and symbols[slot] != symbol:
        slot = (slot + 1) & slots
    return slot


@kernel
def distances(a, offsets, b, new_offsets, wanted, longest, out):
    """Write each pair's Levenshtein distance, -1 where it is not wanted or a side is longer than `longest`."""
    slots = 64
    while slots < 2 * longest:
        slots *= 2
    blocks = (longest + 63) // 64
    symbols, places = np.empty(slots, np.uint32), np.full(slots, -1, np.int64)
    taken, masks = np.empty(longest, np.int64), np.empty((longest, blocks), np.uint64)
    up, down = np.empty(blocks, np.uint64), np.empty(blocks, np.uint64)
    for row in range(out.shape[0]):
        low, high, new_low, new_high = offsets[row], offsets[row + 1], new_offsets[row], new_offsets[row + 1]
        out[row] = -1
        if wanted[row] and max(high - low, new_high - new_low) <= longest:
            out[row] = _distance(a, low, high, b, new_low, new_high, symbols, places, taken, masks, up, down)
