"""Compiled normalisation of one chunk, by a table of code points or by a SentencePiece character map."""

from __future__ import annotations

import numpy as np

from tokeval.jit import kernel
from tokeval.tokenizers.words.kernels import write_point
from tokeval.utf8 import is_space, point_at

MARK_POINT = 0x2581

#: What `by_map` does with a code point: looks it up, takes it as it is but for a space or a mark, takes it as it is,
#: or takes it as it is unless what follows is marked as going on.
MAPPED, KEPT, PLAIN, SINGLE = 0, 1, 2, 3

#: Added to the kind of a code point that a key has behind its first one.
GOES_ON = 4


@kernel
def by_points(data, start, stop, flags, counts, points, buffer, froms, tos, size):
    """Write the chunk's normalised form from `size` on, with the source bytes of each byte; the size after it.

    Returns -1 where only the reference can tell, -2 where that depends on what is around the chunk.
    """
    at = start
    while at < stop:
        point, width = point_at(data, at)
        if flags[point]:
            return -2 if at == start and flags[point] == 2 else -1
        for k in range(counts[point]):
            after = write_point(buffer, size, np.int64(points[point, k]))
            for j in range(size, after):
                froms[j], tos[j] = at - start, at + width - start
            size = after
        at += width
    return size


@kernel
def child(units, base, byte):
    """One step in a character map: the cell, or -1; see Darts-clone's format. `base` begins as `below(units, 0)`."""
    cell = base ^ np.int64(byte)
    if cell >= units.shape[0] or units[cell] & np.uint32(0x800000FF) != np.uint32(byte):
        return np.int64(-1)
    return cell


@kernel
def below(units, cell):
    """Where the children of a cell are counted from; the value of its key, if it ends one, lies there."""
    unit = np.int64(units[cell])
    return cell ^ ((unit >> 10) << ((unit & 512) >> 6))


@kernel
def ends_key(units, cell):
    """Whether a key ends at the cell."""
    return (units[cell] >> np.uint32(8)) & np.uint32(1) == 1


@kernel
def mark_keys(units, forms, wanted, joined, behind, sources):
    """Set what code points are in the keys of a map.

    `joined` for those in a key of several code points, `behind` where one is not the first, and `sources` for the last
    one of every key whose form is empty or holds a `wanted` code point.
    """
    key = np.empty(64, np.uint8)
    stack = [(below(units, 0), np.int64(0), np.int64(0))]
    while stack:
        base, depth, byte = stack.pop()
        if depth:
            key[depth - 1] = byte
        if depth == 64:
            continue
        for follower in range(1, 256):
            cell = child(units, base, follower)
            if cell < 0:
                continue
            key[depth] = follower
            if ends_key(units, cell):
                _, width = point_at(key, 0)
                at, last = 0, np.int64(0)
                while at <= depth:
                    last, step = point_at(key, at)
                    if width <= depth:
                        joined[last] = True
                        if at:
                            behind[last] = True
                    at += step
                form = np.int64(units[below(units, cell)] & np.uint32(0x7FFFFFFF))
                sources[last] |= forms[form] == 0
                while forms[form]:
                    point, step = point_at(forms, form)
                    sources[last] |= wanted[point]
                    form += step
            stack.append((below(units, cell), depth + 1, np.int64(follower)))


@kernel
def mark_plain(units, kinds):
    """Turn the kinds MAPPED of code points that a map has no key for into PLAIN or SINGLE."""
    key = np.empty(4, np.uint8)
    for point in range(kinds.shape[0]):
        if kinds[point] != MAPPED:
            continue
        width = write_point(key, 0, point)
        at, base = 0, below(units, 0)
        cell = np.int64(0)
        while at < width and cell >= 0:
            cell = child(units, base, key[at])
            if cell >= 0:
                base = below(units, cell)
                at += 1
        if cell < 0:
            kinds[point] = PLAIN
        elif not ends_key(units, cell):
            kinds[point] = SINGLE
            for byte in range(1, 128):
                if child(units, base, byte) >= 0:
                    kinds[point] = MAPPED


