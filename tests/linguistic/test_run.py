"""The command as a user runs it: lexicons, gold files and studies on the demo corpus, and what is wrong with them."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pyarrow.parquet as pq
import pytest

import tokeval
from tests.conftest import ROOT
from tokeval.cli.main import main
from tokeval.errors import UsageError
from tokeval.results.store import load_results
from tokeval.signature import read

LISTS = ROOT / "corpora" / "linguistic"
DEMO = ROOT / "corpora" / "demo.parquet"
WORDPIECE = str(ROOT / "corpora" / "tokenizers" / "demo-wordpiece.json")
WriteCorpus = Callable[..., Path]


@dataclass
class Done:
    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str) -> Done:
    """`tokeval compare` in this process."""
    out, err = io.StringIO(), io.StringIO()
    given = ["tokeval", "compare", *arguments]
    with redirect_stdout(out), redirect_stderr(err), mock.patch.object(sys, "argv", given):
        try:
            main()
        except SystemExit as left:
            return Done(int(left.code or 0), out.getvalue(), err.getvalue())
    raise AssertionError("the command did not exit")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run") / "out"
    command = ["tokeval", "compare", str(ROOT / "configs" / "linguistic.toml"), "-o", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr
    return out


def test_the_demo_shows_every_metric_without_a_download(demo: Path) -> None:
    rows = [row for row in load_results(demo).to_pylist() if row["metric"] != "tokens"]
    assert {row["status"] for row in rows} == {"ok"}
    by_key = {(r["tokenizer"], r["slice"], r["metric"]): r for r in rows}
    assert len(by_key) == len(rows)
    for language in ("tur_Latn", "eng_Latn", "fin_Latn"):
        for name in ("language_token_rate", "pure_token_rate"):
            for suffix in ("", "_occurrence"):
                assert 0 < by_key["demo-unigram", language, name + suffix]["value"] < 1
        assert by_key["ideal", language, "boundary_f1"]["value"] == 1
        assert by_key["byte", language, "morphscore"]["value"] == 1
        for metric in ("boundary_precision", "boundary_recall", "boundary_f1"):
            assert by_key["byte", language, metric]["value"] == by_key["bytes", language, metric]["value"]
            row = by_key["demo-bpe", language, metric]
            assert row["ci_low"] < row["value"] < row["ci_high"]
        assert ("demo-bpe", f"{language}:compound", "boundary_f1") in by_key
        assert 0.9 < by_key["demo-bpe", language, "gold_concatenation_rate"]["value"] < 1


def test_signatures_name_the_lexicon_and_the_gold(demo: Path) -> None:
    table = load_results(demo).to_pylist()
    parts = {(r["metric"], r["slice"]): read(r["signature"]) for r in table}
    lexicons = {parts["pure_token_rate", f"{lang}_Latn"]["lexicon"] for lang in ("tur", "eng", "fin")}
    assert len(lexicons) == 3
    assert parts["boundary_f1", "tur_Latn"]["gold"] != parts["boundary_f1", "eng_Latn"]["gold"]


def test_unique_tokens_come_with_their_verdicts(demo: Path) -> None:
    tokens = pq.read_table(demo / "tokens.parquet").to_pylist()
    figures = {(r["tokenizer"], r["slice"], r["metric"]): r for r in load_results(demo).to_pylist()}
    mine = [t for t in tokens if t["tokenizer"] == "demo-unigram" and t["slice"] == "tur_Latn"]
    assert len({t["bytes"] for t in mine}) == len(mine)
    row = figures["demo-unigram", "tur_Latn", "language_token_rate"]
    assert (sum(t["language_token"] for t in mine), len(mine)) == (row["numerator"], row["denominator"])
    row = figures["demo-unigram", "tur_Latn", "pure_token_rate_occurrence"]
    assert sum(t["count"] for t in mine if t["pure_token"]) == row["numerator"]
    assert sum(t["count"] for t in mine) == row["denominator"]
    verdict = {t["token"]: t for t in mine}["ler"]
    assert verdict["affix"] and not verdict["word"] and verdict["pure_token"]
    assert [t["count"] for t in mine] == sorted((t["count"] for t in mine), reverse=True)


def test_the_run_record_lists_what_was_taken(demo: Path) -> None:
    record = json.loads((demo / "run.json").read_text("utf-8"))
    assert record["linguistic"]["gold"]["eng_Latn"]["left_out"] == 0
    assert record["linguistic"]["lexicons"]["tur_Latn"]["taken"] > 1000


def test_the_library_does_the_same(demo: Path) -> None:
    lexicon = [f"{kind}:{LISTS}/tur.{kind}.txt" for kind in ("words", "roots", "affixes")]
    rows = tokeval.compare({"w": WORDPIECE}, {"demo": str(DEMO)}, lexicons={"tur_Latn": lexicon}).to_pylist()
    mine = {r["metric"]: r["value"] for r in rows if r["slice"] == "tur_Latn"}
    theirs = {
        r["metric"]: r["value"]
        for r in load_results(demo).to_pylist()
        if r["tokenizer"] == "demo-wordpiece" and r["slice"] == "tur_Latn"
    }
    assert mine["language_token_rate"] == theirs["language_token_rate"]
    assert "boundary_f1" not in mine and "tokens" in mine


def test_marks_specials_and_broken_bytes(tmp_path: Path, write_corpus: WriteCorpus) -> None:
    """Bytes that are no text count and are never words; white space at the ends is taken off, empty tokens dropped."""
    corpus = write_corpus(text=["é e e\n"])
    (tmp_path / "w.txt").write_text("e\n", "utf-8")
    rows = tokeval.compare(
        {"b": "bytes:"}, {"c": str(corpus)}, lexicons={"eng": f"words:{tmp_path}/w.txt"}, metrics=["linguistic"]
    ).to_pylist()
    made = {r["metric"]: r for r in rows}
    row = made["language_token_rate"]
    assert (row["slice"], row["reference"], row["numerator"], row["denominator"]) == ("all", "eng", 1, 3)
    row = made["language_token_rate_occurrence"]
    assert (row["numerator"], row["denominator"]) == (2, 4)
    assert made["pure_token_rate"]["status"] == "not_applicable"
    assert "does not know roots and affixes" in made["pure_token_rate"]["reason"]


def test_a_corpus_in_one_language_has_the_figure_in_its_pool(tmp_path: Path, write_corpus: WriteCorpus) -> None:
    corpus = write_corpus(text=["ev", "evler"], language=["tur", "tur"])
    lexicon = {"tur": f"words:{LISTS}/tur.words.txt"}
    rows = tokeval.compare({"w": WORDPIECE}, {"c": str(corpus)}, lexicons=lexicon, metrics=["language_token_rate"])
    assert rows["slice"].to_pylist() == ["tur", "all"]
    assert len(set(rows["value"].to_pylist())) == 1


def test_tokenizers_that_cannot_be_judged_say_why() -> None:
    rows = tokeval.compare(
        {"words": "words:", "chars": "chars:"},
        {"demo": str(DEMO)},
        lexicons={"tur_Latn": f"words:{LISTS}/tur.words.txt"},
        metrics=["language_token_rate"],
    ).to_pylist()
    assert {(r["tokenizer"], r["status"]) for r in rows} == {("words", "not_applicable"), ("chars", "not_applicable")}


def test_a_language_that_the_corpus_does_not_have(tmp_path: Path) -> None:
    out = tmp_path / "out"
    spec = f"words:{LISTS}/tur.words.txt"
    done = run("-t", f"w={WORDPIECE}", "-c", str(DEMO), "--lexicon", f"tur={spec}", "-o", str(out))
    assert done.returncode == 0
    assert "warning: a lexicon was given for 'tur': the corpus has no slice 'tur'" in done.stderr
    assert "did you mean 'tur_Latn'?" in done.stderr
    row = next(r for r in load_results(out).to_pylist() if r["metric"] == "language_token_rate")
    assert (row["status"], row["value"], row["slice"]) == ("undefined", None, "tur")
    assert json.loads((out / "run.json").read_text("utf-8"))["warnings"]


def test_a_lexicon_that_covers_nothing_is_named(tmp_path: Path) -> None:
    (tmp_path / "greek.txt").write_text("άνθρωπος\n", "utf-8")
    done = run("-t", f"w={WORDPIECE}", "-c", str(DEMO), "--lexicon", f"tur_Latn=words:{tmp_path}/greek.txt", "-q")
    assert done.returncode == 0
    assert "warning: the lexicon of 'tur_Latn' covers 0 % of the text" in done.stderr


def test_rows_left_out_are_warned_of(tmp_path: Path) -> None:
    (tmp_path / "gold.tsv").write_text("evler\tev ler\niki söz\tiki söz\n", "utf-8")
    out = tmp_path / "out"
    done = run("-t", f"w={WORDPIECE}", "-c", str(DEMO), "--gold", f"tur={tmp_path}/gold.tsv", "-o", str(out))
    assert (
        "warning: the gold file of 'tur': 1 rows left out, the first at line 2: white space in the word" in done.stderr
    )
    listed = json.loads((out / "run.json").read_text("utf-8"))["linguistic"]["gold"]["tur"]
    assert listed["rows"] == [{"line": 2, "text": "iki söz\tiki söz", "reason": "white space in the word"}]


def test_lexical_decisions(tmp_path: Path) -> None:
    words = [
        f"{'the government would'[: 2 + i].replace(' ', '')},W,{500 + 10 * i + i % 3},0.{99 - i}" for i in range(12)
    ]
    nonwords = [f"{'station' + 'q' * i},N,{700 - 5 * i + i % 2},0.{50 + i}" for i in range(12)]
    (tmp_path / "s.csv").write_text("\n".join(["item,kind,rt,acc", *words, *nonwords]) + "\n", "utf-8")
    columns = "word=item,lexicality=kind,accuracy=acc"
    out = tmp_path / "out"
    study = ("--lexical-decision", f"eng={tmp_path}/s.csv", "--decision-columns", columns)
    bpe = str(ROOT / "corpora" / "tokenizers" / "demo-bpe.json")
    done = run("-t", f"b={bpe}", "-c", str(DEMO), *study, "-o", str(out), "-m", "linguistic")
    assert done.returncode == 0, done.stderr
    rows = {(r["metric"], r["slice"]): r for r in load_results(out).to_pylist()}
    parts = [rows["cognitive_pearson", f"eng:{k}:{o}"] for k in ("words", "nonwords") for o in ("rt", "accuracy")]
    row = rows["cognitive_correlation", "eng"]
    assert row["value"] == pytest.approx(sum(abs(p["value"]) for p in parts) / 4), parts
    assert row["ci_low"] <= row["value"] <= row["ci_high"] and row["n"] == 24


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--lexicon", "tur_Latn"], "--lexicon 'tur_Latn' is not NAME=VALUE"),
        (["--lexicon", "tur=words:none.txt"], "there is no list of words 'none.txt'"),
        (["--lexicon", "a:b=words:none.txt"], "'a:b' is no language"),
        (["--gold", "tur=none.tsv"], "there is no gold file 'none.tsv'"),
        (["--lexical-decision", "tur=none.csv"], "there is no lexical-decision file 'none.csv'"),
        (["-m", "linguistic"], "every metric of linguistic needs an option"),
        (["-m", "boundary_f1"], "boundary_f1 needs a gold"),
        (
            ["--lexical-decision", "tur=x", "--decision-columns", "speed=rt"],
            "no column of a lexical decision is called",
        ),
    ],
)
def test_misuse_is_one_line_and_exit_code_2(arguments: list[str], message: str) -> None:
    done = run("-t", "bytes:", "-c", str(DEMO), *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    lines = done.stderr.strip().split("\n")
    assert sum(message in line and line.startswith("error: ") for line in lines) == 1
    assert len(lines) <= 3 and "Traceback" not in done.stderr


def test_a_yardsticks_name_cannot_be_taken() -> None:
    with pytest.raises(UsageError, match="'ideal' is the name of a yardstick"):
        tokeval.compare({"ideal": "bytes:"}, {"demo": str(DEMO)}, gold={"tur": f"{LISTS}/tur.gold.tsv"})


def test_the_lists_of_this_project_are_whole() -> None:
    from tokeval.metrics.linguistic.gold import load_gold
    from tokeval.metrics.linguistic.lexicon import load_lexicon

    for language in ("tur", "eng", "fin"):
        gold = load_gold(f"{LISTS}/{language}.gold.tsv")
        specs = [f"{kind}:{LISTS}/{language}.{kind}.txt" for kind in ("words", "roots", "affixes")]
        lexicon = load_lexicon(specs, language)
        assert gold.intake.left_out == lexicon.intake.left_out == 0
        assert gold.segmented >= 240 and len(gold.words) < gold.segmented
        assert lexicon.judge(gold.words.to_pylist())["word"].all()
        assert set(gold.categories) == {"inflection", "derivation", "compound"}
        assert all(found.any() for found in gold.categories.values())
