"""Small runs without files: documents cut into batches, folded into states, and computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tokeval.arrow import hash_texts, id_lists, text_array
from tokeval.corpus.units import count_units
from tokeval.metrics.base import Accumulator, Context, Metric, Scored, View
from tokeval.metrics.select import accumulators_of, all_metrics, measures_of
from tokeval.metrics.sums import Sums
from tokeval.schema import DECODE, IDS, NORMAL, SPANS, SPECIAL, VOCABULARY, Batch, Encoding, Figure
from tokeval.tokenizers.base import Spans, Tokenizer, vocabulary_table
from tokeval.tokenizers.encode import Encoder

UNKNOWN = 128


class Lossy(Tokenizer):
    """One token per letter, lower-cased; a space goes with the letter after it; UNK beyond ASCII, twice for a face, as
    for what a normaliser expands; tabs come back as spaces. It has all that goes wrong in one place."""

    capabilities = frozenset({IDS, DECODE, SPANS, VOCABULARY})
    unknown_id = UNKNOWN
    spec = "lossy:"

    def encode_batch(self, texts: pa.Array) -> pa.Array:
        return self.spans_batch(texts).ids

    def spans_batch(self, texts: pa.Array) -> Spans:
        ids, starts, ends, offsets = [], [], [], [0]
        for text in text_array(texts).to_pylist():
            at, k = 0, 0
            while k < len(text):
                pair = text[k] == " " and k + 1 < len(text) and text[k + 1].isascii() and text[k + 1].isalpha()
                taken = text[k : k + 2] if pair else text[k]
                low = taken.lower()
                times = 2 if taken == "🙂" else 1
                token = 200 + ord(low[1]) if pair else ord(low) if len(low) == 1 and low.isascii() else UNKNOWN
                ids += [token] * times
                starts += [at] * times
                at += len(taken.encode())
                ends += [at] * times
                k += len(taken)
            offsets.append(len(ids))
        flat = np.array(ids, np.uint32)
        return Spans(id_lists(flat, np.array(offsets, np.int64)), np.array(starts, np.int32), np.array(ends, np.int32))

    def decode_batch(self, ids: pa.Array) -> pa.Array:
        return pa.array(["".join(map(_spell, row)).replace("\t", " ") for row in ids.to_pylist()], pa.large_string())

    def vocabulary(self) -> pa.Table:
        ids = [*range(129), *range(297, 323)]
        kinds = [SPECIAL if i == UNKNOWN else NORMAL for i in ids]
        spelled = [_spell(i) for i in ids]
        return vocabulary_table(ids, spelled, [s.encode() for s in spelled], kinds, [None] * len(ids))


def _spell(token: int) -> str:
    return "?" if token == UNKNOWN else chr(token) if token < UNKNOWN else " " + chr(token - 200)


@dataclass(frozen=True)
class Row:
    """A document of a small corpus."""

    slice: str
    id: str
    text: str


def batch_of(rows: Sequence[Row], *, has_ids: bool = True) -> Batch:
    """The rows as the reader would give them."""
    texts = text_array([row.text for row in rows])
    names = tuple(dict.fromkeys(row.slice for row in rows))
    codes = np.array([names.index(row.slice) for row in rows], np.int32)
    keys = hash_texts(text_array([row.id for row in rows])) if has_ids else hash_texts(texts)
    return Batch(texts, names, codes, keys, has_ids, *count_units(texts))


def metrics_on_text(*families: str) -> list[Metric]:
    """Every metric of the families that is counted on text; the vocabulary's size is a fact of the tokenizer."""
    chosen = families or ("size", "fairness", "information", "fidelity")
    return [m for m in all_metrics().values() if m.info.family in chosen and m.name != "vocabulary_size"]


def fold(batches: Sequence[Batch], encoder: Encoder, baseline: Encoder, metrics: Sequence[Metric]) -> Scored:
    """Fresh states with some batches in them."""
    can = encoder.facts.capabilities
    sums = Sums([m for m in measures_of(metrics) if can.issuperset(m.capabilities)])
    others: dict[str, Accumulator] = {kind.name: kind() for kind in accumulators_of(metrics)}
    for batch in batches:
        view = view_of(batch, encoder.encode(batch.texts), baseline.encode(batch.texts), encoder)
        for state in (sums, *others.values()):
            state.update(view)
    return Scored(encoder.facts, sums, others)


def view_of(batch: Batch, encoding: Encoding, baseline: Encoding, encoder: Encoder) -> View:
    return View(batch, encoding, baseline=baseline, byte_ids=lambda: encoder.byte_ids)


def merge(a: Scored, b: Scored) -> Scored:
    return Scored(a.facts, a.sums.merge(b.sums), {n: x.merge(b.others[n]) for n, x in a.others.items()})


def reloaded(scored: Scored) -> Scored:
    """The states after a trip through Arrow."""
    others = {name: type(x).from_state(x.state()) for name, x in scored.others.items()}
    return Scored(scored.facts, Sums.from_state(scored.sums.state()), others)


def context_of(scored: Scored, base: Scored, pivot: str | None, *, has_ids: bool = True) -> Context:
    slices = tuple(scored.sums.slices)
    return Context("mine", {"mine": scored, "base": base}, slices, has_ids, "base", pivot)


def figures(metrics: Sequence[Metric], context: Context) -> dict[tuple[str, str, str | None], Figure]:
    """By metric, slice and, where one metric has several rows of a slice, the reference."""
    found = {}
    for metric in metrics:
        for figure in metric.compute(context):
            pair = figure.reference if metric.info.pairs else None
            found[metric.name, figure.slice, pair] = figure
    return found
