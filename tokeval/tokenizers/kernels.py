"""Compiled loops between token ids and the text they came from. Oracles: `tests/oracles/spans.py`."""

from __future__ import annotations

import numpy as np

from tokeval.jit import kernel
from tokeval.utf8 import eight_at, hash_bytes, is_space, point_at

#: How `spelling_table` packs where a token's bytes lie: the offset above, the width below.
_WIDTH_BITS = np.uint64(24)
_WIDTH = np.uint64((1 << 24) - 1)
#: The first so many bytes of eight.
_FIRST = np.array([(1 << 8 * length) - 1 for length in range(9)], np.uint64)


@kernel
def spelling_table(data, offsets, table):
    """Fill a row per token, uint64 zeros: its first 8 bytes, little-endian, where its bytes lie and how many they are.

    One row is one look into memory, and most tokens are told by it alone. A token of 16 MiB or more is spelled 0xFF,
    which no text holds. `table` has the shape (tokens, 2).
    """
    for token in range(table.shape[0]):
        low = offsets[token]
        width = offsets[token + 1] - low
        if np.uint64(width) > _WIDTH:
            table[token, 0], width = 0xFF, 1
        else:
            for j in range(min(width, 8)):
                table[token, 0] |= np.uint64(data[low + j]) << np.uint64(8 * j)
        table[token, 1] = (np.uint64(low) << _WIDTH_BITS) | np.uint64(width)


@kernel
def align(text, offsets, ids, id_offsets, spellings, token_data, starts, ends, lead):
    """Lay the tokens' bytes along the text: `text` begins where the first document does, with eight bytes to spare.

    Writes each token's byte range, and per document what the first token spells before the text: 0 nothing, 1 one
    space, -1 where the bytes do not concatenate to the text (its ranges are then meaningless).

    The text is compared eight bytes at a time, in one load, and indices are unsigned, so that the compiler allows for
    none below 0: a third of the time of comparing bytes (`spellings` is a `spelling_table`).
    """
    base = offsets[0]
    one, eight, known = np.uint64(1), np.uint64(8), np.uint64(spellings.shape[0])
    for row in range(lead.shape[0]):
        begin, stop = np.uint64(offsets[row] - base), np.uint64(offsets[row + 1] - base)
        first, last = np.uint64(id_offsets[row]), np.uint64(id_offsets[row + 1])
        lead[row] = -1
        for extra in range(2):
            k, at = first, begin
            if extra == 1:
                shown = _after_space(text, begin, stop, ids, first, last, spellings, token_data)
                if shown < 0:
                    break
                starts[first], ends[first] = 0, shown
                k, at = first + one, begin + np.uint64(shown)
            while k < last and np.uint64(ids[k]) < known:
                packed = spellings[ids[k], 1]
                width = packed & _WIDTH
                if at + width > stop:
                    break
                if (eight_at(text, at) ^ spellings[ids[k], 0]) & _FIRST[min(width, eight)]:
                    break
                if width > eight and not _equal(text, at, token_data, packed >> _WIDTH_BITS, eight, width):
                    break
                starts[k] = at - begin
                at += width
                ends[k] = at - begin
                k += one
            if k == last and at == stop:
                lead[row] = extra
                break


@kernel
def _after_space(data, begin, stop, ids, first, last, spellings, token_data):
    """How much of the text the first token spells after a space of its own; -1 if it does not."""
    if first == last or ids[first] >= spellings.shape[0]:
        return -1
    head, packed = spellings[ids[first], 0], spellings[ids[first], 1]
    low, width, one = packed >> _WIDTH_BITS, packed & _WIDTH, np.uint64(1)
    if head & np.uint64(0xFF) != 0x20 or begin + width - one > stop:
        return -1
    return np.int64(width) - 1 if _equal(data, begin - one, token_data, low, one, width) else -1


@kernel
def _equal(data, at, other, low, first, stop):
    """Whether bytes `first` to `stop` are the same, counted from `at` and from `low`."""
    for j in range(first, stop):  # noqa: SIM110 (a compiled loop)
        if data[at + j] != other[low + j]:
            return False
    return True


@kernel
def points_to_bytes(data, offsets, id_offsets, points, out):
    """Turn code-point positions (flat, one per token) into byte positions within each document."""
    for row in range(offsets.shape[0] - 1):
        begin, stop = offsets[row], offsets[row + 1]
        where = np.empty(stop - begin + 1, np.int64)
        count = 0
        for at in range(begin, stop):
            if data[at] & 0xC0 != 0x80:
                where[count] = at - begin
                count += 1
        where[count] = stop - begin
        for k in range(id_offsets[row], id_offsets[row + 1]):
            out[k] = where[min(points[k], count)]


