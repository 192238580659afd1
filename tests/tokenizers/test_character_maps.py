"""What character maps drop, join and make, on fast paths and in the library's own offsets."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tests.tokenizers import makers
from tokeval import load_tokenizer
from tokeval.arrow import id_buffers
from tokeval.tokenizers.encode import Encoder


@pytest.mark.parametrize("kind", ["mapped", "spaces"])
@pytest.mark.parametrize("accelerate", [True, False])
def test_spans_behind_what_a_character_map_drops(tmp_path: Path, kind: str, accelerate: bool) -> None:
    """The library's own offsets are off by as many characters as it drops where a text begins."""
    tokenizer = load_tokenizer(str(makers.write_hf(tmp_path, kind)))
    texts = ["\x01\x02hé dog", "\x01\x02", "a \x01dog", "\x01 a"]
    found = (
        Encoder("t", tokenizer, spans=True, share=0.0, accelerate=accelerate)
        .prepare()
        .encode(pa.array(texts, pa.large_string()))
    )
    assert found.starts is not None
    assert found.ends is not None
    last = [found.ends[stop - 1] if stop > start else None for start, stop in pairwise(found.offsets.tolist())]
    assert last == [len(texts[0].encode()), None, len(texts[2].encode()), len(texts[3].encode())]
    covered = [texts[0].encode()[a:b] for a, b in zip(found.starts, found.ends, strict=True)][: int(found.offsets[1])]
    assert covered[-1].decode()[-1:] == "g"


@pytest.mark.parametrize("kind", ["mapped", "spaces"])
def test_a_mark_behind_a_space(tmp_path: Path, kind: str) -> None:
    """The two are one character for the library, and what the mark's bytes cover depends on that."""
    tokenizer = load_tokenizer(str(makers.write_hf(tmp_path, kind)))
    texts = pa.array(["x \u0340\u0340 y", "\u0340x", "the \u0301 dog"], pa.large_string())
    a, b = (
        Encoder("t", tokenizer, spans=True, share=0.0, accelerate=fast).prepare().encode(texts)
        for fast in (True, False)
    )
    assert np.array_equal(a.ids, b.ids)
    assert np.array_equal(a.starts, b.starts)
    assert np.array_equal(a.ends, b.ends)


def test_a_mark_of_a_later_unicode_is_left_to_the_library(tmp_path: Path) -> None:
    """U+1AD0 continues the character before it since Unicode 17, and a character map then drops it."""
    tokenizer = load_tokenizer(str(makers.write_hf(tmp_path, "mapped")))
    texts = pa.array(["½\u1ad0", "a½½\u1ad0 \u1ad0b"], pa.large_string())
    ids, _ = id_buffers(tokenizer.encode_batch(texts))
    assert Encoder("t", tokenizer, share=0.0).prepare().encode(texts).ids.tolist() == ids.tolist()


@pytest.mark.parametrize("kind", ["symbols", "marks"])
def test_user_defined_symbols_that_normalising_makes(tmp_path: Path, kind: str) -> None:
    """SentencePiece finds them before and after it normalises."""
    tokenizer = load_tokenizer(str(makers.write_sentencepiece(tmp_path, kind)))
    texts = pa.array(["a<x>b", "a＜ｘ＞b", "a<ⅹ>b", "a<\x01x>", "<x\u200b>", "﹤x>", "the dog…"], pa.large_string())
    ids, offsets = id_buffers(tokenizer.encode_batch(texts))
    (symbol,) = (i for i, text in enumerate(tokenizer.vocabulary()["piece"].to_pylist()) if text == "<x>")
    assert [symbol in ids[a:b] for a, b in pairwise(offsets.tolist())] == [True, True, True, True, False, True, False]
    encoder = Encoder("t", tokenizer, share=0.0).prepare()
    assert encoder.accelerator is not None
    assert encoder.accelerator.path == "memoised words"
    assert encoder.encode(texts).ids.tolist() == ids.tolist()
