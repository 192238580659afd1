"""A tokenizer that fails on a document: the run stops and names both, or counts the document and leaves it out."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.engine.conftest import run_plan
from tests.engine.picky import Picky
from tokeval import compare
from tokeval.engine.plan import make_plan, make_shards
from tokeval.engine.shard import everything, load_workers, run_shard
from tokeval.engine.states import pack, unpack
from tokeval.errors import TokenizerError, UsageError
from tokeval.metrics.skipped import Skipped

PICKY = "python:tests.engine.picky:Picky"
OTHER = "python:tests.engine.picky:AlsoPicky"
ALL_FAMILIES = ("size", "fairness", "information", "fidelity", "predictability", "numbers")


@pytest.fixture
def cleaned(corpus: Path, tmp_path: Path) -> Path:
    """The corpus without the documents on which the tokenizer fails."""
    table = pq.read_table(corpus)
    bad = [text is not None and Picky.fails(text) for text in table["text"].to_pylist()]
    assert 10 < sum(bad) < 300
    path = tmp_path / "cleaned.parquet"
    pq.write_table(table.filter(pa.array([not b for b in bad])), path)
    return path


def figures(table: pa.Table, *names: str) -> list[dict[str, object]]:
    left = ("signature", "corpus")
    return [
        {key: value for key, value in row.items() if key not in left}
        for row in table.to_pylist()
        if row["tokenizer"] in names and not row["metric"].startswith("nsl")
    ]


def test_a_skipped_document_is_in_no_figure(corpus: Path, cleaned: Path) -> None:
    tokenizers = {"picky": PICKY, "bytes": "bytes:"}
    options = {"metrics": ALL_FAMILIES, "pivot": "eng_Latn"}
    skipped = compare(tokenizers, {"mine": str(corpus)}, on_error="skip", **options)  # type: ignore[arg-type]
    without = compare(tokenizers, {"mine": str(cleaned)}, **options)  # type: ignore[arg-type]
    assert figures(skipped, "picky") == figures(without, "picky")
    assert figures(skipped, "bytes") != figures(without, "bytes")


def test_the_run_stops_without_it_and_names_the_way_out(corpus: Path) -> None:
    with pytest.raises(TokenizerError, match="'picky' fails on the document") as caught:
        compare({"picky": PICKY}, {"mine": str(corpus)})
    assert "--on-error skip" in str(caught.value.hint)


def test_what_was_skipped_is_told_everywhere(corpus: Path, cleaned: Path) -> None:
    lost = pq.read_metadata(corpus).num_rows - pq.read_metadata(cleaned).num_rows
    plan = make_plan({"picky": PICKY, "bytes": "bytes:"}, {"mine": str(corpus)}, on_error="skip")
    table, record = run_plan(plan)
    assert record["skipped"] == {"mine": {"picky": lost}}
    assert [line for line in record["warnings"] if line.startswith(f"picky fails on {lost} of the ")]
    signatures = {row["tokenizer"]: row["signature"] for row in table.to_pylist() if row["metric"] == "bytes_per_token"}
    assert f"skipped:{lost}" in signatures["picky"]
    assert "skipped" not in signatures["bytes"]


def test_any_sharding_gives_the_same_table(corpus: Path) -> None:
    plan = make_plan({"picky": PICKY, "bytes": "bytes:"}, {"mine": str(corpus)}, on_error="skip", baseline="bytes")
    first = run_plan(plan, jobs=1)[0]
    assert run_plan(plan, jobs=3, shard_bytes=1000)[0].equals(first)


def rows_of(table: pa.Table, metric: str, tokenizer: str) -> Iterator[dict[str, object]]:
    return (row for row in table.to_pylist() if row["metric"] == metric and row["tokenizer"] == tokenizer)


def test_nsl_is_undefined_where_the_documents_differ(corpus: Path) -> None:
    tokenizers = {"picky": PICKY, "other": OTHER, "same": PICKY, "bytes": "bytes:"}
    table = compare(
        tokenizers, {"mine": str(corpus)}, baseline="picky", on_error="skip", metrics=["nsl", "nsl_document_mean"]
    )
    for name in ("other", "bytes"):  # the first skips as many documents of a slice or not, but never the same
        assert {row["status"] for row in rows_of(table, "nsl", name) if row["slice"] == "all"} == {"undefined"}
    assert {row["value"] for row in rows_of(table, "nsl", "same") if row["slice"] == "all"} == {1.0}
    mean = next(row for row in rows_of(table, "nsl_document_mean", "bytes") if row["slice"] == "all")
    assert mean["status"] == "ok"
    assert mean["value"] == 1.0  # over the documents that both encode, and both count bytes
    assert mean["n"] == mean["denominator"]


def test_states_carry_what_was_skipped(corpus: Path) -> None:
    plan = make_plan({"picky": PICKY}, {"mine": str(corpus)}, on_error="skip")
    workers = load_workers(plan)
    state = run_shard(plan, make_shards(plan)[0], workers)
    facts = {name: encoder.facts for name, encoder in workers.encoders.items()}
    again = unpack(pack(state), everything(workers), facts)
    assert again is not None
    mine, theirs = (s.tokenizers["picky"].others["skipped"] for s in (state, again))
    assert isinstance(mine, Skipped) and isinstance(theirs, Skipped)
    assert mine.total == theirs.total > 0
    assert mine.state().equals(theirs.state())
    both = mine.merge(theirs)
    assert both.total == 2 * mine.total
    assert mine.merge(Skipped()).state().equals(mine.state())


def test_the_cache_tells_stop_from_skip(corpus: Path, tmp_path: Path) -> None:
    named = ({"picky": PICKY}, {"mine": str(corpus)})
    first = run_plan(make_plan(*named, on_error="skip"), cache=tmp_path / "cache")
    again = run_plan(make_plan(*named, on_error="skip"), cache=tmp_path / "cache")
    assert again[1]["cached"] == {"mine": ["picky"]}
    assert again[1]["skipped"] == first[1]["skipped"] != {"mine": {}}
    assert again[0].equals(first[0])
    with pytest.raises(TokenizerError, match="fails on the document"):
        run_plan(make_plan(*named), cache=tmp_path / "cache")


def test_a_tokenizer_that_fails_on_everything_has_no_figures(corpus: Path) -> None:
    table = compare({"never": "python:tests.engine.picky:Never", "b": "bytes:"}, {"m": str(corpus)}, on_error="skip")
    found = {row["slice"]: row for row in rows_of(table, "bytes_per_token", "never")}
    assert {row["status"] for row in found.values()} == {"undefined"}
    assert {"all", "eng_Latn", "jpn_Jpan", "tur_Latn", "amh_Ethi"} <= set(found)
    assert next(rows_of(table, "documents", "never"))["value"] == 0.0


UPPER = "python:tests.engine.picky:PickyOnUpper"


def test_perturbed_texts_that_fail_are_left_out_and_counted(corpus: Path) -> None:
    metrics = ["token_inflation:case_upper", "token_inflation:typo_drop", "prefix_stability"]
    named = ({"upper": UPPER, "bytes": "bytes:"}, {"mine": str(corpus)})
    with pytest.raises(TokenizerError, match="'upper' fails on the document"):
        compare(*named, metrics=metrics)
    plan = make_plan(*named, metrics=metrics, on_error="skip")
    table, record = run_plan(plan)
    rows = {(r["tokenizer"], r["metric"], r["slice"]): r for r in table.to_pylist()}
    upper, every = (rows[name, "token_inflation:case_upper", "all"] for name in ("upper", "bytes"))
    lost = every["n"] - upper["n"]
    assert 0 < lost < every["n"]
    line = f"upper fails on texts that robustness made from documents of mine (case upper {lost}); its figures leave"
    assert [w for w in record["warnings"] if w.startswith(line)]
    assert record["skipped"] == {"mine": {}}
    for metric in ("token_inflation:typo_drop", "prefix_stability"):
        assert rows["upper", metric, "all"]["value"] == rows["bytes", metric, "all"]["value"]
    ethiopic, theirs = (rows[name, "token_inflation:case_upper", "amh_Ethi"] for name in ("upper", "bytes"))
    assert ethiopic["n"] == theirs["n"]  # no letter of it becomes another, or the Latin ones are not there
    assert run_plan(plan, jobs=3, shard_bytes=1000)[0].equals(table)


def test_what_robustness_lost_is_told_from_the_cache_too(corpus: Path, tmp_path: Path) -> None:
    named = ({"upper": UPPER}, {"mine": str(corpus)})
    run_plan(make_plan(*named, metrics=["tokens"], on_error="skip"), cache=tmp_path)
    plan = make_plan(*named, metrics=["tokens", "token_inflation:case_upper"], on_error="skip")
    first, second = (run_plan(plan, cache=tmp_path)[1]["warnings"] for _ in range(2))
    assert first == second
    assert "(case upper " in first[0]


def test_prefixes_that_fail_are_left_out_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "c.parquet"
    pq.write_table(pa.table({"text": [f"the {letter} quick fox, here" for letter in "abcdefg"]}), path)
    plan = make_plan({"t": "python:tests.engine.picky:NoTail"}, {"c": str(path)}, metrics=["prefix_stability"])
    with pytest.raises(TokenizerError, match="'t' fails on the document"):
        run_plan(plan)
    table, record = run_plan(replace(plan, on_error="skip"))
    assert {row["status"] for row in table.to_pylist()} == {"undefined"}
    assert record["warnings"] == [
        "t fails on texts that robustness made from documents of c (after punctuation prefixes 7, before space"
        " prefixes 7, inside word prefixes 7); its figures leave them out"
    ]


def test_gold_words_and_items_that_fail_are_left_out_and_counted(corpus: Path, tmp_path: Path) -> None:
    words = [f"{letter}bc{tail}" for letter in "klmnAZ" for tail in ("lar", "da", "x")]
    made = {}
    for name, kept in (("all", words), ("good", [w for w in words if not w[0].isupper()])):
        gold, study = tmp_path / f"{name}.tsv", tmp_path / f"{name}.csv"
        gold.write_text("".join(f"{w}\t{w[:3]} {w[3:]}\n" for w in kept), "utf-8")
        lines = [f"{w},{'w' if i % 2 else 'n'},{(i * 7) % 5},{(i * 3) % 4}" for i, w in enumerate(words) if w in kept]
        study.write_text("word,lexicality,rt,accuracy\n" + "\n".join(lines), "utf-8")
        plan = make_plan(
            {"upper": UPPER},
            {"mine": str(corpus)},
            metrics=["linguistic"],
            gold={"tur": f"segments:{gold}"},
            lexical_decision={"tur": str(study)},
        )
        made[name] = plan
    with pytest.raises(TokenizerError, match="'upper' fails on the document 'Abc"):
        run_plan(made["all"])
    table, record = run_plan(replace(made["all"], on_error="skip"))
    assert "upper fails on 6 of the 18 gold words of tur; its figures leave them out" in record["warnings"]
    assert "upper fails on 6 of the 18 items of the study of tur; its figures leave them out" in record["warnings"]
    wanted = run_plan(made["good"])[0]
    kept = ("metric", "slice", "value", "n", "numerator", "denominator", "ci_low", "ci_high", "status")
    names = {"boundary_precision", "boundary_recall", "boundary_f1", "morphscore"}
    names |= {"cognitive_correlation", "cognitive_pearson"}
    found, good = (
        [[r[key] for key in kept] for r in t.to_pylist() if r["metric"] in names and r["tokenizer"] == "upper"]
        for t in (table, wanted)
    )
    assert found == good
    assert any(row[-1] == "ok" for row in found)


def test_a_wrong_value_is_refused(corpus: Path) -> None:
    with pytest.raises(UsageError, match="--on-error is 'skpi'") as caught:
        compare({"b": "bytes:"}, {"m": str(corpus)}, on_error="skpi")
    assert "'skip'" in str(caught.value.hint)


@pytest.mark.real_data
def test_the_command_on_a_wordpiece_without_its_unknown_token(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "texts.parquet"
    spec = data / "tokenizers_invalid" / "labse_tiny.json"
    known = [p for p in json.loads(spec.read_text())["model"]["vocab"] if p.isalpha() and p.isascii()][:2]
    texts = [" ".join(known), "zebra ☃", known[0]]
    pq.write_table(pa.table({"text": texts}), path)
    command = ["tokeval", "compare", "--no-cache", "-t", f"tiny={spec}", "-t", "b=bytes:", "-c", f"c={path}"]
    stopped = subprocess.run(command, capture_output=True, text=True, check=False)
    assert stopped.returncode == 2
    assert "'tiny' fails on the document 'zebra ☃'" in stopped.stderr
    out = tmp_path / "out"
    environment = os.environ | {"TOKEVAL_ON_ERROR": "skip"}
    done = subprocess.run(
        [*command, "-o", str(out), "-f", "md", "-f", "html"],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    line = "tiny fails on 1 of the 3 documents of c; its figures leave them out"
    assert line in done.stderr
    assert line in (out / "report.md").read_text("utf-8")
    assert line in (out / "report.html").read_text("utf-8")
    assert json.loads((out / "run.json").read_bytes())["skipped"] == {"c": {"tiny": 1}}
