"""Pieces of a text against a slow oracle, on cuts of every kind."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tokeval.report.cuts import pieces

TEXT = st.text(st.sampled_from("ab é\u0301猫🤷\u200d\n"), max_size=12)


@st.composite
def cuts(draw: st.DrawFn) -> tuple[str, list[int], list[int]]:
    """A text and tokens that lie one after another, some empty, some of the text covered by none."""
    text = draw(TEXT)
    size = len(text.encode())
    points = sorted(draw(st.lists(st.integers(0, size), min_size=2, max_size=14)))
    spans = [span for span in pairwise(points) if draw(st.booleans())]
    return text, [start for start, _ in spans], [end for _, end in spans]


def joined_by_oracle(text: str, starts: list[int], ends: list[int]) -> list[str]:
    """Characters, kept together where a token covers a part of both, or where neither is covered at all."""
    borders = [len(text[:i].encode()) for i in range(len(text) + 1)]
    spans = list(zip(starts, ends, strict=True))
    made: list[str] = []
    for i, character in enumerate(text):
        before = [k for k, (s, e) in enumerate(spans) if i and s < borders[i] and e > borders[i - 1]]
        here = [k for k, (s, e) in enumerate(spans) if s < borders[i + 1] and e > borders[i]]
        if made and (set(before) & set(here) or not (before or here)):
            made[-1] += character
        else:
            made.append(character)
    return made


@given(cuts())
def test_pieces_join_to_the_text_and_hold_every_token_once(cut: tuple[str, list[int], list[int]]) -> None:
    text, starts, ends = cut
    made = pieces(text, starts, ends)
    assert "".join(piece.text for piece in made) == text
    assert [(p.start, p.end) for p in made] == [
        (a, b) for a, b in pairwise([0, *(p.end for p in made)]) if text
    ]  # fmt: skip
    if text:
        assert sorted(i for piece in made for i in piece.tokens) == list(range(len(starts)))
    for piece in made:
        for i in piece.tokens:
            assert starts[i] == ends[i] or (piece.start <= starts[i] and ends[i] <= piece.end)


@given(cuts())
def test_pieces_are_the_shortest(cut: tuple[str, list[int], list[int]]) -> None:
    text, starts, ends = cut
    solid = [(s, e) for s, e in zip(starts, ends, strict=True) if s < e]
    made = pieces(text, [s for s, _ in solid], [e for _, e in solid])
    assert [piece.text for piece in made] == joined_by_oracle(text, [s for s, _ in solid], [e for _, e in solid])


def test_cuts_inside_a_character_are_told() -> None:
    made = pieces("a猫b", [0, 1, 2, 4], [1, 2, 4, 5])
    assert [(p.text, p.tokens, p.split) for p in made] == [("a", (0,), False), ("猫", (1, 2), True), ("b", (3,), False)]


def test_a_token_of_no_text_goes_with_what_follows_or_ends_it() -> None:
    assert [p.tokens for p in pieces("ab", [0, 0, 2], [0, 2, 2])] == [(0, 1, 2)]
    assert pieces("", [0], [0]) == []
