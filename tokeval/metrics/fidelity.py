"""Fidelity: what is lost on the way to ids and back."""

from __future__ import annotations

from tokeval.metrics import measures as m
from tokeval.metrics.ratios import ratio
from tokeval.schema import HIGHER, LOWER, MetricInfo

FAMILY = "fidelity"

METRICS = (
    ratio(
        MetricInfo(
            "round_trip_rate",
            FAMILY,
            "1",
            HIGHER,
            "Share of documents with decode(encode(x)) = x, byte for byte.",
            "Geng et al. 2024 (inverse homomorphism)",
            "A tokenizer that normalises on purpose (lower case, NFKC) scores low without being broken.",
            headline=True,
        ),
        m.ROUND_TRIPS,
        m.DOCUMENTS,
    ),
    ratio(
        MetricInfo(
            "round_trip_rate_nfc",
            FAMILY,
            "1",
            HIGHER,
            "Share of documents with decode(encode(x)) = x after NFC on both sides.",
            "Geng et al. 2024 (inverse homomorphism)",
            "Forgives composition only; where it is far above round_trip_rate, the text was not in NFC.",
        ),
        m.ROUND_TRIPS_NFC,
        m.DOCUMENTS,
        default=False,
    ),
    ratio(
        MetricInfo(
            "unknown_token_rate",
            FAMILY,
            "1",
            LOWER,
            "UNK tokens / tokens; 0 for a tokenizer without an UNK.",
            "Petrov et al. 2023",
            "One UNK can stand for one character or for a whole word.",
        ),
        m.UNKNOWN_TOKENS,
        m.TOKENS,
    ),
    ratio(
        MetricInfo(
            "unknown_char_rate",
            FAMILY,
            "1",
            LOWER,
            "Code points covered by UNK tokens / code points, by spans.",
            "Petrov et al. 2023",
            "A WordPiece UNK covers a whole word for one letter that it lacks.",
            version=2,
        ),
        m.UNKNOWN_CHARS,
        m.CHARS,
        default=False,
    ),
    ratio(
        MetricInfo(
            "byte_token_rate",
            FAMILY,
            "1",
            LOWER,
            "Tokens whose bytes are not valid UTF-8 by themselves, or declared byte tokens, / tokens.",
            misleads="A byte-level merge may hold part of a character and still be frequent and useful.",
        ),
        m.BYTE_TOKENS,
        m.TOKENS,
    ),
    ratio(
        MetricInfo(
            "split_char_rate",
            FAMILY,
            "1",
            LOWER,
            "Code points whose bytes are shared by several tokens / code points.",
            "TokEval",
            "Near 0 for any Latin text, because one-byte characters cannot be split: see split_char_rate_multibyte.",
        ),
        m.SPLIT_CHARS,
        m.CHARS,
        default=False,
    ),
    ratio(
        MetricInfo(
            "split_char_rate_multibyte",
            FAMILY,
            "1",
            LOWER,
            "Code points whose bytes are shared by several tokens / code points of two bytes or more.",
            "TokEval",
            "In English it is about a few dashes and quotation marks.",
        ),
        m.SPLIT_CHARS,
        m.MULTIBYTE_CHARS,
        default=False,
    ),
    ratio(
        MetricInfo(
            "character_error_rate",
            FAMILY,
            "1",
            LOWER,
            "Σ Levenshtein(decode(encode(x)), x) / Σ code points of x, over the documents that do not come back.",
            "TokEval",
            "Over the documents that do not come back only: read it beside round_trip_rate. Costs the product of"
            " both lengths for each such document.",
        ),
        m.EDITS,
        m.CHANGED_CHARS,
        default=False,
    ),
    ratio(
        MetricInfo(
            "whitespace_loss_rate",
            FAMILY,
            "1",
            LOWER,
            "White-space characters that decode(encode(x)) has fewer of than x, each counted by itself, / all in x.",
            "TokEval",
            "A tab that becomes a space is lost; a space that moves is not.",
        ),
        m.LOST_SPACES,
        m.SPACES,
        default=False,
    ),
)
