"""Compiled loops that fold token ids and per-document counts. Oracles: `tests/oracles/`."""

from __future__ import annotations

from tokeval.jit import kernel


@kernel
def add_to_buckets(values, codes, buckets, table):
    """Add each document's count to `table[slice, bucket]`."""
    for row in range(values.shape[0]):
        table[codes[row], buckets[row]] += values[row]


@kernel
def histogram(ids, offsets, codes, rows, table):
    """Count ids into `table[rows[slice], id]`."""
    for document in range(codes.shape[0]):
        row = rows[codes[document]]
        for k in range(offsets[document], offsets[document + 1]):
            table[row, ids[k]] += 1


@kernel
def count_equal(ids, offsets, wanted, out):
    """How many of each document's ids equal `wanted`."""
    for document in range(out.shape[0]):
        count = 0
        for k in range(offsets[document], offsets[document + 1]):
            if ids[k] == wanted:
                count += 1
        out[document] = count
