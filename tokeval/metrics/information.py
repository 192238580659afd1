"""Information: what the token distribution says."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np

from tokeval.arrow import Int64
from tokeval.metrics.base import HIGHER, NEITHER, Context, Metric
from tokeval.metrics.frequencies import Frequencies
from tokeval.metrics.measures import DOCUMENTS
from tokeval.metrics.ratios import divided, pools
from tokeval.schema import ALL, Figure, MetricInfo, Status

FAMILY = "information"
_NO_IDS = "the tokenizer's ids do not stand for tokens, so they cannot be counted"


def renyi_entropy(counts: Int64, alpha: float) -> float:
    """Rényi entropy of order alpha in bits; 0 is Hartley's, 1 Shannon's, infinity the min-entropy.

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


def percentile_frequency(counts: Int64, low: float, high: float) -> float:
    """The probability of the types whose frequency rank lies from low·V_obs to high·V_obs, the most frequent at 0.

    Args:
        counts: positive counts, one per observed type.
        low: share of V_obs, 0 to 1, rounded down to a rank, which is counted.
        high: likewise.
    """
    ranked = np.sort(counts)[::-1]
    first, last = int(low * len(ranked)), int(high * len(ranked))
    return float(int(ranked[first : last + 1].sum()) / int(counts.sum()))


def _entropy(counts: Int64) -> float:
    return renyi_entropy(counts, 1.0)


def _average_rank(counts: Int64) -> tuple[int, int]:
    """Sum over tokens of their type's rank, and tokens; whole numbers."""
    ranked = np.sort(counts)[::-1]
    return sum(map(int.__mul__, ranked.tolist(), range(1, len(ranked) + 1))), int(ranked.sum())


def _efficiency(vocabulary: bool, order: float = 1.0) -> Callable[..., Iterable[Figure]]:
    """Entropy over the log of the number of types: those observed, or all of the vocabulary."""

    def compute(context: Context, alpha: float = order) -> Iterable[Figure]:
        size = context.mine.facts.vocabulary_size
        for name, n, counts in _distributions(context):
            types = size if vocabulary else None if isinstance(counts, Figure) else len(counts)
            if isinstance(counts, Figure):
                yield counts
            elif math.isnan(alpha) or alpha < 0:
                yield Figure(name, None, n, status=Status.UNDEFINED, reason=f"α is {alpha:g}, it must be 0 or more")
            elif types is None:
                yield _undeclared(name, n)
            elif types == 1:
                reason = f"one {'type in the vocabulary' if vocabulary else 'observed type'}: log2 of 1 is 0"
                yield Figure(name, None, n, status=Status.UNDEFINED, reason=reason)
            else:
                yield divided(name, renyi_entropy(counts, alpha), math.log2(types), n, "types")

    return compute


def _percentile_frequency(context: Context, low: float = 0.03, high: float = 0.83) -> Iterable[Figure]:
    for name, n, counts in _distributions(context):
        if isinstance(counts, Figure):
            yield counts
        elif not 0 <= low <= high <= 1:
            reason = f"low is {low:g} and high {high:g}, they must be between 0 and 1 and in this order"
            yield Figure(name, None, n, status=Status.UNDEFINED, reason=reason)
        else:
            yield Figure(name, percentile_frequency(counts, low, high), n)


def _of_counts(value: Callable[[Int64], float]) -> Callable[[Context], Iterable[Figure]]:
    def compute(context: Context) -> Iterable[Figure]:
        for name, n, counts in _distributions(context):
            yield counts if isinstance(counts, Figure) else Figure(name, float(value(counts)), n)

    return compute


def _of_quotient(parts: Callable[[Int64], tuple[int, int]]) -> Callable[[Context], Iterable[Figure]]:
    def compute(context: Context) -> Iterable[Figure]:
        for name, n, counts in _distributions(context):
            yield counts if isinstance(counts, Figure) else divided(name, *parts(counts), n, "tokens")

    return compute


def _vocabulary_utilization(context: Context) -> Iterable[Figure]:
    size = context.mine.facts.vocabulary_size
    for name, n, counts in _distributions(context):
        if isinstance(counts, Figure):
            yield counts
        elif size is None:
            yield _undeclared(name, n)
        else:
            yield divided(name, len(counts), size, n, "vocabulary")


def _vocabulary_size(context: Context) -> Iterable[Figure]:
    size, n = context.mine.facts.vocabulary_size, context.mine.sums.total("documents", context.slices)
    yield _undeclared(ALL, n) if size is None else Figure(ALL, float(size), n)