@kernel
def part_marks(text, offsets, rows, ids, id_offsets, marks, starts, ends):
    """Give tokens that are a mark of a space, and nothing else, the white space that they stand for.

    A library that drops spaces and marks words instead says that such a token covers the first character of the word,
    as the token behind it does. It gets the white space right before that character, or no width where there is none.

    Args:
        text: UTF-8 of all documents.
        offsets: of the documents in it, shape (documents + 1,).
        rows: the documents to look at.
        ids: of all documents' tokens.
        id_offsets: of the documents in them, shape (documents + 1,).
        marks: whether an id is such a mark, by id.
        starts: where each token begins in its document; changed.
        ends: where it ends; changed.
    """
    for row in rows:
        before = np.int64(0)
        for k in range(id_offsets[row], id_offsets[row + 1]):
            shared = k + 1 < id_offsets[row + 1] and starts[k + 1] < ends[k]
            if shared and ids[k] < marks.shape[0] and marks[ids[k]]:
                at = np.int64(starts[k])
                ends[k] = at
                while at > before:
                    head = at - 1
                    while head > before and text[offsets[row] + head] & 0xC0 == 0x80:
                        head -= 1
                    if not is_space(point_at(text, offsets[row] + head)[0]):
                        break
                    at = head
                starts[k] = at
            before = max(before, np.int64(ends[k]))


@kernel
def split_words(data, offsets, flat, starts, ends, rows):
    """Cut each document into runs of non-white-space, ids being 32-bit hashes; returns the number of words."""
    found = 0
    for row in range(rows.shape[0] - 1):
        begin, stop = offsets[row], offsets[row + 1]
        at = begin
        inside = False
        while at < stop:
            point, width = point_at(data, at)
            if is_space(point) == inside:
                if inside:
                    ends[found] = at - begin
                    flat[found] = np.uint32(hash_bytes(data, begin + starts[found], at) >> np.uint64(32))
                    found += 1
                else:
                    starts[found] = at - begin
                inside = not inside
            at += width
        if inside:
            ends[found] = stop - begin
            flat[found] = np.uint32(hash_bytes(data, begin + starts[found], stop) >> np.uint64(32))
            found += 1
        rows[row + 1] = found
    return found


@kernel
def text_hashes(data, offsets, out):
    """Write to `out` (uint64) a stable 64-bit hash of each document, of its last 64 bytes and its length."""
    for row in range(out.shape[0]):
        begin, stop = offsets[row], offsets[row + 1]
        tail = hash_bytes(data, max(begin, stop - 64), stop)
        out[row] = (tail ^ np.uint64(stop - begin)) * np.uint64(0x9E3779B97F4A7C15)


@kernel
def count_elements(data):
    """The most elements that a list or object of a JSON text has, and those of all; deeper ones count with the last."""
    counts = np.zeros(256, np.int64)
    depth = 0
    largest, total = np.int64(0), np.int64(0)
    at = 0
    while at < data.shape[0]:
        byte = data[at]
        if byte == 0x22:  # a string, to its end
            at += 1
            while at < data.shape[0] and data[at] != 0x22:
                at += 2 if data[at] == 0x5C else 1
        elif byte == 0x5B or byte == 0x7B:
            depth += 1
            counts[min(depth, 255)] = 1
        elif byte == 0x2C:
            level = min(depth, 255)
            counts[level] += 1
            total += 1
            largest = max(largest, counts[level])
        elif (byte == 0x5D or byte == 0x7D) and depth > 0:
            depth -= 1
        at += 1
    return largest, total


@kernel
def push(heap, size, value):
    """Put a value into a binary heap of `size`, the least at 0; returns the new size."""
    at = size
    while at > 0 and heap[(at - 1) >> 1] > value:
        heap[at] = heap[(at - 1) >> 1]
        at = (at - 1) >> 1
    heap[at] = value
    return size + 1


@kernel
def pop(heap, size):
    """Take away the least value, which is in `heap[0]`; returns the new size."""
    size -= 1
    value = heap[size]
    at = 0
    while 2 * at + 1 < size:
        k = 2 * at + 1
        if k + 1 < size and heap[k + 1] < heap[k]:
            k += 1
        if heap[k] >= value:
            break
        heap[at] = heap[k]
        at = k
    heap[at] = value
    return size


@kernel
def cut_classes(data, offsets, classes, cuts, rows):
    """Cut texts beside each character of a class with bit 0, and between characters of unlike classes.

    Writes where the parts begin, and the end, as far as `cuts` has room, and which part each text begins with (`rows`,
    one more than texts). Returns how many places there are.
    """
    count, known = 0, classes.shape[0]
    for row in range(offsets.shape[0] - 1):
        rows[row] = count
        at, before = offsets[row], np.int64(-1)
        while at < offsets[row + 1]:
            point, width = point_at(data, at)
            kind = np.int64(classes[point] if point < known else 0)
            if kind != before or kind & 1:
                if count < cuts.shape[0]:
                    cuts[count] = at
                count += 1
            before = kind
            at += width
    rows[offsets.shape[0] - 1] = count
    if count < cuts.shape[0]:
        cuts[count] = offsets[offsets.shape[0] - 1]
    return count + 1
