"""Tokens per parallel document: the state behind figures that compare slices on the same content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tokeval.arrow import Int64
from tokeval.metrics.base import Accumulator, View

_COMPACT_ROWS = 1 << 20


@dataclass(frozen=True)
class Parallel:
    """The documents of one slice: sorted distinct keys, tokens and rows per key."""

    keys: npt.NDArray[np.uint64]
    tokens: Int64
    rows: Int64


class Alignment(Accumulator):
    """Tokens and rows by slice and key, kept as sorted columns; new batches wait in a list until compacted."""

    name: ClassVar[str] = "alignment"

    def __init__(self) -> None:
        self._slices: dict[str, Parallel] = {}
        self._waiting: list[tuple[tuple[str, ...], npt.NDArray[np.int32], npt.NDArray[np.uint64], Int64]] = []
        self._waiting_rows = 0

    def update(self, view: View) -> None:
        """Note the tokens of each document of a batch under its key."""
        batch = view.batch
        if not batch.has_ids:
            return
        self._waiting.append((batch.slices, batch.codes, batch.keys, np.diff(view.encoding.offsets)))
        self._waiting_rows += len(batch)
        if self._waiting_rows > _COMPACT_ROWS:
            self._compact()

    def merge(self, other: Alignment) -> Alignment:
        """Both; tokens and rows of equal keys are added."""
        merged = Alignment()
        mine, theirs = self.slices(), other.slices()
        for name in {**mine, **theirs}:
            parts = [part[name] for part in (mine, theirs) if name in part]
            merged._slices[name] = _combine(parts)
        return merged

    def state(self) -> pa.Table:
        """Columns slice, key, tokens, rows; sorted."""
        slices = sorted(self.slices().items())
        names = [name for name, _ in slices]
        codes = np.repeat(np.arange(len(slices)), [len(p.keys) for _, p in slices]).astype(np.int32)
        column = pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(names, pa.string()))
        empty = np.zeros(0, np.int64)
        return pa.table(
            {
                "slice": column,
                "key": np.concatenate([empty.astype(np.uint64), *(p.keys for _, p in slices)]),
                "tokens": np.concatenate([empty, *(p.tokens for _, p in slices)]),
                "rows": np.concatenate([empty, *(p.rows for _, p in slices)]),
            }
        )

    @classmethod
    def from_state(cls, table: pa.Table) -> Alignment:
        """The alignment of a state."""
        made = cls()
        column = table["slice"].combine_chunks()
        codes = column.indices.to_numpy()
        keys, tokens, rows = (table[c].to_numpy() for c in ("key", "tokens", "rows"))
        for code, name in enumerate(column.dictionary.to_pylist()):
            mask = codes == code
            made._slices[name] = Parallel(keys[mask], tokens[mask], rows[mask])
        return made

    def slices(self) -> dict[str, Parallel]:
        """The documents of each slice."""
        self._compact()
        return self._slices

    def _compact(self) -> None:
        found: dict[str, list[Parallel]] = {}
        for names, codes, keys, tokens in self._waiting:
            for code, name in enumerate(names):
                mask = codes == code
                if mask.any():
                    ones = np.ones(int(mask.sum()), np.int64)
                    found.setdefault(name, []).append(Parallel(keys[mask], tokens[mask], ones))
        self._waiting, self._waiting_rows = [], 0
        for name, parts in found.items():
            known = [self._slices[name]] if name in self._slices else []
            self._slices[name] = _combine(known + parts)


def _combine(parts: list[Parallel]) -> Parallel:
    keys = np.concatenate([p.keys for p in parts])
    distinct, inverse = np.unique(keys, return_inverse=True)
    tokens, rows = np.zeros(len(distinct), np.int64), np.zeros(len(distinct), np.int64)
    np.add.at(tokens, inverse, np.concatenate([p.tokens for p in parts]))
    np.add.at(rows, inverse, np.concatenate([p.rows for p in parts]))
    return Parallel(distinct, tokens, rows)
