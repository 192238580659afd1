"""The compiled merging of neighbours, best pair first, as BPE does it inside a chunk or its words."""

from __future__ import annotations

import numpy as np

from tokeval.jit import kernel
from tokeval.tokenizers.kernels import pop, push
from tokeval.tokenizers.words.kernels import widest_of
from tokeval.tokenizers.words.normal.kernels import MARK_POINT, by_map, by_points
from tokeval.utf8 import point_at

#: The part of a candidate that is the symbol; above it stands the rank, and above both, in the table, the left one.
SYMBOL = np.int64(0x1FFFFF)
MADE = (np.int64(1) << 42) - 1

#: No pair: above every rank.
NONE = np.int64(1) << 42

#: A search for room that is longer has left nothing behind that is worth the next search.
_TRIED = 32

#: Chunks of more symbols than this are merged over a heap, which stays fast however long they are.
_SHORT = 48


@kernel
def merged(pairs, bases, left, right):
    """What two symbols make together, behind its rank; NONE if they make nothing."""
    cell = pairs[np.uint64(bases[np.uint64(left)]) + np.uint64(right)]
    return cell & MADE if cell >> 42 == left else NONE


@kernel
def place_pairs(rows, lefts, rights, made, bases, pairs):
    """Lay the rows of a sparse matrix over each other in `pairs`, so that every pair is one look into memory.

    Row k goes from `rows[k]` to `rows[k + 1]` and has its `lefts` in common; the rows with most pairs come first.
    Writes how far each symbol's row is moved. Returns 0, or -1 if the cells are too few; `pairs` comes filled with -1.
    """
    free = longest = np.int64(0)
    for k in range(rows.shape[0] - 1):
        low, high = rows[k], rows[k + 1]
        if 2 * (high - low) <= longest or k == 0:  # where longer rows found no room, shorter ones may
            free, longest = np.int64(0), high - low
        first = rights[low]
        for j in range(low, high):
            first = min(first, rights[j])
        base = max(free - first, 0)
        tried = 0
        fits = False
        while not fits:
            fits = True
            for j in range(low, high):
                at = base + rights[j]
                if at >= pairs.shape[0]:
                    return -1
                if pairs[at] >= 0:
                    fits = False
                    base += 1
                    tried += 1
                    break
        if tried > _TRIED:
            free = max(free, base + first - _TRIED)
        bases[lefts[low]] = base
        for j in range(low, high):
            pairs[base + rights[j]] = (lefts[j] << 42) | made[j]
    return 0


@kernel
def _merge_short(pairs, bases, symbols, ends, ranks, count):
    """Merge in place; the number of symbols left."""
    one, count = np.uint64(1), np.uint64(count)  # unsigned, so that the compiler allows for no index below 0
    for k in range(count - one):
        ranks[k] = merged(pairs, bases, symbols[k], symbols[k + one])
    while count > one:
        best, at = ranks[np.uint64(0)], np.uint64(0)
        for k in range(one, count - one):
            less = ranks[k] >> 21 < best >> 21  # of equals the first
            best, at = ranks[k] if less else best, np.uint64(k) if less else at
        if best == NONE:
            break
        symbols[at], ends[at] = best & SYMBOL, ends[at + one]
        count -= one
        for k in range(at + one, count):
            symbols[k], ends[k], ranks[k] = symbols[k + one], ends[k + one], ranks[k + one]
        if at:
            ranks[at - one] = merged(pairs, bases, symbols[at - one], symbols[at])
        if at + one < count:
            ranks[at] = merged(pairs, bases, symbols[at], symbols[at + one])
    return np.int64(count)


@kernel
def _merge_long(pairs, bases, symbols, ends, ranks, count):
    """`_merge_short` for many symbols: n log n, over linked neighbours and a heap of (rank, place)."""
    after, before = np.arange(1, count + 1), np.arange(-1, count - 1)
    heap = np.empty(3 * count, np.int64)
    size = 0
    for k in range(count - 1):
        ranks[k] = merged(pairs, bases, symbols[k], symbols[k + 1])
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
            ranks[at] = merged(pairs, bases, symbols[at], symbols[after[at]])
            if ranks[at] < NONE:
                size = push(heap, size, (ranks[at] >> 21 << 40) | at)
        left = before[at]
        if left >= 0:
            ranks[left] = merged(pairs, bases, symbols[left], symbols[at])
            if ranks[left] < NONE:
                size = push(heap, size, (ranks[left] >> 21 << 40) | left)
    kept = at = 0
    while at < count:
        symbols[kept], ends[kept] = symbols[at], ends[at]
        kept += 1
        at = after[at]
    return kept


