"""Robustness: one seeded perturbation at a time, named in the metric, and cuts through the text."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tokeval.metrics.base import Context, Measure, Metric
from tokeval.metrics.columns import Figures, quotients, ratios
from tokeval.metrics.ratios import by_pool, inapplicable, missing, pools, totals
from tokeval.metrics.robustness.measures import CUT_ROWS, CUTS, LONGEST, cut, perturbed
from tokeval.metrics.robustness.tables import DRAWN, PERTURBATIONS, Perturbation
from tokeval.schema import HIGHER, LOWER, MetricInfo, Status

FAMILY = "robustness"
_SAMPLE = (
    "On a sample of at most about 2,048 documents of the corpus, drawn by their ids, texts and the seed, "
    "those that the perturbation changes; n is their number."
)


def _of_changed(
    above: tuple[Measure, ...], below: tuple[Measure, ...], counted: Measure, nothing: str, below_name: str
) -> Callable[[Context], Figures]:
    """Figures that divide sums over the documents that were changed; products where there are two measures."""

    def compute(context: Context) -> Figures:
        named = pools(context)
        n, drawn = totals(context, counted), None
        if len(above) == 1:
            drawn = by_pool(context.mine, above[0], named), by_pool(context.mine, below[0], named)
            over, under = (part.sum(axis=1).astype(np.float64) for part in drawn)
        else:
            sides = ([totals(context, measure).astype(np.float64) for measure in side] for side in (above, below))
            over, under = map(math.prod, sides)
        made = quotients(list(named), n, over, under, below_name, drawn)
        unchanged = dict.fromkeys(np.flatnonzero(n == 0).tolist(), (Status.UNDEFINED, nothing))
        return made.without(unchanged | inapplicable(named, missing(context.mine, *above, *below)))

    return compute


def _perturbation(kind: Perturbation) -> list[Metric]:
    name = kind.name
    changed, failed = perturbed(name, "changed"), perturbed(name, "failed")
    nothing = f"no document of the sample that {name} changes"
    drawn = f"each word with probability 1/{2**DRAWN}" if kind.words else "every word that it can change"

    def info(metric: str, unit: str, direction: str, formula: str, source: str, misleads: str = "") -> MetricInfo:
        text = f"{formula} {name}: {kind.what}, {drawn}. {_SAMPLE}"
        shown = f"{metric}:{name}"
        return MetricInfo(
            shown, FAMILY, unit, direction, text, source, misleads, parameters={"perturbation": name}, version=2
        )

    def stability(metric: str, where: str, rows: str, misleads: str, version: int = 2) -> Metric:
        all_of, kept = perturbed(name, rows), perturbed(name, f"{rows}_kept")
        declared = info(
            metric,
            "1",
            HIGHER,
            f"Share of the token boundaries {where} the touched words that stay where they were.",
            "Bommarito et al. 2025 (KL3M)",
            misleads,
        )
        measures = (changed, failed, all_of, kept)
        compute = _of_changed((kept,), (all_of,), changed, nothing, f"token boundaries {where} the touched words")
        return Metric(replace(declared, version=version), compute, measures, default=False, words=True)

    before, after = perturbed(name, "tokens_before"), perturbed(name, "tokens_after")
    compared = perturbed(name, "compared")
    token = perturbed(name, "token_distance"), perturbed(name, "token_length")
    text = perturbed(name, "text_distance"), perturbed(name, "text_length")
    return [
        Metric(
            info(
                "token_inflation",
                "1",
                LOWER,
                "Σ tokens of the perturbed text / Σ tokens of the clean text.",
                "Chai et al. 2024",
                "A perturbation that drops letters shortens the text too.",
            ),
            _of_changed((after,), (before,), changed, nothing, "tokens of the clean text"),
            (changed, failed, before, after),
            default=False,
            words=True,
        ),
        stability(
            "boundary_stability",
            "outside",
            "outside",
            "Without spaces between words a touched word is a whole run.",
        ),
        stability(
            "touched_boundary_stability",
            "inside",
            "inside",
            "Boundaries within the replaced stretch, or inside a replaced character, have no place to stay at and are "
            "left out.",
            version=3,
        ),
        Metric(
            info(
                "segmentation_change",
                "1",
                LOWER,
                "Normalised edit distance of the two token sequences over that of the two texts: "
                "(Σ token distance / Σ longer token sequence) / (Σ text distance / Σ longer text), "
                f"over documents of at most {LONGEST:,} tokens and characters.",
                "tokeval",
            ),
            _of_changed(
                (token[0], text[1]), (token[1], text[0]), compared, f"{nothing} and that is short enough", "tokens"
            ),
            (compared, failed, *token, *text),
            default=False,
            words=True,
        ),
    ]


def _prefix(kinds: tuple[str, ...], name: str) -> Metric:
    tried, stable, failed = ([cut(kind, row) for kind in kinds] for row in CUT_ROWS)

    def compute(context: Context) -> Figures:
        named = pools(context)
        above, below = (
            np.sum([by_pool(context.mine, measure, named) for measure in some], axis=0) for some in (stable, tried)
        )
        absent = inapplicable(named, missing(context.mine, *tried, *stable))
        n = np.zeros(len(named), np.int64) if absent else below.sum(axis=1)
        return ratios(list(named), n, (above, below), "cut points of this kind in the sample").without(absent)

    where = " or ".join(kind.replace("_", " ") for kind in kinds)
    info = MetricInfo(
        name,
        FAMILY,
        "1",
        HIGHER,
        f"Share of cut points ({where}) where the tokens of the prefix are the first tokens of the text. One point of "
        "a kind per document of a sample of at most about 2,048; n is the number of points.",
        "Phan et al. 2024; Athiwaratkun et al. 2024",
        "Cuts lie between code points, also inside a grapheme. Inside a word means between two letters or marks; "
        "punctuation is Unicode's (P), and ASCII's symbols.",
        headline=len(kinds) > 1,
        parameters={"cut": kinds[0]} if len(kinds) == 1 else {},
        version=2,
    )
    return Metric(info, compute, (*tried, *stable, *failed), default=False)


METRICS = (
    *(metric for kind in PERTURBATIONS.values() for metric in _perturbation(kind)),
    _prefix(CUTS, "prefix_stability"),
    *(_prefix((kind,), f"prefix_stability:{kind}") for kind in CUTS),
)
