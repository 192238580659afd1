"""The tables beside the results, where they are there: what splits most, what is used most, the vocabularies."""

from __future__ import annotations

from typing import Any

from tokeval.report.values import clean, visible
from tokeval.results.store import Results

#: So many words and tokens of each slice are shown.
LISTED = 10

_WORDS = ("tokenizer", "corpus", "slice", "kind", "rank", "text", "count", "pieces")


def word_data(results: Results, corpus: str) -> dict[str, Any] | None:
    """By slice and tokenizer the words that cost most tokens (text, count, pieces) and the tokens used most.

    From `words.parquet`; None where there is none.
    """
    table = results.beside.get("words")
    if table is None or not set(_WORDS) <= set(table.column_names):
        return None
    names = list(results.about.tokenizers)
    kinds: dict[str, dict[str, list[list[list[Any]]]]] = {}
    columns = [table[name].to_pylist() for name in _WORDS]
    for tokenizer, where, part, kind, rank, text, count, pieces in zip(*columns, strict=True):
        if where == corpus and rank <= LISTED and tokenizer in names:
            lists = kinds.setdefault(part, {}).setdefault(kind, [[] for _ in names])
            lists[names.index(tokenizer)].append([visible(text, 64), count, *([] if pieces is None else [pieces])])
    if not kinds:
        return None
    slices = sorted(kinds)
    return {
        "tokenizers": [clean(name) for name in names],
        "slices": [clean(name) for name in slices],
        "first": slices.index(results.about.pivot) if results.about.pivot in kinds else 0,
        "words": [kinds[part].get("word", []) for part in slices],
        "tokens": [kinds[part].get("token", []) for part in slices],
    }
