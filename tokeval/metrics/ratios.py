"""Counts and ratios of sums: most metrics are one of the two, so that their statuses are decided in one place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from tokeval.arrow import Int64
from tokeval.metrics.base import Context, Measure, Metric, Scored
from tokeval.metrics.measures import DOCUMENTS, UNSEGMENTED_CHARS, VISIBLE_CHARS
from tokeval.schema import ALL, Figure, MetricInfo, Resampled, Status

#: A slice with a larger share of its visible characters in scripts without spaces has no white-space words.
UNSEGMENTED_SHARE = 0.01


def pools(context: Context) -> list[tuple[str, tuple[str, ...]]]:
    """The rows of a metric: the pool `all`, then each slice; with the slices that each sums over."""
    if context.slices == (ALL,):
        return [(ALL, (ALL,))]
    return [(ALL, context.slices), *((name, (name,)) for name in context.slices)]


def count(info: MetricInfo, measure: Measure, *, words: bool = False, default: bool = True) -> Metric:
    """A metric that is the sum of one measure."""

    def compute(context: Context) -> Iterable[Figure]:
        for name, members in pools(context):
            sums = context.mine.sums
            n = sums.total("documents", members)
            problem = missing(context.mine, measure) or (unsegmented(context.mine, members) if words else None)
            if problem:
                yield Figure(name, None, n, status=Status.NOT_APPLICABLE, reason=problem)
            else:
                yield Figure(name, float(sums.total(measure.name, members)), n)

    return Metric(info, compute, _with_words((DOCUMENTS, measure), words), words=words, default=default)


def ratio(
    info: MetricInfo, numerator: Measure, denominator: Measure, *, words: bool = False, default: bool = True
) -> Metric:
    """A metric that is the ratio of two measures' sums over documents."""

    def compute(context: Context) -> Iterable[Figure]:
        mine, rows, spoken = context.mine, pools(context), _spoken(denominator)
        absent = missing(mine, numerator, denominator)
        sums = np.array(
            [[mine.sums.buckets(measure.name, members) for measure in (numerator, denominator)] for _, members in rows]
        )
        for (name, members), pair, (above, below) in zip(
            rows, sums, sums.sum(axis=2).astype(float).tolist(), strict=True
        ):
            n = mine.sums.total("documents", members)
            problem = absent or (unsegmented(mine, members) if words else None)
            if problem:
                yield Figure(name, None, n, status=Status.NOT_APPLICABLE, reason=problem)
            else:
                yield divided(name, above, below, n, spoken, resampled=Resampled(pair))

    return Metric(info, compute, _with_words((DOCUMENTS, numerator, denominator), words), words=words, default=default)


def of_sums(
    name: str,
    above: Int64,
    below: Int64,
    n: int,
    below_name: str,
    reference: str | None = None,
    one: int = 1,
    signed: Mapping[str, object] | None = None,
) -> Figure:
    """A ratio's figure from its sums by bucket, each of shape (BUCKETS,), from which its interval is drawn.

    Args:
        name: the slice.
        above: the numerator.
        below: the denominator.
        n: documents behind it.
        below_name: what there is none of where the denominator is 0.
        reference: the baseline or pivot.
        one: what both sums were multiplied by (fixed-point sums).
        signed: further parts of its signature.
    """
    resampled = Resampled(np.array((above, below)))
    totals = int(above.sum()) / one, int(below.sum()) / one
    return divided(name, *totals, n, below_name, reference, resampled, signed)


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
    """A ratio's figure; undefined where there is nothing to divide by."""
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


def unsegmented(scored: Scored, members: tuple[str, ...]) -> str | None:
    """Why the segmenter's words would be wrong here, or None."""
    foreign = scored.sums.total("unsegmented_chars", members)
    visible = scored.sums.total("visible_chars", members)
    if foreign > UNSEGMENTED_SHARE * visible:
        return f"{foreign / visible:.1%} of the characters are of scripts written without spaces between words"
    return None


def _spoken(measure: Measure) -> str:
    return measure.name.replace("_", " ")


def _with_words(measures: tuple[Measure, ...], words: bool) -> tuple[Measure, ...]:
    return (*measures, UNSEGMENTED_CHARS, VISIBLE_CHARS) if words else measures
