"""Compiled segmentations with a given vocabulary. Oracles: `tests/oracles/derived.py`."""

from __future__ import annotations

import numpy as np

from tokeval.jit import kernel
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

    Returns the position of a byte that no piece covers, or -1.
    """
    found = 0
    for row in range(cuts.shape[0] - 1):
        origin = found
        stack = [(cuts[row], cuts[row + 1], np.int64(-1))]
        while stack:
            low, high, piece = stack.pop()
            if piece >= 0:
                out[found] = piece
                found += 1
                continue
            if low >= high:
                continue
            best, best_low, best_high = np.int64(-1), low, low
            for start in range(low, high):
                if high - start <= best_high - best_low:
                    break
                number, end = _longest(data, start, high, trie)
                if number >= 0 and end - start > best_high - best_low:
                    best, best_low, best_high = np.int64(number), start, end
            if best < 0:
                return low
            stack.append((best_high, high, np.int64(-1)))
            stack.append((best_low, best_high, best))
            stack.append((low, best_low, np.int64(-1)))
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
                if (
                    piece_of(node) >= 0 and cost[start] + 1 < cost[at + 1]
                ):  # earlier starts come first: the longest wins
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
def merge_with_dropout(data, cuts, trie, ranks, share, seeds, out, sizes):
    """Byte-pair merges by rank in each stretch, every possible merge left out with probability `share` at each step.

    Returns the position of a byte that no piece covers, or -1.
    """
    found = 0
    for row in range(cuts.shape[0] - 1):
        begin, stop = cuts[row], cuts[row + 1]
        width = stop - begin
        ends = np.arange(1, width + 1)  # of the parts so far
        count = width
        state = seeds[row] | np.uint64(1)
        while count > 1:
            best, best_rank = -1, np.int64(1 << 62)
            low = np.int64(0)
            for k in range(count - 1):
                piece = _exactly(data, begin + low, begin + ends[k + 1], trie)
                low = ends[k]
                if piece < 0 or ranks[piece] >= best_rank:
                    continue
                state ^= state << np.uint64(13)
                state ^= state >> np.uint64(7)
                state ^= state << np.uint64(17)
                if np.float64(state >> np.uint64(11)) / 9007199254740992.0 < share:
                    continue
                best, best_rank = k, ranks[piece]
            if best < 0:
                break
            for k in range(best, count - 1):
                ends[k] = ends[k + 1]
            count -= 1
        low = np.int64(0)
        for k in range(count):
            piece = _exactly(data, begin + low, begin + ends[k], trie)
            if piece < 0:
                return begin + low
            out[found] = piece
            found += 1
            low = ends[k]
        sizes[row] = count
    return -1


@kernel
def _exactly(data, start, stop, trie):
    """The piece that is exactly these bytes, or -1."""
    node = trie[0]
    for at in range(start, stop):
        node = step(trie, node, data[at])
        if node < 0:
            return -1
    return piece_of(node)
