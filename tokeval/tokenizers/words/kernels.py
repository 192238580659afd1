"""Compiled loops behind memoised words. The oracles are the reference libraries themselves; see `tests/tokenizers`."""

from __future__ import annotations

import numpy as np

from tokeval.jit import kernel
from tokeval.tokenizers.trie.kernels import piece_of, step
from tokeval.utf8 import eight_at, head_of, point_at

#: What a byte means to `cut`: part of a chunk, the space between chunks, a chunk by itself, maybe a Han ideograph.
PLAIN, SPACE, ALONE, HAN = 0, 1, 2, 3

_AHEAD = 32


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
        point, width = point_at(data, at)
        seen[point] = True
        at += width


@kernel
def fill_table(table, old):
    """Enter the entries of an old table into an empty one; a slot holds 32 bits of hash, then the entry, or 0."""
    mask = np.uint64(table.shape[0] - 1)
    for k in range(old.shape[0]):
        if old[k]:
            slot = (old[k] >> np.uint64(32)) & mask
            while table[slot]:
                slot = (slot + np.uint64(1)) & mask
            table[slot] = old[k]


@kernel
def _han(data, at, stop):
    """Whether a Han ideograph of the ranges that BERT's splitter parts begins here."""
    if at + 3 > stop:
        return False
    point, _ = point_at(data, at)
    return 0x4E00 <= point <= 0x9FFF or 0x3400 <= point <= 0x4DBF


@kernel
def cut(data, offsets, classes, lead, begins, sizes, codes, rows):
    """Cut documents into chunks: where each begins, how long it is, its hash, and the chunks of each document.

    Chunks are what lies between spaces; with `lead`, between single spaces, so that of a run of spaces all but the
    first belong to the chunk behind it, and a chunk may be empty. Returns the number of chunks.
    """
    found = 0
    spaces = True  # nothing else parts chunks
    for byte in range(256):
        spaces &= classes[byte] == PLAIN or byte == 0x20
    for row in range(offsets.shape[0] - 1):
        begin, stop = offsets[row], offsets[row + 1]
        at = begin
        while at < stop or (lead and at == stop and at > begin):
            end = at
            if lead:
                while end < stop and data[end] == 0x20:
                    end += 1
            elif data[at] == 0x20:
                at += 1
                continue
            if spaces:
                end = _space_from(data, end, stop)
            while end < stop:
                kind = classes[data[end]]
                if kind != PLAIN:
                    if kind == SPACE:
                        break
                    width = 1 if kind == ALONE else 3 if _han(data, end, stop) else 0
                    if width:
                        end += width if end == at else 0
                        break
                end += 1
            begins[found], sizes[found], codes[found] = at, end - at, _code(data, at, end - at)
            found += 1
            at = end + 1 if lead else end
        rows[row + 1] = found
    return found


@kernel
def _space_from(data, at, stop):
    """Where the first space lies from `at` on, or nearly `stop`."""
    ones = np.uint64(0x0101010101010101)
    while at + 8 <= stop:
        block = eight_at(data, at) ^ (ones << np.uint64(5))  # a space is a zero byte now
        zeros = (block - ones) & ~block & (ones << np.uint64(7))
        if zeros:
            below = (zeros & (~zeros + np.uint64(1))) - np.uint64(1)
            return at + np.int64(((below & ones) * ones) >> np.uint64(56)) - 1
        at += 8
    return at


@kernel
def _code(data, start, size):
    """A hash of 32 bits."""
    code = np.uint64(size) * np.uint64(0x9E3779B97F4A7C15)
    for at in range(start, start + size - 8, 8):
        code = (code ^ eight_at(data, at)) * np.uint64(0x9E3779B97F4A7C15)
        code ^= code >> np.uint64(32)
    last = eight_at(data, start + size - 8) if size > 8 else head_of(data, start, size)
    code = (code ^ last) * np.uint64(0xC6A4A7935BD1E995)
    return ((code ^ (code >> np.uint64(32))) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)


