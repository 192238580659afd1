"""Cognitive plausibility: does a tokenizer cut into few pieces what people recognise fast and surely?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from tokeval.arrow import Int64, hash_texts
from tokeval.metrics.base import FIXED, Context
from tokeval.metrics.linguistic.decisions import Decisions
from tokeval.metrics.uncertainty import draws, intervals
from tokeval.schema import BUCKETS, Figure, Status, bucket_of

Float64 = npt.NDArray[np.float64]

#: Fewer items correlate by accident.
LEAST_ITEMS = 3


@dataclass(frozen=True)
class Part:
    """One correlation: of words or of non-words, with one outcome.

    Attributes:
        name: `words:rt` and the like.
        n: items.
        r: Pearson's r, or None where it is undefined, for `reason`.
        drawn: r in each resample, NaN where undefined; None where r is.
        buckets: how many buckets hold items.
    """

    name: str
    n: int
    r: float | None
    reason: str | None
    drawn: Float64 | None
    buckets: int = 0


def correlation(context: Context) -> Iterable[Figure]:
    """The mean of the four absolute correlations of each language."""
    for language, found in _parts(context):
        if isinstance(found, str):
            yield Figure(language, None, 0, status=Status.NOT_APPLICABLE, reason=found)
            continue
        n = found[0].n + found[2].n
        bad = next((part for part in found if part.r is None), None)
        if bad is not None:
            yield Figure(language, None, n, status=Status.UNDEFINED, reason=f"{bad.name}: {bad.reason}")
            continue
        values = [abs(part.r) for part in found if part.r is not None]
        drawn = np.mean([np.abs(part.drawn) for part in found if part.drawn is not None], axis=0)
        ci = _interval(drawn, min(part.buckets for part in found))
        yield Figure(language, sum(values) / len(values), n, ci=ci, signed=_signed(context, language))


def signed(context: Context) -> Iterable[Figure]:
    """Each correlation with its sign."""
    for language, found in _parts(context):
        if isinstance(found, str):
            yield Figure(language, None, 0, status=Status.NOT_APPLICABLE, reason=found)
            continue
        for part in found:
            name = f"{language}:{part.name}"
            if part.r is None or part.drawn is None:
                yield Figure(name, None, part.n, status=Status.UNDEFINED, reason=part.reason)
            else:
                ci = _interval(part.drawn, part.buckets)
                yield Figure(name, part.r, part.n, ci=ci, signed=_signed(context, language))


def _signed(context: Context, language: str) -> dict[str, object]:
    assert context.material is not None
    return {"decisions": context.material.decisions[language].fingerprint}


def _interval(drawn: Float64, buckets: int) -> tuple[float, float] | None:
    return intervals(drawn[None, :], [buckets])[0]


def chunkability(tokens: Int64, chars: Int64) -> Float64:
    """1 − tokens / characters: 0 for an item cut into characters, towards 1 for a long item left whole."""
    made: Float64 = 1 - tokens / chars
    return made


def _parts(context: Context) -> list[tuple[str, list[Part] | str]]:
    made: list[tuple[str, list[Part] | str]] = context.once("decisions", lambda c: list(_measured(c)))
    return made


def _measured(context: Context) -> Iterable[tuple[str, list[Part] | str]]:
    loaded, mine = context.material, context.mine
    assert loaded is not None
    for language, decisions in loaded.decisions.items():
        if mine.tools is None or mine.facts.fixed:
            yield language, FIXED if mine.facts.fixed else "the tokenizer is not at hand"
            continue
        found = mine.tools.spans(decisions.items)
        tokens = np.diff(found.offsets)
        if found.failed is not None:
            loaded.warn_of_failed(context.tokenizer, found.failed, f"items of the study of {language}")
            decisions, tokens = decisions.only(~found.failed), tokens[~found.failed]
        yield language, measure(decisions, tokens, context.seed)


def measure(decisions: Decisions, tokens: Int64, seed: int) -> list[Part]:
    """The four correlations of chunkability: words, then non-words; each with response time, then accuracy."""
    values = chunkability(tokens, pc.utf8_length(decisions.items).to_numpy().astype(np.int64))
    buckets = bucket_of(hash_texts(decisions.items))  # as of documents, so that intervals come from the same draws
    drawn = draws(seed)
    made = []
    for kind, members in (("words", decisions.is_word), ("nonwords", ~decisions.is_word)):
        for outcome, numbers in decisions.outcomes.items():
            x, y, name = values[members], numbers[members], f"{kind}:{outcome}"
            if len(x) < LEAST_ITEMS:
                made.append(Part(name, len(x), None, f"fewer than {LEAST_ITEMS} items", None))
            elif np.ptp(x) == 0 or np.ptp(y) == 0:
                which = "chunkability" if np.ptp(x) == 0 else outcome
                made.append(Part(name, len(x), None, f"{which} is the same for all items", None))
            else:
                moments = _moments(x, y, buckets[members])
                with np.errstate(divide="ignore", invalid="ignore"):  # a resample can lack all variation
                    r = _pearson(moments @ drawn)
                filled = len(np.unique(buckets[members]))
                made.append(Part(name, len(x), float(_pearson(moments.sum(axis=1))), None, r, filled))
    return made


def _moments(x: Float64, y: Float64, buckets: npt.NDArray[np.int32]) -> Float64:
    """Per bucket n, Σx, Σy, Σxy, Σx², Σy², of values centred so that little cancels; shape (6, BUCKETS)."""
    x, y = x - x.mean(), y - y.mean()
    sums = np.zeros((BUCKETS, 6))
    np.add.at(sums, buckets, np.stack([np.ones(len(x)), x, y, x * y, x * x, y * y], axis=1))
    return sums.T


def _pearson(moments: Float64) -> Float64:
    n, x, y, xy, xx, yy = moments
    r: Float64 = (n * xy - x * y) / np.sqrt((n * xx - x * x) * (n * yy - y * y))
    return r
