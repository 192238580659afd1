"""Rules applied to figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite

from tokeval.errors import GateError
from tokeval.gate.baseline import Baseline
from tokeval.gate.demands import demands
from tokeval.gate.figures import Figures, place_of
from tokeval.gate.relative import PairedTest, compare
from tokeval.gate.rules import Rule, Rules, refuse_pair
from tokeval.gate.verdict import Check, Comparison, Outcome, Verdict
from tokeval.results.draws import sums_of
from tokeval.results.store import Results, Row
from tokeval.schema import Status


def judge(results: Results, rules: Rules, baseline: Baseline | None, test: PairedTest) -> Verdict:
    """Every rule against every figure that it names. What a rule names and the table lacks fails.

    Args:
        results: what is judged.
        rules: by what.
        baseline: the run that relative rules without `against` refer to.
        test: how the difference from a baseline is tested.

    Raises:
        GateError: rules that contradict each other on a figure, or that need a baseline where there is none; a
            baseline that is not comparable.
    """
    if rules.needs_run and baseline is None:
        raise GateError(
            f"{rules.path}:{rules.place(next(r for r in rules.rules if r.needs_run))}: this rule needs a baseline",
            hint="add --baseline, or against = NAME to compare with a tokenizer of the same run",
        )
    figures = Figures.of(results, [rule.metric for rule in rules.rules])
    directions = {info.name: info.direction for info in results.about.metrics}
    matched = [figures.match(rule) for rule in rules.rules]
    _refuse_contradictions(rules, [match.rows for match in matched])
    own = Baseline.of("the same run", figures.rows, sums_of(results))
    checks: list[Check] = []
    for rule, match in zip(rules.rules, matched, strict=True):
        missing = [_missing(rule, target) for target in match.missing]
        comparisons: Sequence[Comparison | str | None] = [None] * len(match.rows)
        if rule.relative:
            other = own if rule.against or baseline is None else baseline
            comparisons = compare(rule, match.rows, other, test, pairs=rule.metric in figures.paired)
        judged = [
            _check(rule, row, comparison, directions.get(rule.metric, ""), figures)
            for row, comparison in zip(match.rows, comparisons, strict=True)
        ]
        checks += missing + (_worst(judged) if rule.worst_slice else judged)
    return Verdict(rules, checks)


def _refuse_contradictions(rules: Rules, rows: Sequence[Sequence[Row]]) -> None:
    """Rules whose globs meet in a figure must leave room for it."""
    on_figure: dict[int, list[Rule]] = {}
    for rule, matched in zip(rules.rules, rows, strict=True):
        for row in matched:
            on_figure.setdefault(id(row), []).append(rule)
    for group in {tuple(id(rule) for rule in group): group for group in on_figure.values()}.values():
        refuse_pair(rules, group)


def _missing(rule: Rule, target: str) -> Check:
    where = f"{rule.metric} of {target}"
    return Check(rule, _failed(rule), where, "missing", rule.limits, "the results have no such figure")


def _check(rule: Rule, row: Row, comparison: Comparison | str | None, direction: str, figures: Figures) -> Check:
    where, status = place_of(row), row["status"]
    if status != Status.OK:
        if status in rule.allow:
            return Check(rule, Outcome.ALLOWED, where, status, rule.limits, f"{row['reason']} (allowed)", row)
        why = f"{row['reason']}; add allow = ['{status}'] if that is fine"
        return Check(rule, _failed(rule), where, status, rule.limits, why, row)
    if row["value"] is None or not isfinite(row["value"]):
        return Check(rule, _failed(rule), where, "no number", rule.limits, f"its value is {row['value']}", row)
    if isinstance(comparison, str):
        why = f"and cannot be compared: {comparison}"
        return Check(rule, _failed(rule), where, _found(row), rule.limits, why, row)
    demanded = demands(rule, row, comparison, direction, figures)
    if isinstance(demanded, str):
        return Check(rule, _failed(rule), where, _found(row), rule.limits, demanded, row, comparison)
    failed = [demand for demand in demanded if not demand.holds]
    wanted = " and ".join(demand.wanted for demand in demanded)
    why = "; ".join(demand.said for demand in (failed or demanded))
    margin = min(demand.margin for demand in demanded)
    outcome = _failed(rule) if failed else Outcome.PASSED
    return Check(rule, outcome, where, _found(row), wanted, why, row, comparison, margin)


def _worst(checks: Sequence[Check]) -> list[Check]:
    """Of the slices of each tokenizer and corpus: the one that fails by most, or comes nearest to it."""
    groups: dict[tuple[str, str], list[Check]] = {}
    for check in checks:
        if check.row is not None:
            groups.setdefault((check.row["tokenizer"], check.row["corpus"]), []).append(check)
    return [_worst_of(group) for group in groups.values()]


def _worst_of(group: Sequence[Check]) -> Check:
    order = (Outcome.FAILED, Outcome.WARNED, Outcome.PASSED, Outcome.ALLOWED)
    worst = min(group, key=lambda c: (order.index(c.outcome), float("-inf") if c.margin is None else c.margin))
    return replace(worst, why=f"{worst.why} (the worst of {len(group)} slices)")


def _failed(rule: Rule) -> Outcome:
    return Outcome.WARNED if rule.severity == "warn" else Outcome.FAILED


def _found(row: Row) -> str:
    value = f"{row['value']:.6g}"
    return value if row["ci_low"] is None else f"{value} [{row['ci_low']:.6g}, {row['ci_high']:.6g}]"
