"""Alphabets of CLDR, and which languages a token could have come from."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from tests.vocabulary.made import vocabulary
from tokeval.schema import Spelling
from tokeval.vocabulary.alphabets import completeness, exemplars, languages_of
from tokeval.vocabulary.analysis import analyze
from tokeval.vocabulary.characters import LETTER, Characters, category
from tokeval.vocabulary.figures import figures_of


def languages(*texts: str) -> list[str | None]:
    found = languages_of(Characters.of(pa.array(texts, pa.large_string())))
    answers = found.text()
    return [None if which < 0 else answers[which] for which in found.which.tolist()]


def test_there_are_a_hundred_languages_and_their_version() -> None:
    version, alphabets = exemplars()
    assert version[0].isdigit()
    assert len(alphabets) >= 100
    assert set("abcdefghijklmnopqrstuvwxyzäöüß") == set(alphabets["de"])
    assert "ў" in alphabets["be"]
    assert {"한", "가", "힣"} <= alphabets["ko"]
    assert all("…" not in alphabet for alphabet in alphabets.values())


def test_languages_by_letters() -> None:
    german, czech, nothing, none, greek = languages("Straße", "řeka", "12 !", "ab日я", "ΑΒΓ")
    assert "de" in german.split() and "en" not in german.split()
    assert "cs" in czech.split() and "de" not in czech.split()
    assert nothing is None
    assert none == ""
    assert "el" in greek.split()


CASED = {code: {v for c in found for v in (c, c.upper())} for code, found in exemplars()[1].items()}


@given(st.lists(st.text("aäßřяж日かक한 1!", max_size=4), min_size=1, max_size=6))
def test_as_the_definition_says(texts: list[str]) -> None:
    for text, found in zip(texts, languages(*texts), strict=True):
        letters = {c for c in text if category(c) == LETTER}
        if not letters:
            assert found is None
        else:
            assert found == " ".join(code for code, cased in sorted(CASED.items()) if letters <= cased)


def test_the_answer_does_not_depend_on_length() -> None:
    short, long = languages("de", "de" * 20)
    assert short == long


def test_completeness_counts_letters_with_and_without_a_space() -> None:
    have, all_of = completeness({"a", "ß"})["de"]
    assert (have, all_of) == (2, 30)
    described = analyze(vocabulary(" a", "ß", "ab", b"\xff"), Spelling("space"))
    figures = {(m, f.slice): f for m, f in figures_of(described)}
    assert figures["alphabet_completeness", "de"].numerator == 2
    assert figures["alphabet_completeness", "de"].denominator == 30
    assert figures["tokens_without_language", "all"].value == 1 / 4
    assert figures["tokens_of_language", "de"].value == 3
