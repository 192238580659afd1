"""Which language a token is used in, from how often each language's text has it; never from what it looks like."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tokeval.arrow import Int64
from tokeval.schema import ALL, Figure

#: Fewer uses tell nothing; nor does a language with half the use or less.
LEAST_USES, LEAST_SHARE = 5, 0.5


@dataclass(frozen=True)
class Usage:
    """Use per token, aligned with a table of tokens.

    Attributes:
        columns: uses (over all slices), use_slice (the slice with the highest rate, null without an answer),
            use_count (uses in it) and use_share (its rate / the sum of all slices' rates).
        slices: the slices, sorted.
    """

    columns: pa.Table
    slices: tuple[str, ...]


def usage(ids: Int64, counts: pa.Table) -> Usage:
    """Where each token is used.

    Args:
        ids: the ids of a table of tokens, ascending.
        counts: slice, id, count: how often each slice's text has the id, zeros left out.
    """
    column = counts["slice"].combine_chunks()
    names, codes = column.dictionary.to_pylist(), column.indices.to_numpy().astype(np.int64)
    times = counts["count"].to_numpy()
    rows = np.searchsorted(ids, counts["id"].to_numpy())
    totals = np.zeros(len(names), np.int64)
    np.add.at(totals, codes, times)
    rates = times / np.maximum(totals[codes], 1)
    # each token's slices from the highest rate to the lowest, those of equal rates by name
    order = np.lexsort((codes, -rates, rows))
    rows, codes, times, rates = rows[order], codes[order], times[order], rates[order]
    used, first = np.unique(rows, return_index=True)
    uses = np.zeros(len(ids), np.int64)
    top, top_count, share = np.full(len(ids), -1, np.int32), np.zeros(len(ids), np.int64), np.zeros(len(ids))
    if len(used):
        uses[used] = np.add.reduceat(times, first)
        top[used], top_count[used] = codes[first], times[first]
        share[used] = rates[first] / np.add.reduceat(rates, first)
    told = (uses >= LEAST_USES) & (share > LEAST_SHARE)
    table = pa.table(
        {
            "uses": uses,
            "use_slice": pa.DictionaryArray.from_arrays(pa.array(top, mask=~told), pa.array(names, pa.string())),
            "use_count": pa.array(top_count, mask=~told),
            "use_share": pa.array(share, mask=~told),
        }
    )
    return Usage(table, tuple(sorted(names)))


def use_figures(found: Usage) -> Iterator[tuple[str, Figure]]:
    """The figures of token use, with the names of their metrics."""
    size = found.columns.num_rows
    answers = found.columns["use_slice"].drop_null().to_pylist()
    yield "tokens_by_language_of_use", Figure(ALL, float(len(answers)), size, float(len(answers)), float(size))
    for name in found.slices:
        count = float(answers.count(name))
        yield "tokens_by_language_of_use", Figure(name, count, size, count, float(size))
    without = float(size - len(answers))
    yield "tokens_without_language_of_use", Figure(ALL, without / size, size, without, float(size))
