"""A sample of documents from which the words that split most are counted: bounded, and the same in any order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tokeval.arrow import Int64, runs, sorted_runs, text_array
from tokeval.schema import Batch

#: Words kept at most, over all slices of a corpus; each slice has an equal share of them.
WORDS = 1 << 18
#: Of a document no more than its first so many words are kept.
WORDS_OF_DOCUMENT = 1 << 12
_LEVELS = 65


@dataclass(frozen=True)
class _Texts:
    """Some documents: their keys, uint64, and texts, `large_string`."""

    keys: npt.NDArray[np.uint64]
    texts: pa.Array

    def __len__(self) -> int:
        return len(self.keys)

    def only(self, marked: npt.NDArray[np.bool_]) -> _Texts:
        """Those that are marked."""
        return _Texts(self.keys[marked], self.texts.filter(pa.array(marked)))


class Spoken:
    """Per slice all documents, or those whose key ends in `level` zero bits where all are too many.

    The level of a slice is the least at which its words fit into its share of `WORDS`, so it depends on the documents
    alone. Words are exact counts over the kept documents: where the level is 0, over all of them; elsewhere over one
    document in 2^level, chosen by a hash, so a word's share has a relative standard error of about one over the root of
    the number of kept documents that hold it.
    """

    def __init__(self) -> None:
        self._words: dict[str, Int64] = {}
        self._kept: dict[str, list[_Texts]] = {}
        self._thinned: dict[str, int] = {}
        self._unthinned = 0

    def update(self, batch: Batch) -> None:
        """Look through a batch."""
        words = np.minimum(batch.units["words"], WORDS_OF_DOCUMENT)
        zeros = trailing_zeros(batch.keys)
        cells = batch.codes * np.int64(_LEVELS) + zeros
        tallies = np.bincount(cells, words, len(batch.slices) * _LEVELS).astype(np.int64).reshape(-1, _LEVELS)
        for name, tally in zip(batch.slices, tallies, strict=True):
            self._words[name] = self._words.get(name, 0) + tally
            self._kept.setdefault(name, [])
        levels = np.array(self._levels(batch.slices), np.int64)
        chosen = np.flatnonzero((words > 0) & (zeros >= levels[batch.codes]))
        order, parts = sorted_runs(batch.codes[chosen], len(batch.slices))
        chosen = chosen[order]
        keys, texts = batch.keys[chosen], _beginnings(batch, chosen)
        for name, part in zip(batch.slices, parts, strict=True):
            if part.start < part.stop:
                self._kept[name].append(_Texts(keys[part], texts.slice(part.start, part.stop - part.start)))
        self._unthinned += int(words[chosen].sum())
        if self._unthinned > WORDS:  # not at each batch: levels rise with every slice that comes new
            self._thin()

    def merge(self, other: Spoken) -> Spoken:
        """A new one that has seen both parts."""
        merged = Spoken()
        for part in (self, other):
            for name, tally in part._words.items():
                merged._words[name] = merged._words.get(name, 0) + tally
                merged._kept.setdefault(name, []).extend(part._kept[name])
        merged._thin()
        return merged

    def texts(self) -> dict[str, tuple[int, pa.Array]]:
        """Of each slice the level and the kept texts, `large_string`, in the order of their keys."""
        self._thin()
        names = list(self._kept)
        levels = self._levels(names)
        return {name: (level, self._sorted(name).texts) for name, level in zip(names, levels, strict=True)}

    def state(self) -> pa.Table:
        """Columns slice, key, text, words: one row per kept document, and one per slice (key null) with its tally."""
        self._thin()
        rows: list[tuple[str, int | None, str | None, list[int] | None]] = []
        for name, tally in sorted(self._words.items()):
            rows.append((name, None, None, tally.tolist()))
            kept = self._sorted(name)
            rows += [
                (name, key, text, None) for key, text in zip(kept.keys.tolist(), kept.texts.to_pylist(), strict=True)
            ]
        kinds = (pa.string(), pa.uint64(), pa.large_string(), pa.list_(pa.int64()))
        columns = [pa.array([row[i] for row in rows], kind) for i, kind in enumerate(kinds)]
        return pa.table(columns, names=["slice", "key", "text", "words"])

    @classmethod
    def from_state(cls, table: pa.Table) -> Spoken:
        """The sample of a state."""
        made = cls()
        slices = table["slice"].combine_chunks().dictionary_encode()
        names = slices.dictionary.to_pylist()
        for name, part in zip(names, runs(slices.indices.to_numpy(), len(names)), strict=True):
            mine = table.slice(part.start, part.stop - part.start)
            tally, texts = mine.filter(pc.is_null(mine["key"])), mine.filter(pc.is_valid(mine["key"]))
            made._words[name] = np.array(tally["words"][0].as_py(), np.int64)
            made._kept[name] = [_Texts(texts["key"].to_numpy(), texts["text"].combine_chunks())]
        return made

    def _sorted(self, name: str) -> _Texts:
        kept = self._kept[name]
        keys = np.concatenate([np.zeros(0, np.uint64), *(part.keys for part in kept)])
        texts = pa.concat_arrays([text_array([]), *(part.texts for part in kept)])
        order = np.argsort(keys, kind="stable")
        if (np.diff(keys[order]) == 0).any():  # of equal keys, the texts tell
            order = pc.sort_indices(
                pa.table([keys, texts], ["key", "text"]), [("key", "ascending"), ("text", "ascending")]
            )
            order = order.to_numpy()
        return _Texts(keys[order], texts.take(pa.array(order)))

    def _levels(self, names: Sequence[str]) -> list[int]:
        if not names:
            return []
        share = WORDS // len(self._words)
        left = np.cumsum(np.stack([self._words[name] for name in names])[:, ::-1], axis=1)[:, ::-1]
        levels: list[int] = np.where(left[:, -1] <= share, np.argmax(left <= share, axis=1), _LEVELS).tolist()
        return levels

    def _thin(self) -> None:
        """Let go of what the levels have come to leave out."""
        self._unthinned = 0
        for (name, kept), level in zip(self._kept.items(), self._levels(list(self._kept)), strict=True):
            if level > self._thinned.get(name, 0):
                mask = np.uint64((1 << min(level, 64)) - 1)
                self._kept[name] = [part for part in (texts.only(texts.keys & mask == 0) for texts in kept) if part]
                self._thinned[name] = level


def trailing_zeros(keys: npt.NDArray[np.uint64]) -> Int64:
    """How many low bits of each key are zero; 64 for the key 0."""
    lowest = keys & (~keys + np.uint64(1))
    found = np.full(len(keys), 64, np.int64)
    some = lowest > 0
    found[some] = np.round(np.log2(lowest[some].astype(np.float64))).astype(np.int64)
    return found


def _beginnings(batch: Batch, rows: Int64) -> pa.Array:
    """Documents of a batch, each up to the end of the last word that is kept."""
    texts = batch.texts.take(pa.array(rows))
    long = np.flatnonzero(batch.units["words"][rows] > WORDS_OF_DOCUMENT)
    if not len(long):
        return texts
    cut = texts.to_pylist()
    for at in long.tolist():
        last = batch.words.offsets[rows[at]] + WORDS_OF_DOCUMENT - 1
        cut[at] = cut[at].encode()[: int(batch.words.ends[last])].decode()
    return text_array(cut)
