"""The gate's verdict in the terminal: a table of what does not pass, a line per rule for what does."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

    from tokeval.gate.verdict import Check, Verdict

_STYLES = {"failed": "bold red", "warned": "yellow", "allowed": "dim", "passed": "green"}


def show(verdict: Verdict) -> None:
    """Print it to stdout."""
    from rich.table import Table

    from tokeval.report.console import make_console

    console = make_console(sys.stdout, 120)
    compared = any(check.comparison for check in verdict.checks)
    for rule in verdict.rules.rules:
        checks = verdict.of(rule)
        shown = [check for check in checks if check.outcome != "passed"]
        held = len(checks) - len(shown)
        place = f"{verdict.rules.path}:{verdict.rules.place(rule).line}"
        print(f"{rule.title} ({place}): {held} of {len(checks)} passed")
        if not shown:
            continue
        if rule.message:
            print(f"  {rule.message}")
        columns = ("", "figure", "found", *(["difference"] if compared else []), "would pass")
        table = Table(*columns, box=None, padding=(0, 2, 0, 0))
        for check in shown:
            _add(table, check, compared)
        console.print(table)
    print(verdict.summary)


def _add(table: Table, check: Check, compared: bool) -> None:
    from rich.text import Text

    mark = Text(f"  {check.outcome}", _STYLES[check.outcome])
    cells = [check.where, check.found, *([str(check.comparison or "")] if compared else []), check.wanted]
    table.add_row(mark, *(Text(cell, overflow="fold") for cell in cells))
    if check.margin is None or (check.comparison and check.comparison.reason):  # the columns do not say why
        table.add_row("", Text(check.why, "dim", overflow="fold"))
