"""Compiled segmentations with a given vocabulary. Oracles: `tests/oracles/derived.py`."""

from __future__ import annotations

import numpy as np

from tokeval.jit import kernel
from tokeval.tokenizers.kernels import pop, push
from tokeval.tokenizers.trie.kernels import piece_of, step


@kernel
def _longest(data, start, stop, trie):
    """The longest piece that begins at `start` and ends by `stop`: its number and its end; -1 if there is none."""
    node = trie[0]
    piece = np.int64(-1)
    end = start
    for at in range(start, stop):
        node = step(trie, node, data[at])
        if node < 0:
            break
        if piece_of(node) >= 0:
            piece, end = piece_of(node), at + 1
    return piece, end


@kernel
def longest_starts(data, cuts, trie, out, sizes):
    """Cut each stretch by greedy longest match from its start; the position of a byte that no piece covers, or -1."""
    found = 0
    for row in range(cuts.shape[0] - 1):
        origin = found
        at = cuts[row]
        while at < cuts[row + 1]:
            piece, end = _longest(data, at, cuts[row + 1], trie)
            if piece < 0:
                return at
            out[found] = piece
            found += 1
            at = end
        sizes[row] = found - origin
    return -1


@kernel
def longest_pieces(data, cuts, trie, out, sizes):
    """Cut each stretch at the longest piece anywhere in it (the first of equals), then what is left and right of it.

    Which is: place pieces by length, the longest first, and from left to right, wherever they still fit; so that the
    time grows with the text, however long a stretch is. Returns the position of a byte that no piece covers, or -1.
    """
    widest = np.int64(0)
    for row in range(cuts.shape[0] - 1):
        widest = max(widest, cuts[row + 1] - cuts[row])
    piece, width = np.empty(widest, np.int64), np.empty(widest, np.int64)
    taken = np.zeros(widest + 1, np.bool_)
    heads, after = np.full(widest + 1, -1, np.int64), np.empty(widest, np.int64)  # starts by length, as lists
    starts = np.empty(widest, np.int64)
    found = 0
    for row in range(cuts.shape[0] - 1):
        begin = cuts[row]
        size = cuts[row + 1] - begin
        origin = found
        longest = np.int64(0)
        taken[:size] = False
        for start in range(size - 1, -1, -1):
            piece[start], end = _longest(data, begin + start, begin + size, trie)
            width[start] = end - begin - start
            if piece[start] >= 0:
                after[start] = heads[width[start]]
                heads[width[start]] = start
                longest = max(longest, width[start])
        for length in range(longest, 0, -1):
            count = 0
            start = heads[length]
            heads[length] = -1
            while start >= 0:
                starts[count] = start
                count += 1
                start = after[start]
            starts[:count].sort()
            for k in range(count):
                start = starts[k]
                if taken[start]:
                    continue
                stop = start
                while stop < start + length and not taken[stop]:
                    stop += 1
                if stop < start + length:  # what is left of the room may hold a shorter piece
                    piece[start], end = _longest(data, begin + start, begin + stop, trie)
                    width[start] = end - begin - start
                    if piece[start] >= 0:
                        after[start] = heads[width[start]]
                        heads[width[start]] = start
                    continue
                taken[start:stop] = True
        at = np.int64(0)
        while at < size:
            if not taken[at]:
                return begin + at
            out[found] = piece[at]
            found += 1
            at += width[at]
        sizes[row] = found - origin
    return -1


@kernel
def fewest_pieces(data, cuts, trie, out, sizes):
    """Cut each stretch into as few pieces as can be, of equals the one whose last pieces are longest.

    Returns the position of a byte that no piece covers, or -1.
    """
    found = 0
    for row in range(cuts.shape[0] - 1):
        begin, stop = cuts[row], cuts[row + 1]
        width = stop - begin
        cost = np.full(width + 1, width + 1, np.int64)
        before, piece = np.zeros(width + 1, np.int64), np.full(width + 1, -1, np.int64)
        cost[0] = 0
        for start in range(width):
            if cost[start] > width:
                continue
            node = trie[0]
            for at in range(start, width):
                node = step(trie, node, data[begin + at])
                if node < 0:
                    break
                if piece_of(node) >= 0 and cost[start] + 1 < cost[at + 1]:  # the earliest start, so the longest, wins
                    cost[at + 1], before[at + 1], piece[at + 1] = cost[start] + 1, start, piece_of(node)
        if width and cost[width] > width:
            return begin
        at, k = width, found + cost[width]
        while at > 0:
            k -= 1
            out[k] = piece[at]
            at = before[at]
        found += cost[width]
        sizes[row] = cost[width]
    return -1


@kernel
def build_pairs(lefts, rights, pairs):
    """Enter pairs of pieces into an open-addressing table of their numbers; an empty slot holds -1."""
    for k in range(lefts.shape[0]):
        pairs[_slot(lefts, rights, pairs, lefts[k], rights[k])] = k


