"""Every adapter on files made on the spot, and the promises that are known not to be kept.

The conformance suite runs on each, the docs' table of it is written from here, and none may take the square of a text.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.tokenizers import makers
from tokeval.tokenizers.base import Tokenizer
from tokeval.tokenizers.hard import hard_strings

#: Lengths of a text without a space, in bytes.
LONG = (1000, 25_000, 200_000)

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "he", "##llo", "w", "##o", "##r", "##l", "##d"]


@cache
def letters(size: int) -> str:
    """A text without a space."""
    return "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz", k=size))


def ranks(folder: Path) -> str:
    return f"{makers.write_ranks(folder)}@like-cl100k_base"


def write_slow(folder: Path, config: dict[str, object], files: dict[str, str]) -> Path:
    """A folder of a slow tokenizer of transformers."""
    folder.mkdir()
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    for name, content in files.items():
        (folder / name).write_text(content)
    return folder


def rwkv(folder: Path) -> str:
    lines = [f"{v + 1} {bytes([v])!r} 1" for v in range(256)]
    (folder / "rwkv.txt").write_text("\n".join([*lines, "257 'th' 2", "258 'the' 3", "259 'an' 2"]) + "\n")
    return f"rwkv:{folder / 'rwkv.txt'}"


def precomputed(folder: Path) -> str:
    suite = ["one two", "three", "one", "zwei — drei", "四"]
    texts = list(dict.fromkeys([*suite, *hard_strings(), *(letters(size) for size in LONG)]))
    rows = [list(text.encode()) for text in texts]
    ends = [list(range(1, len(row) + 1)) for row in rows]
    columns = {"text": texts, "ids": pa.array(rows, pa.list_(pa.uint32())), "ends": ends}
    pq.write_table(pa.table(columns), folder / "made.parquet")
    return f"precomputed:{folder / 'made.parquet'}"


def word_pieces(folder: Path) -> str:
    made = write_slow(
        folder / "bert", {"tokenizer_class": "BertTokenizerLegacy"}, {"vocab.txt": "\n".join(PIECES) + "\n"}
    )
    return f"transformers:{made}"


class Own(Tokenizer):
    """One class with one method."""

    fingerprint, library = "own-1", "test/1"

    def encode_batch(self, texts: pa.Array) -> pa.Array:
        rows = [None if text is None else list(text.encode()) for text in texts.to_pylist()]
        return pa.array(rows, pa.list_(pa.uint32()))


METHODS = ("longest-prefix", "longest-suffix", "longest-token", "fewest-tokens", "dropout-0.1")
HF = (
    "bytelevel",
    "digits",
    "fallback",
    "wordpiece",
    "wordpiece-cased",
    "unigram",
    "spaces",
    "metaspace",
    "wordlevel",
    "words",
)

ADAPTERS: dict[str, Callable[[Path], str]] = {
    **{name: (lambda _, name=name: f"{name}:") for name in ("bytes", "chars", "words", "graphemes")},
    **{f"hf-{kind}": (lambda folder, kind=kind: f"hf:{makers.write_hf(folder, kind)}") for kind in HF},
    "tiktoken": lambda folder: f"tiktoken:{makers.write_ranks(folder)}@like-cl100k_base",
    **{
        f"sentencepiece-{kind}": (lambda folder, kind=kind: f"sentencepiece:{makers.write_sentencepiece(folder, kind)}")
        for kind in ("bpe", "unigram", "symbols", "bare")
    },
    "mistral-sentencepiece": lambda _: "mistral:tokenizer.model.v1",
    "mistral-tekken": lambda _: "mistral:tekken_240911",
    "transformers": word_pieces,
    "rwkv": rwkv,
    **{
        f"derive-{method}": (lambda folder, method=method: f"derive:{method}:tiktoken:{ranks(folder)}")
        for method in METHODS
    },
    "derive-dropout-merges": lambda folder: f"derive:dropout-0.1:hf:{makers.write_hf(folder, 'bytelevel')}",
    "precomputed": precomputed,
    "python": lambda _: "python:tests.tokenizers.adapters:Own",
}


#: By adapter the checks that it fails, with the exception of each. Hugging Face's Unigram finds its special pieces in
#: plain text, whatever is asked of the library.
GAPS: Mapping[str, Mapping[str, type[BaseException]]] = {
    "hf-unigram": {"special text": AssertionError},
    "hf-spaces": {"special text": AssertionError},
    "hf-metaspace": {"special text": AssertionError},
}
