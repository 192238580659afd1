"""`words.parquet`: the frequent words that are cut into most pieces, and the tokens that are used most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from tokeval.arrow import Int64, text_array, text_buffers
from tokeval.corpus.units import count_units
from tokeval.engine.plan import Plan
from tokeval.engine.shard import ShardState, Workers
from tokeval.metrics.frequencies import Frequencies
from tokeval.metrics.ratios import UNSEGMENTED_SHARE
from tokeval.schema import IDS, SPANS, VOCABULARY, Words
from tokeval.tokenizers.encode import Encoder

#: How many words and how many tokens are listed for each slice.
LISTED = 20
_MOST_BYTES = 64

#: One row per listed word or token.
#: kind: `word` or `token`. count: occurrences (of words: in the documents that were kept). pieces: tokens of all
#: occurrences of the word (null for tokens). share: of a token among all tokens of the slice, of a word's pieces
#: beyond one per occurrence among all pieces beyond one. kept: the share of documents that were looked at.
SCHEMA = pa.schema(
    [
        pa.field("tokenizer", pa.string(), nullable=False),
        pa.field("corpus", pa.string(), nullable=False),
        pa.field("slice", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("rank", pa.int32(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("count", pa.int64(), nullable=False),
        pa.field("pieces", pa.int64()),
        pa.field("share", pa.float64(), nullable=False),
        pa.field("kept", pa.float64(), nullable=False),
    ]
)


@dataclass(frozen=True)
class _Listed:
    """Rows of the table as columns: slice, rank, text, count, pieces, share, kept; equally long."""

    kind: str
    columns: tuple[Any, ...]

    def table(self, tokenizer: str, corpus: str) -> pa.Table:
        slices, *others = self.columns
        same = [[value] * len(slices) for value in (tokenizer, corpus)]
        columns = [*same, slices, [self.kind] * len(slices), *others]
        return pa.table([pa.array(c, field.type) for c, field in zip(columns, SCHEMA, strict=True)], schema=SCHEMA)


def count_words(plan: Plan, workers: Workers, states: Mapping[int, ShardState]) -> pa.Table:
    """The table: words ranked by the tokens that they cost beyond one each, tokens by how often they are used.

    Words are counted in running text, over the documents that each slice kept (see `corpus/spoken.py`).
    Tokens are counted over all documents, exactly, where the run counts token frequencies.
    """
    parts = [SCHEMA.empty_table()]
    for index, state in sorted(states.items()):
        corpus = plan.corpora[index].name
        words = _Cut.of(state, plan.words)
        for name, encoder in workers.encoders.items():
            whole = not workers.skip or encoder.facts.fixed or bool(encoder.encodable(words.texts).all())
            mine = words if whole else _Cut.of(state, plan.words, encoder)
            if SPANS in encoder.facts.capabilities and not encoder.facts.fixed and len(mine.texts):
                parts.append(mine.most_split(encoder).table(name, corpus))
            frequencies = state.tokenizers[name].others.get(Frequencies.name)
            if isinstance(frequencies, Frequencies) and {IDS, VOCABULARY} <= encoder.facts.capabilities:
                slices = state.tokenizers[name].sums.slices
                parts.append(_most_used(encoder, frequencies, slices).table(name, corpus))
    return pa.concat_tables(parts).combine_chunks()


class _Cut:
    """The kept documents of a corpus, slice after slice, with their words, equal ones of a slice under one number."""

    def __init__(self, names: list[str], levels: Int64, sizes: Int64, texts: pa.Array, words: Words) -> None:
        from tokeval.metrics.kernels import hash_words

        self.names, self.levels, self.texts, self.words = names, levels.tolist(), texts, words
        data, offsets = text_buffers(texts)
        hashes = np.zeros(len(words.starts), np.uint64)
        hash_words(data, offsets, words.starts, words.ends, words.offsets, hashes)
        bounds = words.offsets[np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))]
        self._numbers = np.empty(len(hashes), np.int64)
        heads: list[Int64] = []
        known = 0
        for first, last in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            _, at, numbers = np.unique(hashes[first:last], return_index=True, return_inverse=True)
            self._numbers[first:last] = numbers + known
            heads.append(first + at)
            known += len(at)
        #: Of each different word: its slice, where it occurs first, and how often it occurs.
        self._slices = np.repeat(np.arange(len(heads)), [len(part) for part in heads])
        self._heads = np.concatenate([np.zeros(0, np.int64), *heads])
        self._counts = np.bincount(self._numbers, minlength=len(self._heads))
        self._spelled: dict[int, str] = {}

    @classmethod
    def of(cls, state: ShardState, segmenter: str, encoder: Encoder | None = None) -> _Cut:
        """Of the slices whose words the segmenter can tell, the documents that the tokenizer can encode, if named."""
        found = sorted(state.spoken.texts().items())
        names, levels = [name for name, _ in found], np.array([level for _, (level, _) in found], np.int64)
        texts = pa.concat_arrays([text_array([]), *(kept for _, (_, kept) in found)])
        slices = np.repeat(np.arange(len(found)), [len(kept) for _, (_, kept) in found])
        if encoder is not None:
            known = encoder.encodable(texts)
            texts, slices = texts.filter(pa.array(known)), slices[known]
        units, words = count_units(texts, segmenter)
        foreign, visible = (
            np.bincount(slices, units[unit], len(found)) for unit in ("unsegmented_chars", "visible_chars")
        )
        told = foreign <= UNSEGMENTED_SHARE * visible
        if not told.all():
            kept = told[slices]
            texts, slices = texts.filter(pa.array(kept)), slices[kept]
            words = words.only(kept)
        sizes = np.bincount(slices, minlength=len(found))[told]
        return cls([name for name, can in zip(names, told, strict=True) if can], levels[told], sizes, texts, words)

    def most_split(self, encoder: Encoder) -> _Listed:
        """Per slice the words that occur more than once and cost most tokens beyond one each."""
        from tokeval.metrics.kernels import cover_words

        found = encoder.wanting_spans().encode(self.texts)
        words, slices, counts = self.words, self._slices, self._counts
        pieces = np.zeros(len(words.starts), np.int32)
        cover_words(found.starts, found.ends, found.offsets, words.starts, words.ends, words.offsets, pieces)
        total = np.bincount(self._numbers, pieces, len(counts)).astype(np.int64)
        beyond = np.maximum(total - counts, 0)
        everything = np.bincount(slices, beyond, len(self.names))
        listed = np.flatnonzero((counts > 1) & (beyond > 0))
        listed = listed[np.lexsort((-beyond[listed], slices[listed]))]
        # of equally dear words, the spelling tells: so all that are as dear as the last to be listed
        begins = np.searchsorted(slices[listed], slices[listed])
        last = listed[np.minimum(begins + LISTED, np.searchsorted(slices[listed], slices[listed], side="right")) - 1]
        listed = listed[beyond[listed] >= beyond[last]]
        keys = zip(slices[listed].tolist(), (-beyond[listed]).tolist(), self._spell(self._heads[listed]), strict=True)
        ordered = sorted(zip(keys, listed.tolist(), strict=True))
        ranks = _ranks(slices[listed])
        kept = np.flatnonzero(ranks <= LISTED)
        chosen = [ordered[at] for at in kept.tolist()]
        best = np.array([word for _, word in chosen], np.int64)
        levels = 2.0 ** -np.array(self.levels, np.float64)
        columns = (
            [self.names[at] for at in slices[best].tolist()],
            ranks[kept],
            [spelling for (*_, spelling), _ in chosen],
            counts[best],
            total[best],
            beyond[best] / everything[slices[best]],
            levels[slices[best]],
        )
        return _Listed("word", columns)

    def _spell(self, words: Int64) -> list[str]:
        """Words as text; the same ones are asked for with every tokenizer."""
        fresh = np.array([word for word in words.tolist() if word not in self._spelled], np.int64)
        data, offsets = text_buffers(self.texts)
        begins = offsets[np.searchsorted(self.words.offsets, fresh, side="right") - 1]
        starts, ends = begins + self.words.starts[fresh], begins + self.words.ends[fresh]
        for word, start, end in zip(fresh.tolist(), starts.tolist(), ends.tolist(), strict=True):
            self._spelled[word] = _short(data[start:end].tobytes())
        return [self._spelled[word] for word in words.tolist()]


def _most_used(encoder: Encoder, frequencies: Frequencies, slices: Sequence[str]) -> _Listed:
    """Per slice the tokens that occur most."""
    tokens, used, totals, sizes = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [0], [0]
    for name in slices:
        seen, counts = frequencies.seen(name)
        best = _largest(counts)
        tokens.append(seen[best])
        used.append(counts[best])
        totals.append(int(counts.sum()))
        sizes.append(len(best))
    ids, data = encoder.vocabulary["id"].to_numpy(), encoder.vocabulary["bytes"].combine_chunks()
    different, which = np.unique(np.concatenate(tokens), return_inverse=True)
    known = np.isin(different, ids)
    spelled = np.full(len(different), "", object)
    spelled[known] = [_short(part) for part in data.take(pa.array(np.searchsorted(ids, different[known]))).to_pylist()]
    counts = np.concatenate(used)
    codes = np.repeat(np.arange(len(slices)), sizes[1:])
    columns = (
        [slices[code] for code in codes.tolist()],
        _ranks(codes),
        spelled[which],
        counts,
        pa.nulls(len(counts), pa.int64()),
        counts / np.repeat(np.array(totals, np.float64), sizes),
        np.ones(len(counts)),
    )
    return _Listed("token", columns)


def _ranks(codes: Int64) -> Int64:
    """Of sorted codes, the how-manieth of its like each is, from 1."""
    ranks: Int64 = np.arange(len(codes)) - np.searchsorted(codes, codes) + 1
    return ranks


def _largest(counts: Int64) -> Int64:
    """Where the largest counts stand, the largest first, of equal ones the first."""
    found = np.arange(len(counts))
    if len(counts) > LISTED:
        found = np.flatnonzero(counts >= np.partition(counts, -LISTED)[-LISTED])
    order: Int64 = found[np.argsort(-counts[found], kind="stable")][:LISTED]
    return order


def _short(data: bytes) -> str:
    """Bytes as text for reading: what is not UTF-8 as <0xNN>, long ones cut."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        marked = data.decode(errors="surrogateescape")
        text = "".join(f"<0x{ord(c) - 0xDC00:02X}>" if 0xDC80 <= ord(c) <= 0xDCFF else c for c in marked)
    return text if len(text) <= _MOST_BYTES else text[: _MOST_BYTES - 1] + "…"
