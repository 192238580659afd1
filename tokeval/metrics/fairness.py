"""Fairness across slices of a parallel corpus: the same id in each slice."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import reduce

import numpy as np
import numpy.typing as npt

from tokeval.arrow import Int64
from tokeval.metrics.alignment import Alignment, Parallel
from tokeval.metrics.base import LOWER, NEITHER, Context, Metric
from tokeval.metrics.frequencies import Frequencies, distributions
from tokeval.metrics.measures import DOCUMENTS
from tokeval.metrics.ratios import divided, of_sums
from tokeval.schema import ALL, BUCKETS, Figure, MetricInfo, Resampled, Status, bucket_of

FAMILY = "fairness"


def _parallel(context: Context) -> dict[str, Parallel]:
    alignment = context.mine.others["alignment"]
    assert isinstance(alignment, Alignment)
    return alignment.slices()


def _obstacle(context: Context, slices: dict[str, Parallel]) -> tuple[Status, str] | None:
    if not context.has_ids:
        return Status.NOT_APPLICABLE, "the corpus has no id column, so its slices are not parallel"
    if len(context.slices) < 2:
        return Status.UNDEFINED, "fewer than two slices"
    for name, documents in sorted(slices.items()):
        repeated = int((documents.rows > 1).sum())
        if repeated:
            return Status.UNDEFINED, f"{repeated} ids repeat within the slice {name}"
    return None


def _premiums(context: Context) -> list[Figure]:
    """One figure per slice; three metrics ask for them."""
    found: list[Figure] = context.once("premiums", _each_premium)
    return found


def _each_premium(context: Context) -> list[Figure]:
    assert context.pivot is not None
    slices = _parallel(context)
    obstacle = _obstacle(context, slices)
    if obstacle is None and context.pivot not in context.slices:
        obstacle = Status.UNDEFINED, f"the corpus has no slice {context.pivot!r}"
    signed = _sampled(context)
    return [_premium(context, name, slices, obstacle, signed) for name in context.slices]


def _premium(
    context: Context,
    name: str,
    slices: dict[str, Parallel],
    obstacle: tuple[Status, str] | None,
    signed: dict[str, object],
) -> Figure:
    assert context.pivot is not None
    documents = slices.get(name)
    if obstacle is not None or documents is None:
        status, reason = obstacle or (Status.UNDEFINED, "no documents")
        n = 0 if documents is None else len(documents.keys)
        return Figure(name, None, n, reference=context.pivot, status=status, reason=reason)
    pivot = slices[context.pivot]
    if np.array_equal(documents.keys, pivot.keys):
        here = there = np.arange(len(pivot.keys))
    else:
        _, here, there = np.intersect1d(documents.keys, pivot.keys, assume_unique=True, return_indices=True)
    buckets = documents.buckets[here]
    above, below = _by_bucket(buckets, documents.tokens[here]), _by_bucket(buckets, pivot.tokens[there])
    below_name = "ids shared with the pivot" if not len(here) else "tokens of the pivot"
    return of_sums(name, above, below, len(here), below_name, context.pivot, signed=signed)


def _extreme(best: Callable[..., Figure]) -> Callable[[Context], Iterable[Figure]]:
    def compute(context: Context) -> Iterable[Figure]:
        figures = _premiums(context)
        known = [figure for figure in figures if figure.value is not None and figure.slice != context.pivot]
        if known:
            chosen = best(known, key=lambda figure: figure.value)
            yield replace(chosen, slice=ALL, reference=chosen.slice, resampled=_reselected(best, known))
        else:
            without = next((f for f in figures if f.status is not Status.OK), None)
            status, reason = (without.status, without.reason) if without else (Status.UNDEFINED, "no other slice")
            yield Figure(ALL, None, 0, status=status, reason=reason)

    return compute


def _reselected(best: Callable[..., Figure], known: list[Figure]) -> Resampled:
    """The extreme is chosen anew in each draw, so that its interval knows of the choice."""
    sums = np.concatenate([figure.resampled.sums for figure in known if figure.resampled is not None])
    extreme = np.fmax if best is max else np.fmin  # they pass over what a draw leaves undefined

    def statistic(drawn: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        with np.errstate(divide="ignore", invalid="ignore"):
            found: npt.NDArray[np.float64] = extreme.reduce(drawn[0::2] / drawn[1::2], axis=0)
        return found

    return Resampled(sums, statistic)


def _gini(per_byte: bool) -> Callable[[Context], Iterable[Figure]]:
    def compute(context: Context) -> Iterable[Figure]:
        slices = _parallel(context)
        obstacle = _obstacle(context, slices)
        shared: npt.NDArray[np.uint64] = np.zeros(0, np.uint64)
        members = [slices[name] for name in context.slices if name in slices]
        if obstacle is None:
            if len(members) == len(context.slices):  # a slice may have no document left
                shared = reduce(lambda a, b: np.intersect1d(a, b, assume_unique=True), [p.keys for p in members])
            if not len(shared):
                obstacle = Status.UNDEFINED, "no id is present in every slice"
        if obstacle is not None:
            status, reason = obstacle
            yield Figure(ALL, None, 0, status=status, reason=reason)
            return
        buckets = bucket_of(shared)
        rows = [np.searchsorted(p.keys, shared) for p in members]
        tokens = np.stack([_by_bucket(buckets, p.tokens[at]) for p, at in zip(members, rows, strict=True)])
        if per_byte:
            below = np.stack([_by_bucket(buckets, p.bytes[at]) for p, at in zip(members, rows, strict=True)])
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

    def statistic(drawn: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        with np.errstate(divide="ignore", invalid="ignore"):
            return gini_of(drawn[:size] / drawn[size:])

    sums = np.concatenate([tokens, below])
    value = float(statistic(sums.sum(axis=1, keepdims=True).astype(np.float64))[0])
    if np.isnan(value):
        return Figure(ALL, None, n, status=Status.UNDEFINED, reason="no tokens, or a slice without bytes")
    return Figure(ALL, value, n, resampled=Resampled(sums, statistic), signed=signed)


def gini_of(costs: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The Gini coefficient of each column of costs, shape (slices, columns); NaN where the costs sum to 0."""
    ranked = np.sort(costs, axis=0)
    size = len(ranked)
    weights = 2.0 * np.arange(1, size + 1) - size - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        found: npt.NDArray[np.float64] = (weights[:, None] * ranked).sum(axis=0) / (size * ranked.sum(axis=0))
    return found


