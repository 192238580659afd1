"""Compiled loops between token ids and the text they came from. Oracles: `tests/oracles/spans.py`."""

from __future__ import annotations

import numpy as np

from tokeval.jit import kernel
from tokeval.utf8 import hash_bytes, is_space


@kernel
def align(data, offsets, ids, id_offsets, token_data, token_offsets, starts, ends, lead):
    """Lay the tokens' bytes along the text.

    Writes each token's byte range, and per document what the tokens spell before the text: 0 nothing, 1 one space,
    -1 where the bytes do not concatenate to the text (its ranges are then meaningless).
    """
    size = token_offsets.shape[0] - 1
    for row in range(lead.shape[0]):
        begin, stop = offsets[row], offsets[row + 1]
        first, last = id_offsets[row], id_offsets[row + 1]
        total = np.int64(0)
        known = True
        for k in range(first, last):
            token = ids[k]
            if token >= size:
                known = False
                break
            total += token_offsets[token + 1] - token_offsets[token]
        extra = total - (stop - begin)
        lead[row] = -1
        if not known or extra < 0 or extra > 1:
            continue
        at = begin - extra
        equal = True
        for k in range(first, last):
            token = ids[k]
            low = token_offsets[token]
            width = token_offsets[token + 1] - low
            for j in range(width):
                place = at + j
                wanted = np.uint8(0x20) if place < begin else data[place]
                if token_data[low + j] != wanted:
                    equal = False
                    break
            if not equal:
                break
            starts[k] = max(at - begin, 0)
            at += width
            ends[k] = at - begin
        if equal:
            lead[row] = extra


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
def split_words(data, offsets, flat, starts, ends, rows):
    """Cut each document into runs of non-white-space, ids being 32-bit hashes; returns the number of words."""
    found = 0
    for row in range(rows.shape[0] - 1):
        begin, stop = offsets[row], offsets[row + 1]
        at = begin
        inside = False
        while at < stop:
            byte = data[at]
            width = 1 if byte < 0x80 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            point = np.int64(byte)
            if width > 1:
                point = np.int64(byte & (0xFF >> (width + 1)))
                for k in range(1, width):
                    point = (point << 6) | np.int64(data[at + k] & 0x3F)
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
def text_hashes(data, offsets):
    """A stable 64-bit hash of each document, of its first 256 bytes and its length."""
    rows = offsets.shape[0] - 1
    out = np.empty(rows, np.uint64)
    for row in range(rows):
        begin, stop = offsets[row], offsets[row + 1]
        head = hash_bytes(data, begin, min(stop, begin + 256))
        out[row] = (head ^ np.uint64(stop - begin)) * np.uint64(0x9E3779B97F4A7C15)
    return out


@kernel
def whole_hashes(data, offsets):
    """A stable 64-bit hash of each document, of all its bytes."""
    rows = offsets.shape[0] - 1
    out = np.empty(rows, np.uint64)
    for row in range(rows):
        out[row] = hash_bytes(data, offsets[row], offsets[row + 1])
    return out


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
