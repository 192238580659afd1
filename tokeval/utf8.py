"""Compiled helpers over UTF-8 bytes that every row of the package may use: a stable hash, white space."""

from __future__ import annotations

import numpy as np

from tokeval.jit import kernel


@kernel
def eight_at(data, at):
    """The eight bytes from `at` on as a number, the first lowest (in one load); they have to be there."""
    block = np.uint64(0)
    for k in range(8):
        block |= np.uint64(data[np.uint64(at) + np.uint64(k)]) << np.uint64(8 * k)
    return block


@kernel
def equal_bytes(block, byte):
    """The highest bit of those of eight bytes that equal a byte, and no other bit."""
    rest = np.uint64(0x7F7F7F7F7F7F7F7F)
    differ = block ^ (np.uint64(byte) * np.uint64(0x0101010101010101))
    return ~(((differ & rest) + rest) | differ | rest)


@kernel
def head_of(data, start, size):
    """The first eight of `size` bytes as a number, the first lowest, zeros for those that are too few."""
    if size >= 8:
        return eight_at(data, start)
    if start + 8 <= data.shape[0]:
        return eight_at(data, start) & ((np.uint64(1) << np.uint64(8 * size)) - np.uint64(1))
    block = np.uint64(0)
    for k in range(size):
        block |= np.uint64(data[start + k]) << np.uint64(8 * k)
    return block


@kernel
def hash_bytes(data, start, stop):
    """A stable 64-bit hash of `data[start:stop]`: multiply-xorshift over eight bytes at a time."""
    prime = np.uint64(0x9E3779B97F4A7C15)
    mixer = np.uint64(0xC6A4A7935BD1E995)
    shift = np.uint64(47)
    value = np.uint64(stop - start) * prime
    at = start
    while at + 8 <= stop:
        block = eight_at(data, at) * mixer
        block ^= block >> shift
        value = (value ^ (block * mixer)) * prime
        at += 8
    value = (value ^ (head_of(data, at, stop - at) * mixer)) * prime
    value ^= value >> shift
    value *= mixer
    value ^= value >> shift
    return value


@kernel
def hash_rows(data, offsets, out):
    """A stable 64-bit hash of each row of a buffer, written to `out` (uint64)."""
    for row in range(out.shape[0]):
        out[row] = hash_bytes(data, offsets[row], offsets[row + 1])


@kernel
def is_space(point):
    """White space as Python's `str.split` has it."""
    if point <= 0x20:
        return point == 0x20 or 0x09 <= point <= 0x0D or 0x1C <= point <= 0x1F
    if point < 0x1680:
        return point == 0x85 or point == 0xA0
    return (
        point == 0x1680
        or 0x2000 <= point <= 0x200A
        or point == 0x2028
        or point == 0x2029
        or point == 0x202F
        or point == 0x205F
        or point == 0x3000
    )


@kernel
def point_at(data, at):
    """The code point that begins at `at`, and its width in bytes."""
    first = np.uint64(at)  # unsigned, so that the compiler allows for no index below 0
    byte = np.int64(data[first])
    if byte < 0x80:
        return byte, 1
    second = np.int64(data[first + np.uint64(1)] & 0x3F)
    if byte < 0xE0:
        return ((byte & 0x1F) << 6) | second, 2
    third = np.int64(data[first + np.uint64(2)] & 0x3F)
    if byte < 0xF0:
        return ((byte & 0x0F) << 12) | (second << 6) | third, 3
    return ((byte & 0x07) << 18) | (second << 12) | (third << 6) | np.int64(data[first + np.uint64(3)] & 0x3F), 4


@kernel
def is_blank(data, start, stop):
    """Whether `data[start:stop]` is white space alone."""
    at = start
    while at < stop:
        if data[at] & 0xC0 == 0x80:
            return False  # the range begins inside a character
        point, width = point_at(data, at)
        if not is_space(point):
            return False
        at += width
    return True


@kernel
def spread(value):
    """A 64-bit finaliser: every bit of the input reaches every bit of the output; 0 stays 0."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))
