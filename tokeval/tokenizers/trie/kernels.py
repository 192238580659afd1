"""Compiled double-array tries, a node in a single number.

From the highest bits on: where its children are counted from, the number of the piece that ends there plus one (24
bits), and its label: a byte or, in a wide trie, a symbol of 16 bits above 0. No two nodes with children count them
from the same place, so the label tells whose child it is. The root is `trie[0]`; a cell without a node holds 0.
"""

from __future__ import annotations

import numpy as np

from tokeval.jit import kernel

#: Numbers of pieces are below it.
PIECES = (1 << 24) - 1


@kernel
def step(trie, node, byte):
    """The child of a node by a byte, or -1."""
    child = trie[np.uint64(node >> 32) + np.uint64(byte)]  # unsigned, so that the compiler allows for no index below 0
    return child if child & 0xFF == np.int64(byte) and child != 0 else np.int64(-1)


@kernel
def piece_of(node):
    """The number of the piece that ends at a node, or -1."""
    return ((node >> 8) & 0xFFFFFF) - 1


@kernel
def wide_step(trie, node, symbol):
    """The child of a node of a wide trie by a symbol, or -1."""
    child = trie[np.uint64(node >> 40) + np.uint64(symbol)]
    return child if child & 0xFFFF == np.int64(symbol) and child != 0 else np.int64(-1)


@kernel
def wide_piece_of(node):
    """The number of the piece that ends at a node of a wide trie, or -1."""
    return ((node >> 16) & 0xFFFFFF) - 1


@kernel
def mark_pieces(trie, symbols, found):
    """Set `found` for every piece of a wide trie that occurs in a text, given by the symbols of its characters."""
    for start in range(symbols.shape[0]):
        node = trie[0]
        at = start
        while at < symbols.shape[0]:
            node = wide_step(trie, node, symbols[at])
            if node < 0:
                break
            piece = wide_piece_of(node)
            if piece >= 0:
                found[piece] = True
            at += 1


@kernel
def build(store, offsets, order, trie, bits):
    """Enter pieces, sorted by their labels, under their numbers in `order`; -1 if there are too few cells.

    Labels have so many bits. `trie` comes filled with zeros.
    """
    alphabet = np.int64(1) << bits
    limit = trie.shape[0] - alphabet
    labels = np.empty(alphabet, np.int64)
    taken = np.zeros(trie.shape[0], np.bool_)  # cells with a node
    counted = np.zeros(trie.shape[0], np.bool_)  # cells that children are counted from
    free = alphabet  # where nodes with one child look first; below it not every label could reach
    roomy = alphabet  # where nodes with several children do
    taken[0] = counted[0] = True
    trie[0] = 1  # reached by no byte, as a cell 0 would be by the byte 0 of a node without children
    stack = [(np.int64(0), np.int64(0), np.int64(offsets.shape[0] - 1), np.int64(0))]
    while stack:
        cell, low, high, depth = stack.pop()
        while low < high and offsets[low + 1] - offsets[low] == depth:
            if depth:
                trie[cell] = (trie[cell] & (alphabet - 1)) | ((order[low] + 1) << bits)
            low += 1
        count = 0
        for k in range(low, high):
            label = np.int64(store[offsets[k] + depth])
            if count == 0 or labels[count - 1] != label:
                labels[count] = label
                count += 1
        if count == 0:
            continue  # children are counted from 0, and no cell that is reached from there holds a node
        while free < limit and taken[free]:
            free += 1
        first = free if count == 1 else max(free, roomy)
        base = first - labels[0]
        tried = 0
        while True:
            if base >= limit:
                return -1
            fits = not counted[base]
            for k in range(count):
                if not fits:
                    break
                fits = not taken[base + labels[k]]
            if fits:
                break
            base += 1
            tried += 1
        if tried > 32:  # what is free before is not worth the search
            if count == 1:
                free = base + labels[0]
            else:
                roomy = base + labels[0]
        counted[base] = True
        trie[cell] |= base << (24 + bits)
        start = low
        for k in range(count):
            taken[base + labels[k]] = True
            trie[base + labels[k]] = labels[k]
            stop = start
            while stop < high and np.int64(store[offsets[stop] + depth]) == labels[k]:
                stop += 1
            stack.append((base + labels[k], start, stop, depth + 1))
            start = stop
    return 0
