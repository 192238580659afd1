"""Lexical-decision data: how fast and how rightly people told words from non-words."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tokeval.errors import LexiconError
from tokeval.metrics.linguistic.files import Intake, existing, read_text
from tokeval.signature import file_digest

#: What the columns mean, and their names unless the user gives others.
COLUMNS = {"word": "word", "lexicality": "lexicality", "rt": "rt", "accuracy": "accuracy"}

_WORD = frozenset({"w", "word", "words", "1", "true", "yes"})
_NONWORD = frozenset({"n", "nw", "nonword", "non-word", "nonwords", "pseudoword", "0", "false", "no"})


@dataclass(frozen=True)
class Decisions:
    """Items of one language.

    Attributes:
        items: `large_string` array of n words and non-words.
        is_word: booleans of shape (n,).
        outcomes: `rt` (response time, any unit) and `accuracy` (share or percent right), floats of shape (n,).
        intake: rows taken and left out.
        fingerprint: short hash of the file and the columns used.
    """

    items: pa.Array
    is_word: npt.NDArray[np.bool_]
    outcomes: dict[str, npt.NDArray[np.float64]]
    intake: Intake
    fingerprint: str

    def only(self, kept: npt.NDArray[np.bool_]) -> Decisions:
        """The items that are marked."""
        outcomes = {name: values[kept] for name, values in self.outcomes.items()}
        return replace(self, items=self.items.filter(pa.array(kept)), is_word=self.is_word[kept], outcomes=outcomes)


def load_decisions(location: str, columns: dict[str, str]) -> Decisions:
    """Read a CSV or tab-separated file with a header.

    Args:
        location: its path.
        columns: names of the columns by what they mean, where they are not those of COLUMNS.

    Raises:
        LexiconError: no such file or column, or no row that can be used.
    """
    path = existing(location, "lexical-decision file")
    names = {**COLUMNS, **columns}
    lines = read_text(path).splitlines()
    reader = csv.reader(lines, delimiter="\t" if "\t" in lines[0] else ",")
    head = [name.strip() for name in next(reader)]
    at = {meaning: _index(path, head, name, meaning) for meaning, name in names.items()}
    intake = Intake()
    items, is_word, rt, accuracy = [], [], [], []
    for row in reader:
        found = _row(row, at, len(head))
        if isinstance(found, str):
            intake.leave_out(reader.line_num, ",".join(row), found)
            continue
        items.append(found[0])
        is_word.append(found[1])
        rt.append(found[2])
        accuracy.append(found[3])
    if not items:
        reason = f": {intake.problems[0].reason}" if intake.problems else ""
        raise LexiconError(f"{path} has no row that can be used{reason}")
    intake.taken = len(items)
    return Decisions(
        pa.array(items, pa.large_string()),
        np.array(is_word, np.bool_),
        {"rt": np.array(rt, np.float64), "accuracy": np.array(accuracy, np.float64)},
        intake,
        file_digest(path, *(f"{meaning}={name}" for meaning, name in sorted(names.items()))),
    )


def _index(path: Path, head: list[str], name: str, meaning: str) -> int:
    if name not in head:
        raise LexiconError(
            f"{path} has no column {name!r}",
            hint=f"name it with --decision-columns {meaning}=COLUMN; it has {', '.join(head)[:80]}",
        )
    return head.index(name)


def _row(row: list[str], at: dict[str, int], width: int) -> tuple[str, bool, float, float] | str:
    """An item, or why it cannot be used."""
    if len(row) != width:
        return f"{len(row)} columns"
    word, kind = row[at["word"]].strip(), row[at["lexicality"]].strip().lower()
    if not word:
        return "an empty word"
    if kind not in _WORD | _NONWORD:
        return f"{kind!r} says neither word nor non-word"
    numbers = []
    for outcome in ("rt", "accuracy"):
        try:
            value = float(row[at[outcome]])
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            return f"no number in {outcome}"
        numbers.append(value)
    return word, kind in _WORD, numbers[0], numbers[1]
