"""From a view to counts: numbers and operators found once per batch, scored once per tokenizer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tokeval.arrow import Int64, text_buffers
from tokeval.metrics.base import Measure, View
from tokeval.schema import SPANS, Batch

#: The classes of digit lengths, as metric names show them.
LENGTHS = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "10+")


@dataclass(frozen=True)
class Runs:
    """Where the numbers and the operators of a batch lie.

    Attributes:
        numbers, operators: byte ranges in their document (int32, shape (found, 2)).
        number_rows, operator_rows: n + 1 positions into them.
    """

    numbers: npt.NDArray[np.int32]
    number_rows: Int64
    operators: npt.NDArray[np.int32]
    operator_rows: Int64

    @cached_property
    def with_numbers(self) -> Int64:
        """Positions of the documents with a number."""
        return np.flatnonzero(np.diff(self.number_rows))

    @cached_property
    def with_operators(self) -> Int64:
        """Positions of the documents with an operator."""
        return np.flatnonzero(np.diff(self.operator_rows))


@dataclass(frozen=True)
class Scores:
    """Counts of shape (rows of the kernel, documents that hold any); digit length and cut pattern of each number."""

    numbers: Int64
    operators: Int64
    lengths: Int64
    patterns: npt.NDArray[np.uint64]


def runs(batch: Batch) -> Runs:
    """The numbers and operators of a batch, found at the first call."""

    def find(batch: Batch) -> Runs:
        from tokeval.metrics.numbers.kernels import find_runs

        data, offsets = text_buffers(batch.texts)
        room = (int(offsets[-1] - offsets[0]) + len(batch)) // 2 + 1
        numbers, operators = np.empty((room, 2), np.int32), np.empty((room, 2), np.int32)
        rows = np.zeros(len(batch) + 1, np.int64), np.zeros(len(batch) + 1, np.int64)
        found, marks = find_runs(data, offsets, numbers, rows[0], operators, rows[1])
        return Runs(numbers[:found].copy(), rows[0], operators[:marks].copy(), rows[1])

    found: Runs = batch.once("numbers", find)
    return found


def scores(view: View) -> Scores:
    """One tokenizer's scores on a batch, computed at the first call."""

    def score(view: View) -> Scores:
        from tokeval.metrics.numbers import kernels as k

        encoding, found = view.encoding, runs(view.batch)
        assert encoding.starts is not None
        assert encoding.ends is not None
        text = text_buffers(view.batch.texts)
        unknown = -1 if encoding.facts.unknown_id is None else encoding.facts.unknown_id
        tokens = (encoding.ids, encoding.offsets, encoding.starts, encoding.ends, unknown)
        numbers = np.zeros((k.ROWS, len(found.with_numbers)), np.int64)
        operators = np.zeros((3, len(found.with_operators)), np.int64)
        lengths = np.zeros(len(found.numbers), np.int64)
        patterns = np.zeros(len(found.numbers), np.uint64)
        ranges = found.with_numbers, found.numbers, found.number_rows
        k.score_numbers(*text, *ranges, *tokens, numbers, lengths, patterns)
        k.score_operators(*text, found.with_operators, found.operators, found.operator_rows, *tokens, operators)
        return Scores(numbers, operators, lengths, patterns)

    made: Scores = view.once("numbers", score)
    return made


def number(name: str, *rows: int) -> Measure:
    """The sum of some rows of the number scores, per document with a number."""
    return Measure(name, lambda view: scores(view).numbers[list(rows)].sum(axis=0), (SPANS,), rows=_with_numbers)


def operator(name: str, row: int) -> Measure:
    """One row of the operator scores, per document with an operator."""
    return Measure(name, lambda view: scores(view).operators[row], (SPANS,), rows=_with_operators)


def found(name: str, attribute: str) -> Measure:
    """How many runs there are per document, whatever the tokenizer makes of them."""
    return Measure(name, lambda view: np.diff(getattr(runs(view.batch), attribute)))


def _with_numbers(view: View) -> Int64:
    return runs(view.batch).with_numbers


def _with_operators(view: View) -> Int64:
    return runs(view.batch).with_operators
