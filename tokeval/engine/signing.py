"""Signatures of figures: what those of a tokenizer, corpus and metric have in common is written once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from tokeval import __version__, signature
from tokeval.corpus.units import segmenter_name
from tokeval.engine.plan import Plan
from tokeval.engine.shard import ShardState
from tokeval.metrics.base import Metric
from tokeval.metrics.columns import Figures
from tokeval.metrics.skipped import Skipped

#: Signs the figures of a metric: one signature each, empty for metrics without.
Sign = Callable[[Metric, Figures], list[str]]


def signer(plan: Plan, index: int, state: ShardState, name: str, skipped: Skipped | None) -> Sign:
    """A function that signs the figures of one tokenizer and corpus, of whose documents some may be skipped."""
    facts = state.tokenizers[name].facts
    baseline = state.tokenizers[plan.baseline].facts.fingerprint if plan.baseline else None
    words = segmenter_name(plan.words)
    written = cache(lambda key, value: signature.write({key: value}))

    def head(metric: Metric, owner: str | None) -> str:
        parameters = ",".join(f"{key}={value}" for key, value in metric.info.parameters.items())
        return signature.write(
            {
                "tokeval": __version__,
                "metric": f"{metric.info.name.partition(':')[0]}.{metric.info.version}",
                "parameters": parameters or None,
                "words": words if metric.words else None,
                "tokenizer": owner or facts.fingerprint,
                "library": None if owner else facts.library,
                "corpus": state.intake.fingerprint,
                "skipped": skipped and skipped.mark,
                "slices": ",".join(plan.corpora[index].columns.slices) or "none",
            }
        )

    def sign(metric: Metric, figures: Figures) -> list[str]:
        if not metric.signed:
            return [""] * len(figures)
        heads = {owner: head(metric, owner) for owner in set(figures.tokenizers)}
        tail = signature.write(
            {
                "baseline": baseline if metric.needs == "baseline" else None,
                "pivot": plan.pivot if metric.needs == "pivot" else None,
                "seed": plan.seed,
            }
        )
        signed = []
        for owner, part, reference, further in zip(
            figures.tokenizers, figures.slices, figures.references, figures.signed, strict=True
        ):
            middle = written("slice", part)
            if metric.info.pairs and reference is not None:
                middle += "|" + written("other", reference)
            if further:
                middle += "|" + signature.write(further)
            signed.append(f"{heads[owner]}|{middle}|{tail}")
        return signed

    return sign
