"""Predictability: how evenly a token's successors are spread."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np

from tokeval.arrow import Int64
from tokeval.metrics.base import Context, Metric
from tokeval.metrics.columns import Figures, Problem, plain, quotients
from tokeval.metrics.measures import DOCUMENTS
from tokeval.metrics.ngrams.state import CAP, Bigrams, Ngrams, Trigrams, UInt64
from tokeval.metrics.ratios import documents, inapplicable, pools, uncounted
from tokeval.schema import NEITHER, MetricInfo

FAMILY = "predictability"
_SEEN = 3


def efficiency(contexts: UInt64, counts: Int64, cuts: Int64) -> tuple[list[float], list[int]]:
    """Σ count · H(successors) / log₂(successors) over contexts with three or more successors, and Σ count, by pool.

    Args:
        contexts: sorted within each pool, one entry per (context, successor).
        counts: of the successors, in the order of their ids, so that equal counts give equal bits.
        cuts: where the entries of each pool begin, and the end.
    """
    begins = np.ones(len(contexts), np.bool_)
    begins[1:] = contexts[1:] != contexts[:-1]
    begins[cuts[:-1][np.diff(cuts) > 0]] = True
    first = np.flatnonzero(begins)
    kinds = np.diff(np.append(first, len(contexts)))
    totals = np.add.reduceat(counts, first)
    p = counts / np.repeat(totals, kinds)
    entropy = np.add.reduceat(-p * np.log2(p), first)
    several = kinds > 1
    even = np.where(several, entropy / np.log2(np.where(several, kinds, 2)), 0.0)
    seen = totals >= _SEEN
    even, totals = even[seen], totals[seen]
    pools = [slice(*ends) for ends in pairwise(np.searchsorted(first[seen], cuts).tolist())]
    return [float((even[pool] * totals[pool]).sum()) for pool in pools], [int(totals[pool].sum()) for pool in pools]


def _efficiency(context: Context, kind: type[Ngrams]) -> Figures:
    state, named, problems = context.state(kind), pools(context), _problems(context)
    none = [np.nan] * len(named)
    above, below = (none, none) if problems else efficiency(*state.groups(named.values()))
    nothing = f"context seen with {_SEEN} or more successors"
    return quotients(list(named), documents(context), above, below, nothing).without(problems)


def _share(context: Context, kind: type[Ngrams]) -> Figures:
    named = list(pools(context))
    made = plain(named, documents(context), np.full(len(named), context.state(kind).share))
    return made.without(_problems(context))


def _problems(context: Context) -> dict[int, Problem]:
    return inapplicable(pools(context), uncounted(context.mine))


def _metrics(kind: type[Ngrams], word: str, left: str) -> tuple[Metric, Metric]:
    info = MetricInfo(
        f"{word}_efficiency",
        FAMILY,
        "1",
        NEITHER,
        f"For each {left} seen with {_SEEN} or more successors in the documents: H(successors) / log₂(number of "
        "distinct successors), one successor counts 0; mean weighted by count, never across documents.",
        "Poelman et al. 2025; Meister et al. 2025 (TokEval)",
        f"On large corpora it comes from a sample of the contexts; {word}_sample_share states the share.",
        version=2,
    )
    share = MetricInfo(
        f"{word}_sample_share",
        FAMILY,
        "1",
        NEITHER,
        f"Share of the contexts behind {word}_efficiency: 2^−k, k the smallest at which the corpus has at most "
        f"{CAP:,} (slice, context, successor) entries. 1 means exact.",
        version=2,
    )
    return (
        Metric(info, partial(_efficiency, kind=kind), (DOCUMENTS,), (kind,), default=False),
        Metric(share, partial(_share, kind=kind), (DOCUMENTS,), (kind,), default=False),
    )


METRICS = (
    *_metrics(Bigrams, "bigram", "left token"),
    *_metrics(Trigrams, "trigram", "pair of tokens on the left"),
)
