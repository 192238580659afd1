"""Fairness across slices of a parallel corpus: the same id in each slice."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

import numpy as np

from tokeval.metrics.alignment import Alignment, Parallel
from tokeval.metrics.base import LOWER, Context, Metric
from tokeval.metrics.ratios import divided
from tokeval.schema import ALL, Figure, MetricInfo, Status

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


def _premium(context: Context) -> Iterable[Figure]:
    assert context.pivot is not None
    slices = _parallel(context)
    obstacle = _obstacle(context, slices)
    if obstacle is None and context.pivot not in slices:
        obstacle = Status.UNDEFINED, f"the corpus has no slice {context.pivot!r}"
    for name in context.slices:
        documents = slices.get(name)
        if obstacle is not None or documents is None:
            status, reason = obstacle or (Status.UNDEFINED, "no documents")
            n = 0 if documents is None else len(documents.keys)
            yield Figure(name, None, n, reference=context.pivot, status=status, reason=reason)
            continue
        pivot = slices[context.pivot]
        _, here, there = np.intersect1d(documents.keys, pivot.keys, assume_unique=True, return_indices=True)
        above, below = int(documents.tokens[here].sum()), int(pivot.tokens[there].sum())
        below_name = "ids shared with the pivot" if not len(here) else "tokens of the pivot"
        yield divided(name, above, below, len(here), below_name, context.pivot)


def _gini(context: Context) -> Iterable[Figure]:
    slices = _parallel(context)
    obstacle = _obstacle(context, slices)
    if obstacle is not None:
        status, reason = obstacle
        yield Figure(ALL, None, 0, status=status, reason=reason)
        return
    members = [slices[name] for name in context.slices]
    shared = reduce(lambda a, b: np.intersect1d(a, b, assume_unique=True), [p.keys for p in members])
    if not len(shared):
        yield Figure(ALL, None, 0, status=Status.UNDEFINED, reason="no id is present in every slice")
        return
    totals = [int(p.tokens[np.searchsorted(p.keys, shared)].sum()) for p in members]
    # With whole numbers: c_i = total_i / documents, so the documents cancel out of the quotient.
    differences = sum(abs(a - b) for a in totals for b in totals)
    yield divided(ALL, differences, 2 * len(totals) * sum(totals), len(shared), "tokens")


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
        _premium,
        accumulators=(Alignment,),
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
        _gini,
        accumulators=(Alignment,),
    ),
)
