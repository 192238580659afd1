"""What a run says while it goes: a bar on a terminal, plain lines elsewhere; and the summary at its end."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokeval.engine.plan import Plan
    from tokeval.engine.shard import Progress
    from tokeval.results.store import Results

_SECONDS_BETWEEN_LINES = 10.0
_HEADLINES_THAT_FIT = 5


def say(line: str) -> None:
    """One line on stderr."""
    print(line, file=sys.stderr)


@contextmanager
def show(plan: Plan, *, quiet: bool) -> Iterator[Progress | None]:
    """A function to be told of every batch, or None where nothing is to be shown."""
    rows = sum(piece.rows for corpus in plan.corpora for piece in corpus.pieces)
    if quiet:
        yield None
        return
    corpora = ", ".join(corpus.name for corpus in plan.corpora)
    say(f"comparing {', '.join(name for name, _ in plan.tokenizers)} on {corpora} ({rows:,} rows)")
    if sys.stderr.isatty():
        with _bar(plan) as told:
            yield told
    else:
        yield _lines()


@contextmanager
def _bar(plan: Plan) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks = {name: bars.add_task(name, total=None) for name, _ in plan.tokenizers}
        yield lambda name, size: bars.advance(tasks[name], size)


def _lines() -> Progress:
    started = last = time.monotonic()
    done: dict[str, int] = {}

    def told(name: str, size: int) -> None:
        nonlocal last
        done[name] = done.get(name, 0) + size
        now = time.monotonic()
        if now - last >= _SECONDS_BETWEEN_LINES:
            last = now
            say(f"{now - started:.0f} s: " + ", ".join(f"{n} {b / 1e6:.1f} MB" for n, b in done.items()))

    return told


def summary(results: Results, *, to_stdout: bool) -> None:
    """The headline metrics of every tokenizer, as a table of at most 80 columns."""
    from rich.console import Console
    from rich.table import Table

    from tokeval.report.values import grids, shown
    from tokeval.schema import ALL

    stream = sys.stdout if to_stdout else sys.stderr
    width = None if stream.isatty() else int(os.environ.get("COLUMNS", "80"))
    console = Console(file=stream, width=width, highlight=False)
    for corpus in results.about.corpora:
        headline = [grid for grid in grids(results, corpus) if grid.info.headline][:_HEADLINES_THAT_FIT]
        table = Table(title=corpus, title_justify="left", box=None, pad_edge=False)
        table.add_column("tokenizer", overflow="fold")
        for grid in headline:
            table.add_column(grid.info.name.replace("_", " "), justify="right", overflow="fold")
        for name in results.about.tokenizers:
            cells = [grid.cells.get((name, ALL)) for grid in headline]
            texts = [
                "–" if c is None or c.value is None else shown(c.value, g.info.unit)
                for c, g in zip(cells, headline, strict=True)
            ]
            marked = [f"[bold]{t}[/]" if c is not None and c.best else t for c, t in zip(cells, texts, strict=True)]
            table.add_row(_plain(name), *marked)
        console.print(table)


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)
