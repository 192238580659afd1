"""Compiled double-array tries.

A node is the place of its four numbers: where its children are counted from, its parent, the piece that ends there
(-1 for none), and nothing. The root is 0.
"""

from __future__ import annotations

import numpy as np

from tokeval.jit import kernel

PARENT, PIECE = 1, 2


@kernel
def step(trie, node, byte):
    """The child of a node by a byte, or -1."""
    child = np.int64(trie[node]) + 4 * np.int64(byte)
    return child if trie[child + PARENT] == node else np.int64(-1)


@kernel
def build(store, offsets, order, trie):
    """Enter pieces, sorted by their bytes, under their numbers in `order`; -1 if there are too few cells.

    `trie` comes filled with -1. Cells that hold nothing have no parent.
    """
    limit = trie.shape[0] // 4 - 256
    labels = np.empty(256, np.int64)
    free = np.int64(256)  # no cell from 256 to here is free; below 256 not every byte could reach
    roomy = np.int64(256)  # where nodes with several children look first
    trie[PARENT] = -2
    stack = [(np.int64(0), np.int64(0), np.int64(offsets.shape[0] - 1), np.int64(0))]
    while stack:
        node, low, high, depth = stack.pop()
        while low < high and offsets[low + 1] - offsets[low] == depth:
            if depth:
                trie[node + PIECE] = order[low]
            low += 1
        count = 0
        for k in range(low, high):
            label = np.int64(store[offsets[k] + depth])
            if count == 0 or labels[count - 1] != label:
                labels[count] = label
                count += 1
        if count == 0:
            trie[node] = 0  # children of others lie there, none of its own
            continue
        while free < limit and trie[4 * free + PARENT] != -1:
            free += 1
        first = free if count == 1 else max(free, roomy)
        base = first - labels[0]
        tried = 0
        while True:
            if base >= limit:
                return -1
            fits = True
            for k in range(count):
                if trie[4 * (base + labels[k]) + PARENT] != -1:
                    fits = False
                    break
            if fits:
                break
            base += 1
            tried += 1
        if count > 1 and tried > 32:
            roomy = base + labels[0]
        trie[node] = 4 * base
        for k in range(count):
            trie[4 * (base + labels[k]) + PARENT] = node
        start = low
        for k in range(count):
            stop = start
            while stop < high and np.int64(store[offsets[stop] + depth]) == labels[k]:
                stop += 1
            stack.append((4 * (base + labels[k]), start, stop, depth + 1))
            start = stop
    return 0
