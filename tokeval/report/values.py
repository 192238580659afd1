"""What every renderer needs of the table: figures by tokenizer and slice, the best marked; numbers, names as text."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from tokeval.results.store import Results
from tokeval.schema import ALL, HIGHER, LOWER, MACRO, NEITHER, MetricInfo

#: Counts of the text alone: the same for every tokenizer, so shown once.
TEXT_COUNTS = ("documents", "bytes", "chars", "lines", "words")

#: Rows of the table by slice that are no slices: everything pooled, and the mean over slices.
POOLS = (ALL, MACRO)

#: An interval is worth a line of its own where half its width is at least this share of the value.
WIDE = 0.02

#: What floating point may lose of a 1; no share of what can be counted is so near.
_NOISE = 1e-13

ARROWS = {HIGHER: "↑", LOWER: "↓", NEITHER: ""}

_COLUMNS = ("corpus", "metric", "unit", "tokenizer", "slice", "value", "ci_low", "ci_high", "n", "reference", "reason")
_KEPT = "\u200c\u200d"  # joiners: words of Persian and emoji sequences fall apart without them
_VISIBLE = str.maketrans({" ": "·", "\n": "⏎", "\t": "⇥", "\r": "␍", "\N{NO-BREAK SPACE}": "⍽"})
_SCRIPT = re.compile(r"(?:^|[_-])([A-Z][a-z]{3})(?:$|[_/-])")


@dataclass(frozen=True)
class Cell:
    """One figure as it is shown."""

    value: float | None
    reason: str | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    reference: str | None = None
    best: bool = False

    @property
    def wide(self) -> bool:
        """Whether the interval is wide enough to change how the value is read."""
        if self.value is None or self.low is None or self.high is None:
            return False
        return self.high - self.low > 2 * WIDE * abs(self.value)


@dataclass(frozen=True)
class Grid:
    """One metric on one corpus: cells by (tokenizer, slice); the rivals are those that are ranked."""

    info: MetricInfo
    tokenizers: tuple[str, ...]
    rivals: tuple[str, ...]
    slices: tuple[str, ...]
    cells: Mapping[tuple[str, str], Cell]

    @cached_property
    def pooled(self) -> str:
        """The row that stands for the corpus: `all`, or `macro` where only the mean over slices has values."""
        known = {name for (_, name), cell in self.cells.items() if name in POOLS and cell.value is not None}
        return MACRO if known == {MACRO} else ALL

    @property
    def title(self) -> str:
        """The metric's name, with the row that stands for the corpus if it is not the pool."""
        return self.info.name if self.pooled == ALL else f"{self.info.name} (macro)"

    @cached_property
    def pool(self) -> list[Cell]:
        """The cells of the row that stands for the corpus."""
        return [cell for (_, name), cell in self.cells.items() if name == self.pooled]

    def ranking(self, name: str | None = None) -> list[tuple[str, Cell]]:
        """The tokenizers that have a value in a slice (by default the row that stands for the corpus), best first.

        In the table's order where neither direction is better.
        """
        name = name or self.pooled
        found = [(t, self.cells[t, name]) for t in self.tokenizers if (t, name) in self.cells]
        known = [(t, cell) for t, cell in found if cell.value is not None]
        if self.info.direction == NEITHER:
            return known
        return sorted(known, key=lambda pair: pair[1].value or 0.0, reverse=self.info.direction == HIGHER)


def grids(results: Results, corpus: str) -> list[Grid]:
    """One grid per metric, in the table's order; the best cell of each slice marked, among rivals.

    Metrics with a figure per pair have no place in a grid and are left out.
    """
    made: list[Grid] = results.once(f"grids:{corpus}", lambda r: _grids(r, corpus))
    return made


