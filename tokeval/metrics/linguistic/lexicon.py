"""What a lexicon answers, how several answer as one, and how one is named."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tokeval import registry
from tokeval.errors import LexiconError, TokevalError, UsageError, first_line
from tokeval.metrics.linguistic.files import Intake
from tokeval.signature import digest

Answers = npt.NDArray[np.bool_]

#: What can be asked of a string: is it a valid word, is it a root, is it an affix.
WORD, ROOT, AFFIX = "word", "root", "affix"
QUESTIONS = (WORD, ROOT, AFFIX)


class Lexicon(ABC):
    """A source of knowledge about the words of one language.

    Attributes:
        questions: those of QUESTIONS that it can answer.
        fingerprint: short hash of its files; part of the signature of every figure made with it.
        intake: how many entries it has, and which rows of its files had to be left out.
    """

    questions: frozenset[str] = frozenset({WORD})
    fingerprint: str = ""

    def __init__(self) -> None:
        self.intake = Intake()

    @abstractmethod
    def judge(self, strings: Sequence[str]) -> Mapping[str, Answers]:
        """Answer its questions for each of n non-empty strings: by question, booleans of shape (n,)."""


class Sets(Lexicon):
    """A lexicon whose answers are memberships of sets; entries and strings are compared in folded form."""

    def __init__(self, language: str, members: Mapping[str, set[str]], fingerprint: str, intake: Intake) -> None:
        super().__init__()
        self._language = language
        self._members = members
        self.questions = frozenset(members)
        self.fingerprint = fingerprint
        self.intake = intake

    def judge(self, strings: Sequence[str]) -> Mapping[str, Answers]:
        """Whether the folded string is in each set."""
        from tokeval.metrics.linguistic.casing import fold

        folded = [fold(text, self._language) for text in strings]
        return {
            question: np.fromiter((text in known for text in folded), np.bool_, len(folded))
            for question, known in self._members.items()
        }


class Union(Lexicon):
    """Several lexicons of one language: a string is what any of them says it is."""

    def __init__(self, parts: Sequence[Lexicon]) -> None:
        super().__init__()
        self._parts = parts
        self.questions = frozenset().union(*(part.questions for part in parts))
        self.fingerprint = parts[0].fingerprint if len(parts) == 1 else digest(*(part.fingerprint for part in parts))
        for part in parts:
            self.intake.add(part.intake)

    def judge(self, strings: Sequence[str]) -> Mapping[str, Answers]:
        """The parts' answers, joined by or."""
        joined: dict[str, Answers] = {}
        for part in self._parts:
            for question, answers in part.judge(strings).items():
                joined[question] = joined[question] | answers if question in joined else answers
        return joined


def located(spec: str, folder: Path | None) -> str:
    """A spec `kind:PATH` (or a bare path) with a relative path looked up in the folder first."""
    kind, rest = registry.split(spec)
    if folder is not None and rest and (folder / rest).exists():
        rest = str(folder / rest)
    return f"{kind}:{rest}" if kind else rest


def parse(spec: str) -> tuple[str, str]:
    """The kind and the location of a lexicon spec; a bare path is told by its ending.

    Raises:
        UsageError: no such kind. LexiconError: a bare path whose kind cannot be told.
    """
    kind, location = registry.split(spec)
    if kind:
        try:
            registry.find(registry.LEXICONS, kind)
        except UsageError as error:
            known = ", ".join(registry.entries(registry.LEXICONS))
            raise UsageError(f"there is no lexicon kind {kind!r}", hint=error.hint or f"known: {known}") from error
        return kind, location
    if spec.endswith((".dic", ".aff")):
        return "hunspell", spec
    if Path(spec).is_file():
        return "words", spec
    raise LexiconError(f"there is no file {spec!r}", hint="a lexicon is KIND:PATH, for instance words:list.txt")


def load_lexicon(specs: Sequence[str], language: str) -> Lexicon:
    """The lexicon of a language, from one or more specs.

    Raises:
        UsageError: no such kind. LexiconError: a file that cannot be used. MissingExtraError: a missing library.
    """
    parts = []
    for spec in specs:
        kind, location = parse(spec)
        loader = registry.find(registry.LEXICONS, kind).load()
        try:
            part = loader(location, language)
        except TokevalError:
            raise
        except Exception as error:  # plugins and libraries raise what they like; the user gets one line
            line = first_line(error)
            raise LexiconError(f"the lexicon {spec!r} does not load: {type(error).__name__}: {line}") from error
        if not isinstance(part, Lexicon):
            raise LexiconError(f"{spec} is a {type(part).__name__}, not a tokeval Lexicon")
        parts.append(part)
    return Union(parts)
