"""Counts of (context, successor) per slice: exact up to a cap, then exact on a hash-sampled subset of the contexts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tokeval.arrow import Int64, cleared
from tokeval.metrics.base import Accumulator, View
from tokeval.schema import IDS

UInt64 = npt.NDArray[np.uint64]

#: Entries (slice, context, successor) kept at most; 20 bytes each in a state, at most 13 MB while counting.
CAP = 1 << 18
_FIRST_SLOTS = 1 << 13
_LEVEL = b"level"


class Ngrams(Accumulator):
    """Successor counts. A sample of level k keeps the contexts whose hash is below 2^(64 − k): a share of 2^−k.

    k is the smallest level at which all entries fit under the cap. Entries at a level never exceed those of the
    whole text at that level, so batches, shards and their order do not change k, and whatever is kept is exact.
    """

    #: The first was thinned at two thirds of the cap, or somewhat earlier or later, as free slots were counted.
    version: ClassVar[int] = 2
    width: ClassVar[int]

    def __init__(self, cap: int = CAP) -> None:
        self._cap = cap
        self._slices: dict[str, int] = {}
        self.level = 0
        self._used = 0
        self._table = cleared((_FIRST_SLOTS, 3), np.uint64)

    @property
    def share(self) -> float:
        """The share of all contexts that is kept."""
        return 0.5**self.level

    def update(self, view: View) -> None:
        """Count the n-grams of a batch."""
        if IDS not in view.encoding.facts.capabilities:
            return
        from tokeval.metrics.ngrams.kernels import add_batch

        encoding, batch = view.encoding, view.batch
        rows = self._rows(batch.slices)
        document, position = 0, 0
        while document < len(batch):
            self._used, document, position = add_batch(
                self._table,
                self._used,
                encoding.ids,
                encoding.offsets,
                batch.codes,
                rows,
                self.width,
                self.level,
                self._room,
                document,
                position,
            )
            self._relieve()

    def merge(self, other: Self) -> Self:
        """Both at the higher of their levels, or a higher one where that does not fit."""
        merged = type(self)(self._cap)
        merged.level = max(self.level, other.level)
        for part in (self, other):
            rows = merged._rows(tuple(part._slices))
            contexts, tails, counts = part._entries()
            slices = rows[(tails >> np.uint64(32)).astype(np.int64)].astype(np.uint64)
            merged._add(contexts, slices << np.uint64(32) | tails & np.uint64(0xFFFFFFFF), counts)
        return merged

    def state(self) -> pa.Table:
        """Columns slice, context, successor, count; sorted. The level is in the schema's metadata."""
        names = sorted(self._slices)
        order_of = np.empty(len(names), np.int32)
        order_of[[self._slices[name] for name in names]] = np.arange(len(names), dtype=np.int32)
        contexts, tails, counts = self._entries()
        codes = order_of[(tails >> np.uint64(32)).astype(np.int64)]
        successors = (tails & np.uint64(0xFFFFFFFF)).astype(np.uint32)
        order = np.lexsort((successors, contexts, codes))
        table = pa.table(
            {
                "slice": pa.DictionaryArray.from_arrays(pa.array(codes[order]), pa.array(names, pa.string())),
                "context": contexts[order],
                "successor": successors[order],
                "count": counts[order],
            }
        )
        return table.replace_schema_metadata({_LEVEL: str(self.level).encode()})

    @classmethod
    def from_state(cls, table: pa.Table) -> Self:
        """The counts of a state."""
        made = cls()
        made.level = int(table.schema.metadata[_LEVEL])
        column = table["slice"].combine_chunks()
        rows = made._rows(tuple(column.dictionary.to_pylist()))
        slices = rows[column.indices.to_numpy()].astype(np.uint64)
        tails = slices << np.uint64(32) | table["successor"].to_numpy().astype(np.uint64)
        made._add(table["context"].to_numpy(), tails, table["count"].to_numpy())
        return made

    def groups(self, pools: Iterable[Sequence[str]]) -> tuple[UInt64, Int64, Int64]:
        """Contexts and counts of their successors over each of several pools of slices.

        Returns:
            Contexts and counts, pool after pool, sorted by context and successor; where those of each pool begin, and
            the end.
        """
        contexts, successors, counts, bounds = self._in_order()
        parts = []
        for pool in pools:
            stretches = [slice(bounds[row], bounds[row + 1]) for row in map(self._slices.get, pool) if row is not None]
            if len(stretches) == 1:
                parts.append((contexts[stretches[0]], counts[stretches[0]]))
            else:
                where = np.r_[(*stretches, slice(0, 0))].astype(np.int64)
                parts.append(_merged(contexts[where], successors[where], counts[where]))
        cuts = np.cumsum([0, *(len(counts) for _, counts in parts)])
        return np.concatenate([c for c, _ in parts]), np.concatenate([n for _, n in parts]), cuts

    def _in_order(self) -> tuple[UInt64, UInt64, Int64, Int64]:
        """Contexts, successors and counts sorted by slice, context and successor, and where each slice begins."""
        contexts, tails, counts = self._entries()
        slices, successors = tails >> np.uint64(32), tails & np.uint64(0xFFFFFFFF)
        order = order_by(successors, contexts, slices)
        bounds = np.searchsorted(slices[order], np.arange(len(self._slices) + 1, dtype=np.uint64))
        return contexts[order], successors[order], counts[order], bounds

    @property
    def _room(self) -> int:
        """Entries after which the table is grown or thinned: half of its slots, or one above the cap."""
        slots = len(self._table)
        return self._cap + 1 if slots >= 2 * self._cap else slots // 2

    def _rows(self, slices: tuple[str, ...]) -> Int64:
        for name in slices:
            self._slices.setdefault(name, len(self._slices))
        return np.array([self._slices[name] for name in slices], np.int64)

    def _entries(self) -> tuple[UInt64, UInt64, Int64]:
        contexts, tails, counts = np.ascontiguousarray(self._table[self._table[:, 2] > 0].T)
        return contexts, tails, counts.astype(np.int64)

    def _add(self, contexts: UInt64, tails: UInt64, counts: Int64) -> None:
        from tokeval.metrics.ngrams.kernels import add_all

        at = 0
        while at < len(counts):
            self._used, taken = add_all(
                self._table, self._used, contexts[at:], tails[at:], counts[at:], self.level, self._room
            )
            at += taken
            self._relieve()

    def _relieve(self) -> None:
        """Grow a table that is half full; thin one that is above the cap until it fits."""
        from tokeval.metrics.ngrams.kernels import move

        while self._used >= self._room:
            slots = len(self._table)
            if self._used > self._cap:
                self.level += 1
            else:
                slots *= 4
            made = cleared((slots, 3), np.uint64)
            self._used = move(self._table, self.level, made)
            self._table = made


def _merged(contexts: UInt64, successors: UInt64, counts: Int64) -> tuple[UInt64, Int64]:
    """Contexts and counts sorted by context and successor; a successor seen in several slices is one successor."""
    order = order_by(successors, contexts)
    contexts, successors = contexts[order], successors[order]
    new = np.ones(len(order), np.bool_)
    new[1:] = (contexts[1:] != contexts[:-1]) | (successors[1:] != successors[:-1])
    first = np.flatnonzero(new)
    return contexts[first], np.add.reduceat(counts[order], first)


def order_by(*keys: UInt64) -> Int64:
    """The order that sorts by the last of several keys, then by the one before it, and so on."""
    from tokeval.metrics.ngrams.kernels import sort_by

    order = np.arange(len(keys[0]))
    for key in keys:
        sort_by(key, order, np.empty_like(order))
    return order


class Bigrams(Ngrams):
    """One token on the left."""

    name: ClassVar[str] = "bigrams"
    width: ClassVar[int] = 1


class Trigrams(Ngrams):
    """Two tokens on the left."""

    name: ClassVar[str] = "trigrams"
    width: ClassVar[int] = 2
