"""Size and compression."""

from __future__ import annotations

from collections.abc import Iterable

from tokeval.metrics import measures as m
from tokeval.metrics.base import HIGHER, LOWER, NEITHER, Context, Metric
from tokeval.metrics.ratios import count, divided, pools, ratio
from tokeval.schema import Figure, MetricInfo, Status

FAMILY = "size"


def _nsl(context: Context) -> Iterable[Figure]:
    assert context.baseline is not None
    mine, base = context.mine.sums, context.scored[context.baseline].sums
    for name, members in pools(context):
        n = mine.total("documents", members)
        if n != base.total("documents", members):
            yield Figure(
                name,
                None,
                n,
                reference=context.baseline,
                status=Status.UNDEFINED,
                reason=f"{context.tokenizer} and {context.baseline} did not encode the same documents",
            )
        else:
            above, below = mine.total("tokens", members), base.total("tokens", members)
            yield divided(name, above, below, n, "tokens of the baseline", context.baseline)


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
)
