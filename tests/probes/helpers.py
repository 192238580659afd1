"""Views made by hand: documents whose tokens are written out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

import tokeval
from tests.conftest import ROOT
from tokeval.arrow import hash_texts, text_array
from tokeval.corpus.units import count_units
from tokeval.metrics.base import View
from tokeval.schema import Batch, Encoding, TokenizerFacts

BPE = str(ROOT / "corpora/tokenizers/demo-bpe.json")
UNIGRAM = str(ROOT / "corpora/tokenizers/demo-unigram.model")
WORDPIECE = str(ROOT / "corpora/tokenizers/demo-wordpiece.json")


def batch_of(texts: Sequence[str], slices: Sequence[str] | None = None) -> Batch:
    array = text_array(list(texts))
    names = tuple(dict.fromkeys(slices or ["all"]))
    codes = np.array([names.index(s) for s in slices] if slices else [0] * len(texts), np.int32)
    units, words = count_units(array)
    return Batch(array, names, codes, hash_texts(array), False, units, words)


def view_of(texts: Sequence[str], tokens: Sequence[Sequence[tuple[int, int]]], unknown: int | None = None) -> View:
    """A view whose tokens are character ranges; a token that covers a `?` is the unknown token 0, others count up."""
    starts, ends, ids, offsets = [], [], [], [0]
    for text, spans in zip(texts, tokens, strict=True):
        for low, high in spans:
            starts.append(len(text[:low].encode()))
            ends.append(len(text[:high].encode()))
            ids.append(0 if "?" in text[low:high] else len(ids) + 1)
        offsets.append(len(ids))
    facts = TokenizerFacts(unknown_id=unknown, capabilities=frozenset({"ids", "spans"}))
    encoding = Encoding(
        np.array(ids, np.uint32),
        np.array(offsets, np.int64),
        facts,
        np.array(starts, np.int32),
        np.array(ends, np.int32),
    )
    return View(batch_of(texts), encoding)


def pieces(*parts: str) -> tuple[str, list[tuple[int, int]]]:
    """The text that the parts spell, and their character ranges."""
    spans, at = [], 0
    for part in parts:
        spans.append((at, at + len(part)))
        at += len(part)
    return "".join(parts), spans


Rows = dict[tuple[str, str], dict[str, Any]]


def figures(corpus: object, metrics: Sequence[str], tokenizer: str = BPE, **options: Any) -> Rows:
    table = tokeval.compare({"t": tokenizer}, {"c": str(corpus)}, metrics=list(metrics), **options)
    return {(row["metric"], row["slice"]): row for row in table.to_pylist()}


def table_of(corpus: object, metrics: Sequence[str], tokenizer: str = BPE, **options: Any) -> pa.Table:
    return tokeval.compare({"t": tokenizer}, {"c": str(corpus)}, metrics=list(metrics), **options)


Write = Callable[..., Any]
