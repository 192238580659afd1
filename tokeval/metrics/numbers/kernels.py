"""Compiled loops that find numbers and operators in UTF-8 text and lay tokens over them.

Oracles in plain Python: `tests/oracles/numbers.py`.
"""

from __future__ import annotations

import numpy as np

from tokeval.jit import kernel
from tokeval.metrics.numbers.digits import bit_masks
from tokeval.utf8 import is_blank, point_at

_DIGITS = bit_masks()

#: Rows of what `score_numbers` writes; the first three come once per class of digit lengths.
LENGTHS = 10
NUMBERS, TOKENS, DIGITS = 0, LENGTHS, 2 * LENGTHS
HITS_RIGHT, HITS_LEFT, BOUNDS, LONGER, SINGLES, WHOLES, UNCOVERED, UNKNOWN = range(3 * LENGTHS, 3 * LENGTHS + 8)
ROWS = 3 * LENGTHS + 8

#: Rows of what `score_operators` writes.
OPERATORS, ISOLATED, OPERATORS_LEFT_OUT = range(3)

#: Numbers up to this length have a cut pattern; it is a bit per inner boundary.
PATTERN_DIGITS = 40

_OTHER, _DIGIT, _CORE, _COMPANION = 0, 1, 2, 3


@kernel
def _ascii_class(byte):
    if byte > 0x7E or byte < 0x21:
        return _OTHER
    if 0x30 <= byte <= 0x39:
        return _DIGIT
    if byte == 0x2B or 0x3C <= byte <= 0x3E:  # + < = >
        return _CORE
    # ! % & * - / : ^ | ~ make compounds with the former: !=, ->, +=, <=>, :=
    if (
        byte == 0x21
        or byte == 0x25
        or byte == 0x26
        or byte == 0x2A
        or byte == 0x2D
        or byte == 0x2F
        or byte == 0x3A
        or byte == 0x5E
        or byte == 0x7C
        or byte == 0x7E
    ):
        return _COMPANION
    return _OTHER


@kernel
def _point_class(point):
    if point == 0xD7 or point == 0xF7 or point == 0x2212 or point == 0x2260 or point == 0x2264 or point == 0x2265:
        return _CORE  # × ÷ − ≠ ≤ ≥
    if point < 0x1FC00 and (_DIGITS[point >> 4] >> np.uint16(point & 15)) & np.uint16(1):
        return _DIGIT
    return _OTHER


@kernel
def find_runs(data, offsets, numbers, number_rows, operators, operator_rows):
    """Find the maximal runs of digits and of operator characters; returns how many of each.

    `numbers` and `operators` are int32 arrays of shape (room, 2) for byte ranges within the document; the row
    arrays take n + 1 positions into them.
    """
    found, marks = 0, 0
    for row in range(number_rows.shape[0] - 1):
        begin, stop = offsets[row], offsets[row + 1]
        at = begin
        kind, start, core = _OTHER, begin, False
        while at <= stop:
            now, width, is_core = 0, 1, False
            if at < stop:
                byte = data[at]
                if byte < 0x80:
                    now = _ascii_class(byte)
                else:
                    point, width = point_at(data, at)
                    now = _point_class(point)
                if now >= _CORE:
                    is_core = now == _CORE
                    now = _CORE
            if now != kind:
                if kind == _DIGIT:
                    numbers[found, 0], numbers[found, 1] = start - begin, at - begin
                    found += 1
                elif kind == _CORE and core:
                    operators[marks, 0], operators[marks, 1] = start - begin, at - begin
                    marks += 1
                kind, start, core = now, at, False
            core = core or is_core
            at += width
        number_rows[row + 1] = found
        operator_rows[row + 1] = marks
    return found, marks


@kernel
def _cuts(data, begin, start, stop, starts, ends, first, last, cuts):
    """Mark in `cuts` which inner digit boundaries no token crosses.

    Returns digits, tokens, and whether all bytes are covered. `first` is the
    first token that may overlap. Linear in digits and tokens.
    """
    digits, k = 0, first
    reach = np.int64(0)
    for at in range(start, stop):
        if data[begin + at] & 0xC0 != 0x80:
            while k < last and starts[k] < at:
                if ends[k] > starts[k]:
                    reach = max(reach, np.int64(ends[k]))
                k += 1
            if digits:
                cuts[digits - 1] = reach <= at
            digits += 1
    tokens = 0
    covered = start
    for j in range(first, last):
        low, high = np.int64(starts[j]), np.int64(ends[j])
        if low >= stop:
            break
        if high <= start or high <= low:
            continue
        tokens += 1
        if low <= covered:
            covered = max(covered, high)
    return digits, tokens, covered >= stop


