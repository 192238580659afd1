"""A Unigram in parts gives what the whole gives, and what is wrong with a file the library says either way."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.tokenizers import makers
from tokeval.errors import NotSupportedError, TokenizerError
from tokeval.tokenizers._huggingface import HuggingFace
from tokeval.tokenizers.fast import Accelerator
from tokeval.tokenizers.hard import hard_strings
from tokeval.tokenizers.load import load_tokenizer
from tokeval.vocabulary.reach import _CONTEXTS

SPACE = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": True}
SPLITS = [None, SPACE, {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, SPACE]}]
NORMALS = [None, {"type": "NFKC"}, {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"}]


def unigram(pieces: list[tuple[str, float]], **more: Any) -> dict[str, Any]:
    model = {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], *map(list, pieces)], "byte_fallback": False}
    content = {"version": "1.0", "added_tokens": [], "normalizer": None, "pre_tokenizer": None, "decoder": SPACE}
    model |= {key: more.pop(key) for key in tuple(more) if key in model}
    return content | more | {"model": model}


def added(content: str, special: bool) -> dict[str, object]:
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"id": 0, "content": content, "special": special, **flags}


def both(path: Path, content: dict[str, Any]) -> tuple[HuggingFace, HuggingFace]:
    path.write_text(json.dumps(content), "utf-8")
    whole, sparing = HuggingFace(str(path)), load_tokenizer(f"hf:{path}", sparing=True)
    assert isinstance(sparing, HuggingFace)
    assert sparing._parts is not None
    sparing.wait()
    assert whole._parts is None
    return whole, sparing


def assert_same(whole: HuggingFace, sparing: HuggingFace, texts: list[str]) -> None:
    assert sparing.encode_batch(pa.array(texts)).equals(whole.encode_batch(pa.array(texts)))
    for text in texts[:8]:  # each with a part of its own
        assert sparing.encode_batch(pa.array([text])).equals(whole.encode_batch(pa.array([text]))), text
    mine, theirs = sparing.spans_batch(pa.array(texts)), whole.spans_batch(pa.array(texts))
    assert mine.ids.equals(theirs.ids)
    assert np.array_equal(mine.starts, theirs.starts)
    assert np.array_equal(mine.ends, theirs.ends)
    assert sparing.entries.equals(whole.entries)
    assert (sparing.unknown_id, sparing.text_prefix) == (whole.unknown_id, whole.text_prefix)
    assert sparing.fingerprint == whole.fingerprint


LETTERS = st.sampled_from("ab▁é<>0x6A ")
PIECES = st.tuples(st.text(LETTERS, min_size=1, max_size=4), st.floats(-30, 0, width=32))


@given(
    st.lists(PIECES, min_size=1, max_size=30),
    st.sampled_from(SPLITS),
    st.sampled_from(NORMALS),
    st.booleans(),
    st.lists(st.builds(added, st.text(LETTERS, min_size=1, max_size=2), st.booleans()), max_size=2),
    st.lists(st.text(st.one_of(LETTERS, st.characters(codec="utf-8")), max_size=12), max_size=12),
)
@example([("a", -1.0), ("aa", -5.0), ("a", -9.0)], None, None, False, [], ["aaa", "aaaa", "baab", "bb", ""])
@example([("é", -3.0), ("<0xC3>", -4.0), ("<0xA9>", -9.0)], None, NORMALS[1], True, [], ["é", "éé", "ée\u0301", "Ã"])
@example([("ab", -1.0)], SPACE, None, False, [added("ab", False), added("b>", True)], ["ab", " ab>", "aabb>", "xab"])
def test_random_vocabularies(
    pieces: list[tuple[str, float]],
    split: dict[str, Any] | None,
    normal: dict[str, Any] | None,
    fallback: bool,
    tokens: list[dict[str, object]],
    texts: list[str],
) -> None:
    content = unigram(pieces, pre_tokenizer=split, normalizer=normal, byte_fallback=fallback, added_tokens=tokens)
    with tempfile.TemporaryDirectory() as folder:
        whole, sparing = both(Path(folder) / "tokenizer.json", content)
    assert_same(whole, sparing, [*texts, *(piece + text for (piece, _), text in zip(pieces, texts, strict=False))])


@pytest.mark.parametrize("kind", ["unigram", "metaspace"])
def test_trained_vocabularies(kind: str, tmp_path: Path) -> None:
    whole, sparing = both(tmp_path / "tokenizer.json", json.loads(makers.hf_json(kind)))
    few = sparing._for(["the"])[0]
    assert few.get_vocab_size() < len(sparing.entries) / 4
    assert_same(whole, sparing, [*hard_strings(), *makers.CORPUS])
    assert few.get_vocab_size() < len(sparing.entries) / 4  # another one was made for more texts


@pytest.mark.real_data
def test_a_published_vocabulary(data: Path, tmp_path: Path) -> None:
    content = json.loads((data / "tokenizers" / "t5-small-json" / "tokenizer.json").read_text("utf-8"))
    for split in (content["pre_tokenizer"], SPACE):
        whole, sparing = both(tmp_path / "tokenizer.json", content | {"pre_tokenizer": split})
        texts = whole.entries["bytes"].cast(pa.string()).to_pylist()
        for start in range(0, len(texts), 4096):
            some = texts[start : start + 4096]
            for context in ("{0}", *_CONTEXTS[:4]):
                rows = pa.array([context.format(text, text.lstrip()) for text in some])
                assert sparing.encode_batch(rows).equals(whole.encode_batch(rows))
        assert_same(whole, sparing, list(hard_strings()))


def test_more_characters_than_a_trie_has_symbols_for(tmp_path: Path) -> None:
    letters = [chr(0x10000 + k) for k in range(1 << 16)]
    pieces = [*((letter, -float(k % 7)) for k, letter in enumerate(letters)), (letters[0] + letters[1], -0.5)]
    content = unigram(pieces, pre_tokenizer=SPLITS[2])
    whole, sparing = both(tmp_path / "tokenizer.json", content)
    assert_same(whole, sparing, ["".join(letters[:3]), letters[-1] + "a" + letters[0], ""])
    for made in (whole, sparing):
        assert "more than can be matched" in Accelerator("made", made).reason


def test_it_does_not_decode(tmp_path: Path) -> None:
    _, sparing = both(tmp_path / "tokenizer.json", unigram([("a", -1.0)]))
    assert "decode" not in sparing.capabilities
    with pytest.raises(NotSupportedError):
        sparing.decode_batch(pa.array([[0]], pa.list_(pa.uint32())))


BROKEN: dict[str, dict[str, Any]] = {
    "a score that is text": unigram([("a", "-1")]),  # type: ignore[list-item]
    "a score that is true": unigram([("a", True)]),
    "a score that is infinite": unigram([("a", float("inf"))]),
    "a piece without a score": unigram([("a",)]),  # type: ignore[list-item]
    "a piece that is a number": unigram([(1, -1.0)]),  # type: ignore[list-item]
    "a piece of half a character": unigram([("\ud800", -1.0)]),
    "no pieces": unigram([], vocab=[]),
    "no such piece for the unknown": unigram([("a", -1.0)], unk_id=7),
    "a negative piece for the unknown": unigram([("a", -1.0)], unk_id=-1),
    "no such normaliser": unigram([("a", -1.0)], normalizer={"type": "None"}),
    "an added token without a text": unigram([("a", -1.0)], added_tokens=[{"id": 1}]),
    "no such kind": unigram([("a", -1.0)], pre_tokenizer={"type": "Metaspace", "split": "x"}),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_wrong_is_said_as_ever(case: str, tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(BROKEN[case]), "utf-8")
    said = []
    for sparing in (False, True):
        with pytest.raises(TokenizerError) as caught:
            load_tokenizer(f"hf:{path}", sparing=sparing)
        said.append(str(caught.value))
    assert said[0] == said[1]


@pytest.mark.parametrize("kind", ["bytelevel", "wordpiece", "unigram"])
def test_what_is_forgotten_is_not_missed(kind: str, tmp_path: Path) -> None:
    spec = str(makers.write_hf(tmp_path, kind))
    whole, sparing = load_tokenizer(spec), load_tokenizer(spec, sparing=True)
    assert isinstance(sparing, HuggingFace)
    assert (sparing._parts is None) == (kind != "unigram")
    sparing.wait()
    assert not sparing._json["model"]["vocab"]
    assert sparing.entries.equals(whole.entries)
    assert sparing.spelling().model == whole.spelling().model
    rank = sparing.spelling().rank
    assert (rank is not None) == (kind == "bytelevel")
    for number, (left, right) in enumerate(json.loads(makers.hf_json(kind))["model"].get("merges") or []):
        assert rank is not None
        assert rank(left, right) == number
    assert sparing.encode_batch(pa.array(makers.CORPUS)).equals(whole.encode_batch(pa.array(makers.CORPUS)))


@pytest.mark.parametrize("sparing", [False, True])
@pytest.mark.parametrize("tokens", [[], [added("<x>", special=True)]])
def test_a_unigram_without_a_piece_is_one(tmp_path: Path, tokens: list[dict[str, object]], sparing: bool) -> None:
    content = unigram([], vocab=[], unk_id=None, added_tokens=tokens)
    (tmp_path / "none.json").write_text(json.dumps(content), "utf-8")
    made = load_tokenizer(f"hf:{tmp_path / 'none.json'}", sparing=sparing)
    assert made.vocabulary()["piece"].to_pylist() == [token["content"] for token in tokens]
