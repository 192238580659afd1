"""The verdict as SARIF 2.1.0, for code scanning: what fails or warns, at the rule's line in the rules file."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from tokeval import __version__
from tokeval.gate.verdict import Check, Outcome, Verdict

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"error": "error", "warn": "warning"}


def render(verdict: Verdict) -> bytes:
    """A log of one run with a result per check that is not passed or allowed."""
    rules = [
        {
            "id": f"rule-{number}",
            "name": rule.metric,
            "shortDescription": {"text": rule.title},
            "fullDescription": {"text": f"{rule.metric} must be {rule.limits}"},
            "help": {"text": rule.message or rule.limits},
            "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        }
        for number, rule in enumerate(verdict.rules.rules, 1)
    ]
    results = [
        _result(verdict, check, number)
        for number, rule in enumerate(verdict.rules.rules)
        for check in verdict.of(rule)
        if check.bad
    ]
    driver = {"name": "tokeval", "version": __version__, "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return (json.dumps(log, indent=2, ensure_ascii=False) + "\n").encode()


def _result(verdict: Verdict, check: Check, index: int) -> dict[str, Any]:
    place = verdict.rules.place(check.rule)
    text = check.message if not check.rule.message else f"{check.message}. {check.rule.message}"
    return {
        "ruleId": f"rule-{index + 1}",
        "ruleIndex": index,
        "level": "error" if check.outcome is Outcome.FAILED else "warning",
        "message": {"text": f"{text} (would pass: {check.wanted})"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(verdict.rules.path.replace("\\", "/"))},
                    "region": {"startLine": place.line, "startColumn": place.column},
                }
            }
        ],
        "partialFingerprints": {"figure/v1": check.where},
    }
