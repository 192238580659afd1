"""The verdict as JSON: everything, for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from tokeval.gate.verdict import Check, Outcome, Verdict

_FACTS = ("tokenizer", "corpus", "slice", "metric", "unit", "value", "ci_low", "ci_high", "n", "reference", "status")


def render(verdict: Verdict) -> bytes:
    """One object: the verdict, the counts, and per rule its place and its checks."""
    content = {
        "passed": verdict.passed,
        "results": verdict.results,
        "baseline": verdict.baseline,
        "counts": {str(outcome): verdict.count(outcome) for outcome in Outcome},
        "rules": [
            {
                "name": rule.title,
                "file": verdict.rules.path,
                "line": verdict.rules.place(rule).line,
                "severity": rule.severity,
                "limits": rule.limits,
                "message": rule.message,
                "checks": [_check(check) for check in verdict.of(rule)],
            }
            for rule in verdict.rules.rules
        ],
    }
    return (json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False, default=str) + "\n").encode()


def _check(check: Check) -> dict[str, Any]:
    return {
        "outcome": str(check.outcome),
        "figure": None if check.row is None else {key: check.row[key] for key in _FACTS},
        "where": check.where,
        "found": check.found,
        "would_pass": check.wanted,
        "message": check.message,
        "baseline": None if check.comparison is None else asdict(check.comparison),
    }
