"""A sample of documents from which the words that split most are counted: bounded, and the same in any order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from tokeval.schema import Batch

#: Words kept at most, over all slices of a corpus; each slice has an equal share of them.
WORDS = 1 << 18
#: Of a document no more than its first so many words are kept.
WORDS_OF_DOCUMENT = 1 << 12
_LEVELS = 65


class Spoken:
    """Per slice all documents, or those whose key ends in `level` zero bits where all are too many.

    The level of a slice is the least at which its words fit into its share of `WORDS`, so it depends on the documents
    alone. Words are exact counts over the kept documents: where the level is 0, over all of them; elsewhere over one
    document in 2^level, chosen by a hash, so a word's share has a relative standard error of about one over the root of
    the number of kept documents that hold it.
    """

    def __init__(self) -> None:
        self._words: dict[str, np.ndarray[tuple[int], np.dtype[np.int64]]] = {}
        self._texts: dict[str, list[tuple[int, str]]] = {}
        self._thinned: dict[str, int] = {}

    def update(self, batch: Batch) -> None:
        """Look through a batch."""
        words = np.minimum(batch.units["words"], WORDS_OF_DOCUMENT)
        levels = trailing_zeros(batch.keys)
        for code, name in enumerate(batch.slices):
            mine = np.flatnonzero((batch.codes == code) & (words > 0))
            tally = self._words.setdefault(name, np.zeros(_LEVELS, np.int64))
            np.add.at(tally, levels[mine], words[mine])
        for code, name in enumerate(batch.slices):
            level = self.level(name)
            mine = np.flatnonzero((batch.codes == code) & (words > 0) & (levels >= level))
            texts = batch.texts.take(pa.array(mine)).to_pylist()
            for at in np.flatnonzero(batch.units["words"][mine] > WORDS_OF_DOCUMENT).tolist():
                texts[at] = _cut(batch, int(mine[at]), texts[at])
            self._texts.setdefault(name, []).extend(zip(batch.keys[mine].tolist(), texts, strict=True))
        self._thin()

    def merge(self, other: Spoken) -> Spoken:
        """A new one that has seen both parts."""
        merged = Spoken()
        for part in (self, other):
            for name, tally in part._words.items():
                merged._words[name] = merged._words.get(name, 0) + tally
                merged._texts.setdefault(name, []).extend(part._texts[name])
        merged._thin()
        return merged

    def level(self, name: str) -> int:
        """One document in 2^level of the slice is kept."""
        return self._levels([name])[0]

    def texts(self) -> dict[str, tuple[int, list[str]]]:
        """Of each slice the level and the kept texts, sorted."""
        return {name: (self.level(name), [text for _, text in sorted(kept)]) for name, kept in self._texts.items()}

    def state(self) -> pa.Table:
        """Columns slice, key, text, words: one row per kept document, and one per slice (key null) with its tally."""
        rows: list[tuple[str, int | None, str | None, list[int] | None]] = []
        for name, tally in sorted(self._words.items()):
            rows.append((name, None, None, tally.tolist()))
            rows += [(name, key, text, None) for key, text in sorted(self._texts[name])]
        kinds = (pa.string(), pa.uint64(), pa.large_string(), pa.list_(pa.int64()))
        columns = [pa.array([row[i] for row in rows], kind) for i, kind in enumerate(kinds)]
        return pa.table(columns, names=["slice", "key", "text", "words"])

    @classmethod
    def from_state(cls, table: pa.Table) -> Spoken:
        """The sample of a state."""
        made = cls()
        for row in table.to_pylist():
            if row["words"] is not None:
                made._words[row["slice"]] = np.array(row["words"], np.int64)
                made._texts[row["slice"]] = []
            else:
                made._texts[row["slice"]].append((row["key"], row["text"]))
        return made

    def _levels(self, names: Sequence[str]) -> list[int]:
        share = WORDS // max(1, len(self._words))
        left = np.cumsum(np.stack([self._words[name] for name in names])[:, ::-1], axis=1)[:, ::-1]
        levels: list[int] = np.where(left[:, -1] <= share, np.argmax(left <= share, axis=1), _LEVELS).tolist()
        return levels

    def _thin(self) -> None:
        if not self._texts:
            return
        for (name, kept), level in zip(self._texts.items(), self._levels(list(self._texts)), strict=True):
            if level > self._thinned.get(name, 0):
                mask = (1 << min(level, 64)) - 1
                self._texts[name] = [(key, text) for key, text in kept if not key & mask]
                self._thinned[name] = level


def trailing_zeros(keys: np.ndarray[tuple[int], np.dtype[np.uint64]]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """How many low bits of each key are zero; 64 for the key 0."""
    lowest = keys & (~keys + np.uint64(1))
    found = np.full(len(keys), 64, np.int64)
    some = lowest > 0
    found[some] = np.round(np.log2(lowest[some].astype(np.float64))).astype(np.int64)
    return found


def _cut(batch: Batch, row: int, text: str) -> str:
    """The document up to the end of the last word that is kept."""
    return text.encode()[: int(batch.words.ends[batch.words.offsets[row] + WORDS_OF_DOCUMENT - 1])].decode()
