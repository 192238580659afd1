"""`words.parquet`: the frequent words that are cut into most pieces, and the tokens that are used most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa

from tokeval.arrow import Int64, text_array, text_buffers
from tokeval.corpus.units import count_units
from tokeval.engine.plan import Plan
from tokeval.engine.shard import ShardState, Workers
from tokeval.metrics.frequencies import Frequencies
from tokeval.metrics.ratios import UNSEGMENTED_SHARE
from tokeval.schema import Words
from tokeval.tokenizers.base import IDS, SPANS, VOCABULARY
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

#: A row without its tokenizer and corpus.
Row = tuple[str, str, int, str, int, int | None, float, float]


def count_words(plan: Plan, workers: Workers, states: Mapping[int, ShardState]) -> pa.Table:
    """The table: words ranked by the tokens that they cost beyond one each, tokens by how often they are used.

    Words are counted in running text, over the documents that each slice kept (see `corpus/spoken.py`).
    Tokens are counted over all documents, exactly, where the run counts token frequencies.
    """
    heads: list[tuple[str, str, int]] = []
    rows: list[Row] = []
    for index, state in sorted(states.items()):
        corpus = plan.corpora[index].name
        words = _Cut.of(state, plan.words)
        for name, encoder in workers.encoders.items():
            before = len(rows)
            whole = not workers.skip or encoder.facts.fixed or bool(encoder.encodable(words.texts).all())
            mine = words if whole else _Cut.of(state, plan.words, encoder)
            if SPANS in encoder.facts.capabilities and not encoder.facts.fixed and len(mine.texts):
                rows += mine.most_split(encoder)
            frequencies = state.tokenizers[name].others.get(Frequencies.name)
            if isinstance(frequencies, Frequencies) and {IDS, VOCABULARY} <= encoder.facts.capabilities:
                slices = state.tokenizers[name].sums.slices
                rows += _most_used(encoder, frequencies, slices)
            heads.append((name, corpus, len(rows) - before))
    counts = [count for _, _, count in heads]
    columns = [np.repeat(np.array([head[part] for head in heads], object), counts).tolist() for part in (0, 1)]
    columns += [[row[part] for row in rows] for part in range(len(SCHEMA) - 2)]
    return pa.table([pa.array(c, field.type) for c, field in zip(columns, SCHEMA, strict=True)], schema=SCHEMA)


class _Cut:
    """The kept documents of a corpus, slice after slice, with their words, equal ones of a slice under one number."""

    def __init__(self, names: list[str], levels: Int64, sizes: Int64, texts: pa.Array, words: Words) -> None:
        from tokeval.metrics.kernels import hash_words

        self.names, self.levels, self.texts, self.words = names, levels.tolist(), texts, words
        data, offsets = text_buffers(texts)
        hashes = np.zeros(len(words.starts), np.uint64)
        hash_words(data, offsets, words.starts, words.ends, words.offsets, hashes)
        bounds = words.offsets[np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))]
        self._spelled: dict[int, str] = {}
        self._parts = []
        for first, last in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            _, heads, numbers = np.unique(hashes[first:last], return_index=True, return_inverse=True)
            self._parts.append((first, last, first + heads, numbers, np.bincount(numbers)))

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

    def most_split(self, encoder: Encoder) -> Iterator[Row]:
        """Per slice the words that occur more than once and cost most tokens beyond one each."""
        from tokeval.metrics.kernels import cover_words

        found = encoder.wanting_spans().encode(self.texts)
        words = self.words
        pieces = np.zeros(len(words.starts), np.int32)
        cover_words(found.starts, found.ends, found.offsets, words.starts, words.ends, words.offsets, pieces)
        for name, level, (first, last, heads, numbers, counts) in zip(
            self.names, self.levels, self._parts, strict=True
        ):
            if first == last:
                continue
            total = np.bincount(numbers, pieces[first:last]).astype(np.int64)
            beyond = np.maximum(total - counts, 0)
            listed = np.flatnonzero((counts > 1) & (beyond > 0))
            costs = np.sort(beyond[listed])[-LISTED:]
            best = listed[beyond[listed] >= costs[0]].tolist() if len(costs) else []
            spelled = dict(zip(best, self._spell(heads[best]), strict=True))
            best = sorted(best, key=lambda i: (-int(beyond[i]), spelled[i]))[:LISTED]
            everything = int(beyond.sum())
            for rank, i in enumerate(best, 1):
                share = int(beyond[i]) / everything
                yield name, "word", rank, spelled[i], int(counts[i]), int(total[i]), share, 2.0**-level

    def _spell(self, words: Int64) -> list[str]:
        """Words as text; the same ones are asked for with every tokenizer."""
        fresh = np.array([word for word in words.tolist() if word not in self._spelled], np.int64)
        data, offsets = text_buffers(self.texts)
        begins = offsets[np.searchsorted(self.words.offsets, fresh, side="right") - 1]
        starts, ends = begins + self.words.starts[fresh], begins + self.words.ends[fresh]
        for word, start, end in zip(fresh.tolist(), starts.tolist(), ends.tolist(), strict=True):
            self._spelled[word] = _short(data[start:end].tobytes())
        return [self._spelled[word] for word in words.tolist()]


def _most_used(encoder: Encoder, frequencies: Frequencies, slices: list[str]) -> Iterator[Row]:
    ids, data = encoder.vocabulary["id"].to_numpy(), encoder.vocabulary["bytes"].combine_chunks()
    spelled: dict[int, str] = {}
    for name in slices:
        seen, counts = frequencies.seen(name)
        total = int(counts.sum())
        best = _largest(counts)
        for rank, (token, used) in enumerate(zip(seen[best].tolist(), counts[best].tolist(), strict=True), 1):
            if token not in spelled:
                at = int(np.searchsorted(ids, token))
                spelled[token] = _short(data[at].as_py() if at < len(ids) and ids[at] == token else b"")
            yield name, "token", rank, spelled[token], used, None, used / total, 1.0


def _largest(counts: Int64) -> Int64:
    """Where the largest counts stand, the largest first, of equal ones the first."""
    found = np.arange(len(counts))
    if len(counts) > LISTED:
        found = np.flatnonzero(counts >= np.partition(counts, -LISTED)[-LISTED])
    order: Int64 = found[np.argsort(-counts[found], kind="stable")][:LISTED]
    return order


def _short(data: bytes) -> str:
    """Bytes as text for reading: what is not UTF-8 as <0xNN>, long ones cut."""
    text = (
        data.decode(errors="replace")
        if data.isascii()
        else "".join(
            f"<0x{ord(c) - 0xDC00:02X}>" if 0xDC80 <= ord(c) <= 0xDCFF else c
            for c in data.decode(errors="surrogateescape")
        )
    )
    return text if len(text) <= _MOST_BYTES else text[: _MOST_BYTES - 1] + "…"
