"""The documents that a tokenizer could not encode and that its figures leave out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import pyarrow as pa

from tokeval.metrics.base import Accumulator, View
from tokeval.signature import digest


class Skipped(Accumulator):
    """Per slice their number, and the sum of their keys modulo 2^64 to tell whether others skipped the same."""

    name: ClassVar[str] = "skipped"

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, int]] = {}

    def update(self, view: View) -> None:
        """Add what a view says was skipped."""
        for name, (count, keys) in view.skipped.items():
            self._add(name, count, keys)

    def merge(self, other: Skipped) -> Skipped:
        """Both, added."""
        made = Skipped()
        for part in (self, other):
            for name, (count, keys) in part._found.items():
                made._add(name, count, keys)
        return made

    def state(self) -> pa.Table:
        """Columns slice, count, keys."""
        rows = [{"slice": name, "count": count, "keys": keys} for name, (count, keys) in sorted(self._found.items())]
        return pa.Table.from_pylist(
            rows, pa.schema([("slice", pa.string()), ("count", pa.int64()), ("keys", pa.uint64())])
        )

    @classmethod
    def from_state(cls, table: pa.Table) -> Skipped:
        """The skipped documents of a state."""
        made = cls()
        for row in table.to_pylist():
            made._add(row["slice"], row["count"], row["keys"])
        return made

    @property
    def total(self) -> int:
        """Documents of all slices."""
        return sum(count for count, _ in self._found.values())

    @property
    def mark(self) -> str:
        """For signatures: the number, and a hash that tells those who skipped other documents apart."""
        return f"{self.total}.{digest(repr(sorted(self._found.items())))}"

    def within(self, slices: Iterable[str]) -> tuple[tuple[int, int], ...]:
        """Number and sum of keys for each of the slices: equal for two tokenizers that skipped the same documents."""
        return tuple(self._found.get(name, (0, 0)) for name in slices)

    def _add(self, name: str, count: int, keys: int) -> None:
        before = self._found.get(name, (0, 0))
        self._found[name] = before[0] + count, (before[1] + keys) % 2**64
