"""The compiled search for the best segmentation of chunks into scored pieces."""

from __future__ import annotations

import numpy as np

from tokeval.jit import kernel
from tokeval.tokenizers.trie.kernels import wide_piece_of, wide_step
from tokeval.tokenizers.words.kernels import widest_of, write_point
from tokeval.tokenizers.words.normal.kernels import (
    MARK_POINT,
    by_map,
    by_points,
    by_shortest,
    plain_symbols,
    symbols_of,
)

#: How chunks are normalised: by a table, by a character map as SentencePiece does it, or as Hugging Face does.
POINTS, LONGEST, SHORTEST = 0, 1, 2


@kernel
def unigram(data, chunks, how, table, mapped, trie, letters, scores, unknown, penalty, fallback, found, lengths, trust):
    """Best segmentation of chunks, each behind a word mark; -1 tokens where unsafe, -2 where doubtful in context.

    `trie` is a wide one, over the symbols in `letters`, `fallback` holds the id of each byte for what is unknown, or
    nothing. Writes per chunk how much less good each decision's alternative was at least, by the character, and how
    good the whole is: see `gather`.
    """
    ids, starts, stops = found
    flags, counts, points = table
    units, forms, kinds = mapped
    room = 16 * widest_of(chunks) + 16
    buffer = np.empty(room, np.uint8)
    symbols, ends = np.empty(room, np.uint16), np.empty(room, np.int64)
    best, second = np.empty(room, np.float64), np.empty(room, np.float64)
    start, piece = np.empty(room, np.int32), np.empty(room, np.int32)
    froms, tos, trail = np.zeros(room, np.int32), np.zeros(room, np.int32), np.empty(room, np.int32)
    spans = starts.shape[0] > 0
    mark = write_point(buffer, 0, np.int64(MARK_POINT))
    symbols[0] = letters[MARK_POINT]
    t = 0
    for e in range(lengths.shape[0]):
        trust[e, 0], trust[e, 1] = np.inf, 0
        low, high = chunks[0][e], chunks[1][e]
        characters = np.int64(-1)
        size = high - low + mark
        if how == LONGEST:
            characters = plain_symbols(data, low, high, kinds, letters, symbols, ends)
        plain = characters >= 0
        if plain:
            ends[0] = low
        else:
            if how == POINTS:
                size = by_points(data, low, high, flags, counts, points, buffer, froms, tos, mark)
            elif how == LONGEST:
                size = by_map(data, low, high, units, forms, kinds, buffer, mark)
            else:
                size = by_shortest(data, low, high, units, forms, kinds, buffer, froms, tos, mark)
            if size == mark:
                size = 0 if how == LONGEST else -1
        if t + size > ids.shape[0]:
            size = -2
        if size <= 0:
            lengths[e] = size
            continue
        if not plain:
            characters = symbols_of(buffer, mark, size, letters, symbols, ends)
            ends[0] = mark
        if spans:
            for j in range(mark):  # it lies where the first character lies
                froms[j], tos[j] = froms[mark], tos[mark]
        characters += 1
        for k in range(characters + 1):
            best[k] = second[k] = -np.inf
        best[0] = 0.0
        for s in range(characters):
            here = best[s]
            node = trie[0]
            single = False
            j = s
            while j < characters:
                node = wide_step(trie, node, symbols[np.uint64(j)])
                if node < 0:
                    break
                j += 1
                term = wide_piece_of(node)
                if term >= 0:
                    single |= j == s + 1
                    value, place = here + scores[np.uint64(term)], np.uint64(j)
                    second[place] = max(second[place], min(value, best[place]))
                    if value > best[place]:
                        best[place], start[place], piece[place] = value, s, term
            if not single:
                value, place = here + penalty, np.uint64(s + 1)
                second[place] = max(second[place], min(value, best[place]))
                if value > best[place]:
                    best[place], start[place], piece[place] = value, s, unknown
        margin = np.inf
        n = 0
        end = characters
        while end > 0:
            margin = min(margin, best[end] - second[end])
            trail[n] = end
            n += 1
            end = np.int64(start[end])
        trust[e, 0], trust[e, 1] = margin / characters, -best[characters]
        origin = t
        for m in range(n - 1, -1, -1):
            k = trail[m]
            before = ends[start[k] - 1] if start[k] else np.int64(0)
            if piece[k] == unknown and fallback.shape[0]:
                for j in range(before, ends[k - 1]):
                    ids[t] = fallback[data[j] if plain else buffer[j]]
                    t += 1
                continue
            if piece[k] == unknown and t > origin and ids[t - 1] == unknown:  # neighbours in the unknown are one
                if spans:
                    stops[t - 1] = tos[ends[k - 1] - 1]
                continue
            ids[t] = piece[k]
            if spans:
                starts[t], stops[t] = froms[before], tos[ends[k - 1] - 1]
            t += 1
        lengths[e] = t - origin
    return t