@kernel
def look_up(data, begins, sizes, codes, first, last, table, store, entries, count, words):
    """Find the entry of each chunk from `first` on; unseen chunks become new entries.

    Returns the chunk to go on with once there is more room, and the number of entries so far.
    """
    used = entries[count].cut
    mask = np.uint64(table.shape[0] - 1)
    one, half = np.uint64(1), np.uint64(32)
    for c in range(first, last):
        if (c - first) % _AHEAD == 0:  # ask for the memory of several chunks at once, or each would wait for its own
            for k in range(c, min(c + _AHEAD, last)):
                words[k] = np.int32(table[np.uint64(codes[k]) & mask] & np.uint64(0xFFFFFFFF))
            for k in range(c, min(c + _AHEAD, last)):
                low = entries[max(words[k] - 1, 0)].cut
                words[k] = store[low if sizes[k] > 8 else 0]
        begin, size, code = begins[c], np.int64(sizes[c]), np.uint64(codes[c])
        head = head_of(data, begin, size)
        slot = code & mask
        entry = np.int64(-1)
        while table[slot]:
            if table[slot] >> half == code:
                entry = np.int64(table[slot] & np.uint64(0xFFFFFFFF)) - 1
                low = entries[entry].cut
                alike = entries[entry].head == head and entries[entry + 1].cut - low == size
                if alike and (size <= 8 or _same(store, low, data, begin, size)):
                    break
                entry = np.int64(-1)
            slot = (slot + one) & mask
        if entry < 0:
            if used + size > store.shape[0] or 4 * (count + 1) > 3 * table.shape[0]:
                return c, count
            entry = count
            count += 1
            table[slot] = (code << half) | np.uint64(count)
            for k in range(size):
                store[used + k] = data[begin + k]
            used += size
            entries[entry].head = head
            entries[count].cut = used
        words[c] = entry
    return last, count


@kernel
def _same(store, low, data, begin, size):
    """Whether more than eight bytes are the same from the ninth on."""
    for k in range(8, size - 8, 8):
        if eight_at(store, low + k) != eight_at(data, begin + k):
            return False
    return eight_at(store, low + size - 8) == eight_at(data, begin + size - 8)


@kernel
def keep_learnt(entries, before, lengths, trust):
    """Enter how many ids chunks have that were learnt, from the entry `before` on, and how far they can be trusted."""
    first = entries[before].first
    for k in range(lengths.shape[0]):
        entries[before + k].slack, entries[before + k].weight = trust[k, 0], trust[k, 1]
        first += lengths[k]
        entries[before + k + 1].first = first


@kernel
def gather_sizes(words, rows, entries, out, unsure):
    """Tokens of each document as offsets; documents whose chunks cannot be trusted together get none.

    A chunk's `slack` tells how far sums of scores may be off before its ids change (negative where they depend on the
    neighbours), its `weight` how large its sums are. Sums of the whole document are off by its size.
    """
    for row in range(rows.shape[0] - 1):
        size = np.int64(0)
        slack, weight = np.float32(np.inf), np.float64(0)
        for k in range(rows[row], rows[row + 1]):
            entry = words[k]
            size += entries[entry + 1].first - entries[entry].first
            slack = min(slack, entries[entry].slack)
            weight += entries[entry].weight
        unsure[row] |= slack <= weight * 2.0**-22
        out[row + 1] = out[row] + (0 if unsure[row] else size)


@kernel
def gather(words, begins, offsets, rows, entries, ids, starts, ends, unsure, out, out_starts, out_ends):
    """The ids of every document's chunks in order, and, where there is room for them, their byte ranges."""
    spans = out_starts.shape[0] == out.shape[0]
    at = 0
    for row in range(rows.shape[0] - 1):
        if unsure[row]:
            continue
        for k in range(rows[row], rows[row + 1]):
            entry = words[k]
            for j in range(entries[entry].first, entries[entry + 1].first):
                out[at] = ids[j]
                if spans:
                    out_starts[at] = begins[k] - offsets[row] + starts[j]
                    out_ends[at] = begins[k] - offsets[row] + ends[j]
                at += 1


@kernel
def _longest_matches(buffer, ends, count, froms, tos, first, inner, unknown, limit, ids, starts, stops, at):
    """Greedy longest match of one word of `count` characters; `ends[k]` is the byte end of character k."""
    origin = at
    s = 0
    while count <= limit and s < count:
        trie = first if s == 0 else inner
        node = trie[0]
        piece = np.int64(-1)
        j = ends[s - 1] if s else 0
        e = s
        after = s
        while e < count:
            while j < ends[e] and node >= 0:
                node = step(trie, node, buffer[j])
                j += 1
            if node < 0:
                break
            e += 1
            if piece_of(node) >= 0:
                piece, after = piece_of(node), e
        if piece < 0:
            break
        ids[at] = piece
        starts[at], stops[at] = froms[s], tos[after - 1]
        at += 1
        s = after
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
            point, width = point_at(data, at)
            at += width
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
