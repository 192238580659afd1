"""A text without a space, however long: eight times the text takes about eight times the time.

Every adapter on files made here in the usual suite; the 10 MB themselves, and real files, in the exhaustive one.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from time import process_time

import pyarrow as pa
import pytest

from tests.tokenizers.adapters import ADAPTERS, LONG, METHODS, letters, write_slow
from tokeval import load_tokenizer
from tokeval.tokenizers.base import Tokenizer
from tokeval.tokenizers.fast import Accelerator

#: So much longer is the second text, and so many times as long may it take: 8 when linear, 64 when quadratic. Queues
#: of merges (n log n) that outgrow a processor's caches came to 20.
LONGER, MOST = 8, 32.0

#: Size of the short one of the long texts, in bytes.
FULL = 1_250_000


def seconds(encode: Callable[[pa.Array], object], size: int) -> float:
    """Of all threads of this process, so that other work on the machine does not count."""
    texts = pa.array([letters(size)], pa.large_string())
    begun = process_time()
    encode(texts)
    return process_time() - begun


def too_slow(encode: Callable[[pa.Array], object], sizes: tuple[int, int, int] = LONG) -> bool:
    """Whether the longer text takes too many times as long, twice in a row: other work drives up single times."""
    first, short, long = sizes
    seconds(encode, first)  # what is compiled or built once
    return all(seconds(encode, long) > MOST * max(seconds(encode, short), 1e-4) for _ in range(2))


def ctrl(folder: Path) -> str:
    pieces = [f"{chr(97 + i)}{end}" for i in range(26) for end in ("", "@@", "</w>")]
    files = {
        "vocab.json": json.dumps({piece: i for i, piece in enumerate(["<unk>", *pieces, "th@@"])}),
        "merges.txt": "#version: 0.2\nt h\na n\ni n</w>\n",
    }
    return f"transformers:{write_slow(folder / 'ctrl', {'tokenizer_class': 'CTRLTokenizer'}, files)}"


def ways(name: str, tokenizer: Tokenizer) -> dict[str, Callable[[pa.Array], object]]:
    """The reference, and the fast path where there is one."""
    found: dict[str, Callable[[pa.Array], object]] = {"reference": tokenizer.encode_batch}
    if Accelerator(name, tokenizer).path:
        path = tokenizer.fast_path()
        found["fast path"] = lambda texts: path.encode(texts, False)
    return found


@pytest.mark.parametrize("name", ADAPTERS)
def test_time_grows_with_the_text(name: str, tmp_path: Path) -> None:
    if name == "transformers":
        pytest.importorskip("transformers")
    tokenizer = load_tokenizer(ADAPTERS[name](tmp_path))
    for way, encode in ways(name, tokenizer).items():
        assert not too_slow(encode), way


def test_merging_in_python_is_slow_but_no_square(tmp_path: Path) -> None:
    """CTRL's goes through a word once for each merge that applies, and these are as many as the file has at most."""
    pytest.importorskip("transformers")
    assert not too_slow(load_tokenizer(ctrl(tmp_path)).encode_batch)


REAL = {
    "bytes": "bytes:",
    "chars": "chars:",
    "words": "words:",
    "graphemes": "graphemes:",
    "hf-bytelevel": "hf:{}/gpt2-hf/tokenizer.json",
    "hf-fallback": "hf:{}/llama-2-7b-chat-hf/tokenizer.json",
    "hf-wordpiece": "hf:{}/bert-base-uncased-json/tokenizer.json",
    "hf-unigram": "hf:{}/t5-small-json/tokenizer.json",
    "hf-suffix": "hf:{}/clip-json/tokenizer.json",
    "tiktoken": "tiktoken:{}/cl100k_base/cl100k_base.tiktoken",
    "sentencepiece-bpe": "sentencepiece:{}/llama-2/tokenizer.model",
    "sentencepiece-unigram": "sentencepiece:{}/t5-base/spiece.model",
    "mistral": "mistral:tekken_240911",
    "rwkv": "rwkv:{}/rwkv-world/rwkv_vocab_v20230424.txt",
    **{f"derive-{method}": f"derive:{method}:tiktoken:{{}}/r50k_base/r50k_base.tiktoken" for method in METHODS},
}


@pytest.mark.exhaustive
@pytest.mark.real_data
@pytest.mark.parametrize("name", REAL)
def test_time_grows_up_to_10_mb(name: str, data: Path) -> None:
    tokenizer = load_tokenizer(REAL[name].format(data / "tokenizers"))
    for way, encode in ways(name, tokenizer).items():
        assert not too_slow(encode, (10_000, FULL, LONGER * FULL)), way