@kernel
def by_map(data, start, stop, units, forms, kinds, buffer, size):
    """Write the chunk as SentencePiece normalises it: longest keys first, spaces as marks, none before or behind.

    `kinds` tells what to do with each code point. Returns the size after it, or -2 where the chunk holds a mark.
    """
    begin = size
    at = start
    after_space = True
    while at < stop:
        point, width = point_at(data, at)
        kind = kinds[np.uint64(point)] & 3
        if kind == PLAIN or (kind == SINGLE and not _goes_on(data, at + width, stop, kinds)):
            if size + width > buffer.shape[0]:
                return -2
            for k in range(width):
                buffer[np.uint64(size + k)] = data[np.uint64(at + k)]
            size += width
            at += width
            after_space = False
            continue
        form, taken = np.int64(-1), width
        if kind != KEPT:
            base = below(units, 0)
            j = at
            while j < stop:
                cell = child(units, base, data[j])
                if cell < 0:
                    break
                base = below(units, cell)
                j += 1
                if ends_key(units, cell):
                    form, taken = np.int64(units[base] & np.uint32(0x7FFFFFFF)), j - at
        before = size
        if form < 0:
            size = _with_marks(data, at, at + width, after_space, buffer, size)
        else:
            high = form
            while forms[high]:
                high += 1
            size = _with_marks(forms, form, high, after_space, buffer, size)
        if size < 0:
            return -2
        if size > before:
            after_space = _ends_with_mark(buffer, size)
        at += taken
    while after_space and size >= begin + 3 and _ends_with_mark(buffer, size):
        size -= 3
    return size


@kernel
def _goes_on(data, at, stop, kinds):
    """Whether a code point may be in a key with the one before it."""
    if at >= stop or data[at] < 0x80:
        return False
    point, _ = point_at(data, at)
    return kinds[np.uint64(point)] & GOES_ON != 0


@kernel
def plain_symbols(data, start, stop, kinds, letters, symbols, ends):
    """The symbols of a chunk that normalises to itself, and where each ends, from 1 on; their number, -1 for others."""
    count = 0
    at = start
    while at < stop:
        point, width = point_at(data, at)
        at += width
        kind = kinds[np.uint64(point)] & 3
        if kind != PLAIN and (kind != SINGLE or _goes_on(data, at, stop, kinds)):
            return np.int64(-1)
        count += 1
        symbols[np.uint64(count)], ends[np.uint64(count)] = letters[np.uint64(point)], at
    return count


@kernel
def symbols_of(source, start, stop, letters, symbols, ends):
    """The symbols of a text and where each ends, from 1 on; their number."""
    count, at = 0, start
    while at < stop:
        point, width = point_at(source, at)
        at += width
        count += 1
        symbols[np.uint64(count)], ends[np.uint64(count)] = letters[np.uint64(point)], at
    return count


@kernel
def _ends_with_mark(buffer, size):
    return size >= 3 and buffer[size - 1] == 0x81 and buffer[size - 2] == 0x96 and buffer[size - 3] == 0xE2


@kernel
def _with_marks(source, low, high, after_space, buffer, size):
    """Write a text with marks for spaces, but for spaces after others in front; -2 where it holds a mark."""
    while after_space and low < high and source[low] == 0x20:
        low += 1
    if size + 3 * (high - low) + 4 > buffer.shape[0]:
        return -2
    for k in range(low, high):
        if source[k] == 0x20:
            size = write_point(buffer, size, np.int64(MARK_POINT))
        elif source[k] == 0xE2 and k + 2 < high and source[k + 1] == 0x96 and source[k + 2] == 0x81:
            return -2
        else:
            buffer[size] = source[k]
            size += 1
    return size


@kernel
def by_shortest(data, start, stop, units, forms, extends, buffer, froms, tos, size):
    """Write the chunk as Hugging Face applies a character map: to what a reader sees as a character, or to its parts.

    That is clear where every key found is one code point and nothing that may belong to it comes behind it; else
    -1, as for white space and marks, which part words. A chunk that begins with what may belong to the space before
    it gives -2: where the space ends depends on that.
    """
    at = start
    if start < stop:
        point, _ = point_at(data, start)
        if extends[point] == 1:
            return -2
    while at < stop:
        point, width = point_at(data, at)
        if point == MARK_POINT or is_space(point) or extends[point] == 2:
            return -1
        form = np.int64(-1)
        base = below(units, 0)
        j = at
        while j < stop and form < 0:
            cell = child(units, base, data[j])
            if cell < 0:
                break
            base = below(units, cell)
            j += 1
            if ends_key(units, cell):
                form = np.int64(units[base] & np.uint32(0x7FFFFFFF))
        if form < 0:
            if size + width > buffer.shape[0]:
                return -1
            for k in range(at, at + width):
                buffer[size] = data[k]
                froms[size], tos[size] = at - start, at + width - start
                size += 1
        else:
            if j - at != width:
                return -1
            if j < stop:
                follower, _ = point_at(data, j)
                if extends[follower]:
                    return -1
            high = form
            while forms[high]:
                high += 1
            if size + high - form + 4 > buffer.shape[0]:
                return -1
            low = form
            while low < high:
                normal, step = point_at(forms, low)
                if is_space(normal) or normal == MARK_POINT:
                    return -1
                low += step
            for k in range(form, high):
                buffer[size] = forms[k]
                froms[size], tos[size] = at - start, at + width - start
                size += 1
        at += width
    return size
