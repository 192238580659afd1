"""Presets, and that every figure of this area is the same for every sharding, order and batch size."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import ROOT
from tests.probes.helpers import BPE, UNIGRAM, Write, table_of
from tokeval.engine.presets import PRESETS, corpora_of, find_preset, shipped
from tokeval.errors import UsageError
from tokeval.metrics.select import all_metrics

FAMILIES = ["predictability", "numbers", "code", "robustness"]


def demo(rows: int) -> pa.Table:
    table = pq.read_table(ROOT / "corpora" / "demo.parquet").select(["id", "language", "text"])
    code = pa.table(
        {
            "id": [f"code{k}" for k in range(20)],
            "language": ["python"] * 20,
            "text": [f"def f{k}(a):\n    if a > {k * 977}:\n        return a\n" for k in range(20)],
        }
    )
    return pa.concat_tables([table.slice(0, rows).cast(code.schema), code])


@pytest.mark.parametrize("tokenizer", [BPE, UNIGRAM])
def test_sharding_order_and_batches_change_no_bit(tokenizer: str, tmp_path: Path) -> None:
    table = demo(300)
    pq.write_table(table, tmp_path / "whole.parquet")
    backwards = table.take(pa.array(range(table.num_rows - 1, -1, -1)))
    pq.write_table(backwards, tmp_path / "backwards.parquet", row_group_size=17)
    one = table_of(tmp_path / "whole.parquet", FAMILIES, tokenizer).drop(["signature"]).to_pylist()
    other = table_of(tmp_path / "backwards.parquet", FAMILIES, tokenizer).drop(["signature"]).to_pylist()
    assert len(one) > 100
    assert one == other


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_names_metrics_and_corpora_that_exist(name: str) -> None:
    preset = find_preset(name)
    names = {name for m in all_metrics().values() for name in (m.info.family, m.name)}
    assert set(preset.metrics) <= names
    for corpus in preset.corpora:
        assert shipped(corpus).is_file()
    assert preset.corpora or preset.needs


def test_unknown_presets_and_missing_corpora() -> None:
    with pytest.raises(UsageError) as caught:
        find_preset("number")
    assert "numbers" in str(caught.value.hint)
    with pytest.raises(UsageError):
        corpora_of("code")


def compare(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tokeval.cli.main", "compare", "-t", f"bpe={BPE}", "-q", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


def test_compare_takes_a_preset(tmp_path: Path) -> None:
    done = compare("--preset", "numbers", "-o", str(tmp_path / "out"), "--limit", "50", "-m", "bytes")
    assert done.returncode == 0, done.stderr
    table = pq.read_table(tmp_path / "out" / "results.parquet")
    assert {"tokens_per_digit", "tokens", "bytes"} <= set(table["metric"].to_pylist())
    assert set(table["corpus"].to_pylist()) == {"probes"}


@pytest.mark.parametrize("arguments", [["--preset", "nosuch"], ["--preset", "code"]])
def test_misuse(arguments: list[str]) -> None:
    done = compare(*arguments)
    assert done.returncode == 2
    assert "hint:" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_corpus_of_the_user_replaces_the_presets(write_corpus: Write, tmp_path: Path) -> None:
    corpus = write_corpus(text=["x = 1\n"], language=["python"])
    done = compare("--preset", "code", "-c", f"mine={corpus}", "-o", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert "mine" in set(pq.read_table(tmp_path / "out" / "results.parquet")["corpus"].to_pylist())


def test_the_page_on_presets_is_what_the_code_says() -> None:
    import runpy

    script = runpy.run_path(str(ROOT / "docs" / "build_presets.py"))
    assert (ROOT / "docs" / "presets.md").read_text("utf-8") == script["page"]()
