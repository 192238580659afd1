"""The figures of vocabularies, looked up by tokenizer, metric and slice, and as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from tokeval.report.blocks import Cell
from tokeval.results.store import shared_values
from tokeval.schema import ALL


class Value(NamedTuple):
    """One figure."""

    value: float | None
    numerator: float | None
    denominator: float | None
    reason: str | None


_KEY = ("tokenizer", "metric", "slice", "reference")


@dataclass(frozen=True)
class Figures:
    """The figures of one corpus by tokenizer, metric, slice and reference; the slices of each metric."""

    rows: Mapping[tuple[str, str, str, str | None], Value]
    named: Mapping[str, Mapping[str, None]]
    tokenizers: Sequence[str]

    @classmethod
    def of(cls, table: pa.Table, corpus: str, tokenizers: Sequence[str]) -> Figures:
        """Those of a corpus in a result table."""
        table = table.filter(pc.equal(table["corpus"], corpus))
        keys = zip(*(shared_values(table[name]) for name in _KEY), strict=True)
        values = zip(*(shared_values(table[name]) for name in Value._fields), strict=True)
        rows = dict(zip(keys, map(Value._make, values), strict=True))
        named: dict[str, dict[str, None]] = {}
        for _, metric, name, _ in rows:
            named.setdefault(metric, {})[name] = None
        return cls(rows, named, tokenizers)

    def value(self, tokenizer: str, metric: str, name: str = ALL, reference: str | None = None) -> float | None:
        """A figure's value, None where there is none."""
        row = self.rows.get((tokenizer, metric, name, reference))
        return None if row is None else row.value

    def reason(self, tokenizer: str, metric: str, name: str = ALL) -> str | None:
        """Why there is no value, None where there is one or no figure at all."""
        row = self.rows.get((tokenizer, metric, name, None))
        return None if row is None else row.reason

    def share(self, tokenizer: str, metric: str, name: str = ALL) -> float | None:
        """A count divided by what it is a part of; 0 where the slice does not occur."""
        row = self.rows.get((tokenizer, metric, name, None))
        if row is None or row.numerator is None or not row.denominator:
            return 0.0 if (tokenizer, metric, ALL, None) in self.rows else None
        return row.numerator / row.denominator

    def slices(self, metric: str) -> list[str]:
        """The slices of a metric but `all`, in the order of the table."""
        return [name for name in self.named.get(metric, ()) if name != ALL]


def number(value: float | None) -> str:
    """A count in full, any other number with two decimals."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def percent(share: float | None) -> Cell:
    """A share as a percentage; nothing that is not whole reads as 100 %."""
    if share is None:
        return Cell("–")
    text = f"{100 * share:.3g} %" if share < 0.9995 or share == 1 else "99.9+ %"
    return Cell("0" if share == 0 else text, share)
