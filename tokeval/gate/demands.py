"""The limits of a rule as thresholds on one figure: what would pass, and by how much it does."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tokeval import signature
from tokeval.gate.figures import Figures
from tokeval.gate.rules import Amount, Rule
from tokeval.gate.verdict import Comparison
from tokeval.results.draws import SIGNIFICANT
from tokeval.results.store import Row
from tokeval.schema import HIGHER


@dataclass(frozen=True)
class Demand:
    """One limit on one figure.

    Attributes:
        holds: whether the figure satisfies it.
        margin: the distance to the limit in the metric's unit, negative on the wrong side.
        wanted: what would pass.
        said: how the figure stands to it.
    """

    holds: bool
    margin: float
    wanted: str
    said: str


def demands(
    rule: Rule, row: Row, comparison: Comparison | None, direction: str, figures: Figures
) -> list[Demand] | str:
    """Every limit of a rule on one figure with a value, or why the figure cannot be judged."""
    value: float = row["value"]
    made: list[Demand] = []
    if rule.min is not None:
        made.append(_at_least(value, rule.min, "the minimum"))
    if rule.max is not None:
        made.append(_at_most(value, rule.max, "the maximum"))
    if comparison is not None:
        if comparison.value == 0 and rule.min_delta is not None and rule.min_delta.percent:
            return f"and {comparison.name} has 0, of which there are no percent"
        made += _beside(rule, value, comparison, higher=direction == HIGHER)
    if rule.max_rank is not None:
        ranked = _ranked(rule, row, direction, figures)
        if isinstance(ranked, str):
            return ranked
        made.append(ranked)
    return made


def _beside(rule: Rule, value: float, comparison: Comparison, *, higher: bool) -> list[Demand]:
    base = comparison.value
    sign = 1.0 if higher else -1.0
    bound = _at_least if higher else _at_most
    made: list[Demand] = []
    if rule.max_regression is not None:
        limit = base - sign * rule.max_regression.of(base)
        made.append(_unless_by_chance(rule, comparison, bound(value, limit, _from(comparison, rule.max_regression))))
    if rule.min_delta is not None:
        made.append(bound(value, base + sign * rule.min_delta.of(base), _from(comparison, rule.min_delta)))
    if rule.max_change is not None:
        distance = rule.max_change.of(base)
        for demand in (
            _at_least(value, base - distance, _from(comparison, rule.max_change)),
            _at_most(value, base + distance, _from(comparison, rule.max_change)),
        ):
            made.append(_unless_by_chance(rule, comparison, demand))
    return made


def _ranked(rule: Rule, row: Row, direction: str, figures: Figures) -> Demand | str:
    """The best so many: at least as good as the last of them among the others."""
    peers = figures.beside(row)
    named = figures.named(rule.among)
    absent = [name for name in named if name not in peers]
    if absent:
        return f"and cannot be ranked: {absent[0]} has no such figure"
    for name in named:
        differs = signature.differing(peers[name]["signature"], row["signature"], ignore=signature.COMPARED)
        if differs:
            return f"and cannot be ranked: its signature and that of {name} differ in {', '.join(differs)}"
    rivals = {name: peers[name]["value"] for name in named if name != row["tokenizer"]}
    values = sorted((value for value in rivals.values() if value is not None), reverse=direction == HIGHER)
    if not values:
        return "and cannot be ranked: no other tokenizer has a value"
    # with fewer rivals than places the last of them still has a place behind it
    threshold = values[min(rule.max_rank or 1, len(values)) - 1]
    bound = _at_least if direction == HIGHER else _at_most
    demand = bound(row["value"], threshold, f"the value to reach for rank {rule.max_rank}")
    if (rule.max_rank or 1) > len(values):
        return replace(demand, holds=True, wanted="any value")
    return demand


def _at_least(value: float, limit: float, name: str) -> Demand:
    holds = value >= limit
    said = f"not below {limit:.6g}" if holds else f"below {limit:.6g} by {limit - value:.3g}"
    return Demand(holds, value - limit, f"at least {limit:.6g}", f"{said}, {name}")


def _at_most(value: float, limit: float, name: str) -> Demand:
    holds = value <= limit
    said = f"not above {limit:.6g}" if holds else f"above {limit:.6g} by {value - limit:.3g}"
    return Demand(holds, limit - value, f"at most {limit:.6g}", f"{said}, {name}")


def _unless_by_chance(rule: Rule, comparison: Comparison, demand: Demand) -> Demand:
    """A limit that holds, or else is missed by a difference that may be chance, where the rule asks for that."""
    if rule.within is None:
        return demand
    wanted = f"{demand.wanted}, or no significant difference"
    if demand.holds:
        return replace(demand, wanted=wanted)
    if comparison.p_corrected is None:  # nothing passes for want of evidence
        return replace(demand, wanted=wanted, said=f"{demand.said}; it cannot be tested: {comparison.reason}")
    p = f"(p = {comparison.p_corrected:.3g} after Holm's correction)"
    if comparison.p_corrected < SIGNIFICANT:
        return replace(demand, wanted=wanted, said=f"{demand.said}; the difference is significant {p}")
    return replace(demand, holds=True, wanted=wanted, said=f"{demand.said}; the difference is not significant {p}")


def _from(comparison: Comparison, amount: Amount) -> str:
    return f"{amount} from {comparison.value:.6g} of {comparison.name}"
