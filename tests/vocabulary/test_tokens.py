"""Kinds, parts, positions, classes and scripts of single tokens."""

from __future__ import annotations

import re
from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracles import vocabulary as oracle
from tests.vocabulary.made import vocabulary
from tokeval.schema import BY_PREFIX, BY_SPACE, BY_SPACE_AFTER, BY_SUFFIX, Spelling
from tokeval.vocabulary.analysis import analyze
from tokeval.vocabulary.characters import unicode_version
from tokeval.vocabulary.tokens import CLASSES, CODE, KINDS, POSITIONS, describe, part_of


def column(name: str, *tokens: bytes | str, words: str = BY_SPACE, mark: str = "", **more: object) -> list[object]:
    table, _ = describe(vocabulary(*tokens, **more), Spelling(words, mark))  # type: ignore[arg-type]
    return list(table[name].to_pylist())


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        ("e", "text"),
        ("A", "text"),
        ("1", "text"),
        (" the", "text"),
        ("日本", "text"),
        (b"\xe6", "byte"),
        (b"\xff", "byte"),
        (b"\xe6\x97", "partial"),
        (b"\x97\xa5", "partial"),
        (" ", "control or space"),
        ("\n\n  ", "control or space"),
        ("\x07", "control or space"),
        ("\u200d", "control or space"),
        ("\ue000", "text"),
        ("[unused12]", "unused"),
        ("<|reserved_special_token_3|>", "unused"),
        ("[useful]", "text"),
    ],
)
def test_kind(token: bytes | str, kind: str) -> None:
    assert column("kind", token) == [kind]


def test_a_declared_kind_comes_first() -> None:
    assert column("kind", "A", "A", "A", kinds={0: "byte", 1: "special", 2: "unused"}) == ["byte", "special", "unused"]


@given(st.lists(st.one_of(st.binary(max_size=6), st.text(max_size=4).map(str.encode)), min_size=1, max_size=12))
def test_every_id_has_one_of_each(tokens: list[bytes]) -> None:
    table, _ = describe(vocabulary(*tokens), Spelling(BY_SPACE))
    for name, known in (("kind", KINDS), ("position", POSITIONS), ("class", CLASSES)):
        counts = Counter(table[name].to_pylist())
        assert sum(counts.values()) == len(tokens)
        assert set(counts) <= set(known)


PIECES = st.sampled_from(
    [b"\x80", b"\xbf", b"\xc3", b"\xe6", b"\x97", b"\xf0", b"\x9f", b"\xf4", b"\xff", b"a", b"\xc0"]
)


@given(st.lists(PIECES, min_size=1, max_size=5).map(b"".join))
def test_part_of_a_character_as_the_oracle(value: bytes) -> None:
    try:
        value.decode()
    except UnicodeDecodeError:
        assert part_of(value) == oracle.part_of(value)


def test_position_is_declared_never_guessed() -> None:
    assert column("position", " a", "a") == ["word-initial", "inside"]
    assert column("position", "a ", "a", words=BY_SPACE_AFTER) == ["word-final", "not final"]
    pieces = ["##ing", "run"]
    assert column("position", "ing", "run", words=BY_PREFIX, mark="##", pieces=pieces) == ["inside", "word-initial"]
    pieces = ["low</w>", "lo"]
    assert column("position", "low", "lo", words=BY_SUFFIX, mark="</w>", pieces=pieces) == ["word-final", "not final"]
    assert column("position", " a", "a", words="undeclared") == ["not declared"] * 2
    assert column("position", " a", kinds={0: "special"}) == ["special or unused"]


@pytest.mark.parametrize(
    ("token", "name"),
    [
        ("word", "letters"),
        (" किताब", "letters"),
        ("42", "digits"),
        (" ٤٢", "digits"),
        ("...", "punctuation"),
        ("±", "symbols"),
        ("  ", "white space"),
        ("-made", "mixed"),
        ("snake_case", "code-like"),
        ("camelCase", "code-like"),
        ("();", "code-like"),
        (".get", "code-like"),
        ("\ue000", "other"),
        (b"\xff", "not text"),
    ],
)
def test_class(token: bytes | str, name: str) -> None:
    assert column("class", token) == [name]


@pytest.mark.parametrize(
    ("token", "name"),
    [
        ("the", "Latin"),
        ("naïve", "Latin"),
        ("e\u0301", "Latin"),
        ("мир", "Cyrillic"),
        ("日本語", "Han"),
        ("食べる", "Japanese"),
        ("カラーの", "Japanese"),
        ("日a", "Han+Latin"),
        ("123", "Common"),
        ("\u0301", "Common"),
        ("\ue000", "Unknown"),
        (b"\xff", None),
    ],
)
def test_script(token: bytes | str, name: str | None) -> None:
    assert column("script", token) == [name]


def test_the_unicode_version_is_stated() -> None:
    assert unicode_version().split(".")[0].isdigit()
    assert "unknown" not in unicode_version()


def test_one_token_and_ids_with_holes() -> None:
    table = analyze(vocabulary("a"), Spelling(BY_SPACE)).tokens
    assert table.num_rows == 1
    holed = vocabulary("a", "b", "c").filter([True, False, True])
    assert analyze(holed, Spelling(BY_SPACE)).tokens["id"].to_pylist() == [0, 2]


#: The same for Python, where white space is Unicode's and what stands beside an operator is asked ahead.
_CODE = re.compile(
    r"[A-Za-z0-9]_|_[A-Za-z0-9]|[a-z][A-Z]"
    r"|[A-Za-z]\s*[({\[=;<]|[.({\[$#@/<]\s*[A-Za-z]"
    r"|(?=.?[(){}\[\];=<>|\\$&*])[!-/:-@\[-`{-~]{2}"
)


@given(
    st.text(
        st.sampled_from([*map(chr, range(9, 127)), *"\x85\xa0\u1680\u2003\u2028\u202f\u205f\u3000\u200bé"]), max_size=5
    )
)
def test_code_is_told_as_pythons_patterns_would(text: str) -> None:
    found = pc.match_substring_regex(pa.array([text], pa.large_string()), CODE)
    assert found.to_pylist() == [bool(_CODE.search(text))]
