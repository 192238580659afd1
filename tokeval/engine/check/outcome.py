"""What a probe found, and what it means under the user's severities and thresholds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TypeVar

from tokeval.errors import UsageError, suggest

Value = TypeVar("Value")


class Outcome(StrEnum):
    """Of one probe."""

    PASSED = "pass"
    REMARK = "remark"
    FAIL = "fail"
    SKIPPED = "skipped"


#: What a probe that found something becomes: `fail`, `remark`, or it is not run at all.
SEVERITIES = ("fail", "remark", "ignore")


@dataclass(frozen=True)
class Found:
    """What a probe found.

    Attributes:
        problems, tried: how many of how many; no problem is a pass.
        message: one line, in words.
        example: the smallest example, as Python would write it; None where there is none to give.
        harmless: whether it is a remark unless the user calls for a failure (a declared loss, a hole in the ids).
        skipped: whether the probe has nothing to look at.
    """

    problems: int
    tried: int
    message: str
    example: str | None = None
    harmless: bool = False
    skipped: bool = False


@dataclass(frozen=True)
class Probe:
    """One question about a tokenizer: its name, what it asks, its severity, and how it is answered."""

    name: str
    asks: str
    run: Callable[..., Found]
    severity: str = "fail"


@dataclass(frozen=True)
class Finding:
    """One probe's outcome under the severities and thresholds given."""

    probe: str
    asks: str
    outcome: Outcome
    problems: int
    tried: int
    message: str
    example: str | None


@dataclass(frozen=True)
class Judgement:
    """Severities and thresholds by probe name or glob; the last one that matches holds.

    A share of problems at or below its threshold is a remark instead of a failure; the default threshold is 0.
    """

    severities: Mapping[str, str]
    thresholds: Mapping[str, float]

    def severity(self, probe: Probe) -> str:
        """The severity of a probe."""
        return _last(self.severities, probe.name, probe.severity)

    def threshold(self, probe: Probe) -> float:
        """The threshold of a probe."""
        return _last(self.thresholds, probe.name, 0.0)

    def of(self, probe: Probe, found: Found) -> Finding:
        """What was found, judged."""
        if found.skipped:
            outcome = Outcome.SKIPPED
        elif not found.problems:
            outcome = Outcome.PASSED
        elif (
            (found.harmless and _last(self.severities, probe.name, "") != "fail")
            or self.severity(probe) == "remark"
            or found.problems <= self.threshold(probe) * max(found.tried, 1)
        ):
            outcome = Outcome.REMARK
        else:
            outcome = Outcome.FAIL
        return Finding(probe.name, probe.asks, outcome, found.problems, found.tried, found.message, found.example)

    def check(self, names: list[str]) -> None:
        """Refuse names that match no probe, and words that are no severity.

        Raises:
            UsageError: the hint names a near one.
        """
        for glob in (*self.severities, *self.thresholds):
            if not any(fnmatchcase(name, glob) for name in names):
                raise UsageError(f"there is no probe {glob!r}", hint=suggest(glob, names))
        for word in self.severities.values():
            if word not in SEVERITIES:
                raise UsageError(f"{word!r} is no severity", hint=suggest(word, SEVERITIES))
        for value in self.thresholds.values():
            if not 0 <= value <= 1:
                raise UsageError(f"the threshold {value:g} is no share between 0 and 1")


def _last(given: Mapping[str, Value], name: str, default: Value) -> Value:
    """The value of the last glob that matches."""
    return [default, *(value for glob, value in given.items() if fnmatchcase(name, glob))][-1]
