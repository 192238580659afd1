"""Fairness across slices of a parallel corpus: the same id in each slice."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import reduce

import numpy as np
import numpy.typing as npt

from tokeval.arrow import Floats, Int64
from tokeval.metrics.alignment import Alignment, Parallel
from tokeval.metrics.base import Context, Metric
from tokeval.metrics.columns import Figures, gathered, plain, ratios
from tokeval.metrics.frequencies import Frequencies
from tokeval.metrics.measures import DOCUMENTS
from tokeval.metrics.ratios import divided, uncounted
from tokeval.schema import ALL, BUCKETS, LOWER, NEITHER, Figure, MetricInfo, Resampled, Status

FAMILY = "fairness"
Keys = npt.NDArray[np.uint64]


def _parallel(context: Context) -> dict[str, Parallel]:
    return context.state(Alignment).slices()


def _obstacle(context: Context) -> tuple[Status, str] | None:
    if not context.has_ids:
        return Status.NOT_APPLICABLE, "the corpus has no id column, so its slices are not parallel"
    if len(context.slices) < 2:
        return Status.UNDEFINED, "fewer than two slices"
    return None


def _repeating(slices: dict[str, Parallel]) -> dict[str, tuple[Status, str]]:
    """The slices in which ids repeat, so that there is no telling which of the documents are parallel."""
    found = {}
    for name, documents in sorted(slices.items()):
        repeated = int((documents.rows > 1).sum())
        if repeated:
            found[name] = Status.UNDEFINED, f"{repeated} ids repeat within the slice {name}"
    return found


def _premiums(context: Context) -> Figures:
    """One figure per slice; three metrics ask for them."""
    found: Figures = context.once("premiums", _each_premium)
    return found


def _each_premium(context: Context) -> Figures:
    assert context.pivot is not None
    slices, names = _parallel(context), context.slices
    repeating = _repeating(slices)
    obstacle = _obstacle(context) or repeating.get(context.pivot)
    if obstacle is None and context.pivot not in names:
        obstacle = Status.UNDEFINED, f"the corpus has no slice {context.pivot!r}"
    if obstacle is not None:
        n = np.array([len(slices[name].keys) if name in slices else 0 for name in names], np.int64)
        nothing = plain(names, n, np.full(len(names), np.nan), [context.pivot] * len(names))
        return nothing.without(dict.fromkeys(range(len(names)), obstacle))
    n, above, below = np.zeros(len(names), np.int64), *np.zeros((2, len(names), BUCKETS), np.int64)
    there = [name in slices and context.pivot in slices for name in names]  # a slice may have no document left
    for row in np.flatnonzero(there):
        mine, pivot = slices[names[row]], slices[context.pivot]
        shared = _shared(mine.keys, pivot.keys)
        n[row], above[row], below[row] = (
            len(shared),
            mine.by_bucket("tokens", shared),
            pivot.by_bucket("tokens", shared),
        )
    made = ratios(names, n, (above, below), "tokens of the pivot", context.pivot, signed=_sampled(context))
    reasons = ["no ids shared with the pivot" if not n[row] else reason for row, reason in enumerate(made.reasons)]
    nowhere = (Status.UNDEFINED, "no documents")
    problems = {row: nowhere for row, is_there in enumerate(there) if not is_there}
    problems |= {row: repeating[name] for row, name in enumerate(names) if name in repeating}
    return replace(made, reasons=reasons).without(problems)


def _shared(a: Keys, b: Keys) -> Keys:
    """The keys in both."""
    return a if np.array_equal(a, b) else np.intersect1d(a, b, assume_unique=True)


def _extreme(best: Callable[[Floats], np.intp], reduce: Callable[..., Floats]) -> Callable[[Context], Figures]:
    """The premium that is the best, chosen anew in each draw, so that its interval knows of the choice."""

    def statistic(drawn: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            quotients = drawn[0::2] / drawn[1::2]
        return reduce(quotients, axis=0)  # passes over what a draw leaves undefined

    def compute(context: Context) -> Figures:
        figures = _premiums(context)
        others = np.array([name != context.pivot for name in figures.slices])
        known = np.flatnonzero(others & ~np.isnan(figures.values))
        if not len(known):
            problem = next((f for f in figures if f.status is not Status.OK), None)
            status, reason = (problem.status, problem.reason) if problem else (Status.UNDEFINED, "no other slice")
            return gathered([Figure(ALL, None, 0, status=status, reason=reason)])
        chosen = int(known[best(figures.values[known])])
        assert figures.parts is not None
        sums = np.stack([part[known] for part in figures.parts], axis=1).reshape(-1, BUCKETS)
        made = replace(list(figures)[chosen], slice=ALL, reference=figures.slices[chosen])
        return gathered([replace(made, resampled=Resampled(sums, statistic))])

    return compute


def _gini(per_byte: bool) -> Callable[[Context], Iterable[Figure]]:
    def compute(context: Context) -> Iterable[Figure]:
        slices = _parallel(context)
        obstacle = _obstacle(context) or next(iter(_repeating(slices).values()), None)
        shared: npt.NDArray[np.uint64] = np.zeros(0, np.uint64)
        members = [slices[name] for name in context.slices if name in slices]
        if obstacle is None:
            if len(members) == len(context.slices):  # a slice may have no document left
                shared = reduce(_shared, [part.keys for part in members])
            if not len(shared):
                obstacle = Status.UNDEFINED, "no id is present in every slice"
        if obstacle is not None:
            status, reason = obstacle
            yield Figure(ALL, None, 0, status=status, reason=reason)
            return
        tokens = np.stack([part.by_bucket("tokens", shared) for part in members])
        if per_byte:
            below = np.stack([part.by_bucket("bytes", shared) for part in members])
            yield _gini_per_byte(tokens, below, len(shared), _sampled(context))
            return
        totals = [int(row.sum()) for row in tokens]
        # With whole numbers: c_i = total_i / documents, so the documents cancel out of the quotient.
        # Σᵢ Σⱼ |cᵢ − cⱼ| of sorted c, each difference counted twice.
        differences = 2 * sum((2 * i - len(totals) + 1) * c for i, c in enumerate(sorted(totals)))
        figure = divided(
            ALL,
            differences,
            2 * len(totals) * sum(totals),
            len(shared),
            "tokens",
            resampled=Resampled(tokens, gini_of),
        )
        yield replace(figure, signed=_sampled(context))

    return compute


def _gini_per_byte(tokens: Int64, below: Int64, n: int, signed: dict[str, object]) -> Figure:
    size = len(tokens)

    def statistic(drawn: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            return gini_of(drawn[:size] / drawn[size:])

    sums = np.concatenate([tokens, below])
    value = float(statistic(sums.sum(axis=1, keepdims=True).astype(np.float64))[0])
    if np.isnan(value):
        return Figure(ALL, None, n, status=Status.UNDEFINED, reason="no tokens, or a slice without bytes")
    return Figure(ALL, value, n, resampled=Resampled(sums, statistic), signed=signed)


def gini_of(costs: Floats) -> Floats:
    """The Gini coefficient of each column of costs, shape (slices, columns); NaN where the costs sum to 0."""
    ranked = np.sort(costs, axis=0)
    size = len(ranked)
    weights = 2.0 * np.arange(1, size + 1) - size - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = (weights[:, None] * ranked).sum(axis=0) / (size * ranked.sum(axis=0))
    return found


def _overlap_jsd(context: Context) -> Figures:
    from tokeval.metrics.kernels import divergences

    reason = uncounted(context.mine)
    if reason is not None:
        return gathered([Figure(ALL, None, 0, status=Status.NOT_APPLICABLE, reason=reason)])
    frequencies, names = context.state(Frequencies), np.array(context.slices, object)
    if len(names) < 2:
        return gathered([Figure(ALL, None, 0, status=Status.UNDEFINED, reason="fewer than two slices")])
    seen = [frequencies.seen(name) for name in context.slices]
    ids, counts = (np.concatenate(column) for column in zip(*seen, strict=True))
    offsets = np.concatenate(([0], np.cumsum([len(found) for found, _ in seen])))
    values = np.zeros((len(names), len(names)))
    divergences(ids, counts, offsets, values)
    one, other = np.triu_indices(len(names), 1)
    documents = context.mine.sums.each(DOCUMENTS.name, context.slices)
    made = plain(names[one].tolist(), documents[one] + documents[other], values[one, other], names[other].tolist())
    empty = np.diff(offsets) == 0
    rows = np.flatnonzero(empty[one] | empty[other])
    culprits = names[np.where(empty[one], one, other)[rows]]
    reasons = [(Status.UNDEFINED, f"no tokens in {name}") for name in culprits]
    return made.without(dict(zip(rows.tolist(), reasons, strict=True)))


def _sampled(context: Context) -> dict[str, object]:
    """The share of the ids that was kept, for the signature."""
    level = context.state(Alignment).level
    return {"ids": f"1/{1 << level}"} if level else {}


# the first versions of all but the last took equal texts without an id for parallel ones
METRICS = (
    Metric(
        MetricInfo(
            "premium",
            FAMILY,
            "1",
            LOWER,
            "Σ tokens(slice) / Σ tokens(pivot slice) over the ids present in both.",
            "Petrov et al. 2023",
            "Needs parallel text; on texts that are not translations of each other it measures the texts. "
            "The pivot's own 1 is in the macro average.",
            version=2,
        ),
        _premiums,
        accumulators=(Alignment,),
        needs="pivot",
    ),
    Metric(
        MetricInfo(
            "premium_max",
            FAMILY,
            "1",
            LOWER,
            "The largest premium over the slices other than the pivot; `reference` names the slice.",
            "Petrov et al. 2023",
            "One slice decides: a single bad translation or a script that is missing altogether.",
            headline=True,
            version=2,
        ),
        _extreme(np.argmax, np.fmax.reduce),
        accumulators=(Alignment,),
        needs="pivot",
    ),
    Metric(
        MetricInfo(
            "premium_min",
            FAMILY,
            "1",
            LOWER,
            "The smallest premium over the slices other than the pivot; `reference` names the slice.",
            "Petrov et al. 2023",
            "Below 1 where a slice needs fewer tokens than the pivot.",
            version=2,
        ),
        _extreme(np.argmin, np.fmin.reduce),
        accumulators=(Alignment,),
        default=False,
        needs="pivot",
    ),
    Metric(
        MetricInfo(
            "gini",
            FAMILY,
            "1",
            LOWER,
            "Σᵢ Σⱼ |cᵢ − cⱼ| / (2 n² · mean c), cᵢ = tokens of slice i per document, over ids present in all.",
            "Foroutan et al. 2025 (TokEval)",
            "0 can mean equally bad for all: read it beside bytes_per_token.",
            headline=True,
            version=2,
        ),
        _gini(False),
        accumulators=(Alignment,),
    ),
    Metric(
        MetricInfo(
            "gini_per_byte",
            FAMILY,
            "1",
            LOWER,
            "The same with cᵢ = tokens of slice i per byte of slice i, over ids present in all.",
            "Foroutan et al. 2025 (TokEval)",
            "Scripts differ in bytes per character, so it is lower than gini where costly scripts are long in bytes.",
            version=2,
        ),
        _gini(True),
        accumulators=(Alignment,),
        default=False,
    ),
    Metric(
        MetricInfo(
            "overlap_jsd",
            FAMILY,
            "1",
            NEITHER,
            "Jensen–Shannon divergence (base 2) of two slices' token distributions; `reference` names the other slice.",
            "Limisiewicz et al. 2023",
            "Distributions of small samples look further apart than they are.",
            pairs=True,
        ),
        _overlap_jsd,
        (DOCUMENTS,),
        (Frequencies,),
        default=False,
    ),
)
