"""Compiled loops behind memoised words. The oracles are the reference libraries themselves; see `tests/tokenizers`."""

from __future__ import annotations

import numpy as np

from tokeval.jit import kernel
from tokeval.utf8 import hash_bytes


@kernel
def point_at(data, at):
    """The code point at a byte position of valid UTF-8, and the position after it."""
    byte = np.int64(data[at])
    if byte < 0x80:
        return byte, at + 1
    if byte < 0xE0:
        return ((byte & 0x1F) << 6) | np.int64(data[at + 1] & 0x3F), at + 2
    if byte < 0xF0:
        middle = np.int64(data[at + 1] & 0x3F) << 6
        return ((byte & 0x0F) << 12) | middle | np.int64(data[at + 2] & 0x3F), at + 3
    high = ((byte & 0x07) << 18) | (np.int64(data[at + 1] & 0x3F) << 12)
    return high | (np.int64(data[at + 2] & 0x3F) << 6) | np.int64(data[at + 3] & 0x3F), at + 4


@kernel
def write_point(buffer, at, point):
    """Write a code point as UTF-8; the position after it."""
    if point < 0x80:
        buffer[at] = point
        return at + 1
    if point < 0x800:
        buffer[at] = 0xC0 | point >> 6
        buffer[at + 1] = 0x80 | point & 0x3F
        return at + 2
    if point < 0x10000:
        buffer[at] = 0xE0 | point >> 12
        buffer[at + 1] = 0x80 | (point >> 6) & 0x3F
        buffer[at + 2] = 0x80 | point & 0x3F
        return at + 3
    buffer[at] = 0xF0 | point >> 18
    buffer[at + 1] = 0x80 | (point >> 12) & 0x3F
    buffer[at + 2] = 0x80 | (point >> 6) & 0x3F
    buffer[at + 3] = 0x80 | point & 0x3F
    return at + 4


@kernel
def mark_points(data, start, stop, seen):
    """Set `seen` for every code point that occurs."""
    at = start
    while at < stop:
        point, at = point_at(data, at)
        seen[point] = True


@kernel
def slot_of(table, store, offsets, data, start, stop):
    """The slot of these bytes in an open-addressing table of entries, and their hash; an empty slot holds -1."""
    code = hash_bytes(data, start, stop)
    mask = table.shape[0] - 1
    slot = np.int64(code & np.uint64(mask))
    width = stop - start
    while table[slot] >= 0:
        low = offsets[table[slot]]
        if offsets[table[slot] + 1] - low == width:
            k = 0
            while k < width and store[low + k] == data[start + k]:
                k += 1
            if k == width:
                break
        slot = (slot + 1) & mask
    return slot, code


@kernel
def fill_table(table, hashes, count):
    """Enter the first `count` hashes into an empty table."""
    mask = table.shape[0] - 1
    table[:] = -1
    for entry in range(count):
        slot = np.int64(hashes[entry] & np.uint64(mask))
        while table[slot] >= 0:
            slot = (slot + 1) & mask
        table[slot] = entry


@kernel
def hash_entries(store, offsets, hashes):
    """The hash of every entry."""
    for entry in range(offsets.shape[0] - 1):
        hashes[entry] = hash_bytes(store, offsets[entry], offsets[entry + 1])


@kernel
def _stands_alone(data, at, stop, alone, han):
    """How many bytes at `at` make a chunk of their own: ASCII punctuation, or a Han ideograph; else 0."""
    byte = data[at]
    if byte < 0x80:
        return 1 if alone[byte] else 0
    if han and 0xE3 <= byte <= 0xE9 and at + 3 <= stop:
        point = (np.int64(byte & 15) << 12) | (np.int64(data[at + 1] & 63) << 6) | np.int64(data[at + 2] & 63)
        if 0x4E00 <= point <= 0x9FFF or 0x3400 <= point <= 0x4DBF:
            return 3
    return 0


