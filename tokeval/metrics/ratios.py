"""Counts and ratios of sums: most metrics are one of the two, so that their statuses are decided in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sized

from tokeval.arrow import Int64
from tokeval.metrics.base import Context, Measure, Metric, Scored
from tokeval.metrics.columns import Figures, Problem, plain, ratios
from tokeval.metrics.measures import DOCUMENTS, UNSEGMENTED_CHARS, VISIBLE_CHARS
from tokeval.schema import ALL, IDS, Figure, MetricInfo, Resampled, Status

#: A slice with a larger share of its visible characters in scripts without spaces has no white-space words.
UNSEGMENTED_SHARE = 0.01

#: The rows of a metric by name, and the slices that each sums over.
Pools = Mapping[str, tuple[str, ...]]


def pools(context: Context) -> Pools:
    """The rows that most metrics have: the pool `all`, then each slice."""

    def pool(context: Context) -> Pools:
        if context.slices == (ALL,):
            return {ALL: (ALL,)}
        return {ALL: context.slices, **{name: (name,) for name in context.slices}}

    made: Pools = context.once("pools", pool)
    return made


def documents(context: Context) -> Int64:
    """How many documents each pool has, shape (pools,)."""
    return totals(context, DOCUMENTS)


def totals(context: Context, measure: Measure) -> Int64:
    """A measure's sum over each pool, shape (pools,)."""
    made: Int64 = context.once(f"total {measure.name}", lambda c: by_pool(c.mine, measure, pools(c)).sum(axis=1))
    return made


def by_pool(scored: Scored, measure: Measure, named: Pools) -> Int64:
    """A measure's sums by bucket over each pool, shape (pools, BUCKETS)."""
    return scored.sums.over(measure.name, tuple(named.values()))


def count(info: MetricInfo, measure: Measure, *, words: bool = False, default: bool = True) -> Metric:
    """A metric that is the sum of one measure."""

    def compute(context: Context) -> Figures:
        made = plain(list(pools(context)), documents(context), totals(context, measure))
        return made.without(_problems(context, words, measure))

    return Metric(info, compute, _with_words((DOCUMENTS, measure), words), words=words, default=default)


def ratio(
    info: MetricInfo,
    numerator: Measure,
    denominator: Measure,
    *,
    words: bool = False,
    default: bool = True,
    below_name: str = "",
) -> Metric:
    """A metric that is the ratio of two measures' sums over documents; `below_name` says what the second counts."""

    def compute(context: Context) -> Figures:
        named = pools(context)
        parts = by_pool(context.mine, numerator, named), by_pool(context.mine, denominator, named)
        made = ratios(list(named), documents(context), parts, below_name or spoken(denominator))
        return made.without(_problems(context, words, numerator, denominator))

    return Metric(info, compute, _with_words((DOCUMENTS, numerator, denominator), words), words=words, default=default)


def divided(
    name: str,
    above: float,
    below: float,
    n: int,
    below_name: str,
    reference: str | None = None,
    resampled: Resampled | None = None,
    signed: Mapping[str, object] | None = None,
) -> Figure:
    """A single quotient's figure; undefined where there is nothing to divide by. See `quotients` for many."""
    signed = signed or {}
    if below == 0:
        return Figure(
            name,
            None,
            n,
            above,
            below,
            reference=reference,
            status=Status.UNDEFINED,
            reason=f"no {below_name}",
            signed=signed,
        )
    return Figure(name, above / below, n, above, below, reference=reference, resampled=resampled, signed=signed)


def missing(scored: Scored, *measures: Measure) -> str | None:
    """Why a measure is not there, or None."""
    return next(filter(None, (measure.lacking(scored.facts) for measure in measures)), None)


def uncounted(scored: Scored) -> str | None:
    """Why tokens cannot be told apart by their ids, or None."""
    known = IDS in scored.facts.capabilities
    return None if known else "the tokenizer's ids do not stand for tokens, so they cannot be counted"


def inapplicable(rows: Sized, reason: str | None) -> dict[int, Problem]:
    """The problem of all rows, if there is one."""
    return {} if reason is None else dict.fromkeys(range(len(rows)), (Status.NOT_APPLICABLE, reason))


def spoken(measure: Measure) -> str:
    """A measure's name in words."""
    return measure.name.replace("_", " ")


def _problems(context: Context, words: bool, *measures: Measure) -> dict[int, Problem]:
    """What stands in the way of pools' figures, by row."""
    absent = inapplicable(pools(context), missing(context.mine, *measures))
    if absent or not words:
        return absent
    found: dict[int, Problem] = context.once("unsegmented", _unsegmented)
    return found


def _unsegmented(context: Context) -> dict[int, Problem]:
    """The pools in which the segmenter's words would be wrong."""
    both = (totals(context, measure).tolist() for measure in (UNSEGMENTED_CHARS, VISIBLE_CHARS))
    reason = "of the characters are of scripts written without spaces between words"
    return {
        row: (Status.NOT_APPLICABLE, f"{foreign / visible:.1%} {reason}")
        for row, (foreign, visible) in enumerate(zip(*both, strict=True))
        if foreign > UNSEGMENTED_SHARE * visible
    }


def _with_words(measures: tuple[Measure, ...], words: bool) -> tuple[Measure, ...]:
    return (*measures, UNSEGMENTED_CHARS, VISIBLE_CHARS) if words else measures
