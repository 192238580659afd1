"""The shipped conformance suite on every adapter: on files made here, and on real ones where they are."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pyarrow as pa
import pytest

from tests.conftest import ROOT
from tests.tokenizers.adapters import ADAPTERS, GAPS
from tokeval import load_tokenizer, registry
from tokeval.errors import TokenizerError
from tokeval.testing import CHECKS, check_tokenizer, run_check
from tokeval.tokenizers.base import Tokenizer

#: Of the real files, as `GAPS` of the made ones.
REAL_GAPS: dict[str, dict[str, type[BaseException]]] = {
    "t5-small-json/tokenizer.json": {"special text": AssertionError}
}


@cache
def table() -> dict[str, dict[str, str]]:
    made: dict[str, dict[str, str]] = runpy.run_path(str(ROOT / "docs" / "make_tokenizers.py"))["conformance"]()
    return made


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Tokenizer]:
    @cache
    def loaded(name: str) -> Tokenizer:
        return load_tokenizer(ADAPTERS[name](tmp_path_factory.mktemp(name)))

    return loaded


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", ADAPTERS)
def test_an_adapter_keeps_its_promises(name: str, check: str, load: Callable[[str], Tokenizer]) -> None:
    if name == "transformers":
        pytest.importorskip("transformers")
    # what comes of it is what the docs' table says
    assert run_check(check, load(name), GAPS.get(name)) == table()[name][check]


def test_no_adapter_is_left_out() -> None:
    ours = {entry.name for entry in registry.entries(registry.TOKENIZERS).values() if entry.origin == "tokeval"}
    assert {name.partition("-")[0] for name in ADAPTERS} == ours


REAL = [
    "gpt2-hf/tokenizer.json",
    "pythia-12b/tokenizer.json",
    "phi-2/tokenizer.json",
    "llama-2-7b-chat-hf/tokenizer.json",
    "bert-base-uncased-json/tokenizer.json",
    "all-minilm-l6-v2/tokenizer.json",
    "araelectra/tokenizer.json",
    "t5-small-json/tokenizer.json",
    "clip-json/tokenizer.json",
    "r50k_base/r50k_base.tiktoken",
    "o200k_base/o200k_base.tiktoken",
    "llama-2/tokenizer.model",
    "mistral-v3/tokenizer.model.v3",
    "t5-base/spiece.model",
    "xlnet-base-cased/spiece.model",
    "keras-llama-export/llama_export_vocab.spm",
]


@pytest.mark.real_data
@pytest.mark.parametrize("file", REAL)
def test_a_real_file_keeps_the_promises(file: str, data: Path) -> None:
    check_tokenizer(load_tokenizer(str(data / "tokenizers" / file)), REAL_GAPS.get(file))


class Wrong(Tokenizer):
    """A tokenizer with one fault at a time."""

    fingerprint = "wrong"
    library = "test/1"

    def __init__(self, fault: str) -> None:
        self.fault = fault
        self.calls = 0

    def encode_batch(self, texts: pa.Array) -> pa.Array:
        self.calls += 1
        rows: list[list[int] | None] = []
        for text in texts.to_pylist():
            if text is None:
                rows.append([] if self.fault == "null" else None)
            elif not text:
                rows.append([1] if self.fault == "empty" else [])
            else:
                extra = [7] if self.fault == "state" and self.calls % 2 else []
                rows.append([*extra, *text.encode()])
        if self.fault == "order":
            rows = rows[:1] + rows[1:][::-1]
        if self.fault == "rows":
            rows = rows[:-1]
        if self.fault == "raises":
            raise TokenizerError("out of order")
        return pa.array(rows, pa.list_(pa.int32() if self.fault == "type" else pa.uint32()))


def failing(fault: str) -> set[str]:
    found = set()
    for name in CHECKS:
        try:
            run_check(name, Wrong(fault))
        except AssertionError:
            found.add(name)
    return found


@pytest.mark.parametrize(
    ("fault", "caught_by"),
    [
        ("null", "shape"),
        ("empty", "shape"),
        ("type", "shape"),
        ("rows", "shape"),
        ("order", "batches"),
        ("state", "batches"),
    ],
)
def test_the_suite_catches(fault: str, caught_by: str) -> None:
    assert caught_by in failing(fault)


def test_a_declared_gap_names_its_exception_and_is_strict() -> None:
    assert run_check("shape", Wrong("raises"), {"shape": TokenizerError}) == "gap: TokenizerError"
    with pytest.raises(AssertionError, match="declared ValueError, met TokenizerError"):
        run_check("shape", Wrong("raises"), {"shape": ValueError})
    with pytest.raises(AssertionError, match="but it passes"):
        run_check("shape", Wrong("none"), {"shape": TokenizerError})
