"""Morphological alignment: do token boundaries inside a word fall where its morphemes end?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from tokeval.arrow import Int64, hash_texts, text_buffers
from tokeval.metrics.base import FIXED, Context
from tokeval.metrics.linguistic.gold import Gold
from tokeval.metrics.linguistic.material import BYTE, IDEAL, Loaded
from tokeval.metrics.ratios import divided
from tokeval.schema import BUCKETS, SPANS, Encoding, Figure, Resampled, Status, bucket_of


@dataclass(frozen=True)
class Comparison:
    """What a tokenizer did to n gold words, each encoded alone: int64 counts of shape (n,).

    Attributes:
        predicted: positions between characters that no token spans.
        found: gold positions among them.
        gold: gold positions.
        tokens: tokens.
        failed: marks the words that the tokenizer fails on; None where it encoded all.
    """

    predicted: Int64
    found: Int64
    gold: Int64
    tokens: Int64
    failed: npt.NDArray[np.bool_] | None = None


def compare_words(encoding: Encoding, gold: Gold) -> Comparison:
    """Hold the spans of the gold words' tokens against the gold segmentation."""
    from tokeval.metrics.linguistic.kernels import compare_cuts

    data, offsets = text_buffers(gold.words)
    out = np.zeros((len(gold.words), 3), np.int64)
    crossed = np.zeros(int(np.diff(offsets).max(initial=0)) + 1, np.uint8)
    compare_cuts(
        data,
        offsets,
        encoding.starts,
        encoding.ends,
        encoding.offsets,
        gold.cuts,
        gold.offsets,
        crossed,
        out,
    )
    return Comparison(out[:, 0], out[:, 1], out[:, 2], np.diff(encoding.offsets), encoding.failed)


def ideal(gold: Gold) -> Comparison:
    """The yardstick that cuts as the gold does."""
    cuts = np.diff(gold.offsets)
    return Comparison(cuts, cuts, cuts, cuts + 1)


def byte(gold: Gold) -> Comparison:
    """The yardstick that cuts between all bytes."""
    import pyarrow.compute as pc

    cuts = np.diff(gold.offsets)
    positions = pc.utf8_length(gold.words).to_numpy().astype(np.int64) - 1
    return Comparison(positions, cuts, cuts, pc.binary_length(gold.words).to_numpy().astype(np.int64))


Members = npt.NDArray[np.bool_]

#: From a comparison to the numerators and denominators of each word.
Parts = Callable[[Comparison], tuple[Int64, Int64]]


def precision(made: Comparison) -> tuple[Int64, Int64]:
    """Found among predicted."""
    return made.found, made.predicted


def recall(made: Comparison) -> tuple[Int64, Int64]:
    """Found among gold."""
    return made.found, made.gold


def f1(made: Comparison) -> tuple[Int64, Int64]:
    """The harmonic mean of both, as a ratio of sums."""
    return 2 * made.found, made.predicted + made.gold


def morphscore(made: Comparison) -> tuple[Int64, Int64]:
    """Words of two morphemes and two tokens or more that are cut between the morphemes."""
    scored = (made.gold == 1) & (made.tokens >= 2)
    return made.found * scored, scored.astype(np.int64)


def alignment(parts: Parts, nothing: str) -> Callable[[Context], Iterable[Figure]]:
    """Figures of one ratio for each gold file, over all words and by category, and the yardsticks' beside them."""

    def compute(context: Context) -> Iterable[Figure]:
        loaded = context.material
        assert loaded is not None
        for language, gold in loaded.gold.items():
            figure = partial(_figure, parts, gold, bucket_of(hash_texts(gold.words)), nothing)
            for name, members in _selections(language, gold):
                facts = context.mine.facts
                if context.mine.tools is None or facts.fixed or SPANS not in facts.capabilities:
                    reason = FIXED if facts.fixed else "the tokenizer does not declare spans"
                    yield Figure(name, None, int(members.sum()), status=Status.NOT_APPLICABLE, reason=reason)
                else:
                    made = _compared(context, loaded, language, gold)
                    yield figure(made, name, members)
                if context.tokenizer == next(iter(context.scored)):
                    for yardstick, of in ((IDEAL, ideal), (BYTE, byte)):
                        yield figure(of(gold), name, members, yardstick)

    return compute


def concatenation_rate(context: Context) -> Iterable[Figure]:
    """For each gold file, the share of its words whose segments concatenate to the word."""
    loaded = context.material
    assert loaded is not None
    for language, gold in loaded.gold.items():
        figure = divided(language, len(gold.words), gold.segmented, gold.segmented, "words")
        yield replace(figure, signed={"gold": gold.fingerprint})


def _selections(language: str, gold: Gold) -> Iterator[tuple[str, Members]]:
    yield language, np.ones(len(gold.words), np.bool_)
    for category, members in gold.categories.items():
        if members.any():
            yield f"{language}:{category}", members


def _compared(context: Context, loaded: Loaded, language: str, gold: Gold) -> Comparison:
    key = (context.tokenizer, language)
    if key not in loaded.compared:
        assert context.mine.tools is not None
        made = loaded.compared[key] = compare_words(context.mine.tools.spans(gold.words), gold)
        loaded.warn_of_failed(context.tokenizer, made.failed, f"gold words of {language}")
    return loaded.compared[key]


def _figure(
    parts: Parts,
    gold: Gold,
    buckets: npt.NDArray[np.int32],
    nothing: str,
    made: Comparison,
    name: str,
    members: Members,
    tokenizer: str | None = None,
) -> Figure:
    members = members if made.failed is None else members & ~made.failed
    above, below = (_by_bucket(part, members, buckets) for part in parts(made))
    found = divided(name, int(above.sum()), int(below.sum()), int(members.sum()), nothing)
    resampled = Resampled(np.stack([above, below]))
    return replace(found, resampled=resampled, tokenizer=tokenizer, signed={"gold": gold.fingerprint})


def _by_bucket(values: Int64, members: Members, buckets: npt.NDArray[np.int32]) -> Int64:
    sums = np.zeros(BUCKETS, np.int64)
    np.add.at(sums, buckets[members], values[members])
    return sums
