"""Lines and columns of keys in TOML."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokeval.places import Place, nearest, places

TEXT = '''# a comment with [brackets]
top = """multi
[[rule]]
line"""

[[rule]]
  metric = "a=b"  # [
  slice = [
    "x", # ]
    "y",
  ]
[rule.sub]
k=1
[[rule]]
"quoted key" = {inner = 1, b = [1,
2]}
max = 3
[ t . u ]
dotted."x.y" = 'it'
'''


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [
        (("top",), 2, 1),
        (("rule", 0), 6, 1),
        (("rule", 0, "metric"), 7, 3),
        (("rule", 0, "slice"), 8, 3),
        (("rule", 0, "sub"), 12, 1),
        (("rule", 0, "sub", "k"), 13, 1),
        (("rule", 1), 14, 1),
        (("rule", 1, "quoted key"), 15, 1),
        (("rule", 1, "max"), 17, 1),
        (("t", "u", "dotted", "x.y"), 19, 1),
    ],
)
def test_every_key_has_its_place(path: tuple[str | int, ...], line: int, column: int) -> None:
    tomllib.loads(TEXT)
    assert places(TEXT)[path] == Place(line, column)


def test_a_key_inside_a_value_has_its_statements_place() -> None:
    assert nearest(("rule", 1, "quoted key", "inner"), places(TEXT)) == (("rule", 1, "quoted key"), Place(15, 1))


def test_what_has_no_place_is_the_first_line() -> None:
    assert nearest(("nothing",), places(TEXT)) == ((), Place(1, 1))


words = st.text("ab[]{}=#,'\" \\", max_size=8)
values = st.one_of(words, st.integers(), st.lists(words, max_size=3))


@given(st.lists(st.dictionaries(st.sampled_from(["k", "l l", "m"]), values, min_size=1), min_size=1, max_size=4))
def test_the_statement_at_a_place_is_the_keys(tables: list[dict[str, Any]]) -> None:
    import json

    text = ""
    for table in tables:
        text += "\n[[rule]]  # [ ' \"\n"
        text += "".join(f"  {json.dumps(key)} = {json.dumps(value)}\n" for key, value in table.items())
    text = text.replace("\x7f", "")
    assert tomllib.loads(text) == {"rule": tables}
    found = places(text)
    lines = text.splitlines()
    for index, table in enumerate(tables):
        for key in table:
            place = found["rule", index, key]
            assert lines[place.line - 1][place.column - 1 :].startswith(json.dumps(key) + " =")