def _grids(results: Results, corpus: str) -> list[Grid]:
    found: dict[str, dict[tuple[str, str], Cell]] = {}
    units: dict[str, str] = {}
    about = results.about
    table = results.table.select(_COLUMNS)
    for where, metric, unit, tokenizer, name, *figure in zip(*(table[c].to_pylist() for c in _COLUMNS), strict=True):
        if where != corpus or metric in about.paired:
            continue
        value, low, high, n, reference, reason = figure
        units[metric] = unit
        cells = found.setdefault(metric, {})
        cells[tokenizer, name] = Cell(_finite(value), reason, _finite(low), _finite(high), n, reference)
    rivals = about.rivals(corpus)
    made = []
    for metric, cells in found.items():
        info = about.metric(metric) or MetricInfo(metric, "", units[metric], NEITHER, "")
        slices = tuple(dict.fromkeys(s for _, s in cells))
        owners = tuple(dict.fromkeys((*about.tokenizers, *(owner for owner, _ in cells))))
        made.append(Grid(info, owners, rivals, slices, _mark_best(info, rivals, slices, cells)))
    return made


def _finite(value: float | None) -> float | None:
    """Tokeval writes null where there is no number; a table from elsewhere may hold NaN."""
    return value if value is not None and math.isfinite(value) else None


def shown(value: float, unit: str) -> str:
    """A number for reading: counts in full, the rest to four significant digits."""
    short = rounded(value)
    if unit == "count" or abs(short) >= 10000 or (unit == "tokens" and short.is_integer()):
        return f"{value:,.0f}"
    if short != float(f"{short:.4g}"):
        return str(short)
    return f"{value:#.4g}".rstrip(".").replace("e-0", "e-") if value else "0"


def rounded(value: float) -> float:
    """To four significant digits, or to as many as it takes not to make a 1 of what is below: a rate with a loss."""
    short = float(f"{value:.4g}")
    if value < 1 <= short and value < 1 - _NOISE:
        digits = next(digits for digits in range(5, 18) if float(f"{value:.{digits}g}") < 1)
        return float(f"{value:.{digits}g}")
    return short


def interval(cell: Cell, unit: str) -> str:
    """The interval of a figure as text, empty where there is none or it is no wider than what is shown."""
    if cell.low is None or cell.high is None:
        return ""
    low, high = shown(cell.low, unit), shown(cell.high, unit)
    return f"{low}–{high}" if low != high else ""


def clean(text: str, limit: int = 80) -> str:
    """A name as it can be shown anywhere: controls and direction marks made visible, very long ones cut."""
    if len(text) > limit:
        text = f"{text[: limit - 16]}…{text[-15:]}"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _KEPT else "\N{REPLACEMENT CHARACTER}" for c in text)


def visible(text: str, limit: int = 1 << 30) -> str:
    """A piece of text with its white space made visible, and a ring before a mark that would join what stands there."""
    shown = clean(text.translate(_VISIBLE), limit)
    return f"◌{shown}" if shown and unicodedata.category(shown[0]) in ("Mn", "Mc", "Me", "Cf") else shown


@lru_cache(4096)
def script_of(name: str) -> str | None:
    """The ISO 15924 code in a slice's name (`eng_Latn`, `zh-Hans-CN`), or None."""
    found = _SCRIPT.search(name)
    return found[1] if found else None


def headline(found: Sequence[Grid]) -> list[Grid]:
    """The grids that summaries show."""
    return [grid for grid in found if grid.info.headline]


def _mark_best(
    info: MetricInfo, rivals: Sequence[str], slices: tuple[str, ...], cells: dict[tuple[str, str], Cell]
) -> dict[tuple[str, str], Cell]:
    marked = dict(cells)
    if info.direction == NEITHER or len(rivals) < 2:
        return marked
    better = max if info.direction == HIGHER else min
    for name in slices:
        values = {t: cells[t, name].value for t in rivals if (t, name) in cells}
        known = {t: value for t, value in values.items() if value is not None}
        if len(set(known.values())) > 1:
            best = better(known.values())
            for t, value in known.items():
                if value == best:
                    marked[t, name] = replace(cells[t, name], best=True)
    return marked
