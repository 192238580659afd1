"""Linguistic: do tokens mean anything? Each metric needs what its option names: a lexicon, a gold file, a study."""

from __future__ import annotations

from tokeval.metrics.base import Metric
from tokeval.metrics.frequencies import Frequencies
from tokeval.metrics.linguistic import boundaries as b
from tokeval.metrics.linguistic import cognitive
from tokeval.metrics.linguistic.material import DECISIONS, GOLD, LEXICON
from tokeval.metrics.linguistic.rates import rate
from tokeval.metrics.measures import DOCUMENTS
from tokeval.schema import HIGHER, NEITHER, MetricInfo

FAMILY = "linguistic"
_BAYRAM = "Bayram et al. 2025"
_UNIQUE = "Unique: distinct byte strings, word marks and white space taken off."
_LEXICON = "Says as much about the lexicon as about the tokenizer: compare with the same lexicon and corpus only."
_COARSE = "Byte tokens have recall 1: read precision and recall together."


def _rate(name: str, question: str, definition: str, source: str, *, occurrence: bool, headline: bool) -> Metric:
    info = MetricInfo(name, FAMILY, "1", HIGHER, definition, source, _LEXICON, headline)
    return Metric(info, rate(question, occurrence=occurrence), (DOCUMENTS,), (Frequencies,), needs=LEXICON, macro=False)


def _alignment(name: str, parts: b.Parts, nothing: str, definition: str, source: str, misleads: str) -> Metric:
    info = MetricInfo(name, FAMILY, "1", HIGHER, definition, source, misleads)
    return Metric(info, b.alignment(parts, nothing), (DOCUMENTS,), needs=GOLD, macro=False)


_ALONE = "words encoded alone; a position inside is predicted if no token spans it, gold where a morpheme ends"
_SIGMORPHON = "Batsuren et al. 2022 (SIGMORPHON); Uzan et al. 2024"
_BEINBORN = "Beinborn and Pinter 2023"

METRICS = (
    _rate(
        "language_token_rate",
        "language",
        f"Unique tokens that are valid words or morphemes of the language / unique tokens (%TR). {_UNIQUE}",
        _BAYRAM,
        occurrence=False,
        headline=True,
    ),
    _rate(
        "pure_token_rate",
        "pure",
        f"Unique tokens that are a root or an affix, not further divisible, / unique tokens (%Pure). {_UNIQUE}",
        _BAYRAM,
        occurrence=False,
        headline=True,
    ),
    _rate(
        "language_token_rate_occurrence",
        "language",
        "language_token_rate with each unique token weighted by its occurrences.",
        f"{_BAYRAM}, as in the paper's prose",
        occurrence=True,
        headline=False,
    ),
    _rate(
        "pure_token_rate_occurrence",
        "pure",
        "pure_token_rate with each unique token weighted by its occurrences.",
        f"{_BAYRAM}, as in the paper's prose",
        occurrence=True,
        headline=False,
    ),
    _alignment(
        "boundary_precision",
        b.precision,
        "boundaries predicted",
        f"Gold positions predicted / positions predicted: {_ALONE}.",
        _SIGMORPHON,
        "A tokenizer that cuts rarely can have few and right boundaries: read precision and recall together.",
    ),
    _alignment(
        "boundary_recall",
        b.recall,
        "gold boundaries",
        f"Gold positions predicted / gold positions: {_ALONE}.",
        _SIGMORPHON,
        _COARSE,
    ),
    _alignment(
        "boundary_f1",
        b.f1,
        "boundaries",
        f"Harmonic mean of boundary_precision and boundary_recall: {_ALONE}.",
        _SIGMORPHON,
        "Words alone are not words in running text; rare words weigh as much as common ones.",
    ),
    _alignment(
        "morphscore",
        b.morphscore,
        "words of two morphemes and two tokens or more",
        "Share of the words of two morphemes that, cut into two tokens or more, are cut between the morphemes.",
        "Arnett and Bergen 2025",
        "Byte tokens score 1.0, and words left whole do not count: read it beside boundary_precision.",
    ),
    Metric(
        MetricInfo(
            "gold_concatenation_rate",
            FAMILY,
            "1",
            NEITHER,
            "Gold words whose segments concatenate to the word, and are used, / gold words.",
            misleads="The words left out are those whose spelling changes where morphemes meet: not a random sample.",
        ),
        b.concatenation_rate,
        (DOCUMENTS,),
        needs=GOLD,
        macro=False,
    ),
    Metric(
        MetricInfo(
            "cognitive_correlation",
            FAMILY,
            "1",
            HIGHER,
            "Mean of |Pearson r| of chunkability (1 − tokens/characters) with response time and with accuracy, over"
            " words and over non-words.",
            _BEINBORN,
            "Long items take longer and are cut more: a correlation is no cause.",
        ),
        cognitive.correlation,
        (DOCUMENTS,),
        needs=DECISIONS,
        macro=False,
    ),
    Metric(
        MetricInfo(
            "cognitive_pearson",
            FAMILY,
            "1",
            NEITHER,
            "Pearson r of chunkability with one outcome, with its sign; the slice names items and outcome.",
            _BEINBORN,
            "People are fast and right on words left whole (r < 0, r > 0) and slow on such non-words.",
        ),
        cognitive.signed,
        (DOCUMENTS,),
        needs=DECISIONS,
        macro=False,
    ),
)
