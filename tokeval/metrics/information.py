"""Information: what the token distribution says."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from tokeval.arrow import Floats, Int64
from tokeval.metrics.base import Context, Metric
from tokeval.metrics.columns import Figures, Problem, plain, quotients
from tokeval.metrics.frequencies import Frequencies
from tokeval.metrics.measures import DOCUMENTS
from tokeval.metrics.ratios import documents, inapplicable, pools, uncounted
from tokeval.schema import ALL, HIGHER, NEITHER, MetricInfo, Status

FAMILY = "information"
#: Orders that are so near to 1 are computed otherwise.
_NEAR = 0.01
_UNDECLARED = (Status.NOT_APPLICABLE, "the tokenizer does not declare vocabulary")


def renyi_entropy(counts: Int64, alpha: float) -> float:
    """Rényi entropy of order alpha in bits; 0 is Hartley's, 1 Shannon's, infinity the min-entropy.

    Args:
        counts: positive counts, one per observed type, sorted, so that the sum does not depend on the order of the ids.
        alpha: order, 0 or more.
    """
    p = counts / counts.sum()
    if alpha == 1:
        return float(-(p * np.log2(p)).sum()) + 0.0
    if math.isinf(alpha):
        return float(-np.log2(p.max())) + 0.0
    if abs(alpha - 1) < _NEAR:  # the sum of powers is nearly 1: log2 of it alone would be noise
        beyond = float((p * np.expm1((alpha - 1) * np.log(p))).sum())
        return math.log1p(beyond) / math.log(2) / (1 - alpha) + 0.0
    most = p.max()  # without it powers of a great order are all 0
    return float((alpha * np.log2(most) + np.log2(((p / most) ** alpha).sum())) / (1 - alpha)) + 0.0


def percentile_frequency(counts: Int64, low: float, high: float) -> float:
    """The probability of the types whose frequency rank lies from low·V_obs to high·V_obs, the most frequent at 0.

    Args:
        counts: positive counts, one per observed type, sorted.
        low: share of V_obs, 0 to 1, rounded down to a rank, which is counted.
        high: likewise.
    """
    ranked = counts[::-1]
    first, last = int(low * len(ranked)), int(high * len(ranked))
    return float(int(ranked[first : last + 1].sum()) / int(counts.sum()))


def _counts(context: Context) -> list[Int64]:
    """The token counts of each row, sorted; empty without tokens."""

    def count(context: Context) -> list[Int64]:
        frequencies = context.state(Frequencies)
        return [frequencies.counts(members) for members in pools(context).values()]

    made: list[Int64] = context.once("token counts", count)
    return made


def _of_each(value: Callable[[Int64], float]) -> Callable[[Context], Floats]:
    """A value of each row, NaN without tokens, shape (rows,)."""
    return lambda context: np.array([value(c) if len(c) else np.nan for c in _counts(context)], np.float64)


_types, _tokens = _of_each(len), _of_each(np.sum)
_average_rank = _of_each(lambda counts: np.dot(counts[::-1], np.arange(1, len(counts) + 1)))


def _entropies(context: Context, alpha: float) -> Floats:
    """The entropy of each row; several metrics divide it."""
    made: Floats = context.once(f"entropy of order {alpha}", _of_each(lambda counts: renyi_entropy(counts, alpha)))
    return made


def _efficiency(vocabulary: bool, order: float = 1.0) -> Callable[..., Figures]:
    """Entropy over the log of the number of types: those observed, or all of the vocabulary."""

    def compute(context: Context, alpha: float = order) -> Figures:
        if math.isnan(alpha) or alpha < 0:
            return _without(context, Status.UNDEFINED, f"α is {alpha:g}, it must be 0 or more")
        size, types = context.mine.facts.vocabulary_size, _types(context)
        if vocabulary and size is None:
            return _without(context, *_UNDECLARED)
        if vocabulary:
            types = np.full(len(types), float(size or 0))
        one = f"one {'type in the vocabulary' if vocabulary else 'observed type'}: log2 of 1 is 0"
        alone = dict.fromkeys(np.flatnonzero(types == 1).tolist(), (Status.UNDEFINED, one))
        logs = [math.log2(count) if count > 0 else 0.0 for count in types.tolist()]
        made = quotients(list(pools(context)), documents(context), _entropies(context, alpha), logs, "types")
        return made.without(alone | _problems(context))

    return compute


def _percentile_frequency(context: Context, low: float = 0.03, high: float = 0.83) -> Figures:
    if not 0 <= low <= high <= 1:
        reason = f"low is {low:g} and high {high:g}, they must be between 0 and 1 and in this order"
        return _without(context, Status.UNDEFINED, reason)
    return _plain(_of_each(lambda counts: percentile_frequency(counts, low, high)))(context)


def _plain(values: Callable[[Context], Floats]) -> Callable[[Context], Figures]:
    def compute(context: Context) -> Figures:
        return plain(list(pools(context)), documents(context), values(context)).without(_problems(context))

    return compute


def _per_token(values: Callable[[Context], Floats]) -> Callable[[Context], Figures]:
    def compute(context: Context) -> Figures:
        made = quotients(list(pools(context)), documents(context), values(context), _tokens(context), "tokens")
        return made.without(_problems(context))

    return compute


def _vocabulary_utilization(context: Context) -> Figures:
    size, types = context.mine.facts.vocabulary_size, _types(context)
    if size is None:
        return _without(context, *_UNDECLARED)
    made = quotients(list(pools(context)), documents(context), types, np.full(len(types), size), "vocabulary")
    return made.without(_problems(context))


def _vocabulary_size(context: Context) -> Figures:
    size, n = context.mine.facts.vocabulary_size, documents(context)[:1]
    return plain([ALL], n, [np.nan if size is None else size]).without({} if size is not None else {0: _UNDECLARED})


def _problems(context: Context) -> dict[int, Problem]:
    """The rows without tokens."""
    absent = inapplicable(pools(context), uncounted(context.mine))
    if absent:
        return absent
    return {row: (Status.UNDEFINED, "no tokens") for row, counts in enumerate(_counts(context)) if not len(counts)}


def _without(context: Context, status: Status, reason: str) -> Figures:
    """No figure at all, for one reason; rows without tokens have theirs."""
    named = list(pools(context))
    made = plain(named, documents(context), np.full(len(named), np.nan))
    return made.without(dict.fromkeys(range(len(named)), (status, reason)) | _problems(context))


def _metric(info: MetricInfo, compute: Callable[..., Figures], *, default: bool = False) -> Metric:
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
        _plain(lambda context: _entropies(context, 1.0)),
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
            "Σ p over frequency ranks from 0.03·V_obs to 0.83·V_obs, both rounded down and included, the most frequent "
            "type at rank 0.",
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
        _plain(_types),
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
        _per_token(_types),
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
        _per_token(_average_rank),
    ),
)
