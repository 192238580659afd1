"""A text of 10 MB without a space: twice the text takes about twice the time, on the references and on fast paths."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from time import process_time

import pyarrow as pa
import pytest

from tokeval import load_tokenizer
from tokeval.tokenizers.fast import Accelerator

BYTES = 10_000_000

SPECS = {
    "bytes": "bytes:",
    "chars": "chars:",
    "words": "words:",
    "graphemes": "graphemes:",
    "hf-bytelevel": "hf:{}/gpt2-hf/tokenizer.json",
    "hf-wordpiece": "hf:{}/bert-base-uncased-json/tokenizer.json",
}

#: Twice the text may take so many times as long: 2 when linear, 4 when quadratic.
MOST = 3.0


@cache
def letters() -> str:
    draw = random.Random(1)
    return "".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=BYTES))


def seconds(encode: Callable[[pa.Array], object], size: int) -> float:
    """Of all threads of this process, so that other work on the machine does not count."""
    texts = pa.array([letters()[:size]], pa.large_string())
    begun = process_time()
    encode(texts)
    return process_time() - begun


@pytest.mark.exhaustive
@pytest.mark.real_data
@pytest.mark.parametrize("name", SPECS)
def test_time_grows_with_the_text(name: str, data: Path) -> None:
    tokenizer = load_tokenizer(SPECS[name].format(data / "tokenizers"))
    ways: dict[str, Callable[[pa.Array], object]] = {"reference": tokenizer.encode_batch}
    if Accelerator(name, tokenizer).path:
        path = tokenizer.fast_path()
        ways["fast path"] = lambda texts: path.encode(texts, False)
    for way, encode in ways.items():
        seconds(encode, 10_000)  # what is compiled or built once
        half, whole = seconds(encode, BYTES // 2), seconds(encode, BYTES)
        print(f"{name} {way}: {half:.2f} s, {whole:.2f} s, ratio {whole / half:.2f}")
        assert whole < MOST * half + 0.2, f"{way}: {half:.2f} s for half, {whole:.2f} s for all"
