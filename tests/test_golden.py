"""Figures that others made, on real tokenizers and real text. Their origin: the README beside the golden files."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import tokeval

pytestmark = pytest.mark.real_data

#: Column of petrov_lengths.csv to the tokenizer that made it.
PETROV = {"LLAMA": "llama-2-7b-chat-hf/tokenizer.json", "GPT-2": "gpt2-hf/tokenizer.json", "ByT5": None, "UTF-32": None}


def values(table: pa.Table, metric: str) -> dict[tuple[str, str], Any]:
    rows = table.filter(pc.equal(table["metric"], metric)).to_pylist()
    return {(row["tokenizer"], row["slice"]): row["value"] for row in rows}


def test_token_counts_of_petrov_et_al(data: Path, golden: Path) -> None:
    yardsticks = {"ByT5": "bytes:", "UTF-32": "chars:"}
    specs = {name: str(data / "tokenizers" / path) for name, path in PETROV.items() if path} | yardsticks
    corpus = {"petrov": str(data / "corpora" / "petrov_documents.parquet")}
    found = values(tokeval.compare(specs, corpus, metrics=["tokens"]), "tokens")
    with (golden / "petrov_lengths.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 204
    for row in rows:
        for name in PETROV:
            assert found[name, row["language"]] == int(row[name]), (name, row["language"])


@pytest.fixture(scope="module")
def scorer(data: Path, golden: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    expected = json.loads((golden / "scorer.json").read_text("utf-8"))
    languages = sorted({key.split("|")[1] for key in expected})
    table = pq.read_table(data / "corpora" / "flores200_devtest.parquet", filters=[("language", "in", languages)])
    path = tmp_path_factory.mktemp("scorer") / "devtest.parquet"
    pq.write_table(table, path)
    return expected, path


@pytest.mark.parametrize("alpha", [0.5, 1.5, 2.0, 2.5, 3.0, 5.0])
def test_renyi_efficiency_of_the_tokenization_scorer(
    scorer: tuple[dict[str, Any], Path], data: Path, alpha: float
) -> None:
    expected, path = scorer
    specs = {name: str(data / "tokenizers" / name) for name in {key.split("|")[0] for key in expected}}
    metric = f"renyi_efficiency:alpha={alpha}"
    name = "renyi_efficiency" if alpha == 2.5 else f"renyi_efficiency:alpha={alpha:g}"
    table = tokeval.compare(specs, {"devtest": str(path)}, metrics=[metric, "tokens", "vocabulary_used"])
    found, tokens, types = (values(table, m) for m in (name, "tokens", "vocabulary_used"))
    for key, figures in expected.items():
        place = tuple(key.split("|"))
        assert tokens[place] == figures["n_tokens"]
        assert types[place] == figures["n_types"]
        assert found[place] == pytest.approx(figures[f"renyi_efficiency(power={alpha})"], abs=1e-9)


def test_shards_give_the_same_bytes_on_real_text(data: Path, tmp_path: Path) -> None:
    from tokeval.engine.figures import make_tables
    from tokeval.engine.local import run
    from tokeval.engine.plan import make_plan
    from tokeval.engine.shard import load_workers
    from tokeval.engine.work import Work

    specs = {"gpt2": str(data / "tokenizers/gpt2-hf"), "bytes": "bytes:"}
    corpus = {"flores": str(data / "corpora/flores200_dev.parquet")}
    plan = make_plan(specs, corpus, baseline="gpt2", pivot="eng_Latn")
    workers = load_workers(plan)
    written = set()
    for shards in (1, 2, 7):
        path = tmp_path / f"{shards}.parquet"
        pq.write_table(make_tables(plan, workers, run(Work(plan, workers, parts=shards)))[0], path)
        written.add(path.read_bytes())
    assert len(written) == 1
