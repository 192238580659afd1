"""Rank files in tiktoken's form with Qwen's pattern, and with a given one."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pytest
import regex

from tests.tokenizers import makers
from tokeval import load_tokenizer
from tokeval.errors import TokenizerError
from tokeval.testing import check_tokenizer
from tokeval.tokenizers.fast import Accelerator
from tokeval.tokenizers.hard import hard_strings
from tokeval.tokenizers.load import parse_spec

#: As Qwen publishes it.
QWEN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


@pytest.fixture
def ranks(tmp_path: Path) -> Path:
    return makers.write_ranks(tmp_path)


def given(folder: Path, pattern: str) -> Path:
    path = folder / "pattern.txt"
    path.write_text(pattern + "\n", "utf-8")
    return path


def test_qwen_cuts_as_its_pattern_says(ranks: Path) -> None:
    tokenizer = load_tokenizer(f"tiktoken:{ranks}@like-qwen")
    for text in [*hard_strings(), "the 2024 dogs'S"]:
        assert tokenizer.pretoken_ends(text) == [found.end() for found in regex.finditer(QWEN, text)], text
    assert tokenizer.pretoken_ends("a 123") == [1, 2, 3, 4, 5]  # one digit at a time
    assert Accelerator("qwen", tokenizer).path.startswith("gigatoken")


def test_qwen_keeps_the_promises(ranks: Path) -> None:
    assert set(check_tokenizer(load_tokenizer(f"tiktoken:{ranks}@like-qwen")).values()) == {"ok"}


def test_without_like_only_the_pattern_is_known(ranks: Path) -> None:
    with pytest.raises(TokenizerError, match="of qwen only the pattern is known") as caught:
        load_tokenizer(f"tiktoken:{ranks}@qwen")
    assert "@like-qwen" in str(caught.value.hint)


def test_a_given_pattern_equals_the_same_one_by_name(ranks: Path, tmp_path: Path) -> None:
    mine = load_tokenizer(f"tiktoken:{ranks}@pattern={given(tmp_path, QWEN)}")
    named = load_tokenizer(f"tiktoken:{ranks}@like-qwen")
    texts = pa.array(hard_strings(), pa.large_string())
    assert mine.encode_batch(texts).equals(named.encode_batch(texts))
    assert set(check_tokenizer(mine).values()) == {"ok"}


def test_a_given_pattern_decides_and_is_in_the_fingerprint(ranks: Path, tmp_path: Path) -> None:
    place = given(tmp_path, r"\s+|\S+")
    words = load_tokenizer(f"tiktoken:{ranks}@pattern={place}")
    assert words.pretoken_ends("the dog's") == [3, 4, 9]
    assert set(check_tokenizer(words).values()) == {"ok"}
    given(tmp_path, r"[\s\S]")
    bytewise = load_tokenizer(f"tiktoken:{ranks}@pattern={place}")
    assert bytewise.encode_batch(pa.array(["the"])).to_pylist() == [[*b"the"]]
    assert bytewise.fingerprint != words.fingerprint


def test_a_pattern_beside_a_configuration_is_found(ranks: Path, tmp_path: Path) -> None:
    given(tmp_path, QWEN)
    spec = parse_spec(f"tiktoken:{ranks.name}@pattern=pattern.txt", tmp_path)
    assert spec.revision == f"pattern={tmp_path / 'pattern.txt'}"
    assert load_tokenizer(spec).fingerprint
    assert Path(spec.location) == tmp_path / os.fspath(ranks.name)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (r"\p{L}+", "leaves out text, such as some of"),
        ("(", "holds no pattern that tiktoken can use"),
        ("", "it matches empty text"),
        (r"(?=t)|\s+|\S+", "it matches empty text"),
    ],
)
def test_a_bad_pattern_is_an_error(ranks: Path, tmp_path: Path, pattern: str, message: str) -> None:
    with pytest.raises(TokenizerError, match=message) as caught:
        load_tokenizer(f"tiktoken:{ranks}@pattern={given(tmp_path, pattern)}")
    assert "\n" not in caught.value.message


def test_a_pattern_file_that_is_not_there(ranks: Path) -> None:
    with pytest.raises(TokenizerError, match=r"the pattern nowhere\.txt cannot be read"):
        load_tokenizer(f"tiktoken:{ranks}@pattern=nowhere.txt")
