"""`sums.parquet`: numerators and denominators by bucket, from which differences between figures are drawn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tokeval.arrow import Int64
from tokeval.errors import ResultsError
from tokeval.schema import BUCKETS

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


def sums_table(rows: Iterable[tuple[Key, Int64]]) -> pa.Table:
    """The table of ratios' sums, each of shape (2, BUCKETS)."""
    listed = list(rows)
    columns = [pa.array([key[i] for key, _ in listed], pa.string()).dictionary_encode() for i in range(len(_KEY))]
    for part in (0, 1):
        places: dict[bytes, int] = {}
        indices = [places.setdefault(sums[part].tobytes(), len(places)) for _, sums in listed]
        packed = [_packed(np.frombuffer(row, np.int64)) for row in places]
        columns.append(pa.DictionaryArray.from_arrays(pa.array(indices, pa.int32()), pa.array(packed, pa.binary())))
    return pa.table(columns, schema=SCHEMA)


def _packed(sums: Int64) -> bytes:
    most = max(int(sums.max()), -int(sums.min()) - 1)
    width = next(width for width in _WIDTHS if most < 1 << (8 * width - 1))
    return sums.astype(f"<i{width}").tobytes()


def _unpacked(packed: bytes) -> Int64:
    width, rest = divmod(len(packed), BUCKETS)
    if rest or width not in _WIDTHS:
        raise ResultsError("sums.parquet is damaged: a row does not hold one sum per bucket")
    return np.frombuffer(packed, np.dtype(f"<i{width}")).astype(np.int64)
