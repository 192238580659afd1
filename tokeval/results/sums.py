"""`sums.parquet`: numerators and denominators by bucket, from which differences between figures are drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from tokeval.arrow import Int64
from tokeval.errors import ResultsError
from tokeval.schema import ALL, BUCKETS

NAME = "sums"
_KEY = ("tokenizer", "corpus", "slice", "metric")
_SUMS = pa.dictionary(pa.int32(), pa.binary())
_WIDTHS = (1, 2, 4, 8)

#: One row per ratio; sums as little-endian integers of 1, 2, 4 or 8 bytes (the length tells), one per bucket.
#: Figures share many of them (words, tokens), so they are a dictionary: each is stored once.
SCHEMA = pa.schema(
    [
        *(pa.field(name, pa.dictionary(pa.int32(), pa.string()), nullable=False) for name in _KEY),
        pa.field("numerator", _SUMS, nullable=False),
        pa.field("denominator", _SUMS, nullable=False),
    ]
)

Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class Sums:
    """Numerators and denominators by bucket of the ratios in a result table, by tokenizer, corpus, slice, metric."""

    rows: dict[Key, tuple[bytes, bytes]]

    @classmethod
    def of(cls, table: pa.Table) -> Sums:
        """From the table.

        Raises:
            ResultsError: it is no table of sums.
        """
        if table.column_names != SCHEMA.names:
            raise ResultsError("sums.parquet is not a table of sums by bucket")
        keys = zip(*(table[name].cast(pa.string()).to_pylist() for name in _KEY), strict=True)
        values = (table[name].cast(pa.binary()).to_pylist() for name in ("numerator", "denominator"))
        return cls(dict(zip(keys, zip(*values, strict=True), strict=True)))

    def get(self, tokenizer: str, corpus: str, slice_name: str, metric: str) -> Int64 | None:
        """Sums of shape (2, BUCKETS), numerator first; None where the figure is no ratio."""
        found = self.rows.get((tokenizer, corpus, slice_name, metric))
        return None if found is None else np.stack([_unpacked(part) for part in found])

    def slices(self, tokenizer: str, corpus: str, metric: str) -> list[str]:
        """The slices, the pool of all left out, of which a ratio's sums are kept."""
        return self._slices.get((tokenizer, corpus, metric), [])

    def by_slice(self, tokenizer: str, corpus: str, metric: str) -> list[Int64]:
        """The sums of the slices in which a ratio has a value, each as of `get`."""
        every = (self.get(tokenizer, corpus, name, metric) for name in self.slices(tokenizer, corpus, metric))
        return [sums for sums in every if sums is not None and sums[1].any()]

    @cached_property
    def _slices(self) -> dict[tuple[str, str, str], list[str]]:
        found: dict[tuple[str, str, str], list[str]] = {}
        for tokenizer, corpus, name, metric in self.rows:
            if name != ALL:
                found.setdefault((tokenizer, corpus, metric), []).append(name)
        return found


class SumsWriter:
    """Ratios' sums on their way into a table; rows that are equal are held once, packed."""

    def __init__(self) -> None:
        self._packed: dict[bytes, int] = {}
        self._keys: list[list[str]] = [[] for _ in _KEY]
        self._places: list[list[Int64]] = [[], []]

    def places(self, sums: Int64) -> Int64:
        """Where the rows of sums, shape (k, BUCKETS), are held; shape (k,), equal for equal rows."""
        packed = self._packed
        return np.array([packed.setdefault(row, len(packed)) for row in _pack(sums)], np.int64)

    def add(self, keys: Sequence[Sequence[str]], numerators: Int64, denominators: Int64) -> None:
        """Add rows to the table.

        Args:
            keys: tokenizers, corpora, slices and metrics, k each.
            numerators: places of their sums, shape (k,).
            denominators: likewise.
        """
        for column, values in zip(self._keys, keys, strict=True):
            column += values
        for part, places in zip(self._places, (numerators, denominators), strict=True):
            part.append(places)

    def table(self) -> pa.Table:
        """What was added."""
        rows = pa.array(list(self._packed), pa.binary())
        columns = [pa.array(column, pa.string()).dictionary_encode() for column in self._keys]
        for part in self._places:
            places = pa.array(np.concatenate([np.zeros(0, np.int64), *part])).dictionary_encode()
            columns.append(pa.DictionaryArray.from_arrays(places.indices, rows.take(places.dictionary)))
        return pa.table(columns, schema=SCHEMA)


def sums_table(rows: Iterable[tuple[Key, Int64]]) -> pa.Table:
    """The table of ratios' sums, each of shape (2, BUCKETS)."""
    writer = SumsWriter()
    for key, sums in rows:
        numerator, denominator = writer.places(sums)
        writer.add([[part] for part in key], np.array([numerator]), np.array([denominator]))
    return writer.table()


def _pack(sums: Int64) -> list[bytes]:
    """Each row in the fewest bytes that hold it."""
    most = np.maximum(sums.max(axis=1, initial=0), -sums.min(axis=1, initial=0) - 1)
    widths = np.array(_WIDTHS)[np.searchsorted([1 << (8 * width - 1) for width in _WIDTHS[:-1]], most, "right")]
    packed = [b""] * len(sums)
    for width in np.unique(widths).tolist():
        rows = np.flatnonzero(widths == width)
        size, data = width * BUCKETS, sums[rows].astype(f"<i{width}").tobytes()
        for at, row in enumerate(rows.tolist()):
            packed[row] = data[at * size : (at + 1) * size]
    return packed


def _unpacked(packed: bytes) -> Int64:
    width, rest = divmod(len(packed), BUCKETS)
    if rest or width not in _WIDTHS:
        raise ResultsError("sums.parquet is damaged: a row does not hold one sum per bucket")
    return np.frombuffer(packed, np.dtype(f"<i{width}")).astype(np.int64)
