"""What is read is bounded before it is read: sizes, vocabularies, JSON made to fill the memory."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tokenizers import makers
from tokeval import load_tokenizer
from tokeval.errors import TokenizerError, UsageError
from tokeval.tokenizers.kernels import count_elements


def word_level(folder: Path) -> str:
    return f"hf:{makers.write_hf(folder, 'wordlevel')}"


def many_merges(folder: Path) -> str:
    content = json.loads(makers.hf_json("bytelevel"))
    path = folder / "tokenizer.json"
    path.write_text(json.dumps({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": content["model"]["merges"]}}))
    return f"hf:{path}"


def many_lists(folder: Path) -> str:
    path = folder / "tokenizer.json"
    path.write_text(json.dumps({"model": {"vocab": {"a": 0}, "more": [[0, 0, 0]] * 30}}))
    return str(path)


def pair(folder: Path) -> str:
    (folder / "vocab.json").write_text(json.dumps({chr(c): c for c in range(33, 127)}))
    (folder / "merges.txt").write_text("")
    return str(folder)


def word_pieces(folder: Path) -> str:
    (folder / "vocab.txt").write_text("\n".join(["[UNK]", *map(str, range(99))]))
    return f"hf:{folder / 'vocab.txt'}@cased"


def ranks(folder: Path) -> str:
    return f"tiktoken:{makers.write_ranks(folder)}@like-r50k_base"


def sentencepiece(folder: Path) -> str:
    return str(makers.write_sentencepiece(folder, "unigram"))


def rwkv(folder: Path) -> str:
    path = folder / "vocab.txt"
    path.write_text("".join(f"{v + 1} {bytes([v])!r} 1\n" for v in range(256)))
    return f"rwkv:{path}"


def tekken(folder: Path) -> str:
    path = folder / "tekken.json"
    pieces = [{"rank": v, "token_bytes": base64.b64encode(bytes([v])).decode()} for v in range(256)]
    path.write_text(json.dumps({"config": {"pattern": "."}, "vocab": pieces}))
    return f"mistral:{path}"


MAKERS = [word_level, many_merges, pair, word_pieces, ranks, sentencepiece, rwkv, tekken]


@pytest.mark.parametrize("make", [*MAKERS, many_lists])
def test_too_many_entries_are_refused_before_they_are_parsed(
    make: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = make(tmp_path)

    def parsed(*_: Any, **__: Any) -> Any:
        raise AssertionError("it was parsed")

    monkeypatch.setenv("TOKEVAL_MAX_VOCABULARY", "10")
    with monkeypatch.context() as patch:
        patch.setattr(json, "loads", parsed)
        patch.setattr("ast.literal_eval", parsed)
        patch.setattr("tiktoken.load.load_tiktoken_bpe", parsed)
        patch.setattr("sentencepiece.SentencePieceProcessor", parsed)
        with pytest.raises(TokenizerError, match=r"vocabulary entries, more than the 10 that are read") as caught:
            load_tokenizer(spec)
    assert "TOKEVAL_MAX_VOCABULARY" in str(caught.value.hint)


@pytest.mark.parametrize("make", [word_level, pair, word_pieces, ranks, sentencepiece, rwkv])
def test_the_limit_can_be_raised(make: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEVAL_MAX_VOCABULARY", "1000")
    load_tokenizer(make(tmp_path))


@pytest.mark.parametrize("name", ["tokenizer.json", "vocab.txt", "a.model", "a.tiktoken"])
def test_a_file_of_500_mb_is_not_even_read(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / name
    with path.open("wb") as stream:
        stream.truncate(500 << 20)

    def read(_: Path) -> bytes:
        raise AssertionError("it was read")

    monkeypatch.setattr(Path, "read_bytes", read)
    hf = f"hf:{path}@cased" if name == "vocab.txt" else str(path)
    for spec in (hf, f"tiktoken:{path}", f"sentencepiece:{path}", f"rwkv:{path}"):
        with pytest.raises(TokenizerError, match="has 500 MiB, more than the 256 MiB") as caught:
            load_tokenizer(spec)
        assert "TOKEVAL_MAX_TOKENIZER_MB" in str(caught.value.hint)


def test_the_size_can_be_raised_and_must_be_a_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.model"
    path.write_bytes(b"\x0a\x03\x0a\x01a" + bytes(2 << 20))
    monkeypatch.setenv("TOKEVAL_MAX_TOKENIZER_MB", "1")
    with pytest.raises(TokenizerError, match="2 MiB, more than the 1 MiB"):
        load_tokenizer(f"sentencepiece:{path}")
    monkeypatch.setenv("TOKEVAL_MAX_TOKENIZER_MB", "3")
    with pytest.raises(TokenizerError, match="does not load"):
        load_tokenizer(f"sentencepiece:{path}")
    monkeypatch.setenv("TOKEVAL_MAX_TOKENIZER_MB", "many")
    with pytest.raises(UsageError, match="whole number"):
        load_tokenizer(f"sentencepiece:{path}")


JSON = st.recursive(
    st.none() | st.integers(0, 9) | st.text(st.sampled_from('a",[]{}\\:é'), max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.sampled_from('ab",\\'), max_size=2), inner),
    max_leaves=30,
)


def sizes(value: object) -> list[int]:
    """The number of elements of each list and object."""
    if isinstance(value, dict):
        return [len(value), *(size for inner in value.values() for size in sizes(inner))]
    if isinstance(value, list):
        return [len(value), *(size for inner in value for size in sizes(inner))]
    return []


@given(value=JSON, ascii_only=st.booleans())
def test_elements_are_counted_as_the_parser_would_find_them(value: object, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only).encode()
    found = [size for size in sizes(value) if size > 1]
    assert count_elements(np.frombuffer(text, np.uint8)) == (max(found, default=0), sum(size - 1 for size in found))


_LOAD = """
import resource, sys
from tokeval import load_tokenizer
from tokeval.errors import TokenizerError
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    load_tokenizer(sys.argv[1])
except TokenizerError as error:
    print(error)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
"""


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", ["vocabulary", "lists"])
def test_ten_million_entries_take_no_more_memory_than_the_file(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    with path.open("w") as stream:
        stream.write('{"model": {"type": "WordLevel", "vocab": {' if kind == "vocabulary" else '{"model": {"vocab": [')
        for start in range(0, 10_000_000, 100_000):
            numbers = range(start, start + 100_000)
            stream.write("," if start else "")
            stream.write(",".join(f'"t{i}": {i}' if kind == "vocabulary" else f'["t{i}", 1]' for i in numbers))
        stream.write("}}}" if kind == "vocabulary" else "]}}")
    size = path.stat().st_size >> 20
    assert size < 256
    done = subprocess.run([sys.executable, "-c", _LOAD, str(path)], capture_output=True, text=True, check=True)
    *_, line, memory = done.stdout.strip().splitlines()
    assert "has 10,000,000 vocabulary entries" in line
    assert int(memory) < size + 150  # the compiler of the count takes the rest
