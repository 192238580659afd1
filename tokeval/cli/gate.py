"""`tokeval gate`: pass or fail."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tokeval.gate.rules import Rules
    from tokeval.results.store import Results

FAILED = 1


def command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder written by tokeval compare.")],
    rules: Annotated[Path, typer.Argument(metavar="RULES.toml", help="The rules that the figures must satisfy.")],
) -> int:
    """Judge results by rules: exit code 0 if every rule holds, 1 if one fails."""
    from tokeval.gate.rules import read_rules
    from tokeval.results.store import Results, load_results

    parsed = read_rules(rules)
    return judge_and_print(Results.of(load_results(folder)), parsed)


def judge_and_print(results: Results, rules: Rules) -> int:
    """Print a line per failed check and a verdict; the exit code."""
    from tokeval.gate.judge import judge

    checks = judge(results, rules)
    failed = [check for check in checks if not check.passed]
    for check in failed:
        print(f"FAIL {check.message}")
    print(f"gate: {'failed' if failed else 'passed'} ({len(checks) - len(failed)} of {len(checks)} checks hold)")
    sys.stdout.flush()
    return FAILED if failed else 0