def _undeclared(name: str, n: int) -> Figure:
    reason = "the tokenizer does not declare vocabulary"
    return Figure(name, None, n, status=Status.NOT_APPLICABLE, reason=reason)


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


def _metric(info: MetricInfo, compute: Callable[..., Iterable[Figure]], *, default: bool = False) -> Metric:
    return Metric(info, compute, (DOCUMENTS,), (Frequencies,), default=default)


_SAMPLE = "Grows with the amount of text: compare it on the same corpus only."
_GAMED = "Tokenizers can be built that score high and work badly (Cognetta et al. 2024)."
_ALPHA = {"alpha": 2.5}

METRICS = (
    _metric(
        MetricInfo(
            "token_entropy",
            FAMILY,
            "bits",
            NEITHER,
            "−Σ p log₂ p, p token frequencies.",
            misleads="A larger vocabulary has more entropy, and so has more text: it ranks nothing by itself.",
        ),
        _of_counts(_entropy),
    ),
    _metric(
        MetricInfo(
            "shannon_efficiency",
            FAMILY,
            "1",
            HIGHER,
            "Entropy / log₂ V_obs, V_obs types observed.",
            "Zouhar et al. 2023",
            _GAMED,
        ),
        _efficiency(False),
    ),
    _metric(
        MetricInfo(
            "shannon_efficiency_vocab",
            FAMILY,
            "1",
            HIGHER,
            "Entropy / log₂ V, V the number of ids defined.",
            "Zouhar et al. 2023",
            "Falls with ids that this text has no use for: a multilingual vocabulary on one language scores low.",
        ),
        _efficiency(True),
    ),
    _metric(
        MetricInfo(
            "renyi_efficiency",
            FAMILY,
            "1",
            HIGHER,
            "[1/(1−α)] · log₂ Σ p^α / log₂ V_obs, p token frequencies, V_obs types observed; α = 2.5.",
            "Zouhar et al. 2023",
            _GAMED,
            headline=True,
            parameters=_ALPHA,
        ),
        _efficiency(False, 2.5),
        default=True,
    ),
    _metric(
        MetricInfo(
            "renyi_efficiency_vocab",
            FAMILY,
            "1",
            HIGHER,
            "[1/(1−α)] · log₂ Σ p^α / log₂ V, V the number of ids defined; α = 2.5.",
            "Zouhar et al. 2023",
            "Differs from renyi_efficiency by about 0.1: never compare one with the other.",
            parameters=_ALPHA,
        ),
        _efficiency(True, 2.5),
    ),
    _metric(
        MetricInfo(
            "percentile_frequency",
            FAMILY,
            "1",
            HIGHER,
            "Σ p over frequency ranks from 0.03·V_obs to 0.83·V_obs, the most frequent type at rank 0.",
            "Gowda and May 2020",
            "The bounds were fitted on translation between a few languages.",
            parameters={"low": 0.03, "high": 0.83},
        ),
        _percentile_frequency,
    ),
    Metric(
        MetricInfo(
            "vocabulary_size",
            FAMILY,
            "count",
            NEITHER,
            "V: ids that the tokenizer defines, special and unused ones included.",
        ),
        _vocabulary_size,
        (DOCUMENTS,),
        default=False,
        macro=False,
    ),
    _metric(
        MetricInfo("vocabulary_used", FAMILY, "count", HIGHER, "V_obs: distinct tokens that the text produced."),
        _of_counts(len),
        default=True,
    ),
    _metric(
        MetricInfo(
            "vocabulary_utilization",
            FAMILY,
            "1",
            HIGHER,
            "V_obs / V, V the number of ids defined, special and unused ones included.",
            misleads=_SAMPLE,
        ),
        _vocabulary_utilization,
        default=True,
    ),
    _metric(
        MetricInfo(
            "type_token_ratio",
            FAMILY,
            "1",
            NEITHER,
            "V_obs / N, N tokens.",
            misleads="Falls with the amount of text, and says the same as vocabulary_utilization.",
        ),
        _of_quotient(lambda counts: (len(counts), int(counts.sum()))),
    ),
    _metric(
        MetricInfo(
            "average_token_rank",
            FAMILY,
            "rank",
            HIGHER,
            "Σ p · rank, rank 1 the slice's most frequent token.",
            "Limisiewicz et al. 2023 (AR)",
            _SAMPLE,
        ),
        _of_quotient(_average_rank),
    ),
)
