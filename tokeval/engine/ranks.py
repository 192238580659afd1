"""`frequencies.parquet`: how often the token of each rank is used, at ranks spread evenly over a logarithmic axis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa

from tokeval.arrow import Int64
from tokeval.engine.plan import Plan
from tokeval.engine.shard import ShardState, Workers
from tokeval.metrics.frequencies import Frequencies
from tokeval.schema import ALL, IDS

#: Ranks per factor of ten.
_STEPS = 8

#: One row per tokenizer, corpus and rank, of all slices pooled. rank: 1 is the token used most; the last is the number
#: of distinct tokens. count: occurrences of the token at that rank. share: among all tokens.
SCHEMA = pa.schema(
    [
        pa.field("tokenizer", pa.string(), nullable=False),
        pa.field("corpus", pa.string(), nullable=False),
        pa.field("slice", pa.string(), nullable=False),
        pa.field("rank", pa.int64(), nullable=False),
        pa.field("count", pa.int64(), nullable=False),
        pa.field("share", pa.float64(), nullable=False),
    ]
)


def rank_frequencies(plan: Plan, workers: Workers, states: Mapping[int, ShardState]) -> pa.Table:
    """The table; without rows where the run counts no token frequencies."""
    rows: list[dict[str, object]] = []
    for index, state in sorted(states.items()):
        for name, encoder in workers.encoders.items():
            found = state.tokenizers[name].others.get(Frequencies.name)
            if isinstance(found, Frequencies) and IDS in encoder.facts.capabilities:
                counts = found.counts(state.tokenizers[name].sums.slices)[::-1]
                head = {"tokenizer": name, "corpus": plan.corpora[index].name, "slice": ALL}
                rows += [{**head, **row} for row in _rows(counts)]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _rows(counts: Int64) -> Iterator[dict[str, object]]:
    total = int(counts.sum())
    for rank in chosen_ranks(len(counts)):
        count = int(counts[rank - 1])
        yield {"rank": rank, "count": count, "share": count / total}


def chosen_ranks(most: int) -> list[int]:
    """Ranks from 1 to `most`, both among them, and every power of ten between."""
    if not most:
        return []
    steps = np.arange(int(np.log10(most) * _STEPS) + 1)
    ranks = np.rint(10.0 ** (steps / _STEPS)).astype(np.int64)
    return sorted({*ranks[ranks <= most].tolist(), most})
