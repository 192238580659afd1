"""Which languages a token could have come from: every letter of it in the language's CLDR exemplars, or no answer."""

from __future__ import annotations

import importlib.resources
import json
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from tokeval.vocabulary.characters import LETTER, Characters, Codes, category, distinct

_WORD = 64


@cache
def exemplars() -> tuple[str, dict[str, frozenset[str]]]:
    """CLDR's version, and the main exemplar characters of each language, lower case as CLDR has them, in NFC."""
    content = json.loads(importlib.resources.files("tokeval.vocabulary").joinpath("exemplars.json").read_text("utf-8"))
    return content["cldr"], {code: frozenset(_expanded(text)) for code, text in content["languages"].items()}


def _expanded(text: str) -> list[str]:
    """Characters; `a…d` stands for a run of four or more."""
    found: list[str] = []
    run = False
    for character in text:
        if character == "…":
            run = True
            continue
        first = ord(found[-1]) + 1 if run else ord(character)
        found += map(chr, range(first, ord(character) + 1))
        run = False
    return found


@dataclass(frozen=True)
class Languages:
    """The languages that each token could have come from.

    Attributes:
        codes: the languages by name, sorted.
        answers: for each distinct answer, which of the languages; shape (answers, languages).
        which: the answer of each token; -1 for a token without letters.
    """

    codes: tuple[str, ...]
    answers: npt.NDArray[np.bool_]
    which: Codes

    def text(self) -> list[str]:
        """Each answer as codes joined by spaces; empty where no language has the letters."""
        rows, columns = np.nonzero(self.answers)
        codes = np.array(self.codes, object)[columns]
        bounds = np.searchsorted(rows, np.arange(len(self.answers) + 1)).tolist()
        return [" ".join(codes[start:end]) for start, end in pairwise(bounds)]

    def uses(self) -> npt.NDArray[np.int64]:
        """How many tokens have each answer."""
        return np.bincount(self.which[self.which >= 0], minlength=len(self.answers))


def languages_of(characters: Characters) -> Languages:
    """The languages whose alphabet holds every letter of a token, in either case."""
    codes, sets = _languages_by_character()
    used = [chr(point) for point in characters.used]
    masks = np.stack([sets.get(c, sets[""]) for c in ["", *used]])[1:]  # of no character, where none is used
    letter = np.array([category(c) == LETTER for c in used], np.bool_)
    masks[~letter] = ~np.uint64(0)
    folded = np.stack(
        [
            characters.fold(characters.spread(np.ascontiguousarray(masks[:, w])), np.bitwise_and)
            for w in range(masks.shape[1])
        ],
        axis=1,
    )
    has_letter = characters.fold(characters.spread(letter), np.logical_or).astype(np.bool_)
    answers, which = distinct(folded[has_letter])
    bits = np.unpackbits(answers.view(np.uint8), axis=1, bitorder="little")[:, : len(codes)]
    all_of = np.full(len(has_letter), -1, np.int32)
    all_of[has_letter] = which
    return Languages(codes, bits.astype(np.bool_), all_of)


@cache
def _languages_by_character() -> tuple[tuple[str, ...], dict[str, npt.NDArray[np.uint64]]]:
    """The languages sorted, and for each letter of any of them a bit per language that has it; none for no letter."""
    alphabets = exemplars()[1]
    codes = tuple(sorted(alphabets))
    sets: dict[str, npt.NDArray[np.uint64]] = {"": np.zeros(len(codes) // _WORD + 1, np.uint64)}
    for k, code in enumerate(codes):
        bit = np.uint64(1) << np.uint64(k % _WORD)
        for character in {v for c in alphabets[code] for v in (c, c.upper(), c.title()) if len(v) == 1}:
            if character not in sets:
                sets[character] = sets[""].copy()
            sets[character][k // _WORD] |= bit
    return codes, sets


def completeness(texts: set[str]) -> dict[str, tuple[int, int]]:
    """Of each language's exemplar characters, how many are among the texts, and how many there are.

    Args:
        texts: the tokens of one character, a word mark before it apart.
    """
    return {code: (len(alphabet & texts), len(alphabet)) for code, alphabet in sorted(exemplars()[1].items())}
