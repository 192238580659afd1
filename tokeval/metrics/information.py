"""Information: what the token distribution says."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from tokeval.arrow import Int64
from tokeval.metrics.base import HIGHER, Context, Metric
from tokeval.metrics.frequencies import Frequencies
from tokeval.metrics.measures import DOCUMENTS
from tokeval.metrics.ratios import divided, pools
from tokeval.schema import Figure, MetricInfo, Status

FAMILY = "information"
_NO_IDS = "the tokenizer's ids do not stand for tokens, so they cannot be counted"


def renyi_entropy(counts: Int64, alpha: float) -> float:
    """Rényi entropy of order alpha in bits; alpha = 1 is Shannon's, infinity the min-entropy.

    Args:
        counts: positive counts, one per observed type.
        alpha: order, 0 or more.
    """
    # Sorted, so that the sum does not depend on the order of the ids.
    p = np.sort(counts) / counts.sum()
    if alpha == 1:
        return float(-(p * np.log2(p)).sum()) + 0.0
    if math.isinf(alpha):
        return float(-np.log2(p.max())) + 0.0
    return float(np.log2((p**alpha).sum()) / (1 - alpha)) + 0.0


def _renyi_efficiency(context: Context, alpha: float = 2.5) -> Iterable[Figure]:
    for name, n, counts in _distributions(context):
        if isinstance(counts, Figure):
            yield counts
        elif len(counts) == 1:
            reason = "one observed type: log2 of 1 is 0"
            yield Figure(name, None, n, status=Status.UNDEFINED, reason=reason)
        else:
            yield divided(name, renyi_entropy(counts, alpha), math.log2(len(counts)), n, "types")


def _vocabulary_used(context: Context) -> Iterable[Figure]:
    for name, n, counts in _distributions(context):
        yield counts if isinstance(counts, Figure) else Figure(name, float(len(counts)), n)


def _vocabulary_utilization(context: Context) -> Iterable[Figure]:
    size = context.mine.facts.vocabulary_size
    for name, n, counts in _distributions(context):
        if isinstance(counts, Figure):
            yield counts
        elif size is None:
            reason = "the tokenizer does not declare vocabulary"
            yield Figure(name, None, n, status=Status.NOT_APPLICABLE, reason=reason)
        else:
            yield divided(name, len(counts), size, n, "vocabulary")


def _distributions(context: Context) -> Iterable[tuple[str, int, Int64 | Figure]]:
    """Each row's name, documents, and token counts, or the figure that says why there are none."""
    frequencies = context.mine.others["frequencies"]
    assert isinstance(frequencies, Frequencies)
    for name, members in pools(context):
        n = context.mine.sums.total("documents", members)
        if "ids" not in context.mine.facts.capabilities:
            yield name, n, Figure(name, None, n, status=Status.NOT_APPLICABLE, reason=_NO_IDS)
            continue
        counts = frequencies.counts(members)
        if not len(counts):
            yield name, n, Figure(name, None, n, status=Status.UNDEFINED, reason="no tokens")
            continue
        yield name, n, counts


METRICS = (
    Metric(
        MetricInfo(
            "renyi_efficiency",
            FAMILY,
            "1",
            HIGHER,
            "[1/(1−α)] · log₂ Σ p^α / log₂ V_obs, p token frequencies, V_obs types observed; α = 2.5.",
            "Zouhar et al. 2023",
            "Tokenizers can be built that score high and work badly (Cognetta et al. 2024).",
            headline=True,
            parameters={"alpha": 2.5},
        ),
        _renyi_efficiency,
        (DOCUMENTS,),
        (Frequencies,),
    ),
    Metric(
        MetricInfo("vocabulary_used", FAMILY, "count", HIGHER, "V_obs: distinct tokens that the text produced."),
        _vocabulary_used,
        (DOCUMENTS,),
        (Frequencies,),
    ),
    Metric(
        MetricInfo(
            "vocabulary_utilization",
            FAMILY,
            "1",
            HIGHER,
            "V_obs / V, V the number of ids defined, special and unused ones included.",
            misleads="Grows with the amount of text: compare it on the same corpus only.",
        ),
        _vocabulary_utilization,
        (DOCUMENTS,),
        (Frequencies,),
    ),
)
