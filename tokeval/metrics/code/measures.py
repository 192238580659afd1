"""From a view to counts on source code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from tokeval.arrow import Int64, text_buffers
from tokeval.metrics.base import Accumulator, Measure, View
from tokeval.metrics.code.grammars import language_of
from tokeval.metrics.code.leaves import CLASSES, parsed
from tokeval.schema import SPANS

#: Lines deeper than this many columns, or of more tokens, share the last place.
_SLOTS = 129


@dataclass(frozen=True)
class Scores:
    """Counts per document: leaves and whole leaves by class (left out in the last row), and identifiers."""

    leaves: Int64
    whole: Int64
    names: Int64


def scores(view: View) -> Scores:
    """One tokenizer's scores on a batch, computed at the first call."""

    def score(view: View) -> Scores:
        from tokeval.metrics.code.kernels import score_leaves

        encoding, found = view.encoding, parsed(view.batch)
        assert encoding.starts is not None
        assert encoding.ends is not None
        rows = len(view.batch)
        leaves, whole = np.zeros((6, rows), np.int64), np.zeros((6, rows), np.int64)
        names = np.zeros((3, rows), np.int64)
        unknown = -1 if encoding.facts.unknown_id is None else encoding.facts.unknown_id
        if found.is_code.any():
            score_leaves(
                *text_buffers(view.batch.texts),
                found.starts,
                found.ends,
                found.classes,
                found.rows,
                encoding.ids,
                encoding.offsets,
                encoding.starts,
                encoding.ends,
                unknown,
                leaves,
                whole,
                names,
            )
        return Scores(leaves, whole, names)

    made: Scores = view.once("code", score)
    return made


def _indents(view: View) -> tuple[Int64, Int64, dict[str, Int64]]:
    """Indented lines and their tokens per document, and their table of depth by tokens per slice."""

    def score(view: View) -> tuple[Int64, Int64, dict[str, Int64]]:
        from tokeval.metrics.code.kernels import score_indents

        encoding, batch = view.encoding, view.batch
        assert encoding.starts is not None
        assert encoding.ends is not None
        lines, tokens = np.zeros(len(batch), np.int64), np.zeros(len(batch), np.int64)
        tables = {}
        for code, name in enumerate(batch.slices):
            if language_of(name) is None:
                continue
            tables[name] = np.zeros((_SLOTS, _SLOTS), np.int64)
            spans = encoding.offsets, encoding.starts, encoding.ends
            score_indents(*text_buffers(batch.texts), batch.codes == code, *spans, lines, tokens, tables[name])
        return lines, tokens, tables

    made: tuple[Int64, Int64, dict[str, Int64]] = view.once("indents", score)
    return made


class Depths(Accumulator):
    """Indented lines by slice, depth in columns, and tokens on their white space."""

    name: ClassVar[str] = "depths"
    needs: ClassVar[frozenset[str]] = frozenset({SPANS})

    def __init__(self) -> None:
        self._tables: dict[str, Int64] = {}

    def update(self, view: View) -> None:
        """Add the lines of a batch."""
        for name, table in _indents(view)[2].items():
            self._add(name, table)

    def merge(self, other: Depths) -> Depths:
        """Both, added."""
        merged = Depths()
        for part in (self, other):
            for name, table in part._tables.items():
                merged._add(name, table)
        return merged

    def state(self) -> pa.Table:
        """Columns slice, depth, tokens, lines; what was seen, sorted."""
        rows = [
            (name, int(d), int(t), int(table[d, t]))
            for name, table in sorted(self._tables.items())
            for d, t in zip(*np.nonzero(table), strict=True)
        ]
        slices, depths, tokens, lines = zip(*rows, strict=True) if rows else ((), (), (), ())
        return pa.table(
            {
                "slice": pa.array(slices, pa.string()),
                "depth": pa.array(depths, pa.int64()),
                "tokens": pa.array(tokens, pa.int64()),
                "lines": pa.array(lines, pa.int64()),
            }
        )

    @classmethod
    def from_state(cls, table: pa.Table) -> Depths:
        """The table of a state."""
        made = cls()
        for row in table.to_pylist():
            one = made._tables.setdefault(row["slice"], np.zeros((_SLOTS, _SLOTS), np.int64))
            one[row["depth"], row["tokens"]] += row["lines"]
        return made

    def table(self, slices: Sequence[str]) -> Int64:
        """Lines by depth and tokens over the given slices."""
        total = np.zeros((_SLOTS, _SLOTS), np.int64)
        for name in slices:
            if name in self._tables:
                total += self._tables[name]
        return total

    def _add(self, name: str, table: Int64) -> None:
        self._tables[name] = self._tables[name] + table if name in self._tables else table.copy()


def _of_batch(name: str, attribute: str, version: int = 1) -> Measure:
    def compute(view: View) -> Int64:
        values: Int64 = getattr(parsed(view.batch), attribute).astype(np.int64)
        return values

    return Measure(name, compute, version=version)


def leaf(kind: str, whole: bool) -> Measure:
    """Leaves of a class that were scored, or those of them that stand between token boundaries."""
    index = CLASSES.index(kind)
    if whole:
        return _of_leaves(f"whole_{kind}s", lambda found: found.whole[index])
    return _of_leaves(f"code_{kind}s", lambda found: found.leaves[index])


def _of_leaves(name: str, part: Callable[[Scores], Int64]) -> Measure:
    # the first took marks of comments for operators, code in strings for literals, and what no token covers for whole
    return Measure(name, lambda view: part(scores(view)), (SPANS,), version=2)


ALL_LEAVES = _of_leaves("code_leaves", lambda found: found.leaves[:5].sum(axis=0))
WHOLE_LEAVES = _of_leaves("whole_leaves", lambda found: found.whole[:5].sum(axis=0))
LEFT_OUT = _of_leaves("code_leaves_left_out", lambda found: found.leaves[5])
NAMES = _of_leaves("identifiers", lambda found: found.names[0])
NAME_TOKENS = _of_leaves("identifier_token_count", lambda found: found.names[1])
SPLIT_NAMES = _of_leaves("split_identifiers", lambda found: found.names[2])
INDENTED_LINES = Measure("indented_lines", lambda view: _indents(view)[0], (SPANS,))
INDENT_TOKENS = Measure("indent_token_count", lambda view: _indents(view)[1], (SPANS,))
NODES = _of_batch("code_nodes", "nodes", version=2)  # the first counted errors without parts twice
ERRORS = _of_batch("code_error_nodes", "errors")
CODE_DOCUMENTS = _of_batch("code_documents", "is_code")
