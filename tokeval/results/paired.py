"""Paired differences between figures: of two tokenizers in one run, or of two runs on the same documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tokeval import signature
from tokeval.arrow import Int64
from tokeval.metrics.uncertainty import Floats, difference, filled, holm, resample
from tokeval.results.store import Results
from tokeval.results.sums import NAME, Sums
from tokeval.schema import ALL, MACRO, Status

#: The parts of a signature that may differ: what is compared.
COMPARED = ("tokenizer", "library")

SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Difference:
    """One figure on two sides.

    Attributes:
        a, b: the tokenizers' names.
        difference: value_b − value_a; null where a side has no figure.
        ci_low, ci_high: 95 % interval of it; null where there are no sums by bucket to draw from.
        p: two-sided; `p_corrected` by Holm over the slices of the metric (`all` and `macro` stand alone).
        better: `a` or `b` where the corrected p is below 0.05 and the metric has a direction.
        refused: the parts in which the signatures differ though they must not, with both values; then all else is null.
        reason: why there is no difference or no interval.
    """

    corpus: str
    slice: str
    metric: str
    a: str
    b: str
    value_a: float | None = None
    value_b: float | None = None
    difference: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    p: float | None = None
    p_corrected: float | None = None
    better: str | None = None
    refused: Mapping[str, tuple[str | None, str | None]] | None = None
    reason: str | None = None


def between_tokenizers(results: Results, a: str, b: str, metrics: Sequence[str] = ()) -> list[Difference]:
    """Differences between two tokenizers of one run; all metrics, or those named."""
    return between(results, results, a, b, metrics)


def between(
    left: Results,
    right: Results,
    a: str,
    b: str,
    metrics: Sequence[str] = (),
    allowed: Iterable[str] = COMPARED,
) -> list[Difference]:
    """Differences between tokenizer `a` of one result and tokenizer `b` of another, row by row of the first.

    Figures whose signatures differ in more than the allowed parts are refused, each naming the parts. A figure that
    one side lacks is left out.
    """
    theirs = {_place(row): row for row in right.table.to_pylist() if row["tokenizer"] == b}
    pairs = [
        (row, theirs[_place(row)])
        for row in left.table.to_pylist()
        if row["tokenizer"] == a and _place(row) in theirs and (not metrics or row["metric"] in metrics)
    ]
    checked = [(x, y, _refusal(x, y, set(allowed))) for x, y in pairs]
    drawn = _Draws(left, right, [(x, y) for x, y, refused in checked if refused is None])
    found = []
    for x, y, refused in checked:
        bare = Difference(x["corpus"], x["slice"], x["metric"], a, b)
        if refused is not None:
            reason = "the signatures differ in " + ", ".join(refused)
            found.append(replace(bare, refused=refused, reason=reason))
        else:
            found.append(_compared(bare, x, y, drawn))
    return _corrected(found, left)


def comparable(found: Sequence[Difference]) -> bool:
    """Whether any figure was compared."""
    return any(item.refused is None for item in found)


def _place(row: Mapping[str, Any]) -> tuple[str, ...]:
    reference = row["reference"] if row["metric"] == "overlap_jsd" else ""
    return (row["corpus"], row["slice"], row["metric"], reference)


def _refusal(
    x: Mapping[str, Any], y: Mapping[str, Any], allowed: set[str]
) -> Mapping[str, tuple[str | None, str | None]] | None:
    if not x["signature"] or not y["signature"]:
        return {"signature": (x["signature"] or None, y["signature"] or None)}
    return signature.differing(x["signature"], y["signature"], allowed) or None


def _compared(bare: Difference, x: Mapping[str, Any], y: Mapping[str, Any], drawn: _Draws) -> Difference:
    bare = replace(bare, value_a=x["value"], value_b=y["value"])
    for row in (x, y):
        if row["status"] != Status.OK:
            return replace(bare, reason=f"{row['tokenizer']}: {row['reason'] or row['status']}")
    value = y["value"] - x["value"]
    sides = [drawn.values(0, x), drawn.values(1, y)]
    if sides[0] is None or sides[1] is None:
        return replace(bare, difference=value, reason="no sums by bucket are kept for this figure")
    (of_a, buckets_a), (of_b, buckets_b) = sides[0], sides[1]
    made = difference(of_b, of_a, value, max(buckets_a, buckets_b))
    if made is None:
        return replace(bare, difference=value, reason="too few documents for an interval")
    low, high, p = made
    return replace(bare, difference=value, ci_low=low, ci_high=high, p=p, p_corrected=p)


def _corrected(found: list[Difference], results: Results) -> list[Difference]:
    families: dict[tuple[str, str], list[int]] = {}
    for index, item in enumerate(found):
        if item.p is not None and item.slice not in (ALL, MACRO):
            families.setdefault((item.corpus, item.metric), []).append(index)
    for members in families.values():
        values = [p for index in members if (p := found[index].p) is not None]
        for index, corrected in zip(members, holm(values), strict=True):
            found[index] = replace(found[index], p_corrected=corrected)
    return [replace(item, better=_better(item, results)) for item in found]


def _better(item: Difference, results: Results) -> str | None:
    info = results.about.metric(item.metric)
    if info is None or item.p_corrected is None or item.p_corrected >= SIGNIFICANT or not item.difference:
        return None
    if info.direction not in ("higher", "lower"):
        return None
    return "b" if (item.difference > 0) == (info.direction == "higher") else "a"


class _Draws:
    """The sums of every draw for all ratios to be compared, each distinct row computed once."""

    def __init__(
        self, left: Results, right: Results, pairs: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]
    ) -> None:
        self._sums = [_sums_of(left), _sums_of(right)]
        self._slices: list[dict[tuple[str, str, str], list[str]]] = [{}, {}]
        for pair in pairs:
            for side, row in enumerate(pair):
                if row["slice"] not in (ALL, MACRO) and row["status"] == Status.OK:
                    key = (row["tokenizer"], row["corpus"], row["metric"])
                    self._slices[side].setdefault(key, []).append(row["slice"])
        rows: list[Int64] = []
        self._places: dict[bytes, int] = {}
        for pair in pairs:
            for side, row in enumerate(pair):
                for part in self._of(side, row):
                    for sums in part:
                        if self._places.setdefault(sums.tobytes(), len(rows)) == len(rows):
                            rows.append(sums)
        self._drawn = resample(np.stack(rows), left.about.seed) if rows else np.zeros((0, 0))

    def values(self, side: int, row: Mapping[str, Any]) -> tuple[Floats, int] | None:
        """The figure in each draw, and how many buckets are filled behind it."""
        parts = self._of(side, row)
        if not parts:
            return None
        quotients = []
        for part in parts:
            above, below = (self._drawn[self._places[sums.tobytes()]] for sums in part)
            quotients.append(np.divide(above, below, out=np.full(len(above), np.nan), where=below != 0))
        mean: Floats = np.mean(quotients, axis=0)
        return mean, max(filled(part) for part in parts)

    def _of(self, side: int, row: Mapping[str, Any]) -> list[Int64]:
        """The ratios whose mean the figure is: its own, or those of all slices for the row `macro`."""
        key = (row["tokenizer"], row["corpus"], row["metric"])
        names = self._slices[side].get(key, []) if row["slice"] == MACRO else [row["slice"]]
        found = [self._sums[side].get(key[0], key[1], name, key[2]) for name in names]
        return [] if any(sums is None for sums in found) else [sums for sums in found if sums is not None]


def _sums_of(results: Results) -> Sums:
    table = results.beside.get(NAME)
    return Sums({}) if table is None else Sums.of(table)