@kernel
def scan(data, offsets, row, alone, han, table, hashes, store, cuts, count, words, places, rows, found):
    """Cut documents from `row` on into chunks and look each up; unseen ones become new entries.

    Returns the row to go on with once there is more room, the number of entries and the number of chunks so far.
    """
    used = cuts[count]
    total = offsets.shape[0] - 1
    while row < total:
        begin, stop = offsets[row], offsets[row + 1]
        size = stop - begin
        if used + size > store.shape[0] or 2 * (count + size) > table.shape[0]:
            return row, count, found
        at = begin
        while at < stop:
            if data[at] == 0x20:
                at += 1
                continue
            end = at + _stands_alone(data, at, stop, alone, han)
            if end == at:
                end += 1
                while end < stop and data[end] != 0x20 and not _stands_alone(data, end, stop, alone, han):
                    end += 1
            slot, code = slot_of(table, store, cuts, data, at, end)
            entry = table[slot]
            if entry < 0:
                entry = count
                table[slot] = entry
                hashes[entry] = code
                for k in range(end - at):
                    store[used + k] = data[at + k]
                used += end - at
                count += 1
                cuts[count] = used
            words[found] = entry
            places[found] = at - begin
            found += 1
            at = end
        row += 1
        rows[row] = found
    return row, count, found


@kernel
def gather_sizes(words, rows, id_offsets, doubtful, out, unsure):
    """Tokens of each document as offsets; documents with a doubtful chunk are unsure and get none."""
    for row in range(rows.shape[0] - 1):
        size = np.int64(0)
        for k in range(rows[row], rows[row + 1]):
            entry = words[k]
            size += id_offsets[entry + 1] - id_offsets[entry]
            if doubtful[entry]:
                unsure[row] = True
        out[row + 1] = out[row] + (0 if unsure[row] else size)


@kernel
def gather(words, places, rows, id_offsets, ids, starts, ends, unsure, out, out_starts, out_ends):
    """The ids of every document's chunks in order, and, where there is room for them, their byte ranges."""
    spans = out_starts.shape[0] == out.shape[0]
    at = 0
    for row in range(rows.shape[0] - 1):
        if unsure[row]:
            continue
        for k in range(rows[row], rows[row + 1]):
            entry = words[k]
            for j in range(id_offsets[entry], id_offsets[entry + 1]):
                out[at] = ids[j]
                if spans:
                    out_starts[at] = places[k] + starts[j]
                    out_ends[at] = places[k] + ends[j]
                at += 1


@kernel
def _longest_matches(buffer, ends, count, froms, tos, first, inner, unknown, limit, ids, starts, stops, at):
    """Greedy longest match of one word of `count` characters; `ends[k]` is the byte end of character k."""
    origin = at
    s = 0
    while count <= limit and s < count:
        table, store, offsets, numbers, longest = first if s == 0 else inner
        low = ends[s - 1] if s else 0
        e = count
        while e > s and ends[e - 1] - low > longest:
            e -= 1
        entry = -1
        while e > s:
            slot, _ = slot_of(table, store, offsets, buffer, low, ends[e - 1])
            entry = table[slot]
            if entry >= 0:
                break
            e -= 1
        if entry < 0:
            break
        ids[at] = numbers[entry]
        starts[at], stops[at] = froms[s], tos[e - 1]
        at += 1
        s = e
    if s < count:
        ids[origin] = unknown
        starts[origin], stops[origin] = froms[0], tos[count - 1]
        at = origin + 1
    return at


@kernel
def wordpiece(data, cuts, flags, counts, points, splits, first, inner, unknown, limit, ids, starts, stops, lengths):
    """Greedy WordPiece of chunks after a normaliser and a splitter given by tables; -1 tokens where unsafe."""
    widest = 16
    for e in range(cuts.shape[0] - 1):
        widest = max(widest, cuts[e + 1] - cuts[e])
    buffer = np.empty(16 * widest, np.uint8)
    ends = np.empty(4 * widest, np.int64)
    froms, tos = np.empty(4 * widest, np.int32), np.empty(4 * widest, np.int32)
    t = 0
    for e in range(cuts.shape[0] - 1):
        at, stop, origin = cuts[e], cuts[e + 1], t
        size = count = 0
        safe = True
        while at < stop:
            begin = at
            point, at = point_at(data, at)
            if flags[point]:
                safe = False
                break
            for k in range(counts[point]):
                normal = points[point, k]
                split = splits[normal]
                if split and count:
                    t = _longest_matches(
                        buffer, ends, count, froms, tos, first, inner, unknown, limit, ids, starts, stops, t
                    )
                    size = count = 0
                if split == 2:
                    continue
                size = write_point(buffer, size, normal)
                ends[count], froms[count], tos[count] = size, begin - cuts[e], at - cuts[e]
                count += 1
                if split == 1:
                    t = _longest_matches(
                        buffer, ends, count, froms, tos, first, inner, unknown, limit, ids, starts, stops, t
                    )
                    size = count = 0
        if not safe:
            t = origin
            lengths[e] = -1
            continue
        if count:
            t = _longest_matches(buffer, ends, count, froms, tos, first, inner, unknown, limit, ids, starts, stops, t)
        lengths[e] = t - origin
    return t


