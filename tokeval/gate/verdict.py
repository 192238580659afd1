"""What the gate says of each figure, in the one form that every output is made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tokeval.gate.rules import Rule, Rules
from tokeval.results.store import Row


class Outcome(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    WARNED = "warned"
    ALLOWED = "allowed"


@dataclass(frozen=True)
class Comparison:
    """A figure beside its baseline.

    Attributes:
        name: which baseline.
        value: the baseline's value.
        difference: the figure's value less the baseline's.
        low, high: its 95 % interval, where there is one.
        p: of the paired test, and `p_corrected` after Holm's correction over the rule's figures.
        reason: why there is no test, where one was asked for.
    """

    name: str
    value: float
    difference: float
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_corrected: float | None = None
    reason: str | None = None

    def __str__(self) -> str:
        interval = "" if self.low is None else f" [{self.low:+.4g}, {self.high:+.4g}]"
        p = "" if self.p_corrected is None else f", p = {self.p_corrected:.2g}"
        return f"{self.difference:+.4g}{interval}{p}"


@dataclass(frozen=True)
class Check:
    """One figure judged by one rule; without a figure where the table lacks it.

    Attributes:
        where: the figure in words.
        found: its value, with the interval where it has one.
        wanted: what would pass.
        why: how the value stands to the limits, or why there is none.
        margin: how far the value is from the nearest limit, in the metric's unit; negative where it fails.
    """

    rule: Rule
    outcome: Outcome
    where: str
    found: str
    wanted: str
    why: str
    row: Row | None = None
    comparison: Comparison | None = None
    margin: float | None = None

    @property
    def message(self) -> str:
        """All of it in one sentence."""
        return f"{self.where} is {self.found}, {self.why}"

    @property
    def bad(self) -> bool:
        """Whether the rule does not hold, whatever its severity."""
        return self.outcome in {Outcome.FAILED, Outcome.WARNED}


@dataclass(frozen=True)
class Verdict:
    """Every check of a gate."""

    rules: Rules
    checks: Sequence[Check]
    results: str = ""
    baseline: str | None = None

    @property
    def passed(self) -> bool:
        """Whether no rule of severity `error` fails; a verdict without a check does not pass."""
        return bool(self.checks) and not self.count(Outcome.FAILED)

    def count(self, outcome: Outcome) -> int:
        """The number of checks that ended so."""
        return sum(check.outcome is outcome for check in self.checks)

    def of(self, rule: Rule) -> list[Check]:
        """The checks of one rule, those that fail first."""
        return sorted((c for c in self.checks if c.rule is rule), key=lambda check: not check.bad)

    @property
    def summary(self) -> str:
        """The verdict in one line."""
        counts = [(self.count(outcome), str(outcome)) for outcome in Outcome]
        said = ", ".join(f"{number} {name}" for number, name in counts if number)
        return f"gate {'passed' if self.passed else 'failed'}: {said or 'nothing was judged'}"
