"""Compiled loops that lay tokens over the leaves of a parse and over indentation.

Oracles in plain Python: `tests/oracles/code.py`.
"""

from __future__ import annotations

import numpy as np

from tokeval.jit import kernel
from tokeval.utf8 import is_blank

#: Columns that a tab counts for in the depth of a line.
TAB = 4


@kernel
def score_leaves(
    data, offsets, leaf_starts, leaf_ends, classes, rows, ids, id_offsets, starts, ends, unknown, leaves, whole, names
):
    """Score each leaf of a class: `leaves` and `whole` (6, documents), `names` (3, documents).

    `leaves` counts the scored ones by class, its last row those left out because no token or the unknown token
    covers them; `whole` those that start and end at token boundaries, white space at a token's edge not counting;
    `names` identifiers, their tokens, and those of several tokens.
    """
    for row in range(leaves.shape[1]):
        first, last, begin = id_offsets[row], id_offsets[row + 1], offsets[row]
        for k in range(rows[row], rows[row + 1]):
            kind = classes[k]
            if kind >= 5:
                continue
            start, stop = np.int64(leaf_starts[k]), np.int64(leaf_ends[k])
            while first < last and ends[first] <= start:
                first += 1
            covered, low, high, tokens, foreign = start, start, stop, 0, False
            for j in range(first, last):
                if starts[j] >= stop:
                    break
                if ends[j] <= start or ends[j] <= starts[j]:
                    continue
                tokens += 1
                foreign = foreign or (unknown >= 0 and ids[j] == unknown)
                if starts[j] <= covered or is_blank(data, begin + covered, begin + starts[j]):
                    covered = max(covered, np.int64(ends[j]))
                low, high = min(low, np.int64(starts[j])), max(high, np.int64(ends[j]))
            told = covered >= stop or is_blank(data, begin + covered, begin + stop)
            if tokens == 0 or foreign or not told:
                leaves[5, row] += 1
                continue
            leaves[kind, row] += 1
            apart = is_blank(data, begin + low, begin + start) and is_blank(data, begin + stop, begin + high)
            whole[kind, row] += apart
            if kind == 0:
                names[0, row] += 1
                names[1, row] += tokens
                names[2, row] += tokens > 1


@kernel
def score_indents(data, offsets, is_code, id_offsets, starts, ends, lines, tokens, depths):
    """Score the white space before each indented line that is not blank.

    `lines` and `tokens` count per document; `depths` (slots, slots) gathers lines of one document group by depth in
    columns and by tokens, the last slot holding what is deeper: called once per slice.
    """
    top = depths.shape[0] - 1
    for row in range(is_code.shape[0]):
        if not is_code[row]:
            continue
        begin, stop = offsets[row], offsets[row + 1]
        first, last = id_offsets[row], id_offsets[row + 1]
        at = begin
        while at < stop:
            start = at
            columns = 0
            while at < stop and (data[at] == 0x20 or data[at] == 0x09):
                columns += TAB if data[at] == 0x09 else 1
                at += 1
            if at > start and at < stop and data[at] != 0x0A and data[at] != 0x0D:
                low, high = start - begin, at - begin
                while first < last and ends[first] <= low:
                    first += 1
                count = 0
                for j in range(first, last):
                    if starts[j] >= high:
                        break
                    count += ends[j] > low and ends[j] > starts[j]
                lines[row] += 1
                tokens[row] += count
                depths[min(columns, top), min(count, top)] += 1
            while at < stop and data[at] != 0x0A:
                at += 1
            at += 1
