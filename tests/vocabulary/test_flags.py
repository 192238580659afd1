"""Twins and suspicious merges."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracles import vocabulary as oracle
from tests.vocabulary.made import vocabulary
from tokeval.schema import BY_PREFIX, BY_SPACE, Spelling
from tokeval.vocabulary.analysis import analyze
from tokeval.vocabulary.figures import figures_of


def flags(*tokens: bytes | str, **more: object) -> list[str]:
    return list(analyze(vocabulary(*tokens, **more), Spelling(BY_SPACE)).tokens["flags"].to_pylist())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("token", "flag"),
    [
        ("aж", "mixed-scripts"),
        ("of the", "several-words"),
        ("don't", "letters-punctuation"),
        ("--------", "long-run"),
        ("12", "several-digits"),
        (" 2024", "several-digits"),
        ("\ue000", "private-use"),
        ("\U00090095", "unassigned"),
        (b"\xe6\x97", "not-utf8"),
        ("word", ""),
        (" word", ""),
        ("食べ", ""),
        ("-------", ""),
        ("1", ""),
    ],
)
def test_one_token(token: bytes | str, flag: str) -> None:
    assert flags(token) == [flag]


def test_twins() -> None:
    assert flags("the", " the", "The", "cafe\u0301", "café", "x") == [
        "space-twin case-twin",
        "space-twin",
        "case-twin",
        "form-twin",
        "form-twin",
        "",
    ]


def test_tokens_equal_after_decoding() -> None:
    assert flags("A", b"A", "b", kinds={1: "byte"})[:2] == ["same-bytes"] * 2


def test_a_word_mark_without_a_space_makes_twins() -> None:
    table = analyze(vocabulary("ing", "ing", pieces=["ing", "##ing"]), Spelling(BY_PREFIX, "##")).tokens
    assert table["flags"].to_pylist() == ["space-twin"] * 2


@given(st.lists(st.text("aAbB ", min_size=1, max_size=3).filter(str.strip), min_size=1, max_size=8, unique=True))
def test_twins_as_the_oracle(tokens: list[str]) -> None:
    found = [set(value.split()) for value in flags(*tokens)]
    for flag, expected in oracle.twins(tokens).items():
        assert [flag in mine for mine in found] == expected


def test_numerals_and_their_sums() -> None:
    described = analyze(vocabulary(*map(str, range(10)), "00", " 01", "123", "12345", "٣٤"), Spelling(BY_SPACE))
    figures = {(m, f.slice): f.value for m, f in figures_of(described)}
    assert figures["tokens_by_digits", "all"] == 15
    assert [figures["tokens_by_digits", k] for k in ("1", "2", "3", "4+")] == [10, 3, 1, 1]
    assert figures["numeral_completeness", "1 digit"] == 1
    assert figures["numeral_completeness", "2 digits"] == 2 / 100


@given(st.lists(st.text(st.sampled_from("ab1.é \n\u3000\x1c\x85\u200b"), max_size=12), min_size=1, max_size=8))
def test_words_and_runs_as_patterns_find_them(texts: list[str]) -> None:
    for text, found in zip(texts, flags(*texts), strict=True):
        assert ("several-words" in found) == bool(re.search(r"\S\s+\S", text))
        assert ("long-run" in found) == bool(re.search(r"(.)\1{7}", text, re.DOTALL))


@given(
    st.lists(st.text(st.sampled_from("aAßİǅéのΣσς\u0301\u0345Å가\u1100\u1161\0 "), max_size=4), min_size=1, max_size=8)
)
def test_twins_as_each_text_by_itself(texts: list[str]) -> None:
    import unicodedata2

    texts = [text for text in texts if text.strip(" \0")] or ["a"]
    for flag, key in (("case-twin", str.casefold), ("form-twin", lambda t: unicodedata2.normalize("NFC", t))):
        groups: dict[str, set[str]] = {}
        for text in texts:
            groups.setdefault(key(text), set()).add(text)
        assert [flag in found for found in flags(*texts)] == [len(groups[key(text)]) > 1 for text in texts]
