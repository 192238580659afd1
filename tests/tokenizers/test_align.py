"""Tokens laid along a text by the compiled loop, against the oracle."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from tests.oracles.spans import lay
from tokeval.arrow import padded, text_buffers
from tokeval.tokenizers.kernels import align, spelling_table

#: Short, of eight bytes, longer, equal in the first eight, of no width, with a space before, parts of a character.
SPELLED = [b"a", b"b", b" ", b" a", b" b", b"  ", b"", b"abababab", b"abababaab", b"abababaaba", b" abababa", b" " * 9]
SPELLED += ["é".encode()[:1], "é".encode()[1:], "日本語".encode(), b"\xff"]

documents = st.lists(st.lists(st.integers(0, len(SPELLED)), max_size=9), max_size=6)
prefixes = st.lists(st.sampled_from(["", "a", " ", "ab"]), min_size=6, max_size=6)


def laid(texts: list[str], ids: list[list[int]], spelled: list[bytes]) -> list[tuple[int, list[tuple[int, int]]]]:
    flat = np.array([token for row in ids for token in row], np.uint32)
    offsets = np.concatenate(([0], np.cumsum([len(row) for row in ids], dtype=np.int64)))
    data, token_offsets = text_buffers(pa.array(spelled, pa.large_binary()))
    starts, ends = np.zeros(len(flat), np.int32), np.zeros(len(flat), np.int32)
    lead = np.full(len(ids), 7, np.int64)
    array = pa.array(["before", *texts], pa.large_string())[1:]  # offsets that do not begin at 0
    table = np.zeros((len(spelled), 2), np.uint64)
    spelling_table(data, token_offsets, table)
    text, cuts = text_buffers(array)
    align(padded(text, cuts), cuts, flat, offsets, table, data, starts, ends, lead)
    ranges = list(zip(starts.tolist(), ends.tolist(), strict=True))
    return [(int(lead[k]), ranges[offsets[k] : offsets[k + 1]] if lead[k] >= 0 else []) for k in range(len(ids))]


def told(texts: list[str], ids: list[list[int]]) -> list[tuple[int, list[tuple[int, int]]]]:
    spelled = [[SPELLED[token] if token < len(SPELLED) else None for token in row] for row in ids]
    return [lay(text.encode(), tokens) for text, tokens in zip(texts, spelled, strict=True)]


@given(documents, prefixes)
def test_any_tokens_on_the_text_that_they_spell(ids: list[list[int]], cut: list[str]) -> None:
    whole = [b"".join(SPELLED[t] for t in row if t < len(SPELLED)).decode(errors="ignore") for row in ids]
    for texts in (whole, [text.removeprefix(" ") for text in whole], [a + b for a, b in zip(cut, whole, strict=False)]):
        assert laid(texts, ids, SPELLED) == told(texts, ids)


def test_a_long_token_that_differs_at_its_end_only() -> None:
    assert laid(["abababaaba"], [[9]], SPELLED) == [(0, [(0, 10)])]
    assert laid(["abababaabb"], [[9]], SPELLED) == [(-1, [])]
    assert laid(["abababaab"], [[9]], SPELLED) == [(-1, [])]


def test_a_space_before_the_text_has_no_width() -> None:
    assert laid(["a"], [[2, 0]], SPELLED) == [(1, [(0, 0), (0, 1)])]
    assert laid([" a"], [[5, 0]], SPELLED) == [(1, [(0, 1), (1, 2)])]
    assert laid(["a"], [[6, 2, 0]], SPELLED) == told(["a"], [[6, 2, 0]]) == [(-1, [])]


def test_a_token_too_long_to_be_packed_is_not_taken_for_its_beginning() -> None:
    spelled = [b" " * (1 << 24)]
    assert laid([" " * ((1 << 24) - 1)], [[0]], spelled) == [(-1, [])]
    assert laid([" " * (1 << 24)], [[0]], spelled) == [(-1, [])]