def _overlap_jsd(context: Context) -> Iterable[Figure]:
    from tokeval.metrics.kernels import divergences

    if "ids" not in context.mine.facts.capabilities:
        reason = "the tokenizer's ids do not stand for tokens, so they cannot be counted"
        yield Figure(ALL, None, 0, status=Status.NOT_APPLICABLE, reason=reason)
        return
    frequencies = context.mine.others["frequencies"]
    assert isinstance(frequencies, Frequencies)
    found = distributions(frequencies, context.slices)
    if len(context.slices) < 2:
        yield Figure(ALL, None, 0, status=Status.UNDEFINED, reason="fewer than two slices")
        return
    ids = np.concatenate([np.zeros(0, np.int64), *(i for i, _ in found.values())])
    counts = np.concatenate([np.zeros(0, np.int64), *(c for _, c in found.values())])
    offsets = np.concatenate(([0], np.cumsum([len(i) for i, _ in found.values()]))).astype(np.int64)
    values = np.zeros((len(found), len(found)))
    divergences(ids, counts, offsets, values)
    places = {name: place for place, name in enumerate(found)}
    documents = {name: context.mine.sums.total("documents", (name,)) for name in context.slices}
    for index, name in enumerate(context.slices):
        for other in context.slices[index + 1 :]:
            n = documents[name] + documents[other]
            if name in places and other in places:
                yield Figure(name, float(values[places[name], places[other]]), n, reference=other)
            else:
                empty = name if name not in places else other
                reason = f"no tokens in {empty}"
                yield Figure(name, None, n, reference=other, status=Status.UNDEFINED, reason=reason)


def _by_bucket(buckets: npt.NDArray[np.int32], values: Int64) -> Int64:
    sums = np.zeros(BUCKETS, np.int64)
    np.add.at(sums, buckets, values)
    return sums


def _sampled(context: Context) -> dict[str, object]:
    """The share of the ids that was kept, for the signature."""
    alignment = context.mine.others["alignment"]
    assert isinstance(alignment, Alignment)
    return {"ids": f"1/{1 << alignment.level}"} if alignment.level else {}


METRICS = (
    Metric(
        MetricInfo(
            "premium",
            FAMILY,
            "1",
            LOWER,
            "Σ tokens(slice) / Σ tokens(pivot slice) over the ids present in both.",
            "Petrov et al. 2023",
            "Needs parallel text; on texts that are not translations of each other it measures the texts.",
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
        ),
        _extreme(max),
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
        ),
        _extreme(min),
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
        ),
        _overlap_jsd,
        (DOCUMENTS,),
        (Frequencies,),
        default=False,
        pairs=True,
    ),
)
