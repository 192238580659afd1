"""The summary on a terminal: headline metrics in as many tables as it takes to stay within the width."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from tokeval.report.console import make_console
from tokeval.report.summary import losses
from tokeval.report.values import ARROWS, Cell, Grid, clean, grids, headline, interval, shown
from tokeval.results.store import Results

_NAME = 20
_GAP = 2


def print_summary(results: Results, stream: TextIO) -> None:
    """Write the headline figures of every corpus to a stream.

    Within the terminal's width, 80 columns elsewhere. The best are bold on a terminal and starred where there is
    nothing but plain text; an interval is shown where it is wide enough to matter.
    """
    console = make_console(stream)
    for corpus in results.about.corpora:
        found = grids(results, corpus)
        for i, block in enumerate(_blocks(headline(found), console.width, plain=not console.is_terminal)):
            title = Text(clean(corpus), style="bold") if i == 0 else None
            if i:
                console.print()
            console.print(_table(results, block, title, plain=not console.is_terminal))
        for loss in losses(results, {grid.info.name: grid for grid in found}):
            text = f"{clean(loss.name, _NAME)} loses text: {100 * loss.rate:.2g} % of its tokens are the unknown token"
            console.print(Text(text, style="yellow"))


def _blocks(found: Sequence[Grid], width: int, *, plain: bool) -> list[list[Grid]]:
    """The grids in groups that fit beside the names; a column that is alone too wide stands alone."""
    made: list[list[Grid]] = []
    room = 0
    for grid in found:
        needed = _width(grid, plain=plain) + _GAP
        if not made or needed > room:
            made.append([])
            room = width - _NAME
        made[-1].append(grid)
        room -= needed
    return made


def _width(grid: Grid, *, plain: bool) -> int:
    cells = [cell_len(line) for cell in grid.pool for line in _cell(grid, cell, plain=plain).plain.split("\n")]
    return max([*cells, *(cell_len(word) for word in _header(grid).split("\n"))])


def _header(grid: Grid) -> str:
    words = [*clean(grid.title, 40).replace(" ", "_").split("_")]
    return "\n".join([*words[:-1], f"{words[-1]} {ARROWS[grid.info.direction]}".rstrip()])


def _table(results: Results, found: Sequence[Grid], title: Text | None, *, plain: bool) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, _GAP, 0, 0))
    table.add_column("tokenizer", overflow="fold", max_width=_NAME, vertical="top")
    for grid in found:
        table.add_column(Text(_header(grid), justify="right"), justify="right", overflow="fold", vertical="top")
    for name in results.about.tokenizers:
        cells = [_cell(grid, grid.cells.get((name, grid.pooled)), plain=plain) for grid in found]
        table.add_row(Text(clean(name, 2 * _NAME)), *cells)
    return table


def _cell(grid: Grid, cell: Cell | None, *, plain: bool) -> Text:
    if cell is None or cell.value is None:
        return Text("–", style="dim")
    text = Text(shown(cell.value, grid.info.unit), style="bold green" if cell.best else "")
    if plain and any(other.best for other in grid.pool):
        text.append("*" if cell.best else " ")
    if cell.wide:
        text.append("\n" + interval(cell, grid.info.unit), style="dim not bold")
    return text
