"""Units of text against plain Python."""

from __future__ import annotations

import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracles import units as oracle
from tokeval.arrow import hash_texts, text_array
from tokeval.corpus.units import count_units

TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), max_size=12)
#: Characters whose bytes look alike to a scan of eight bytes at once: white space and unspaced scripts beside others
#: with the same first bytes, and the first and last of two, three and four bytes.
ALIKE = (
    " \n\x1ca\x7f\x80\x85\xa0é\u07ff"
    "\u0800\u0905\u0dff\u0e00\u0e01\u0e3f\u0e81\u0f00\u0fff\u1000\u1680\u2028\u3000漢\uac00\uffff𐐀𠀀"
)
TRICKY = ["", " ", "\n", "a\x1cb", "\x85x\xa0y", "a\u3000b\u2028c", "\u200ba", "é ü", "𝒳 y", "\r\n\r\n", "x" * 33]


@given(TEXTS)
def test_counts_equal_plain_python(texts: list[str]) -> None:
    check(texts + TRICKY)


@given(st.lists(st.text(ALIKE, max_size=60), max_size=20))
def test_counts_of_characters_that_look_alike_equal_plain_python(texts: list[str]) -> None:
    check(texts)


def check(texts: list[str]) -> None:
    units, words = count_units(text_array(texts))
    for i, text in enumerate(texts):
        for name, expected in oracle.count_units(text).items():
            assert units[name][i] == expected, (name, text)
        low, high = words.offsets[i], words.offsets[i + 1]
        ranges = list(zip(words.starts[low:high].tolist(), words.ends[low:high].tolist(), strict=True))
        assert ranges == oracle.word_ranges(text)


@given(TEXTS)
def test_hashes_equal_plain_python(texts: list[str]) -> None:
    texts = texts + TRICKY
    assert hash_texts(text_array(texts)).tolist() == [oracle.hash_bytes(t.encode()) for t in texts]


def test_a_sliced_array_is_read_where_it_begins() -> None:
    whole = text_array(["aaa b", "c d e", "", "ç"])
    units, words = count_units(whole.slice(1))
    assert units["words"].tolist() == [3, 0, 1]
    assert units["bytes"].tolist() == [5, 0, 2]
    assert words.starts.tolist() == [0, 2, 4, 0]
    assert hash_texts(whole.slice(1)).tolist() == hash_texts(whole)[1:].tolist()


def test_every_white_space_character_of_python_and_no_other() -> None:
    points = [p for p in range(0x110000) if not 0xD800 <= p <= 0xDFFF]
    units, _ = count_units(pa.array([f"a{chr(p)}b" for p in points], pa.large_string()))
    separated = {points[i] for i in np.flatnonzero(units["words"] == 2)}
    assert separated == {p for p in points if len(f"a{chr(p)}b".split()) == 2}


@pytest.mark.parametrize(
    ("text", "unsegmented"),
    [
        ("hello мир", 0),
        ("漢字かなカナ", 6),
        ("ภาษา", 4),
        ("ພາສາ", 4),
        ("ភាសា", 4),
        ("မြန်မာ", 6),
        ("བོད", 3),
        ("한국어", 0),
    ],
)
def test_scripts_without_spaces_are_counted(text: str, unsegmented: int) -> None:
    units, _ = count_units(text_array([text]))
    assert units["unsegmented_chars"].tolist() == [unsegmented]


def test_unspaced_ranges_hold_letters_of_those_scripts_only() -> None:
    points = [p for p in range(0x110000) if not 0xD800 <= p <= 0xDFFF]
    units, _ = count_units(pa.array([chr(p) for p in points], pa.large_string()))
    marked = {points[i] for i in np.flatnonzero(units["unsegmented_chars"])}
    scripts = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")
    letters = {p for p in points if unicodedata.category(chr(p)) == "Lo"}
    named = {p for p in letters if unicodedata.name(chr(p), "").startswith(scripts)}
    assert named <= marked
    latin = {p for p in letters if unicodedata.name(chr(p), "").startswith(("LATIN", "ARABIC", "HANGUL", "DEVANAGARI"))}
    assert not latin & marked
