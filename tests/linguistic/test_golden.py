"""Figures made independently: SIGMORPHON boundaries, MorphScore, and a slow count of %TR and %Pure."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import tokeval
from tests.oracles.linguistic import turkish_rates
from tokeval.engine.tools import EncoderTools
from tokeval.metrics.linguistic import boundaries as b
from tokeval.metrics.linguistic.gold import Gold, load_gold
from tokeval.tokenizers.encode import Encoder

pytestmark = pytest.mark.real_data

TOKENIZERS = {"gpt2": "gpt2-hf", "pythia-12b": "pythia-12b", "llama-2-7b-chat-hf": "llama-2-7b-chat-hf"}
EXACT = 1e-9


@pytest.fixture(scope="module")
def tools(data: Path) -> dict[str, EncoderTools]:
    return {
        name: EncoderTools(Encoder(name, tokeval.load_tokenizer(f"hf:{data}/tokenizers/{folder}/tokenizer.json")))
        for name, folder in TOKENIZERS.items()
    }


@pytest.fixture(scope="module")
def folder(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The gold files as they are published: SIGMORPHON's TSV, MorphScore's CSV."""
    made = tmp_path_factory.mktemp("gold")
    table = pq.read_table(
        data / "lexicons" / "sigmorphon2022_segmentation.parquet",
        filters=[("level", "=", "word"), ("split", "=", "test")],
    )
    for language, rows in _grouped(table.to_pylist()):
        lines = ["\t".join(c for c in (r["word"], r["segmentation"], r["category"]) if c) for r in rows]
        (made / f"{language}.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    for language, rows in _grouped(pq.read_table(data / "lexicons" / "morphscore.parquet").to_pylist()):
        with (made / f"{language}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["word", "pt1", "rest"])
            writer.writerows([r["word"], r["pt1"], r["rest"]] for r in rows)
    return made


def _grouped(rows: list[dict[str, Any]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["language"], []).append(row)
    yield from found.items()


def cases(
    golden: Path, folder: Path, suffix: str, languages: set[str] | None
) -> Iterator[tuple[str, str, Gold, dict[str, Any]]]:
    """What is expected of each tokenizer in each of the languages (all by default), with the gold words."""
    loaded: dict[str, Gold] = {}
    for key, want in json.loads(golden.read_text()).items():
        name, language = key.split("|")
        if languages is None or language in languages:
            gold = loaded.setdefault(language, load_gold(str(folder / f"{language}.{suffix}")))
            yield key, name, gold, want
    assert loaded, f"{golden} has none of {languages}"


@pytest.mark.parametrize("languages", [{"ces", "mon"}, pytest.param(None, marks=pytest.mark.exhaustive)])
def test_sigmorphon_boundaries(
    golden: Path, folder: Path, tools: dict[str, EncoderTools], languages: set[str] | None
) -> None:
    for key, name, gold, want in cases(golden / "sigmorphon_boundary.json", folder, "tsv", languages):
        made = b.compare_words(tools[name].spans(gold.words), gold)
        assert len(gold.words) == want["words"], key
        for parts, field in ((b.precision, "precision"), (b.recall, "recall"), (b.f1, "f1")):
            above, below = parts(made)
            assert above.sum() / below.sum() == pytest.approx(want[field], abs=EXACT, rel=0), (key, field)
        assert int((made.tokens == 1).sum()) == want["single_token_words"], key


@pytest.mark.parametrize(
    "languages", [{"english", "gujarati", "turkish", "zulu"}, pytest.param(None, marks=pytest.mark.exhaustive)]
)
def test_morphscore(golden: Path, folder: Path, tools: dict[str, EncoderTools], languages: set[str] | None) -> None:
    for key, name, gold, want in cases(golden / "morphscore.json", folder, "csv", languages):
        above, below = b.morphscore(b.compare_words(tools[name].spans(gold.words), gold))
        assert above.sum() / below.sum() == pytest.approx(want["offset_based"], abs=EXACT, rel=0), key
        assert (gold.intake.left_out, int(below.sum())) == (want["bad_rows"], want["scored"]), key


@pytest.mark.parametrize(
    ("folder_name", "scheme"),
    [("gpt2-hf", "bytelevel"), ("llama-2-7b-chat-hf", "metaspace"), ("bert-base-uncased-json", "wordpiece")],
)
def test_turkish_rates_equal_a_slow_count(data: Path, tmp_path: Path, folder_name: str, scheme: str) -> None:
    table = pq.read_table(data / "corpora" / "flores200_dev.parquet", filters=[("language", "=", "tur_Latn")])
    pq.write_table(table, tmp_path / "tur.parquet")
    file = data / "tokenizers" / folder_name / "tokenizer.json"
    roots, affixes = (data / "lexicons" / "tur" / f"{kind}_turkish_tokenizer.json" for kind in ("kokler", "ekler"))
    wanted = turkish_rates(file, scheme, table["text"].to_pylist(), roots, affixes)
    found = tokeval.compare(
        {"mine": f"hf:{file}"},
        {"dev": str(tmp_path / "tur.parquet")},
        lexicons={"tur_Latn": [f"roots:{roots}", f"affixes:{affixes}"]},
        metrics=["linguistic"],
    ).to_pylist()
    by_metric = {row["metric"]: row for row in found if row["slice"] == "tur_Latn"}
    for stem in ("language_token_rate", "pure_token_rate"):
        for suffix, weight in (("", "unique"), ("_occurrence", "occurrence")):
            row = by_metric[stem + suffix]
            assert (row["numerator"], row["denominator"]) == wanted[weight]
            assert row["value"] == wanted[weight][0] / wanted[weight][1]
