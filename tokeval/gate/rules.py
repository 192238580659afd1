"""Rules: what a result table must satisfy, as a TOML file says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, FiniteFloat, model_validator

from tokeval.config import Strict, read_toml
from tokeval.errors import ConfigError, GateError, suggest
from tokeval.places import Path as Key
from tokeval.places import Place, nearest, places
from tokeval.schema import HIGHER, LOWER

Severity = Literal["error", "warn"]
Allowed = Literal["not_applicable", "undefined", "error"]


@dataclass(frozen=True)
class Amount:
    """A distance from a baseline: in the metric's unit, or in percent of the baseline's value."""

    number: float
    percent: bool = False

    def of(self, base: float) -> float:
        """The distance in the metric's unit."""
        return abs(base) * self.number / 100 if self.percent else self.number

    def __str__(self) -> str:
        return f"{self.number:g}%" if self.percent else f"{self.number:g}"


def _read_amount(given: object) -> Amount:
    if isinstance(given, int | float) and not isinstance(given, bool):
        return Amount(float(given))
    if isinstance(given, str) and given.endswith("%"):
        try:
            return Amount(float(given[:-1]), percent=True)
        except ValueError:
            pass
    raise ValueError(f"{given!r} is no amount: write a number, or a percentage such as '2%'")


def _check_amount(amount: Amount) -> Amount:
    if not 0 <= amount.number < float("inf"):
        raise ValueError(f"{amount} is no amount: it must be 0 or more, and finite")
    return amount


def _check_patterns(given: str | list[str]) -> str | list[str]:
    if "" in ([given] if isinstance(given, str) else given or [""]):
        raise ValueError("it names nothing; write a name, a glob such as '*_Latn', or a list of them")
    return given


AmountField = Annotated[Amount, BeforeValidator(_read_amount), AfterValidator(_check_amount)]
Patterns = Annotated[str | list[str], AfterValidator(_check_patterns)]


class Rule(Strict):
    """One demand, or several, on the figures that it names."""

    metric: str = Field(description="The metric's name in the table, with its parameters where it has some.")
    tokenizer: Patterns = Field(
        default="*",
        description="Which tokenizers: a name, a glob, or a list of them. Globs pass over yardsticks such as bytes.",
    )
    slice: Patterns = Field(
        default="all",
        description="Which slices: a name, a glob, or a list of them. Globs pass over `all` (the pool) and `macro`.",
    )
    corpus: Patterns = Field(default="*", description="Which corpora: a name, a glob, or a list of them.")
    min: FiniteFloat | None = Field(default=None, description="The figure must not be below.")
    max: FiniteFloat | None = Field(default=None, description="The figure must not be above.")
    max_regression: AmountField | None = Field(
        default=None,
        description="By how much the figure may be worse than the baseline's: a number in the metric's unit, "
        "or a percentage such as `'2%'`, which of a baseline of 0 allows none.",
    )
    min_delta: AmountField | None = Field(
        default=None, description="By how much the figure must be better than the baseline's; likewise."
    )
    max_change: AmountField | None = Field(
        default=None, description="By how much the figure may differ from the baseline's, either way; likewise."
    )
    against: str | None = Field(
        default=None,
        description="The tokenizer of the same run that is the baseline; without it, the same tokenizer in the run "
        "given with `--baseline`.",
    )
    within: Literal["ci"] | None = Field(
        default=None,
        description="`ci`: max_regression and max_change fail only where the difference from the baseline is also "
        "significant: a paired bootstrap over documents, p < 0.05 after Holm's correction over the rule's figures.",
    )
    worst_slice: bool = Field(
        default=False, description="Judge only the worst of the slices named, one verdict per tokenizer and corpus."
    )
    max_rank: Annotated[int, Field(ge=1)] | None = Field(
        default=None,
        description="The figure must be among the best so many of the tokenizers; ties share a rank. "
        "A tokenizer that left documents out cannot be ranked beside the others.",
    )
    among: Patterns = Field(default="*", description="The tokenizers that are ranked. Globs pass over yardsticks.")
    allow: list[Allowed] = Field(
        default_factory=list, description="Statuses that do not fail the rule: not_applicable, undefined, error."
    )
    severity: Severity = Field(default="error", description="`warn` shows a failure and leaves the exit code at 0.")
    name: str | None = Field(default=None, description="What reports call the rule; by default its metric and limits.")
    message: str | None = Field(default=None, description="What a reader should know or do where the rule fails.")

    @property
    def relative(self) -> bool:
        """Whether it compares with a baseline."""
        return any(limit is not None for limit in (self.max_regression, self.min_delta, self.max_change))

    @property
    def needs_run(self) -> bool:
        """Whether its baseline is another run."""
        return self.relative and self.against is None

    @property
    def needs_direction(self) -> bool:
        """Whether it must know which way is better."""
        return any(limit is not None for limit in (self.max_regression, self.min_delta, self.max_rank))

    @property
    def limits(self) -> str:
        """Its demands in words."""
        parts = {
            "at least {}": None if self.min is None else f"{self.min:.10g}",
            "at most {}": None if self.max is None else f"{self.max:.10g}",
            "at most {} worse": self.max_regression,
            "at least {} better": self.min_delta,
            "at most {} away": self.max_change,
            "among the best {}": self.max_rank,
        }
        return " and ".join(text.format(limit) for text, limit in parts.items() if limit is not None)

    @property
    def title(self) -> str:
        """Its name, or what it demands."""
        return self.name or f"{self.metric} {self.limits}"

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if not (self.relative or any(limit is not None for limit in (self.min, self.max, self.max_rank))):
            raise ValueError("a rule needs a limit: min, max, max_regression, min_delta, max_change or max_rank")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}: no figure can pass")
        gain, change = self.min_delta, self.max_change
        if gain and change and gain.percent == change.percent and gain.number > change.number:
            raise ValueError(f"min_delta {gain} is above max_change {change}: no figure can pass")
        if self.within and self.max_regression is None and self.max_change is None:
            raise ValueError("within needs max_regression or max_change (0 is a limit too)")
        if self.within and self.min_delta is not None:
            raise ValueError("within cannot go with min_delta: a gain that is only uncertain would pass")
        if self.against is not None and not self.relative:
            raise ValueError("against needs max_regression, min_delta or max_change")
        if self.worst_slice and self.slice == "all":
            raise ValueError("worst_slice needs slices: add slice = '*' or name them")
        if "among" in self.model_fields_set and self.max_rank is None:
            raise ValueError("among needs max_rank")
        return self


