"""Differences between tokenizers on the same documents, each pair with interval and significance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from tokeval.report.values import POOLS, Grid, shown
from tokeval.results.draws import SIGNIFICANT
from tokeval.results.paired import Difference, between_tokenizers
from tokeval.results.store import Results
from tokeval.schema import ALL, MetricInfo

#: A matrix of more tokenizers cannot be read.
MOST = 12


@dataclass(frozen=True)
class Pair:
    """The figure of one tokenizer less that of another.

    Attributes:
        text, interval: the difference and its 95 % interval as they are shown.
        clear: whether it is significant.
        better: in how many slices the first is significantly better, corrected for their number (Holm).
        worse: in how many it is significantly worse.
    """

    text: str
    interval: str
    clear: bool
    better: int
    worse: int


@dataclass(frozen=True)
class Matrix:
    """A metric's differences: rows by tokenizer, None on the diagonal and where there is no figure.

    Attributes:
        slices: how many slices were compared beside the pool; 0 if none.
    """

    info: MetricInfo
    names: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Pair | None, ...]], ...]
    slices: int


def matrices(results: Results, corpus: str, found: Sequence[Grid]) -> list[Matrix]:
    """One matrix per headline metric whose sums by bucket were kept (`sums.parquet`), yardsticks left out."""
    names = tuple(name for name, t in results.about.tokenizers.items() if not t.yardstick)[:MOST]
    if "sums" not in results.beside or len(names) < 2:
        return []
    made: list[Matrix] = []
    for grid in found:
        # Slices take two hundred times as long as the pool, so the first metric alone has them.
        mine = _only(results, corpus, grid.info.name, pooled=bool(made))
        if not mine.beside["sums"].num_rows:
            continue
        pairs = _pairs(mine, names, grid.info)
        if any(pair.interval for pair in pairs.values()):
            rows = tuple((a, tuple(pairs.get((a, b)) for b in names)) for a in names)
            slices = 0 if made else len([part for part in grid.slices if part not in POOLS])
            made.append(Matrix(grid.info, names, rows, slices))
    return made


def _only(results: Results, corpus: str, metric: str, *, pooled: bool) -> Results:
    """The results of one metric on one corpus, or of its pool alone, so that a pair is found among few rows."""

    def mine(table: pa.Table) -> pa.Table:
        wanted = {"corpus": corpus, "metric": metric} | ({"slice": ALL} if pooled else {})
        for column, value in wanted.items():
            table = table.filter(pc.equal(table[column].cast(pa.string()), value))
        return table

    beside = {"sums": mine(results.beside["sums"])}
    return replace(results, table=mine(results.table), beside=beside)


def _pairs(results: Results, names: Sequence[str], info: MetricInfo) -> dict[tuple[str, str], Pair]:
    """Both directions of every pair, each computed once."""
    made = {}
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            found = between_tokenizers(results, second, first)
            for sign, key in ((1, (first, second)), (-1, (second, first))):
                pair = _pair(found, sign, info)
                if pair is not None:
                    made[key] = pair
    return made


def _pair(found: Sequence[Difference], sign: int, info: MetricInfo) -> Pair | None:
    pooled = next((item for item in found if item.slice == ALL and item.difference is not None), None)
    if pooled is None or pooled.difference is None:
        return None
    mine, theirs = ("b", "a") if sign > 0 else ("a", "b")
    by_slice = [item.better for item in found if item.slice not in POOLS]
    interval = ""
    if pooled.ci_low is not None and pooled.ci_high is not None:
        low, high = sorted((sign * pooled.ci_low, sign * pooled.ci_high))
        interval = f"{_signed(low, info)} to {_signed(high, info)}"
    clear = pooled.p_corrected is not None and pooled.p_corrected < SIGNIFICANT
    text = _signed(sign * pooled.difference, info)
    return Pair(text, interval, clear, by_slice.count(mine), by_slice.count(theirs))


def _signed(value: float, info: MetricInfo) -> str:
    return ("+" if value > 0 else "−" if value < 0 else "") + shown(abs(value), info.unit)
