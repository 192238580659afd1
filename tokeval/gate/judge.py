"""Rules applied to figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from tokeval.errors import GateError, suggest
from tokeval.gate.rules import Rule, Rules
from tokeval.results.store import Results


@dataclass(frozen=True)
class Check:
    """One figure judged by one rule; without a figure where the rule matched none."""

    rule: Rule
    passed: bool
    message: str
    figure: Mapping[str, Any] | None = None


def judge(results: Results, rules: Rules) -> list[Check]:
    """Every rule against every figure that it names. A rule that matches no figure fails.

    Raises:
        GateError: a rule names a metric that the results do not have.
    """
    known = set(results.table["metric"].to_pylist()) | {info.name for info in results.about.metrics}
    for rule in rules.rule:
        if rule.metric not in known:
            raise GateError(f"the results have no metric {rule.metric!r}", hint=suggest(rule.metric, known))
    rows = results.table.to_pylist()
    return [check for rule in rules.rule for check in _apply(rule, rows)]


def _apply(rule: Rule, rows: list[dict[str, Any]]) -> list[Check]:
    fields = {"tokenizer": rule.tokenizer, "slice": rule.slice, "corpus": rule.corpus}
    matched = [
        row
        for row in rows
        if row["metric"] == rule.metric and all(_matches(row[key], wanted) for key, wanted in fields.items())
    ]
    if not matched:
        where = ", ".join(f"{key} {wanted!r}" for key, wanted in fields.items())
        return [Check(rule, False, f"{rule.metric}: no figure matches {where}")]
    return [_check(rule, row) for row in matched]


def _check(rule: Rule, row: dict[str, Any]) -> Check:
    place = f"{rule.metric} of {row['tokenizer']} on {row['corpus']}/{row['slice']}"
    value = row["value"]
    if row["status"] != "ok":
        return Check(rule, False, f"{place} is {row['status']}: {row['reason']}", row)
    if rule.min is not None and value < rule.min:
        return Check(rule, False, f"{place} is {value:.6g}, below the minimum {rule.min:g}", row)
    if rule.max is not None and value > rule.max:
        return Check(rule, False, f"{place} is {value:.6g}, above the maximum {rule.max:g}", row)
    return Check(rule, True, f"{place} is {value:.6g}", row)


def _matches(name: str, wanted: str | list[str]) -> bool:
    patterns = [wanted] if isinstance(wanted, str) else wanted
    return any(fnmatchcase(name, pattern) for pattern in patterns)
