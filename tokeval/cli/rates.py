"""%TR and %Pure in the terminal, for corpora of several languages, whose summary has only figures of the pool."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokeval.results.store import Results

_RATES = {"language_token_rate": "%TR", "pure_token_rate": "%Pure"}


def show(results: Results, *, to_stdout: bool) -> None:
    """One row per language and tokenizer; nothing where the summary shows the rates already, or there are none."""
    from rich.markup import escape
    from rich.table import Table

    from tokeval.report.console import make_console
    from tokeval.schema import ALL

    columns = ("corpus", "slice", "tokenizer", "metric", "value")
    rows = [row for row in results.table.select(columns).to_pylist() if row["metric"] in _RATES]
    pooled = {row["corpus"] for row in rows if row["slice"] == ALL}
    found: dict[tuple[str, str, str], dict[str, float | None]] = {}
    for row in rows:
        if row["corpus"] not in pooled:
            found.setdefault((row["corpus"], row["slice"], row["tokenizer"]), {})[row["metric"]] = row["value"]
    if not found:
        return
    table = Table(box=None, pad_edge=False)
    for name in ("corpus", "language", "tokenizer"):
        table.add_column(name, overflow="fold")
    for short in _RATES.values():
        table.add_column(short, justify="right")
    for key, values in sorted(found.items(), key=lambda item: item[0][:2]):
        shown = [values.get(metric) for metric in _RATES]
        table.add_row(*map(escape, key), *("–" if value is None else f"{value:.1%}" for value in shown))
    stream = sys.stdout if to_stdout else sys.stderr
    make_console(stream).print(table)
