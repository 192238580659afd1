"""From the names on the command line to metrics: families, single metrics, parameters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial

from tokeval import registry
from tokeval.errors import UsageError, suggest
from tokeval.metrics.base import Accumulator, Measure, Metric

#: The name that stands for the metrics that are computed where none is named, so that others can be added to them.
DEFAULT = "default"

#: The order of the families in tables and reports; others follow, sorted by name.
_ORDER = (
    "size",
    "fairness",
    "information",
    "fidelity",
    "linguistic",
    "predictability",
    "numbers",
    "code",
    "robustness",
)


def all_metrics() -> dict[str, Metric]:
    """Every metric of every family by name, in the order of the families."""
    found: dict[str, Metric] = {}
    entries = registry.entries(registry.METRICS)
    for entry in sorted(entries.values(), key=lambda e: _ORDER.index(e.name) if e.name in _ORDER else len(_ORDER)):
        loaded = entry.load()
        for metric in [loaded] if isinstance(loaded, Metric) else loaded:
            if metric.name in found:
                raise UsageError(f"two metrics are called {metric.name!r}; one is from {entry.origin}")
            found[metric.name] = metric
    return found


def select(
    names: Sequence[str] | None, *, baseline: bool, pivot: bool, given: frozenset[str] = frozenset()
) -> list[Metric]:
    """The metrics that a user asked for.

    Args:
        names: families (`size`), metrics (`nsl`), metrics with parameters (`renyi_efficiency:alpha=3`), or `default`
            for the default set, less what needs a baseline or a pivot where there is none; None or an empty list is
            that set alone.
        baseline: whether the run has one.
        pivot: whether the run has one.
        given: the other options that metrics can need and the run has.

    Raises:
        UsageError: an unknown name or parameter, or a metric that needs what the run does not have.
    """
    known = all_metrics()
    there = given | {name for name, has in (("baseline", baseline), ("pivot", pivot)) if has} | {None}
    families = {metric.info.family for metric in known.values()}
    chosen: dict[str, Metric] = {}
    for name in names or [DEFAULT]:
        if name == DEFAULT:
            members = [metric for metric in known.values() if metric.default and metric.needs in there]
        elif name in families:
            members = [metric for metric in known.values() if metric.info.family == name and metric.needs in there]
            if not members:
                missing = dict.fromkeys(f"--{metric.needs}" for metric in known.values() if metric.info.family == name)
                raise UsageError(f"every metric of {name} needs an option", hint=f"add {' or '.join(missing)}")
        elif any(variant.startswith(f"{name}:") for variant in known):
            # a name stands for its variants too: token_inflation for token_inflation:typo_drop and the others
            members = [known[variant] for variant in known if variant == name or variant.startswith(f"{name}:")]
        else:
            found = _single(name, known, families)
            # who names a metric wants to see it
            members = [replace(found, info=replace(found.info, headline=True))]
        for metric in members:
            if metric.needs not in there:
                value = "NAME" if metric.needs in {"baseline", "pivot"} else "LANG=SPEC"
                raise UsageError(f"{metric.name} needs a {metric.needs}", hint=f"add --{metric.needs} {value}")
            chosen[metric.name] = metric
    return list(chosen.values())


def measures_of(metrics: Iterable[Metric]) -> list[Measure]:
    """The measures that the metrics need, each once."""
    return list({measure.name: measure for metric in metrics for measure in metric.measures}.values())


def accumulators_of(metrics: Iterable[Metric]) -> list[type[Accumulator]]:
    """The accumulators beside the sums that the metrics need, each once."""
    return list({kind.name: kind for metric in metrics for kind in metric.accumulators}.values())


def needs_of(metrics: Sequence[Metric]) -> frozenset[str]:
    """What the tokenizers' output must carry for the metrics: `spans`, `decode`, where a tokenizer declares it."""
    measured = (measure.capabilities for measure in measures_of(metrics))
    return frozenset().union(*measured, *(kind.needs for kind in accumulators_of(metrics)))


def _single(text: str, known: dict[str, Metric], families: set[str]) -> Metric:
    if text in known:
        return known[text]
    name, _, parameters = text.partition(":")
    if name not in known:
        raise UsageError(f"there is no metric {name!r}", hint=suggest(name, [DEFAULT, *known, *families]))
    metric = known[name]
    if not parameters:
        return metric
    values = dict(metric.info.parameters)
    for pair in parameters.split(","):
        key, _, value = pair.partition("=")
        if key not in values:
            raise UsageError(f"{name} has no parameter {key!r}", hint=suggest(key, values) or f"{name} has none")
        try:
            values[key] = type(values[key])(value)
        except ValueError as error:
            raise UsageError(
                f"{value!r} is no value for {key} of {name}", hint=f"for instance {key}={values[key]}"
            ) from error
    if values == metric.info.parameters:
        return metric
    shown = ",".join(
        f"{key}={repr(value).removesuffix('.0') if isinstance(value, float) else value}"
        for key, value in values.items()
    )
    return replace(
        metric,
        info=replace(metric.info, name=f"{name}:{shown}", parameters=values, headline=False),
        compute=partial(metric.compute, **values),
    )
