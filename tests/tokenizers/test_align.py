"""Tokens laid along a text by the compiled loop, against the oracle."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracles.spans import lay
from tokeval import load_tokenizer
from tokeval.arrow import padded, text_buffers
from tokeval.tokenizers.encode import Encoder
from tokeval.tokenizers.kernels import align, part_marks, spelling_table

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


MARK, WORD = 0, 1


@pytest.mark.parametrize(
    ("text", "tokens", "expected"),
    [
        # the mark shares the first character of the word, as where a library drops spaces: it gets the space
        ("a é", [(WORD, 0, 1), (MARK, 2, 4), (WORD, 2, 4)], [(0, 1), (1, 2), (2, 4)]),
        ("é", [(MARK, 0, 2), (WORD, 0, 2)], [(0, 0), (0, 2)]),
        ("a \u3000\tb", [(WORD, 0, 1), (MARK, 6, 7), (WORD, 6, 7)], [(0, 1), (1, 6), (6, 7)]),
        ("a,", [(WORD, 0, 1), (MARK, 1, 2), (WORD, 1, 2)], [(0, 1), (1, 1), (1, 2)]),
        ("a \x00b", [(WORD, 0, 1), (MARK, 3, 4), (WORD, 3, 4)], [(0, 1), (3, 3), (3, 4)]),  # the library left NUL out
        # it has a character of its own
        ("a b", [(WORD, 0, 1), (MARK, 1, 2), (WORD, 2, 3)], [(0, 1), (1, 2), (2, 3)]),
        ("a\u200bb", [(WORD, 0, 1), (MARK, 1, 4), (WORD, 4, 5)], [(0, 1), (1, 4), (4, 5)]),
        ("a ", [(WORD, 0, 1), (MARK, 1, 2)], [(0, 1), (1, 2)]),
        # two tokens of one character of which the first is no mark
        ("é", [(WORD, 0, 2), (WORD, 0, 2)], [(0, 2), (0, 2)]),
    ],
)
def test_a_mark_alone_covers_the_space_it_stands_for(
    text: str, tokens: list[tuple[int, int, int]], expected: list[tuple[int, int]]
) -> None:
    data, cuts = text_buffers(pa.array(["before", text], pa.large_string()))
    ids = np.array([WORD, *(token for token, _, _ in tokens)], np.uint32)
    offsets = np.array([0, 1, len(ids)])
    starts = np.array([0, *(start for _, start, _ in tokens)], np.int32)
    ends = np.array([6, *(end for _, _, end in tokens)], np.int32)
    part_marks(data, cuts, np.array([1]), ids, offsets, np.array([True]), starts, ends)
    assert list(zip(starts[1:].tolist(), ends[1:].tolist(), strict=True)) == expected


@pytest.mark.parametrize("accelerate", [True, False])
def test_words_of_unknown_characters_have_the_same_spans_beside_known_ones(tmp_path: Path, accelerate: bool) -> None:
    """T5's file drops spaces and marks words: the library says that a lone mark covers the word's first character."""
    vocabulary = [["<unk>", 0.0], ["▁", -3.0], ["▁hi", -2.0], ["▁ok", -2.0], ["h", -5.0], ["i", -5.0]]
    mark = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    content = {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, mark]},
        "post_processor": None,
        "decoder": mark,
        "model": {"type": "Unigram", "unk_id": 0, "vocab": vocabulary, "byte_fallback": False},
    }
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(content))
    encoder = Encoder("it", load_tokenizer(str(path)), spans=True, accelerate=accelerate).prepare()
    found = encoder.encode(pa.array(["hi عا ok", "عا"], pa.large_string()))
    assert found.starts is not None
    assert found.ends is not None
    spans = list(zip(found.starts.tolist(), found.ends.tolist(), strict=True))
    assert found.offsets.tolist() == [0, 4, 6]
    assert spans[:4] == [(0, 2), (2, 3), (3, 7), (8, 10)]
    assert spans[4:] == [(0, 0), (0, 4)]
