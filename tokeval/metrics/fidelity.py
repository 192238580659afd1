"""Fidelity: what is lost on the way to ids and back."""

from __future__ import annotations

from tokeval.metrics import measures as m
from tokeval.metrics.base import HIGHER, LOWER
from tokeval.metrics.ratios import ratio
from tokeval.schema import MetricInfo

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
)
