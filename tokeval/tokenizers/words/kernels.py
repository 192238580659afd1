"""Compiled loops behind memoised words. The oracles are the reference libraries themselves; see `tests/tokenizers`."""

from __future__ import annotations

import numpy as np

from tokeval.jit import kernel
from tokeval.tokenizers.trie.kernels import piece_of, step
from tokeval.utf8 import eight_at, equal_bytes, head_of, point_at

#: What a byte means to `cut`: part of a chunk, the space between chunks, a chunk by itself, maybe a Han ideograph.
PLAIN, SPACE, ALONE, HAN = 0, 1, 2, 3

_AHEAD = 32

#: Ids are copied a few at a time, so that behind the last there has to be so much room.
PADDING = 8

#: Chunks of at most so many blocks of eight bytes are compared without a branch, by the bits that count of each block:
#: of `size - 8` bytes those at `size + 8 * (_BLOCKS - 2)`, and so on.
_BLOCKS = 4
_KEPT = np.array([(1 << 8 * min(max(k - 8 * (_BLOCKS - 1), 0), 8)) - 1 for k in range(16 * _BLOCKS)], np.uint64)


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
def mark_points(data, chunks, seen):
    """Set `seen` for every code point that occurs in chunks, given by where they begin and end."""
    for e in range(chunks[0].shape[0]):
        at = chunks[0][e]
        while at < chunks[1][e]:
            point, width = point_at(data, at)
            seen[point] = True
            at += width


@kernel
def widest_of(chunks):
    """The size of the largest chunk, but 16 where it is smaller."""
    widest = np.int64(16)
    for e in range(chunks[0].shape[0]):
        widest = max(widest, chunks[1][e] - chunks[0][e])
    return widest


@kernel
def fill_table(table, old):
    """Enter the slots of an old table into an empty one; a slot holds 32 bits of hash, then the place in the store."""
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
def cut(data, offsets, classes, lead, row, begins, sizes, codes, rows):
    """Cut documents, from `row` on, into chunks: where each begins, its size, its hash, and each document's chunks.

    Chunks are what lies between spaces; with `lead`, between single spaces, so that of a run of spaces all but the
    first belong to the chunk behind it, and a chunk may be empty. Returns the document to go on with once there is
    more room.
    """
    found = rows[row]
    spaces = True  # nothing else parts chunks
    for byte in range(256):
        spaces &= classes[byte] == PLAIN or byte == 0x20
    while row + 1 < offsets.shape[0]:
        begin, stop = offsets[row], offsets[row + 1]
        if found + stop - begin + 1 > begins.shape[0]:
            break
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
        row += 1
        rows[row] = found
    return row


@kernel
def _space_from(data, at, stop):
    """Where the first space lies from `at` on, or nearly `stop`."""
    ones = np.uint64(0x0101010101010101)
    while at + 8 <= stop:
        found = equal_bytes(eight_at(data, at), 0x20)
        if found:
            below = (found & (~found + np.uint64(1))) - np.uint64(1)
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
def look_up(data, begins, sizes, codes, first, last, table, store, used, count, words, fresh):
    """Find the number of each chunk from `first` on; unseen chunks get the next number, and are told in `fresh`.

    `store` holds, behind a word of zeros, for each chunk its number and its size in one word, then its bytes, filled
    up with zeros. Returns the chunk to go on with once there is more room, the words used and the chunks numbered.
    """
    mask = np.uint64(table.shape[0] - 1)
    one, half, low = np.uint64(1), np.uint64(32), np.uint64(0xFFFFFFFF)
    before = count
    for c in range(first, last):
        if (c - first) % _AHEAD == 0:  # ask for the memory of several chunks at once, or each would wait for its own
            stop = min(c + _AHEAD, last)
            for k in range(c, stop):
                words[k] = np.int32(table[np.uint64(codes[k]) & mask] & low)
            for k in range(c, stop):
                words[k] = np.int32(store[np.uint64(np.uint32(words[k]))] & low)
        begin, size, code = begins[c], np.int64(sizes[c]), np.uint64(codes[c])
        slot = code & mask
        entry = np.int64(-1)
        while table[slot]:
            if table[slot] >> half == code:
                place = table[slot] & low
                if np.int64(store[place] & low) == size and _same(store, place + one, data, begin, size):
                    entry = np.int64(store[place] >> half)
                    break
            slot = (slot + one) & mask
        if entry < 0:
            whole = size >> 3
            if used + whole + 2 + _BLOCKS > store.shape[0] or 4 * (count + 1) > 3 * table.shape[0]:
                return c, used, count
            table[slot] = (code << half) | np.uint64(used)
            store[np.uint64(used)] = (np.uint64(count) << half) | np.uint64(size)
            used += 1
            for k in range(whole):
                store[np.uint64(used + k)] = eight_at(data, begin + 8 * k)
            used += whole
            if size & 7:
                store[np.uint64(used)] = head_of(data, begin + 8 * whole, size & 7)
                used += 1
            fresh[count - before] = c
            entry = count
            count += 1
        words[c] = entry
    return last, used, count