@kernel
def edge(keys, node, byte):
    """The slot of a trie edge in an open-addressing table; an empty slot holds -1."""
    mask = keys.shape[0] - 1
    key = (np.int64(node) << 8) | np.int64(byte)
    slot = np.int64((np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(20)) & mask
    while keys[slot] >= 0 and keys[slot] != key:
        slot = (slot + 1) & mask
    return slot, key


@kernel
def build_trie(store, offsets, keys, children, terms):
    """Enter pieces into a byte trie; `terms[node]` is the piece that ends there, or -1."""
    nodes = 1
    for piece in range(offsets.shape[0] - 1):
        node = 0
        for k in range(offsets[piece], offsets[piece + 1]):
            slot, key = edge(keys, node, store[k])
            if keys[slot] < 0:
                keys[slot], children[slot] = key, nodes
                nodes += 1
            node = children[slot]
        if offsets[piece + 1] > offsets[piece]:
            terms[node] = piece


@kernel
def unigram(
    data, cuts, flags, counts, points, keys, children, terms, scores, unknown, penalty, ids, starts, stops, lengths
):
    """Best segmentation of chunks, each behind a word mark; -1 tokens where unsafe, -2 where doubtful in context."""
    widest = 16
    for e in range(cuts.shape[0] - 1):
        widest = max(widest, cuts[e + 1] - cuts[e])
    room = 16 * widest + 16
    buffer = np.empty(room, np.uint8)
    best, start, piece = np.empty(room, np.float64), np.empty(room, np.int64), np.empty(room, np.int64)
    froms, tos, trail = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.int64)
    t = 0
    for e in range(cuts.shape[0] - 1):
        at, stop = cuts[e], cuts[e + 1]
        size = write_point(buffer, 0, np.int64(0x2581))
        safe = doubtful = False
        while at < stop:
            begin = at
            point, at = point_at(data, at)
            if flags[point]:
                doubtful = begin == cuts[e] and flags[point] == 2
                break
            for k in range(counts[point]):
                after = write_point(buffer, size, np.int64(points[point, k]))
                for j in range(size, after):
                    froms[j], tos[j] = begin - cuts[e], at - cuts[e]
                size = after
            safe = at == stop
        if not safe or size == 3:
            lengths[e] = -2 if doubtful else -1
            continue
        for j in range(3):  # the mark lies where the first character lies
            froms[j], tos[j] = froms[3], tos[3]
        for k in range(size + 1):
            start[k] = -1
        best[0] = 0.0
        s = 0
        while s < size:
            q = s + 1
            while q < size and (buffer[q] & 0xC0) == 0x80:
                q += 1
            single = False
            node = 0
            j = s
            while j < size:
                slot, _ = edge(keys, node, buffer[j])
                if keys[slot] < 0:
                    break
                node = children[slot]
                j += 1
                if terms[node] >= 0:
                    value = best[s] + scores[terms[node]]
                    if start[j] < 0 or value > best[j]:
                        best[j], start[j], piece[j] = value, s, terms[node]
                    if j == q:
                        single = True
            if not single:
                value = best[s] + penalty
                if start[q] < 0 or value > best[q]:
                    best[q], start[q], piece[q] = value, s, unknown
            s = q
        n = 0
        k = size
        while k > 0:
            trail[n] = k
            n += 1
            k = start[k]
        origin = t
        for m in range(n - 1, -1, -1):
            k = trail[m]
            if piece[k] == unknown and t > origin and ids[t - 1] == unknown:  # neighbours in the unknown are one
                stops[t - 1] = tos[k - 1]
                continue
            ids[t] = piece[k]
            starts[t], stops[t] = froms[start[k]], tos[k - 1]
            t += 1
        lengths[e] = t - origin
    return t


@kernel
def longest_prefixes(data, offsets, keys, children, terms, numbers, ids, out):
    """Greedy longest match over bytes of each document; the position of a byte that no piece begins with, or -1."""
    found = 0
    for row in range(offsets.shape[0] - 1):
        at, stop = offsets[row], offsets[row + 1]
        while at < stop:
            node = 0
            piece = -1
            end = j = at
            while j < stop:
                slot, _ = edge(keys, node, data[j])
                if keys[slot] < 0:
                    break
                node = children[slot]
                j += 1
                if terms[node] >= 0:
                    piece, end = terms[node], j
            if piece < 0:
                return at
            ids[found] = numbers[piece]
            found += 1
            at = end
        out[row + 1] = found
    return -1
