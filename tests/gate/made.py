"""Result tables made by hand: every figure is what the test says, and nothing is computed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tokeval import signature
from tokeval.gate.rules import Rules, read_rules
from tokeval.results.about import About, CorpusAbout, TokenizerAbout
from tokeval.results.store import Results
from tokeval.schema import MetricInfo, result_schema

#: name -> unit, direction; `distance` has a figure per pair
METRICS = {
    "bytes_per_token": ("bytes/token", "higher"),
    "distance": ("1", "lower"),
    "premium": ("1", "lower"),
    "tokens": ("count", "neither"),
    "tokens_per_word": ("tokens/word", "lower"),
}


def row(metric: str, tokenizer: str, slice: str, value: float | None, **more: Any) -> dict[str, Any]:
    """One figure; `signature_parts` changes its signature, every other keyword a column."""
    parts = {"tokeval": "1", "metric": f"{metric}.1", "tokenizer": tokenizer, "corpus": "feed", "slice": slice}
    parts |= more.pop("signature_parts", {})
    filled = dict.fromkeys(result_schema().names) | {
        "tokenizer": tokenizer,
        "corpus": "c",
        "slice": slice,
        "metric": metric,
        "value": value,
        "unit": METRICS.get(metric, ("1", ""))[0],
        "n": 10,
        "status": "ok",
    }
    return filled | more | {"signature": signature.write(parts)}


def results(rows: Iterable[Mapping[str, Any]], tokenizers: Sequence[str] = ("a", "b"), **about: Any) -> Results:
    """Results of tokenizers (one called `bytes` is a yardstick) on the corpus `c`."""
    described = {t: TokenizerAbout(f"{t}:", t, "lib/1", 100, t == "bytes") for t in tokenizers}
    infos = [
        MetricInfo(name, "f", unit, direction, "d", pairs=name == "distance")
        for name, (unit, direction) in METRICS.items()
    ]
    corpora = about.pop("corpora", {"c": CorpusAbout("feed", 10, 100, 2, ["language"])})
    made = About("1", described, corpora, infos, **about)
    schema = result_schema().with_metadata(made.to_metadata())
    return Results.of(pa.Table.from_pylist([dict(r) for r in rows], schema=schema))


def write_run(folder: Path, made: Results, **record: Any) -> Path:
    """A results folder as `tokeval compare` leaves it."""
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(made.table, folder / "results.parquet")
    (folder / "run.json").write_text(json.dumps({"complete": True} | record))
    return folder


def rules(folder: Path, text: str) -> Rules:
    """The rules in a text, read from a file as always."""
    path = folder / "rules.toml"
    path.write_text(text, "utf-8")
    return read_rules(path)
