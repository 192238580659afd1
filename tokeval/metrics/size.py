"""Size and compression."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tokeval.metrics import measures as m
from tokeval.metrics.base import Context, Metric
from tokeval.metrics.columns import Figures, plain, ratios
from tokeval.metrics.lengths import Lengths
from tokeval.metrics.ratios import by_pool, count, documents, pools, ratio
from tokeval.metrics.skipped import Skipped
from tokeval.schema import HIGHER, LOWER, NEITHER, MetricInfo, Status

FAMILY = "size"


def _nsl(context: Context) -> Figures:
    assert context.baseline is not None
    named, base = pools(context), context.scored[context.baseline]
    mine, theirs = _encoded(context, context.tokenizer), _encoded(context, context.baseline)
    reason = f"{context.tokenizer} and {context.baseline} did not encode the same documents"
    parts = by_pool(context.mine, m.TOKENS, named), by_pool(base, m.TOKENS, named)
    made = ratios(list(named), documents(context), parts, "tokens of the baseline", context.baseline)
    return made.without(
        {
            row: (Status.UNDEFINED, reason)
            for row, members in enumerate(named.values())
            if any(mine[name] != theirs[name] for name in members)
        }
    )


def _encoded(context: Context, tokenizer: str) -> dict[str, tuple[object, ...]]:
    """For each slice, how many documents a tokenizer encoded, and what tells apart those that it could not."""
    scored = context.scored[tokenizer]
    skipped = scored.others.get(Skipped.name, Skipped())
    assert isinstance(skipped, Skipped)
    counts = scored.sums.each(m.DOCUMENTS.name, context.slices).tolist()
    return dict(zip(context.slices, zip(counts, skipped.within(context.slices), strict=True), strict=True))


def _nsl_document_mean(context: Context) -> Figures:
    named = pools(context)
    parts = by_pool(context.mine, m.BASELINE_RATIOS, named), by_pool(context.mine, m.BASELINE_DOCUMENTS, named)
    counted = parts[1].sum(axis=1) // m.FIXED_ONE  # not those of which the baseline makes nothing
    return ratios(list(named), counted, parts, m.BASELINE_DOCUMENTS.name, context.baseline, m.FIXED_ONE)


def _quantile(share: float) -> Callable[[Context], Figures]:
    def compute(context: Context) -> Figures:
        lengths, named = context.state(Lengths), pools(context)
        found = [lengths.quantile(members, share) for members in named.values()]
        made = plain(list(named), documents(context), [np.nan if value is None else value for value in found])
        return made.without(
            {row: (Status.UNDEFINED, "no documents") for row, value in enumerate(found) if value is None}
        )

    return compute


def _quantiles() -> tuple[Metric, ...]:
    named = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    said = {"max": "The length of the longest document."}
    return tuple(
        Metric(
            MetricInfo(
                f"tokens_per_document_{name}",
                FAMILY,
                "tokens",
                NEITHER,
                said.get(name, f"The least length that {share:.0%} of the documents do not exceed, exact."),
                misleads="A document is a row of the corpus, which may be a sentence, a page or a book.",
            ),
            _quantile(share),
            (m.DOCUMENTS,),
            (Lengths,),
            default=False,
        )
        for name, share in named.items()
    )


METRICS = (
    count(MetricInfo("documents", FAMILY, "count", NEITHER, "Documents that are not null."), m.DOCUMENTS),
    count(MetricInfo("bytes", FAMILY, "count", NEITHER, "UTF-8 bytes of the text."), m.BYTES),
    count(MetricInfo("chars", FAMILY, "count", NEITHER, "Unicode code points of the text."), m.CHARS),
    count(
        MetricInfo("lines", FAMILY, "count", NEITHER, "Lines separated by \\n: line breaks plus one per document."),
        m.LINES,
    ),
    count(
        MetricInfo("words", FAMILY, "count", NEITHER, "Words of the segmenter that the signature names."),
        m.WORDS,
        words=True,
    ),
    count(MetricInfo("tokens", FAMILY, "count", NEITHER, "Tokens, special tokens left out."), m.TOKENS),
    ratio(
        MetricInfo(
            "bytes_per_token",
            FAMILY,
            "bytes/token",
            HIGHER,
            "Σ bytes / Σ tokens.",
            misleads="Scripts differ in bytes per character, so it compares tokenizers on one text, not languages.",
            headline=True,
        ),
        m.BYTES,
        m.TOKENS,
    ),
    ratio(
        MetricInfo(
            "chars_per_token",
            FAMILY,
            "chars/token",
            HIGHER,
            "Σ code points / Σ tokens.",
            "Limisiewicz et al. 2023 (characters per token)",
            "A character carries more in Han than in Latin script, so it compares tokenizers, not languages.",
        ),
        m.CHARS,
        m.TOKENS,
    ),
    ratio(
        MetricInfo(
            "tokens_per_word",
            FAMILY,
            "tokens/word",
            LOWER,
            "Σ tokens / Σ words, counted in running text (fertility).",
            "Rust et al. 2021; Ali et al. 2024",
            "Depends on what a word is: compare it within a language, and only with the same segmenter.",
            headline=True,
        ),
        m.TOKENS,
        m.WORDS,
        words=True,
    ),
    ratio(
        MetricInfo(
            "pieces_per_word",
            FAMILY,
            "tokens/word",
            LOWER,
            "Mean over words of the number of tokens whose span overlaps the word, in running text.",
            misleads="Tokens of white space alone count for no word, so it can be below tokens_per_word; a token"
            " across two words counts for both. A dummy space before the text counts for the word it stands at.",
        ),
        m.WORD_PIECES,
        m.WORDS,
        words=True,
    ),
    ratio(
        MetricInfo(
            "single_token_word_rate",
            FAMILY,
            "1",
            HIGHER,
            "Share of words that exactly one token overlaps, in running text (STRR).",
            "Nayeem et al. 2025",
            "Encoding words alone inverts the order of tokenizers; this counts them where they stand. A tokenizer"
            " that makes tokens of several words scores high too.",
        ),
        m.SINGLE_TOKEN_WORDS,
        m.WORDS,
        words=True,
    ),
    ratio(
        MetricInfo(
            "continued_word_rate",
            FAMILY,
            "1",
            LOWER,
            "Share of words that two or more tokens overlap (PCW).",
            "Rust et al. 2021",
            "Words keep their punctuation with the white-space segmenter, so `word.` is cut by most tokenizers.",
        ),
        m.CONTINUED_WORDS,
        m.WORDS,
        words=True,
    ),
    Metric(
        MetricInfo(
            "nsl",
            FAMILY,
            "1",
            LOWER,
            "Σ tokens / Σ tokens of the baseline tokenizer on the same documents.",
            "Dagan et al. 2024; Tamang and Bora 2024 (normalized sequence length)",
            "Says how long, not how good: a larger vocabulary shortens sequences and enlarges the model.",
            headline=True,
        ),
        _nsl,
        (m.DOCUMENTS, m.TOKENS),
        needs="baseline",
    ),
    Metric(
        MetricInfo(
            "nsl_document_mean",
            FAMILY,
            "1",
            LOWER,
            "Mean over documents of tokens / tokens of the baseline; documents without baseline tokens left out.",
            "Dagan et al. 2024",
            "A short document weighs as much as a long one. Ratios are summed in steps of 2^-30, the nearest.",
            version=2,
        ),
        _nsl_document_mean,
        (m.DOCUMENTS, m.BASELINE_RATIOS, m.BASELINE_DOCUMENTS),
        default=False,
        needs="baseline",
    ),
    *_quantiles(),
)
