"""Presets, and that every figure of this area is the same for every sharding, order and batch size."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import tokeval
from tests.conftest import ROOT
from tests.engine.conftest import run_plan
from tests.probes.helpers import BPE, UNIGRAM, WORDPIECE, Write, batch_of, table_of
from tokeval.engine.plan import make_plan
from tokeval.engine.presets import CODE, DEMO, PRESETS, PROBES, corpora_of, find_preset, shipped
from tokeval.errors import UsageError
from tokeval.metrics.code.grammars import LANGUAGES
from tokeval.metrics.code.leaves import parse
from tokeval.metrics.select import all_metrics

#: Forms of each file of the code corpus.
FORMS = {"plain", "crlf", "tabs", "spaces", "broken"}
FAMILIES = ["predictability", "numbers", "code", "robustness"]
#: Metrics that have a value somewhere on the mixed corpus, for every tokenizer.
SHOWN = {
    "bigram_efficiency", "trigram_efficiency", "tokens_per_digit", "number_split_entropy", "operator_isolation_rate",
    "ast_boundary_rate", "identifier_tokens", "indent_tokens", "token_inflation", "boundary_stability",
    "touched_boundary_stability", "segmentation_change", "prefix_stability",
}  # fmt: skip


def mixed(folder: Path, name: str = "mixed", *, backwards: bool = False, row_group_size: int = 17) -> Path:
    """Sentences, numbers and source files in one corpus."""
    parts = [pq.read_table(shipped(corpus)).select(["id", "language", "text"]) for corpus in (DEMO, PROBES, CODE)]
    steps = [part.take(pa.array(range(0, part.num_rows, max(1, part.num_rows // 90)))) for part in parts]
    table = pa.concat_tables([step.cast(steps[0].schema) for step in steps])
    if backwards:
        table = table.take(pa.array(range(table.num_rows - 1, -1, -1)))
    pq.write_table(table, folder / f"{name}.parquet", row_group_size=row_group_size)
    return folder / f"{name}.parquet"


@pytest.mark.parametrize("tokenizer", [BPE, UNIGRAM, WORDPIECE])
def test_shards_and_threads_change_no_byte(tokenizer: str, tmp_path: Path) -> None:
    plan = make_plan({"t": tokenizer, "b": "bytes:"}, {"c": str(mixed(tmp_path))}, metrics=FAMILIES)
    whole = run_plan(plan, jobs=1, shards=1)[0]
    values = whole.filter(pc.equal(whole["status"], "ok"))["metric"].unique().to_pylist()
    assert {name.partition(":")[0] for name in values} >= SHOWN
    pq.write_table(whole, tmp_path / "1.parquet")
    for shards, jobs in ((2, 1), (7, 1), (1, 3), (7, 2)):
        pq.write_table(run_plan(plan, jobs=jobs, shards=shards)[0], tmp_path / "n.parquet")
        assert (tmp_path / "n.parquet").read_bytes() == (tmp_path / "1.parquet").read_bytes()


@pytest.mark.parametrize("tokenizer", [BPE, UNIGRAM])
def test_order_and_batches_change_no_bit(tokenizer: str, tmp_path: Path) -> None:
    corpora = mixed(tmp_path, row_group_size=1000), mixed(tmp_path, "other", backwards=True)
    one, other = (table_of(corpus, FAMILIES, tokenizer).drop(["signature"]).to_pylist() for corpus in corpora)
    assert len(one) > 1000
    assert one == other


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_names_metrics_and_corpora_that_exist(name: str) -> None:
    preset = find_preset(name)
    names = {name for m in all_metrics().values() for name in (m.info.family, m.name)}
    assert set(preset.metrics) <= names
    for corpus in preset.corpora:
        assert shipped(corpus).is_file()
    assert preset.corpora or preset.needs


@pytest.mark.parametrize("name", [name for name in PRESETS if PRESETS[name].corpora])
def test_every_preset_with_corpora_runs_as_it_is(name: str) -> None:
    table = tokeval.compare({"t": BPE}, corpora_of(name), metrics=find_preset(name).metrics, limit=100)
    assert set(table["corpus"].to_pylist()) == set(find_preset(name).corpora)
    assert "error" not in table["status"].to_pylist()
    families = {m.info.family for m in all_metrics().values()} & set(find_preset(name).metrics)
    of = {metric.name: metric.info.family for metric in all_metrics().values()}
    fine = table.filter(pc.equal(table["status"], "ok"))["metric"].to_pylist()
    assert families <= {of.get(metric) for metric in fine}


def test_default_names_the_metrics_that_run_without_a_name(write_corpus: Write) -> None:
    corpus = write_corpus(text=["one 22 three"] * 3)
    default = table_of(corpus, [])["metric"].to_pylist()
    both = table_of(corpus, ["default", "numbers"])["metric"].to_pylist()
    assert table_of(corpus, ["default"])["metric"].to_pylist() == default
    assert both == [*default, *table_of(corpus, ["numbers"])["metric"].to_pylist()]
    assert "tokens_per_digit" not in default


def test_the_code_corpus_is_built_from_its_files() -> None:
    subprocess.run([sys.executable, str(ROOT / "corpora" / "build_code.py"), "--check"], check=True)
    table = pq.read_table(shipped(CODE))
    assert set(table["language"].to_pylist()) == set(LANGUAGES)
    forms = {form: "".join(row["text"] for row in table.to_pylist() if row["id"].endswith(form)) for form in FORMS}
    assert "\r\n" in forms["crlf"]
    assert all("\r" not in forms[form] for form in FORMS - {"crlf"})
    assert "\n\t" in forms["tabs"]
    assert "\n    " not in forms["tabs"]
    assert "\n\t" not in forms["spaces"]


def test_only_the_broken_files_of_the_code_corpus_do_not_parse() -> None:
    rows = pq.read_table(shipped(CODE)).to_pylist()
    found = parse(batch_of([row["text"] for row in rows], [row["language"] for row in rows]))
    assert [bool(errors) for errors in found.errors] == [row["id"].endswith("broken") for row in rows]
    assert (found.errors < found.nodes).all()


def test_unknown_presets_and_missing_corpora() -> None:
    with pytest.raises(UsageError) as caught:
        find_preset("number")
    assert "numbers" in str(caught.value.hint)
    with pytest.raises(UsageError):
        corpora_of("turkish-benchmark")


def compare(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tokeval.cli.main", "compare", "-t", f"bpe={BPE}", "-q", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


def test_compare_takes_a_preset(tmp_path: Path) -> None:
    done = compare("--preset", "numbers", "-o", str(tmp_path / "out"), "--limit", "50", "-m", "bytes")
    assert done.returncode == 0, done.stderr
    table = pq.read_table(tmp_path / "out" / "results.parquet")
    assert {"tokens_per_digit", "tokens", "bytes"} <= set(table["metric"].to_pylist())
    assert set(table["corpus"].to_pylist()) == {"probes"}


@pytest.mark.parametrize("arguments", [["--preset", "nosuch"], ["--preset", "turkish-benchmark"]])
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
