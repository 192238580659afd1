"""The figures of vocabularies, looked up by tokenizer, metric and slice, and as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tokeval.report.blocks import Cell
from tokeval.schema import ALL


@dataclass(frozen=True)
class Figures:
    """The figures of one corpus by tokenizer, metric, slice and reference."""

    rows: Mapping[tuple[str, str, str, str | None], Mapping[str, Any]]
    tokenizers: Sequence[str]

    def value(self, tokenizer: str, metric: str, name: str = ALL, reference: str | None = None) -> float | None:
        """A figure's value, None where there is none."""
        row = self.rows.get((tokenizer, metric, name, reference))
        return None if row is None else row["value"]

    def reason(self, tokenizer: str, metric: str, name: str = ALL) -> str | None:
        """Why there is no value, None where there is one or no figure at all."""
        row = self.rows.get((tokenizer, metric, name, None))
        return None if row is None else row["reason"]

    def share(self, tokenizer: str, metric: str, name: str = ALL) -> float | None:
        """A count divided by what it is a part of; 0 where the slice does not occur."""
        row = self.rows.get((tokenizer, metric, name, None))
        if row is None or not row["denominator"]:
            return 0.0 if (tokenizer, metric, ALL, None) in self.rows else None
        return float(row["numerator"] / row["denominator"])

    def slices(self, metric: str) -> list[str]:
        """The slices of a metric but `all`, in the order of the table."""
        return list(dict.fromkeys(s for _, m, s, _ in self.rows if m == metric and s != ALL))


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
