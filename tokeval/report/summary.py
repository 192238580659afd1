"""Which one, for whom, at what price: read off the table, never averaged into one score."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tokeval.report.values import POOLS, Cell, Grid, script_of
from tokeval.results.store import Results
from tokeval.schema import ALL, NEITHER, MetricInfo

#: Which metrics tell who serves a slice best, the first that is there.
_BY_SLICE = ("bytes_per_token", "nsl", "tokens_per_word")

#: A share of unknown tokens above this is worth a warning.
_TRIFLE = 0.001


@dataclass(frozen=True)
class Winner:
    """The best tokenizer of a metric, and the next."""

    info: MetricInfo
    names: tuple[str, ...]
    cell: Cell
    next_name: str | None
    next_cell: Cell | None

    @property
    def apart(self) -> bool | None:
        """Whether the two intervals do not touch; None without intervals."""
        a, b = self.cell, self.next_cell
        if b is None or a.low is None or a.high is None or b.low is None or b.high is None:
            return None
        return a.low > b.high or b.low > a.high


@dataclass(frozen=True)
class Wins:
    """In how many slices a tokenizer is best, and their scripts by number."""

    name: str
    count: int
    scripts: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Price:
    """What a tokenizer costs: vocabulary, tokens, the dearest slice, time."""

    name: str
    vocabulary: int | None
    tokens: float | None
    more: float | None
    premium: Cell | None
    premium_slice: str | None
    speed: Cell | None


@dataclass(frozen=True)
class Loss:
    """A tokenizer that turns text into the unknown token: how often in all, and where most."""

    name: str
    rate: float
    worst: str | None
    worst_rate: float


def losses(results: Results, named: Mapping[str, Grid]) -> list[Loss]:
    """The tokenizers whose share of unknown tokens is more than a trifle: their short sequences deceive."""
    grid = named.get("unknown_token_rate")
    made: list[Loss] = []
    if grid is None:
        return made
    for name in results.about.tokenizers:
        mine = {s: cell.value for (t, s), cell in grid.cells.items() if t == name and cell.value is not None}
        if mine.get(ALL, 0.0) > _TRIFLE:
            worst = max((s for s in mine if s not in POOLS), key=lambda s: mine[s], default=None)
            made.append(Loss(name, mine[ALL], worst, mine[worst] if worst else 0.0))
    return made


def winners(found: Sequence[Grid]) -> list[Winner]:
    """Per metric the best tokenizer (several where they tie) and the one after, among rivals."""
    made = []
    for grid in found:
        rivals = [(t, cell) for t, cell in grid.ranking() if t in grid.rivals]
        if len(rivals) > 1 and grid.info.direction != NEITHER:
            best = rivals[0][1]
            names = tuple(t for t, cell in rivals if cell.value == best.value)
            after = rivals[len(names)] if len(names) < len(rivals) else (None, None)
            made.append(Winner(grid.info, names, best, *after))
    return made


def wins(found: Sequence[Grid]) -> tuple[Grid, int, list[Wins]] | None:
    """Who is best in how many slices, by the first metric that can tell; with the number of slices counted."""
    named = {grid.info.name: grid for grid in found}
    grid = next((named[name] for name in _BY_SLICE if name in named and len(named[name].slices) > 2), None)
    if grid is None:
        return None
    rivals = grid.rivals
    best = [(t, s) for (t, s), cell in grid.cells.items() if cell.best and s not in POOLS]
    counted = len({s for _, s in best})
    rows = []
    for name in rivals:
        mine = [s for t, s in best if t == name]
        scripts = Counter(script for s in mine if (script := script_of(s)))
        rows.append(Wins(name, len(mine), tuple(sorted(scripts.items(), key=lambda pair: (-pair[1], pair[0])))))
    return (grid, counted, sorted(rows, key=lambda row: -row.count)) if counted and len(rivals) > 1 else None


def ranks(found: Sequence[Grid]) -> list[tuple[MetricInfo, dict[str, int]]]:
    """Per metric that has a better and a worse, each rival's rank from 1; ties share theirs.

    Ranks of different metrics are never added up.
    """
    made = []
    for grid in found:
        rivals = [(t, cell) for t, cell in grid.ranking() if t in grid.rivals]
        values = [cell.value for _, cell in rivals]
        if grid.info.direction != NEITHER and len(set(values)) > 1:
            made.append((grid.info, {t: values.index(cell.value) + 1 for t, cell in rivals}))
    return made


def prices(results: Results, named: Mapping[str, Grid]) -> list[Price]:
    """What each tokenizer costs, fewest tokens first; nothing is held against those that are no rivals."""
    tokens = named.get("tokens")
    rows = []
    for name, about in results.about.tokenizers.items():
        cell = tokens.cells.get((name, ALL)) if tokens else None
        dearest = _dearest(named.get("premium"), name)
        speed = named["encode_mb_per_s"].cells.get((name, ALL)) if "encode_mb_per_s" in named else None
        value = cell.value if cell else None
        rows.append(Price(name, about.vocabulary_size, value, None, *dearest, speed))
    rivals = tokens.rivals if tokens else ()
    least = min((row.tokens for row in rows if row.tokens and row.name in rivals), default=None)
    made = [
        Price(
            row.name,
            row.vocabulary,
            row.tokens,
            row.tokens / least - 1 if row.tokens and least and row.name in rivals else None,
            row.premium,
            row.premium_slice,
            row.speed,
        )
        for row in rows
    ]
    return sorted(made, key=lambda row: (row.tokens is None, row.tokens or 0.0))


def _dearest(premium: Grid | None, name: str) -> tuple[Cell | None, str | None]:
    if premium is None:
        return None, None
    mine = [
        (cell, s) for (t, s), cell in premium.cells.items() if t == name and s not in POOLS and cell.value is not None
    ]
    return max(mine, key=lambda pair: pair[0].value or 0.0, default=(None, None))