@kernel
def _same(store, place, data, begin, size):
    """Whether the bytes of two chunks of one size are the same."""
    one = np.uint64(1)
    if size <= 8 * _BLOCKS and begin + 8 * _BLOCKS <= data.shape[0]:  # without a branch that depends on the size
        differ = np.uint64(0)
        for k in range(_BLOCKS):
            kept = _KEPT[np.uint64(size + 8 * (_BLOCKS - 1 - k))]
            differ |= (eight_at(data, begin + 8 * k) ^ store[place + np.uint64(k)]) & kept
        return differ == 0
    at = begin
    while at + 8 <= begin + size:
        if eight_at(data, at) != store[place]:
            return False
        at += 8
        place += one
    return at == begin + size or head_of(data, at, begin + size - at) == store[place]


@kernel
def keep_learnt(entries, before, lengths, trust):
    """Enter how many ids chunks have that were learnt, from the entry `before` on, and how far they can be trusted."""
    first = entries[before].first
    for k in range(lengths.shape[0]):
        entries[before + k].slack, entries[before + k].weight = trust[k, 0], trust[k, 1]
        first += lengths[k]
        entries[before + k + 1].first = first


@kernel
def gather(words, begins, offsets, rows, row, entries, learnt, unsure, out_offsets, out):
    """The ids of every document's chunks in order, and, where there is room for them, their byte ranges, from `row` on.

    Documents whose chunks cannot be trusted together get none: a chunk's `slack` tells how far sums of scores may be
    off before its ids change (negative where they depend on the neighbours), its `weight` how large its sums are, and
    sums of the whole document are off by its size. `learnt` and `out` are ids, starts and ends. Returns the document
    to go on with once there is more room, and a number that means nothing.
    """
    ids, starts, ends = learnt
    out_ids, out_starts, out_ends = out
    spans = out_starts.shape[0] == out_ids.shape[0]
    touched = np.uint32(0)
    at = out_offsets[row]
    while row + 1 < rows.shape[0]:
        size = np.int64(0)
        slack, weight = np.float32(np.inf), np.float64(0)
        for k in range(rows[row], rows[row + 1]):
            entry = np.uint64(words[k])
            first = entries[entry].first
            size += entries[entry + np.uint64(1)].first - first
            slack = min(slack, entries[entry].slack)
            weight += entries[entry].weight
            touched ^= ids[np.uint64(first)]  # the document's ids are asked for all at once, not one after the other
        unsure[row] |= slack <= weight * 2.0**-22
        if not unsure[row]:
            if at + size + PADDING > out_ids.shape[0]:
                break
            for k in range(rows[row], rows[row + 1]):
                entry = np.uint64(words[k])
                first, last = entries[entry].first, entries[entry + np.uint64(1)].first
                for j in range(first, last, 4):  # most chunks have a few ids
                    _copy_four(ids, j, out_ids, at + j - first)
                if spans:
                    for j in range(first, last):
                        out_starts[at + j - first] = begins[k] - offsets[row] + starts[j]
                        out_ends[at + j - first] = begins[k] - offsets[row] + ends[j]
                at += last - first
        row += 1
        out_offsets[row] = at
    return row, touched


@kernel
def _copy_four(source, j, out, at):
    """Four ids in one go; those beyond the last are overwritten, or lie in the padding."""
    j, at = np.uint64(j), np.uint64(at)
    one, two, three = np.uint64(1), np.uint64(2), np.uint64(3)
    a, b, c, d = source[j], source[j + one], source[j + two], source[j + three]
    out[at], out[at + one], out[at + two], out[at + three] = a, b, c, d


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
def wordpiece(data, chunks, flags, counts, points, splits, first, inner, unknown, limit, ids, starts, stops, lengths):
    """Greedy WordPiece of chunks after a normaliser and a splitter given by tables; -1 tokens where unsafe."""
    widest = widest_of(chunks)
    buffer = np.empty(16 * widest, np.uint8)
    ends = np.empty(4 * widest, np.int64)
    froms, tos = np.empty(4 * widest, np.int32), np.empty(4 * widest, np.int32)
    t = 0
    for e in range(lengths.shape[0]):
        low, stop, origin = chunks[0][e], chunks[1][e], t
        at = low
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
                ends[count], froms[count], tos[count] = size, begin - low, at - low
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
