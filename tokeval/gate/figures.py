"""The figures that a rule names, and those that it names in vain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import groupby

from tokeval.gate.rules import Rule
from tokeval.results.store import Results, Row
from tokeval.schema import ALL, MACRO

_GLOB = frozenset("*?[")


@dataclass(frozen=True)
class Matched:
    """What a rule's patterns stand for: rows of the table, and in words each target without a row."""

    rows: Sequence[Row]
    missing: Sequence[str]


@dataclass(frozen=True)
class Figures:
    """The rows of some metrics, the names that patterns are held against, and which metrics have a figure per pair."""

    rows: Sequence[Row]
    tokenizers: tuple[str, ...]
    yardsticks: frozenset[str]
    corpora: tuple[str, ...]
    paired: frozenset[str]

    @classmethod
    def of(cls, results: Results, metrics: Iterable[str]) -> Figures:
        """The figures of a result table that rules on these metrics can be about."""
        wanted = set(metrics)
        names = results.table["metric"].to_pylist()
        rows: list[Row] = []
        # by runs of rows, not by an Arrow filter: that would import pandas, half of the time that a gate takes
        for chosen, run in groupby(range(len(names)), key=lambda number: names[number] in wanted):
            numbers = list(run)
            if chosen:
                rows += results.table.slice(numbers[0], len(numbers)).to_pylist()
        about = results.about
        yardsticks = frozenset(name for name, tokenizer in about.tokenizers.items() if tokenizer.yardstick)
        return cls(rows, tuple(about.tokenizers), yardsticks, tuple(about.corpora), about.paired)

    def match(self, rule: Rule) -> Matched:
        """The rows that a rule names.

        Every tokenizer and corpus that a pattern stands for must have a figure for every pattern of slices: what a
        rule names and the table lacks is listed as missing, never passed over.
        """
        rows: dict[int, Row] = {}
        missing: list[str] = []
        of_metric = [(number, row) for number, row in enumerate(self.rows) if row["metric"] == rule.metric]
        for tokenizer in self.named(rule.tokenizer):
            for corpus in expand(rule.corpus, self.corpora):
                here = [(n, r) for n, r in of_metric if r["tokenizer"] == tokenizer and r["corpus"] == corpus]
                for pattern in listed(rule.slice):
                    found = {n: r for n, r in here if matches(r["slice"], pattern, passing_over={ALL, MACRO})}
                    rows |= found
                    if not found:
                        missing.append(f"{tokenizer} on {corpus}/{pattern}")
        return Matched([rows[number] for number in sorted(rows)], missing)

    def beside(self, row: Row) -> dict[str, Row]:
        """The figures of all tokenizers that are about the same as a row, by tokenizer."""
        same = ("metric", "corpus", "slice")
        found: dict[str, list[Row]] = {}
        for other in self.rows:
            if all(other[key] == row[key] for key in same):
                found.setdefault(other["tokenizer"], []).append(other)
        pairs = row["metric"] in self.paired
        chosen = {name: same_pair(rows, row, pairs=pairs) for name, rows in found.items()}
        return {name: other for name, other in chosen.items() if other is not None}

    def named(self, patterns: str | list[str]) -> list[str]:
        """The tokenizers that patterns stand for; globs pass over yardsticks."""
        return expand(patterns, self.tokenizers, passing_over=self.yardsticks)


def same_pair(rows: Sequence[Row], row: Row, *, pairs: bool) -> Row | None:
    """Of the figures that a tokenizer has of a metric and a slice, the one that a row is about.

    Of figures by pair the other one, in `reference`, tells. Elsewhere `reference` may be the tokenizer's own, such as
    the slice that is dearest for it.
    """
    if pairs:
        rows = [other for other in rows if other["reference"] == row["reference"]]
    return rows[0] if rows else None


def expand(patterns: str | list[str], names: Sequence[str], passing_over: Iterable[str] = frozenset()) -> list[str]:
    """The names that patterns stand for; a pattern that stands for none is kept, so that it is seen to be missing."""
    skipped = frozenset(passing_over)
    found: dict[str, None] = {}
    for pattern in listed(patterns):
        matched = [name for name in names if matches(name, pattern, skipped)]
        found |= dict.fromkeys(matched or [pattern])
    return list(found)


def matches(name: str, pattern: str, passing_over: Iterable[str] = frozenset()) -> bool:
    """Whether a pattern stands for a name: by being it, or as a glob that may pass over some names."""
    if name == pattern:
        return True
    return bool(_GLOB & set(pattern)) and name not in passing_over and fnmatchcase(name, pattern)


def listed(patterns: str | list[str]) -> list[str]:
    """One pattern or several as a list."""
    return [patterns] if isinstance(patterns, str) else patterns


def place_of(row: Row) -> str:
    """A figure in words."""
    reference = f" ({row['reference']})" if row.get("reference") else ""
    return f"{row['metric']} of {row['tokenizer']} on {row['corpus']}/{row['slice']}{reference}"
