"""The compiled search for the best segmentation of chunks into scored pieces."""

from __future__ import annotations

import numpy as np

from tokeval.jit import kernel
from tokeval.tokenizers.trie.kernels import piece_of, step
from tokeval.tokenizers.words.kernels import widest_of, write_point
from tokeval.tokenizers.words.normal.kernels import MARK_POINT, by_map, by_points, by_shortest

#: How chunks are normalised: by a table, by a character map as SentencePiece does it, or as Hugging Face does.
POINTS, LONGEST, SHORTEST = 0, 1, 2


@kernel
def unigram(data, chunks, how, table, mapped, trie, scores, unknown, penalty, fallback, found, lengths, trust):
    """Best segmentation of chunks, each behind a word mark; -1 tokens where unsafe, -2 where doubtful in context.

    `fallback` holds the id of each byte for what is unknown, or nothing. Writes per chunk how much less good each
    decision's alternative was at least, by the character, and how good the whole is: see `gather`.
    """
    ids, starts, stops = found
    flags, counts, points = table
    units, forms, kinds = mapped
    room = 16 * widest_of(chunks) + 16
    buffer = np.empty(room, np.uint8)
    best, second = np.empty(room, np.float64), np.empty(room, np.float64)
    start, piece = np.empty(room, np.int32), np.empty(room, np.int32)
    froms, tos, trail = np.zeros(room, np.int32), np.zeros(room, np.int32), np.empty(room, np.int32)
    spans = starts.shape[0] > 0
    t = 0
    for e in range(lengths.shape[0]):
        trust[e, 0], trust[e, 1] = np.inf, 0
        size = write_point(buffer, 0, np.int64(MARK_POINT))
        if how == POINTS:
            size = by_points(data, chunks[0][e], chunks[1][e], flags, counts, points, buffer, froms, tos, size)
        elif how == LONGEST:
            size = by_map(data, chunks[0][e], chunks[1][e], units, forms, kinds, buffer, size)
        else:
            size = by_shortest(data, chunks[0][e], chunks[1][e], units, forms, kinds, buffer, froms, tos, size)
        if size == 3:
            size = 0 if how == LONGEST else -1
        if t + size > ids.shape[0]:
            size = -2
        if size <= 0:
            lengths[e] = size
            continue
        if spans:
            for j in range(3):  # the mark lies where the first character lies
                froms[j], tos[j] = froms[3], tos[3]
        for k in range(size + 1):
            start[k] = -1
            second[k] = -np.inf
        best[0] = 0.0
        characters = 0
        s = 0
        while s < size:
            characters += 1
            q = s + 1
            while q < size and (buffer[q] & 0xC0) == 0x80:
                q += 1
            single = False
            node = trie[0]
            here = best[s]
            j = s
            while j < size:
                node = step(trie, node, buffer[j])
                if node < 0:
                    break
                j += 1
                term = piece_of(node)
                if term >= 0:
                    value = here + scores[term]
                    if start[j] < 0:
                        best[j], start[j], piece[j] = value, s, term
                    elif value > best[j]:
                        second[j] = best[j]
                        best[j], start[j], piece[j] = value, s, term
                    elif value > second[j]:
                        second[j] = value
                    if j == q:
                        single = True
            if not single:
                value = here + penalty
                if start[q] < 0:
                    best[q], start[q], piece[q] = value, s, unknown
                elif value > best[q]:
                    second[q] = best[q]
                    best[q], start[q], piece[q] = value, s, unknown
                elif value > second[q]:
                    second[q] = value
            s = q
        margin = np.inf
        n = 0
        end = np.int64(size)
        while end > 0:
            margin = min(margin, best[end] - second[end])
            trail[n] = end
            n += 1
            end = start[end]
        trust[e, 0], trust[e, 1] = margin / characters, -best[size]
        origin = t
        for m in range(n - 1, -1, -1):
            k = trail[m]
            if piece[k] == unknown and fallback.shape[0]:
                for j in range(start[k], k):
                    ids[t] = fallback[buffer[j]]
                    t += 1
                continue
            if piece[k] == unknown and t > origin and ids[t - 1] == unknown:  # neighbours in the unknown are one
                if spans:
                    stops[t - 1] = tos[k - 1]
                continue
            ids[t] = piece[k]
            if spans:
                starts[t], stops[t] = froms[start[k]], tos[k - 1]
            t += 1
        lengths[e] = t - origin
    return t