class RulesFile(Strict):
    """A rules file."""

    rule: list[Rule] = Field(default_factory=list, description="The rules; at least one.")


@dataclass(frozen=True)
class Rules:
    """The rules of a file, and where in it each stands."""

    path: str
    rules: tuple[Rule, ...]
    places: Mapping[Key, Place]

    def place(self, rule: Rule, *keys: str) -> Place:
        """Where a rule stands, or the first of the keys that it has."""
        index = next(number for number, other in enumerate(self.rules) if other is rule)
        known = [("rule", index, key) for key in keys if ("rule", index, key) in self.places]
        return nearest(known[0] if known else ("rule", index), self.places)[1]

    @cached_property
    def needs_run(self) -> bool:
        """Whether a rule compares with another run."""
        return any(rule.needs_run for rule in self.rules)


def read_rules(path: Path) -> Rules:
    """Read and validate a rules file.

    Raises:
        ConfigError: the message names line and column.
    """
    content = read_toml(path, RulesFile)
    if not content.rule:
        raise ConfigError(f"{path} holds no rule: nothing would be judged", hint="add a [[rule]] table")
    rules = Rules(str(path), tuple(content.rule), places(path.read_text("utf-8")))
    _refuse_contradictions(rules)
    return rules


def check_names(rules: Rules, directions: Mapping[str, str], more: Sequence[str] = ()) -> None:
    """See that every rule's metric is known and has what the rule needs, before any data is read.

    Args:
        rules: what is to be judged.
        directions: `higher`, `lower` or `neither` by the name of each known metric, without parameters.
        more: further names to suggest from.

    Raises:
        GateError: an unknown metric (the hint names a near one), or one that has no better direction.
    """
    for rule in rules.rules:
        bare = rule.metric.partition(":")[0]
        direction = directions.get(rule.metric, directions.get(bare))
        at = f"{rules.path}:{rules.place(rule, 'metric')}"
        if direction is None:
            raise GateError(f"{at}: there is no metric {rule.metric!r}", hint=suggest(bare, [*directions, *more]))
        if rule.needs_direction and direction not in {HIGHER, LOWER}:
            raise GateError(
                f"{at}: {rule.metric} has no better direction, so it cannot be better or worse",
                hint="use min, max or max_change",
            )


def _refuse_contradictions(rules: Rules) -> None:
    """Two rules on the same figures between whose limits no figure fits."""
    by_target: dict[tuple[Any, ...], list[Rule]] = {}
    for rule in rules.rules:
        selectors = (rule.tokenizer, rule.slice, rule.corpus)
        target = (rule.metric, *(tuple(sorted({s} if isinstance(s, str) else set(s))) for s in selectors))
        by_target.setdefault(target, []).append(rule)
    for group in by_target.values():
        refuse_pair(rules, group)


def refuse_pair(rules: Rules, group: Sequence[Rule]) -> None:
    """See that the limits of rules on one figure leave room for a figure.

    Raises:
        GateError: they do not; the message names both rules' lines.
    """
    lower = [rule for rule in group if rule.min is not None]
    upper = [rule for rule in group if rule.max is not None]
    for low in lower:
        for high in upper:
            if low.min is not None and high.max is not None and low.min > high.max:
                raise GateError(
                    f"{rules.path}:{rules.place(low, 'min')} and {rules.path}:{rules.place(high, 'max')} contradict "
                    f"each other: {low.metric} cannot be at least {low.min:g} and at most {high.max:g}"
                )
