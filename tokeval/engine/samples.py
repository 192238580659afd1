"""`samples.parquet`: one document of every slice as each tokenizer cuts it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from tokeval.engine.plan import Plan
from tokeval.engine.shard import ShardState, Workers
from tokeval.schema import SPANS

#: One row per corpus, slice and tokenizer; spans are UTF-8 byte ranges of `text`.
SCHEMA = pa.schema(
    [
        pa.field("corpus", pa.string(), nullable=False),
        pa.field("slice", pa.string(), nullable=False),
        pa.field("tokenizer", pa.string(), nullable=False),
        pa.field("text", pa.large_string(), nullable=False),
        pa.field("ids", pa.list_(pa.uint32()), nullable=False),
        pa.field("starts", pa.list_(pa.int32()), nullable=False),
        pa.field("ends", pa.list_(pa.int32()), nullable=False),
    ]
)


def cut_samples(plan: Plan, workers: Workers, states: Mapping[int, ShardState]) -> pa.Table:
    """Encode the samples of every corpus with every tokenizer that gives spans of any text; they are few and short."""
    tables = [SCHEMA.empty_table()]
    for index, state in sorted(states.items()):
        kept = state.samples.state()
        texts = kept["text"].combine_chunks()
        for name, encoder in workers.encoders.items():
            if SPANS not in encoder.facts.capabilities or encoder.facts.fixed or not len(texts):
                continue
            cut, names = texts, kept["slice"]
            if workers.skip:  # a sample is the head of a document, and may fail where the whole does not
                whole = np.flatnonzero(encoder.encodable(texts))
                cut, names = texts.take(whole), names.take(whole)
            found = encoder.wanting_spans().encode(cut)
            offsets = pa.array(found.offsets, pa.int32())
            tables.append(
                pa.table(
                    [
                        pa.repeat(plan.corpora[index].name, len(cut)),
                        names,
                        pa.repeat(name, len(cut)),
                        cut,
                        *(
                            pa.ListArray.from_arrays(offsets, pa.array(v))
                            for v in (found.ids, found.starts, found.ends)
                        ),
                    ],
                    schema=SCHEMA,
                )
            )
    return pa.concat_tables(tables)