@kernel
def score_numbers(
    data, offsets, documents, numbers, number_rows, ids, id_offsets, starts, ends, unknown, out, lengths, patterns
):
    """Score each number: counts per document of `documents` into `out` (ROWS, those), length and cuts per number.

    A number with a digit that no token covers, or under the unknown token, is left out and counted; its entry in
    `lengths` is 0. Tokens are in the order of the text.
    """
    longest = np.int64(1)
    for k in range(number_rows[-1]):
        longest = max(longest, np.int64(numbers[k, 1]) - np.int64(numbers[k, 0]))
    cuts = np.zeros(longest, np.uint8)
    for index in range(documents.shape[0]):
        row = documents[index]
        first, last, begin = id_offsets[row], id_offsets[row + 1], offsets[row]
        for k in range(number_rows[row], number_rows[row + 1]):
            start, stop = np.int64(numbers[k, 0]), np.int64(numbers[k, 1])
            while first < last and ends[first] <= start:
                first += 1
            digits, tokens, covered = _cuts(data, begin, start, stop, starts, ends, first, last, cuts)
            foreign = False
            j = first
            while unknown >= 0 and j < last and starts[j] < stop:
                foreign = foreign or (ids[j] == unknown and ends[j] > start)
                j += 1
            lengths[k] = 0
            if foreign or not covered:
                out[UNKNOWN if foreign else UNCOVERED, index] += 1
                continue
            lengths[k] = digits
            group = min(digits, LENGTHS) - 1
            out[NUMBERS + group, index] += 1
            out[TOKENS + group, index] += tokens
            out[DIGITS + group, index] += digits
            made, pattern = 0, np.uint64(0)
            for j in range(1, digits):
                gold_right, gold_left = (digits - j) % 3 == 0, j % 3 == 0
                out[BOUNDS, index] += cuts[j - 1] + gold_left
                if cuts[j - 1]:
                    made += 1
                    out[HITS_RIGHT, index] += 2 * gold_right
                    out[HITS_LEFT, index] += 2 * gold_left
                    if j < PATTERN_DIGITS:
                        pattern |= np.uint64(1) << np.uint64(j - 1)
            patterns[k] = pattern
            if digits > 1:
                out[LONGER, index] += 1
                out[SINGLES, index] += made == digits - 1
                out[WHOLES, index] += tokens == 1


@kernel
def score_operators(data, offsets, documents, operators, operator_rows, ids, id_offsets, starts, ends, unknown, out):
    """Score each operator: counts per document of `documents` into `out` (3, those).

    Operators scored, those whose tokens hold nothing else but white space, and those left out because no token, or
    the unknown token, covers them.
    """
    for index in range(documents.shape[0]):
        row = documents[index]
        first, last, begin = id_offsets[row], id_offsets[row + 1], offsets[row]
        for k in range(operator_rows[row], operator_rows[row + 1]):
            start, stop = np.int64(operators[k, 0]), np.int64(operators[k, 1])
            while first < last and ends[first] <= start:
                first += 1
            covered, low, high, foreign = start, start, stop, False
            for j in range(first, last):
                if starts[j] >= stop:
                    break
                if ends[j] <= start or ends[j] <= starts[j]:
                    continue
                foreign = foreign or (unknown >= 0 and ids[j] == unknown)
                if starts[j] <= covered:
                    covered = max(covered, np.int64(ends[j]))
                low, high = min(low, np.int64(starts[j])), max(high, np.int64(ends[j]))
            if foreign or covered < stop:
                out[OPERATORS_LEFT_OUT, index] += 1
                continue
            out[OPERATORS, index] += 1
            alone = is_blank(data, begin + low, begin + start) and is_blank(data, begin + stop, begin + high)
            out[ISOLATED, index] += alone