@kernel
def _merge(pairs, bases, symbols, ends, ranks, count):
    """Merge in place; the number of symbols left."""
    if count > _SHORT:
        return _merge_long(pairs, bases, symbols, ends, ranks, count)
    return _merge_short(pairs, bases, symbols, ends, ranks, count)


@kernel
def merge(data, chunks, plain, mapped, letters, pairs, bases, numbers, unknown, fallback, ids, lengths):
    """Byte-pair merges of chunks, each behind a word mark; -2 tokens where doubtful in context.

    `letters` holds the symbol of each code point (of a space the mark's), `pairs` and `bases` are as `place_pairs`
    made them, `numbers` holds the id of each symbol or -1, `fallback` the id of each byte for what has none, or
    nothing. If not `plain`, spaces are marks and all else is as it stands.
    """
    units, forms, kinds = mapped
    room = 16 * widest_of(chunks) + 16
    buffer = np.empty(room if plain else 0, np.uint8)
    symbols, ends, ranks = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int64)
    t = 0
    for e in range(lengths.shape[0]):
        low, high = chunks[0][e], chunks[1][e]
        if plain:
            low, high = 0, by_map(data, low, high, units, forms, kinds, buffer, 0)
            if high <= 0:
                lengths[e] = high
                continue
        if t + high - low + 1 > ids.shape[0]:
            lengths[e] = -2
            continue
        if plain:
            count = _symbols_of(buffer, low, high, True, letters, symbols, ends)
        else:
            count = _symbols_of(data, low, high, False, letters, symbols, ends)
        if count < 0:
            lengths[e] = -2
            continue
        count = _merge(pairs, bases, symbols, ends, ranks, count)
        origin = t
        for k in range(count):
            number = numbers[symbols[k]]
            if number < 0 and fallback.shape[0]:
                for j in range(ends[k - 1] if k else low, ends[k]):
                    ids[t] = fallback[buffer[j] if plain else data[j]]
                    t += 1
                continue
            if number < 0 and t > origin and ids[t - 1] == unknown:  # neighbours in the unknown are one
                continue
            ids[t] = number if number >= 0 else unknown
            t += 1
        lengths[e] = t - origin
    return t


@kernel
def _symbols_of(source, low, high, marks, letters, symbols, ends):
    """The mark and the symbols of a text behind it, with where each ends; their number, -1 if a mark stands there."""
    symbols[0], ends[0] = letters[MARK_POINT], low
    count, at = 1, low
    while at < high:
        point, width = point_at(source, at)
        if point == MARK_POINT and not marks:
            return -1
        at += width
        symbols[count], ends[count] = letters[point], at
        count += 1
    return count


@kernel
def merge_words(
    data, chunks, tables, grouped, letters, pairs, bases, numbers, unknown, fused, ids, starts, stops, lengths
):
    """Byte-pair merges of the words in chunks; -1 or -2 tokens where only the reference can tell.

    `tables` holds, by code point, flags, the count and the form of what it is normalised to, and of these whether each
    is part of a word, 1 of a word of marks (of a single one, if these are not `grouped`), or 2 parts words. Neighbours
    in the unknown are one token if `fused`; without an `unknown` (-1) the reference has to tell. The rest is as in
    `merge`.
    """
    flags, counts, forms, splits = tables
    room = 16 * widest_of(chunks)
    buffer, froms, tos = np.empty(room, np.uint8), np.empty(room, np.int32), np.empty(room, np.int32)
    symbols, ends, ranks = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int64)
    t = 0
    for e in range(lengths.shape[0]):
        size, origin = by_points(data, chunks[0][e], chunks[1][e], flags, counts, forms, buffer, froms, tos, 0), t
        at, known = 0, True
        while at < size:
            point, width = point_at(buffer, at)
            kind, first, count = splits[point], at, 0
            while at < size and splits[point] == kind and (count == 0 or kind != 1 or grouped):
                at += width
                symbols[count], ends[count] = letters[point], at
                count += 1
                if at < size:
                    point, width = point_at(buffer, at)
            before = False
            for k in range(_merge(pairs, bases, symbols, ends, ranks, count) if kind != 2 else 0):
                number = numbers[symbols[k]]
                known &= number >= 0 or unknown >= 0
                if number < 0 and before and fused:
                    t -= 1
                else:
                    starts[t] = froms[first]
                ids[t], stops[t] = number if number >= 0 else unknown, tos[ends[k] - 1]
                before, first = number < 0, ends[k]
                t += 1
        if size < 0 or not known:
            t = origin
        lengths[e] = size if size < 0 else t - origin if known else -1
    return t
