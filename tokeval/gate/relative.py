"""Figures beside their baseline: the difference, and whether it is significant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from tokeval.gate.baseline import Baseline
from tokeval.gate.rules import Rule
from tokeval.gate.verdict import Comparison
from tokeval.metrics.uncertainty import holm
from tokeval.results.store import Row

#: From a figure and its baseline's to the 95 % interval of their difference and p, or in words why there is no test.
PairedTest = Callable[[Row, Row, Baseline], tuple[float, float, float] | str]


def compare(
    rule: Rule, rows: Sequence[Row], baseline: Baseline, test: PairedTest, *, pairs: bool
) -> list[Comparison | str]:
    """Each row beside its baseline, or why there is none; tested only where the rule asks for it.

    `pairs`: whether the metric has a figure per pair.

    Raises:
        GateError: a figure and its baseline are not comparable.
    """
    made: list[Comparison | str] = []
    for row in rows:
        base: Row | str = "the figure has no value"
        if row["value"] is not None:
            base = baseline.find(row, rule.against or row["tokenizer"], pairs=pairs)
        if isinstance(base, str):
            made.append(base)
            continue
        compared = Comparison(rule.against or baseline.name, base["value"], row["value"] - base["value"])
        if rule.within:
            tested = test(row, base, baseline)
            if isinstance(tested, str):
                compared = replace(compared, reason=tested)
            else:
                low, high, p = tested
                compared = replace(compared, low=low, high=high, p=p)
        made.append(compared)
    return _corrected(made)


def _corrected(made: list[Comparison | str]) -> list[Comparison | str]:
    tested = [(i, c, c.p) for i, c in enumerate(made) if isinstance(c, Comparison) and c.p is not None]
    for (index, comparison, _), p in zip(tested, holm([p for _, _, p in tested]), strict=True):
        made[index] = replace(comparison, p_corrected=p)
    return made
