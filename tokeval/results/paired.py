"""Paired differences between figures: of two tokenizers in one run, or of two runs on the same documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tokeval import signature
from tokeval.metrics.uncertainty import holm
from tokeval.results.draws import SIGNIFICANT, Draws, sums_of
from tokeval.results.store import Results, Row
from tokeval.results.sums import Sums
from tokeval.schema import ALL, HIGHER, LOWER, MACRO, Status


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
        reference: the other one, where the figure is of a pair.
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
    reference: str | None = None


def between_tokenizers(results: Results, a: str, b: str, metrics: Sequence[str] = ()) -> list[Difference]:
    """Differences between two tokenizers of one run; all metrics, or those named."""
    return between(results, results, a, b, metrics)


def between(
    left: Results,
    right: Results,
    a: str,
    b: str,
    metrics: Sequence[str] = (),
    allowed: Iterable[str] = signature.COMPARED,
) -> list[Difference]:
    """Differences between tokenizer `a` of one result and tokenizer `b` of another, row by row of the first.

    Figures whose signatures differ in more than the allowed parts are refused, each naming the parts. A figure that
    one side lacks is left out.
    """
    theirs = {_place(row, right): row for row in right.table.to_pylist() if row["tokenizer"] == b}
    mine = [row for row in left.table.to_pylist() if row["tokenizer"] == a]
    pairs = [
        (row, other)
        for row in mine
        if (not metrics or row["metric"] in metrics) and (other := theirs.get(_place(row, left)))
    ]
    checked = [(x, y, _refusal(x, y, set(allowed))) for x, y in pairs]
    of_left, of_right = (sums_of(side) or Sums({}) for side in (left, right))
    drawn = Draws(of_left, of_right, [(x, y) for x, y, refused in checked if refused is None], left.about.seed)
    found = []
    for x, y, refused in checked:
        corpus, name, metric, reference = _place(x, left)
        bare = Difference(corpus, name, metric, a, b, reference=reference)
        if refused is not None:
            reason = "the signatures differ in " + ", ".join(refused)
            found.append(replace(bare, refused=refused, reason=reason))
        else:
            found.append(_compared(bare, x, y, drawn))
    return _corrected(found, left)


def comparable(found: Sequence[Difference]) -> bool:
    """Whether any figure was compared."""
    return any(item.refused is None for item in found)


def _place(row: Row, results: Results) -> tuple[str, str, str, str | None]:
    reference = row["reference"] if row["metric"] in results.about.paired else None
    return (row["corpus"], row["slice"], row["metric"], reference)


def _refusal(x: Row, y: Row, allowed: set[str]) -> Mapping[str, tuple[str | None, str | None]] | None:
    if not x["signature"] or not y["signature"]:
        return {"signature": (x["signature"] or None, y["signature"] or None)}
    return signature.differing(x["signature"], y["signature"], allowed) or None


def _compared(bare: Difference, x: Row, y: Row, drawn: Draws) -> Difference:
    bare = replace(bare, value_a=x["value"], value_b=y["value"])
    for row in (x, y):
        if row["status"] != Status.OK:
            return replace(bare, reason=f"{row['tokenizer']}: {row['reason'] or row['status']}")
    value = y["value"] - x["value"]
    made = drawn.test(x, y)
    if isinstance(made, str):
        return replace(bare, difference=value, reason=made)
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
    if info.direction not in (HIGHER, LOWER):
        return None
    return "b" if (item.difference > 0) == (info.direction == HIGHER) else "a"
