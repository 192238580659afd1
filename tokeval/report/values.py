"""What every renderer needs of the table: figures by tokenizer and slice, the best of each, numbers as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tokeval.results.store import Results
from tokeval.schema import ALL, MetricInfo


@dataclass(frozen=True)
class Cell:
    """One figure as it is shown."""

    value: float | None
    reason: str | None
    best: bool = False


@dataclass(frozen=True)
class Grid:
    """One metric on one corpus: cells by (tokenizer, slice)."""

    info: MetricInfo
    tokenizers: tuple[str, ...]
    slices: tuple[str, ...]
    cells: Mapping[tuple[str, str], Cell]

    def pool(self) -> list[Cell]:
        """The cells of the pooled slice."""
        return [cell for (_, name), cell in self.cells.items() if name == ALL]


def grids(results: Results, corpus: str) -> list[Grid]:
    """One grid per metric, in the table's order; the best cell of each slice marked, yardsticks not counted."""
    found: dict[str, dict[tuple[str, str], Cell]] = {}
    columns = ("corpus", "metric", "tokenizer", "slice", "value", "reason")
    for row in results.table.select(columns).to_pylist():
        if row["corpus"] == corpus:
            cells = found.setdefault(row["metric"], {})
            cells[row["tokenizer"], row["slice"]] = Cell(row["value"], row["reason"])
    about = results.about
    rivals = [name for name, t in about.tokenizers.items() if not t.yardstick]
    made = []
    for name, cells in found.items():
        info = about.metric(name) or MetricInfo(name, "", "", "neither", "")
        slices = tuple(dict.fromkeys(s for _, s in cells))
        owners = tuple(dict.fromkeys((*about.tokenizers, *(owner for owner, _ in cells))))
        made.append(Grid(info, owners, slices, _mark_best(info, rivals, slices, cells)))
    return made


def shown(value: float, unit: str) -> str:
    """A number for reading: counts in full, the rest to four significant digits."""
    if unit == "count":
        return f"{value:,.0f}"
    return f"{value:,.0f}" if abs(value) >= 10000 else f"{value:.4g}"


def _mark_best(
    info: MetricInfo, rivals: list[str], slices: tuple[str, ...], cells: dict[tuple[str, str], Cell]
) -> dict[tuple[str, str], Cell]:
    marked = dict(cells)
    if info.direction == "neither" or len(rivals) < 2:
        return marked
    better = max if info.direction == "higher" else min
    for name in slices:
        values = {t: cells[t, name].value for t in rivals if (t, name) in cells}
        known = {t: value for t, value in values.items() if value is not None}
        if len(set(known.values())) > 1:
            best = better(known.values())
            for t, value in known.items():
                if value == best:
                    marked[t, name] = replace(cells[t, name], best=True)
    return marked
