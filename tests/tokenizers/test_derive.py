"""Derived tokenizers against their definitions, and against the tokenizer whose vocabulary they take."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracles import derived
from tests.tokenizers import makers
from tokeval import load_tokenizer
from tokeval.errors import TokenizerError, UsageError
from tokeval.testing import check_tokenizer
from tokeval.tokenizers.base import Tokenizer

ORACLES = {
    "longest-prefix": derived.longest_prefix,
    "longest-suffix": derived.longest_suffix,
    "longest-token": derived.longest_token,
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"tiktoken:{makers.write_ranks(tmp_path_factory.mktemp('ranks'))}@like-r50k_base"


@pytest.fixture(scope="module")
def made(source: str) -> dict[str, Tokenizer]:
    methods = [*ORACLES, "fewest-tokens", "dropout-0", "dropout-0.5", "dropout-1"]
    return {method: load_tokenizer(f"derive:{method}:{source}") for method in methods} | {"": load_tokenizer(source)}


def pieces_of(tokenizer: Tokenizer) -> dict[int, bytes]:
    table = tokenizer.vocabulary()
    return dict(zip(table["id"].to_pylist(), table["bytes"].to_pylist(), strict=True))


@given(text=st.text(st.sampled_from("thernadog é1"), max_size=25))
def test_methods_equal_their_definitions(text: str, made: dict[str, Tokenizer]) -> None:
    source = made[""]
    spelled = pieces_of(source)
    pieces = frozenset(spelled.values())
    ends = [0, *source.pretoken_ends(text)]
    words = [text[a:b].encode() for a, b in pairwise(ends)]
    batch = pa.array([text], pa.large_string())
    for method, oracle in ORACLES.items():
        found = [spelled[i] for i in made[method].encode_batch(batch).to_pylist()[0]]
        assert found == [piece for word in words for piece in oracle(word, pieces)], method
    fewest = made["fewest-tokens"].encode_batch(batch).to_pylist()[0]
    assert b"".join(spelled[i] for i in fewest) == text.encode()
    assert len(fewest) == sum(derived.fewest(word, pieces) for word in words)
    assert made["dropout-0"].encode_batch(batch).equals(source.encode_batch(batch))
    assert made["dropout-1"].encode_batch(batch).to_pylist() == [list(map(int, _single(source, text)))]


def _single(source: Tokenizer, text: str) -> list[int]:
    by_bytes = {data: number for number, data in pieces_of(source).items()}
    return [by_bytes[bytes([value])] for value in text.encode()]


@pytest.mark.parametrize("method", [*ORACLES, "fewest-tokens", "dropout-0.5"])
def test_a_derived_tokenizer_conforms(method: str, made: dict[str, Tokenizer]) -> None:
    check_tokenizer(made[method])


@pytest.mark.parametrize("kind", ["bpe", "bare"])
def test_from_sentencepiece(tmp_path: Path, kind: str) -> None:
    path = makers.write_sentencepiece(tmp_path, kind)
    tokenizer = load_tokenizer(f"derive:fewest-tokens:sentencepiece:{path}")
    check_tokenizer(tokenizer)
    source = load_tokenizer(f"sentencepiece:{path}")
    texts = pa.array(makers.CORPUS[:3], pa.large_string())
    pairs = zip(tokenizer.encode_batch(texts).to_pylist(), source.encode_batch(texts).to_pylist(), strict=True)
    assert all(len(mine) <= len(theirs) for mine, theirs in pairs)
    assert tokenizer.decode_batch(tokenizer.encode_batch(texts)).to_pylist() == makers.CORPUS[:3]


def test_what_cannot_be_derived(tmp_path: Path, source: str) -> None:
    with pytest.raises(UsageError, match="no method 'longest'"):
        load_tokenizer(f"derive:longest:{source}")
    with pytest.raises(UsageError, match="from 0 to 1"):
        load_tokenizer(f"derive:dropout-2:{source}")
    with pytest.raises(UsageError, match="derive:METHOD:SPEC"):
        load_tokenizer("derive:fewest-tokens")
    with pytest.raises(TokenizerError, match="do not concatenate"):
        load_tokenizer(f"derive:fewest-tokens:hf:{makers.write_hf(tmp_path, 'wordpiece')}")
    with pytest.raises(TokenizerError, match="needs the ranks"):
        load_tokenizer(f"derive:dropout-0.1:hf:{makers.write_hf(tmp_path / 'b', 'bytelevel')}")
