"""The figures of one metric as columns: most are computed a column at a time, and all become rows from here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from tokeval.arrow import Floats, Int64
from tokeval.schema import BUCKETS, Figure, Resampled, Status

Flags = npt.NDArray[np.bool_]

#: Why a row has no figure.
Problem = tuple[Status, str]
#: Above and below the line, int64 of shape (k, BUCKETS) each.
Parts = tuple[Int64, Int64]

_NOTHING: Mapping[str, object] = {}


@dataclass(frozen=True)
class Figures:
    """k figures of one metric, tokenizer and corpus; iterating gives them one by one. See `Figure` for what they are.

    Attributes:
        slices, references, statuses, reasons, signed, tokenizers: one per row.
        n: int64 of shape (k,).
        values, numerators, denominators: float64 of shape (k,), NaN for none.
        ci: float64 of shape (k, 2), NaN for none.
        drawn: marks the ratios whose intervals are drawn from `parts`; shape (k,).
        parts: sums by bucket; None where nothing is drawn from them.
        others: by row, what an interval is drawn from that is no ratio of two sums.
    """

    slices: Sequence[str]
    n: Int64
    values: Floats
    numerators: Floats
    denominators: Floats
    ci: Floats
    references: Sequence[str | None]
    statuses: Sequence[Status]
    reasons: Sequence[str | None]
    signed: Sequence[Mapping[str, object]]
    tokenizers: Sequence[str | None]
    drawn: Flags
    parts: Parts | None = None
    others: Mapping[int, Resampled] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.slices)

    def __iter__(self) -> Iterator[Figure]:
        for row, (slice_name, status, low, high) in enumerate(
            zip(self.slices, self.statuses, *self.ci.T.tolist(), strict=True)
        ):
            resampled = self.others.get(row)
            if self.drawn[row] and self.parts is not None:
                resampled = Resampled(np.stack([part[row] for part in self.parts]))
            yield Figure(
                slice_name,
                _some(self.values[row]),
                int(self.n[row]),
                _some(self.numerators[row]),
                _some(self.denominators[row]),
                None if np.isnan(low) else (low, high),
                self.references[row],
                status,
                self.reasons[row],
                resampled,
                self.signed[row],
                self.tokenizers[row],
            )

    @cached_property
    def ok(self) -> Flags:
        """Marks the rows with a value; shape (k,)."""
        return np.array([status == Status.OK for status in self.statuses], np.bool_)

    def without(self, problems: Mapping[int, Problem]) -> Figures:
        """The same but for some rows, which have a status and a reason in the place of a figure."""
        if not problems:
            return self
        rows = list(problems)
        statuses, reasons, signed = list(self.statuses), list(self.reasons), list(self.signed)
        for row, (status, reason) in problems.items():
            statuses[row], reasons[row], signed[row] = status, reason, _NOTHING
        values, numerators, denominators = (
            _with(column, rows, np.nan) for column in (self.values, self.numerators, self.denominators)
        )
        return replace(
            self,
            values=values,
            numerators=numerators,
            denominators=denominators,
            statuses=statuses,
            reasons=reasons,
            signed=signed,
            drawn=_with(self.drawn, rows, False),
        )

    def with_row(self, at: int, figure: Figure) -> Figures:
        """The same with a further row, from which nothing is drawn."""
        return Figures(
            _put(self.slices, at, figure.slice),
            _placed(self.n, at, figure.n),
            _placed(self.values, at, _number(figure.value)),
            _placed(self.numerators, at, _number(figure.numerator)),
            _placed(self.denominators, at, _number(figure.denominator)),
            _placed(self.ci, at, figure.ci or (np.nan, np.nan)),
            _put(self.references, at, figure.reference),
            _put(self.statuses, at, figure.status),
            _put(self.reasons, at, figure.reason),
            _put(self.signed, at, figure.signed),
            _put(self.tokenizers, at, figure.tokenizer),
            _placed(self.drawn, at, False),
        )


def gathered(figures: Iterable[Figure]) -> Figures:
    """Figures as columns, if they are not."""
    if isinstance(figures, Figures):
        return figures
    listed = list(figures)
    ratios = [(row, f.resampled.sums) for row, f in enumerate(listed) if f.resampled and f.resampled.statistic is None]
    others = {row: f.resampled for row, f in enumerate(listed) if f.resampled and f.resampled.statistic is not None}
    drawn, parts = np.zeros(len(listed), np.bool_), None
    if ratios:
        parts = np.zeros((len(listed), BUCKETS), np.int64), np.zeros((len(listed), BUCKETS), np.int64)
        for row, sums in ratios:
            drawn[row], parts[0][row], parts[1][row] = True, *sums
    return Figures(
        [f.slice for f in listed],
        np.array([f.n for f in listed], np.int64),
        np.array([_number(f.value) for f in listed], np.float64),
        np.array([_number(f.numerator) for f in listed], np.float64),
        np.array([_number(f.denominator) for f in listed], np.float64),
        np.array([f.ci or (np.nan, np.nan) for f in listed], np.float64).reshape(-1, 2),
        [f.reference for f in listed],
        [f.status for f in listed],
        [f.reason for f in listed],
        [f.signed for f in listed],
        [f.tokenizer for f in listed],
        drawn,
        parts,
        others,
    )


def plain(slices: Sequence[str], n: Int64, values: npt.ArrayLike, references: Sequence[str | None] = ()) -> Figures:
    """Figures that are no quotients and have no intervals.

    Args:
        slices: k names.
        n: documents behind each.
        values: k of them.
        references: k of them, if any.
    """
    size = len(slices)
    none = np.full(size, np.nan)
    return Figures(
        slices,
        n,
        np.asarray(values, np.float64),
        none,
        none,
        np.full((size, 2), np.nan),
        references or [None] * size,
        [Status.OK] * size,
        [None] * size,
        [_NOTHING] * size,
        [None] * size,
        np.zeros(size, np.bool_),
    )


def quotients(
    slices: Sequence[str],
    n: Int64,
    above: npt.ArrayLike,
    below: npt.ArrayLike,
    below_name: str,
    parts: Parts | None = None,
    reference: str | None = None,
    signed: Mapping[str, object] = _NOTHING,
) -> Figures:
    """Figures that divide; undefined where there is nothing to divide by.

    Args:
        slices: k names.
        n: documents behind each.
        above: k numerators.
        below: k denominators.
        below_name: what there is none of where the denominator is 0.
        parts: the sums by bucket that numerators and denominators are totals of, where intervals are drawn from them.
        reference: the baseline or pivot.
        signed: further parts of their signatures.
    """
    size = len(slices)
    above, below = np.asarray(above, np.float64), np.asarray(below, np.float64)
    defined = below != 0
    made = plain(slices, n, np.divide(above, below, out=np.full(size, np.nan), where=defined), [reference] * size)
    made = replace(made, numerators=above, denominators=below, signed=[signed] * size)
    if not defined.all():
        reason, marks = f"no {below_name}", defined.tolist()
        made = replace(
            made,
            statuses=[Status.OK if mark else Status.UNDEFINED for mark in marks],
            reasons=[None if mark else reason for mark in marks],
        )
    return made if parts is None else replace(made, parts=parts, drawn=defined)


def ratios(
    slices: Sequence[str],
    n: Int64,
    parts: Parts,
    below_name: str,
    reference: str | None = None,
    one: int = 1,
    signed: Mapping[str, object] = _NOTHING,
) -> Figures:
    """Ratios of sums by bucket, from which their intervals are drawn.

    Args:
        slices: k names.
        n: documents behind each.
        parts: the sums of numerator and denominator, int64 of shape (k, BUCKETS).
        below_name: what there is none of where the denominator is 0.
        reference: the baseline or pivot.
        one: what both were multiplied by (fixed-point sums).
        signed: further parts of their signatures.
    """
    above, below = (part.sum(axis=1) / one for part in parts)
    return quotients(slices, n, above, below, below_name, parts, reference, signed)


def _some(value: Any) -> float | None:
    return None if np.isnan(value) else float(value)


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def _with(column: npt.NDArray[Any], rows: Sequence[int], value: object) -> npt.NDArray[Any]:
    changed = column.copy()
    changed[rows] = value
    return changed


def _put(column: Sequence[Any], at: int, value: object) -> list[Any]:
    return [*column[:at], value, *column[at:]]


def _placed(column: npt.NDArray[Any], at: int, value: object) -> npt.NDArray[Any]:
    # a quarter of what np.insert takes, and there are six for each metric
    return np.concatenate((column[:at], np.array([value], column.dtype), column[at:]))