@kernel
def _slot(lefts, rights, pairs, left, right):
    mask = pairs.shape[0] - 1
    code = (np.uint64(left) << np.uint64(32) | np.uint64(right)) * np.uint64(0x9E3779B97F4A7C15)
    slot = np.int64(code >> np.uint64(32)) & mask
    while pairs[slot] >= 0 and (lefts[pairs[slot]] != left or rights[pairs[slot]] != right):
        slot = (slot + 1) & mask
    return slot


@kernel
def merge_with_dropout(data, cuts, trie, lefts, rights, ranks, merged, pairs, share, seeds, out, sizes):
    """Merge neighbours in each stretch by rank, every possible merge left out with probability `share` at each step.

    Which of the merges are left out is drawn from the best one on, until one is not: those behind it make no
    difference. Equal ranks merge from left to right.

    The trie holds what merging begins with: characters, single bytes. `lefts`, `rights`, `ranks` (below 2^31) and
    `merged` are the pairs that merge, `pairs` their table as `build_pairs` made it; `seeds` has one for each stretch.
    Returns the position of a byte that no piece covers, or -1.
    """
    widest = np.int64(0)
    for row in range(cuts.shape[0] - 1):
        widest = max(widest, cuts[row + 1] - cuts[row])
    parts = np.empty(widest, np.int64)
    before, after = np.empty(widest, np.int64), np.empty(widest, np.int64)
    heap, left_out = np.empty(3 * widest + 1, np.int64), np.empty(3 * widest + 1, np.int64)
    found = 0
    for row in range(cuts.shape[0] - 1):
        count = _begin(data, cuts[row], cuts[row + 1], trie, parts)
        if count < 0:
            return -count - 1
        queued = 0
        for k in range(count):
            before[k], after[k] = k - 1, k + 1 if k + 1 < count else -1
        for k in range(count - 1):
            queued = _offer(heap, queued, lefts, rights, ranks, pairs, parts, after, k)
        state = seeds[row] | np.uint64(1)
        waiting = np.int64(0)
        while queued > 0:
            first = heap[0]
            queued = pop(heap, queued)
            k = first & 0xFFFFFFFF
            if parts[k] < 0 or after[k] < 0:
                continue
            pair = pairs[_slot(lefts, rights, pairs, parts[k], parts[after[k]])]
            if pair < 0 or ranks[pair] != first >> 32:  # a neighbour has changed since
                continue
            state ^= state << np.uint64(13)
            state ^= state >> np.uint64(7)
            state ^= state << np.uint64(17)
            if np.float64((state * np.uint64(0x2545F4914F6CDD1D)) >> np.uint64(11)) / 9007199254740992.0 < share:
                left_out[waiting] = first
                waiting += 1
                continue
            gone = after[k]
            parts[k], parts[gone] = merged[pair], -1
            after[k] = after[gone]
            if after[k] >= 0:
                before[after[k]] = k
            queued = _offer(heap, queued, lefts, rights, ranks, pairs, parts, after, k)
            if before[k] >= 0:
                queued = _offer(heap, queued, lefts, rights, ranks, pairs, parts, after, before[k])
            for j in range(waiting):
                queued = push(heap, queued, left_out[j])
            waiting = np.int64(0)
        origin = found
        part = np.int64(0) if count > 0 else np.int64(-1)
        while part >= 0:
            out[found] = parts[part]
            found += 1
            part = after[part]
        sizes[row] = found - origin
    return -1


@kernel
def _begin(data, start, stop, trie, parts):
    """The pieces that merging begins with: each character, or its bytes; -1 - position of a byte without a piece."""
    count = np.int64(0)
    at = start
    while at < stop:
        byte = data[at]
        width = 1 if byte < 0x80 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
        piece = _exactly(data, at, min(at + width, stop), trie)
        if piece >= 0:
            parts[count] = piece
            count += 1
            at += width
            continue
        for k in range(width):
            piece = _exactly(data, at + k, at + k + 1, trie)
            if piece < 0:
                return -1 - (at + k)
            parts[count] = piece
            count += 1
        at += width
    return count


@kernel
def _offer(heap, queued, lefts, rights, ranks, pairs, parts, after, k):
    """Queue the merge of a part and the one after it, if they merge: rank above, place below, in one number."""
    if after[k] < 0:
        return queued
    pair = pairs[_slot(lefts, rights, pairs, parts[k], parts[after[k]])]
    return queued if pair < 0 else push(heap, queued, ranks[pair] << 32 | k)


@kernel
def _exactly(data, start, stop, trie):
    """The piece that is exactly these bytes, or -1."""
    node = trie[0]
    for at in range(start, stop):
        node = step(trie, node, data[at])
        if node < 0:
            return np.int64(-1)
    return piece_of(node)
