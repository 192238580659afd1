"""The installed command, as a person uses and misuses it."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import ROOT
from tokeval import __version__
from tokeval.cli.main import main

DEMO = str(ROOT / "corpora" / "demo.parquet")
BPE = str(ROOT / "corpora" / "tokenizers" / "demo-bpe.json")
UNIGRAM = str(ROOT / "corpora" / "tokenizers" / "demo-unigram.model")

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """The command within this process (starting one anew for every misuse would take minutes)."""
    monkeypatch.chdir(tmp_path)

    def start(*arguments: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(sys, "argv", ["tokeval", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capfd.readouterr()
        assert left.value.code == code, err + out
        return subprocess.CompletedProcess(arguments, code, out, err)

    return start


@pytest.fixture
def command(tmp_path: Path) -> Run:
    """The installed command in a process of its own."""
    found = shutil.which("tokeval", path=str(Path(sys.executable).parent)) or shutil.which("tokeval")
    assert found

    def start(*arguments: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [found, *map(str, arguments)], capture_output=True, text=True, cwd=tmp_path, encoding="utf-8"
        )
        assert done.returncode == code, done.stderr + done.stdout
        assert "Traceback" not in done.stderr + done.stdout
        return done

    return start


def test_version_and_help(run: Run, command: Run) -> None:
    assert command("--version").stdout == f"tokeval {__version__}\n"
    for command in ("compare", "report", "gate", "list"):
        assert command in run("--help").stdout
        assert "--help" in run(command, "--help").stdout


def test_compare_writes_everything_at_once(command: Run, tmp_path: Path) -> None:
    done = command(
        "compare", "-t", f"bpe={BPE}", "-t", "bytes=bytes:", "-c", f"demo={DEMO}", "--slice-by", "language",
        "--baseline", "bpe", "--pivot", "eng_Latn", "-o", "out",
    )  # fmt: skip
    out = tmp_path / "out"
    assert done.stdout == ""
    tables = ["frequencies.parquet", "results.parquet", "samples.parquet", "sums.parquet", "words.parquet"]
    assert sorted(p.name for p in out.iterdir()) == sorted(
        ["report.md", "results.csv", "results-wide.csv", "run.json", *tables]
    )
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out"]
    table = pq.read_table(out / "results.parquet")
    record = json.loads((out / "run.json").read_text("utf-8"))
    assert record["complete"] is True
    assert record["about"]["corpora"]["demo"]["documents"] == 1856
    with (out / "results.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == table.num_rows
    premiums = {r["slice"]: float(r["value"]) for r in rows if (r["tokenizer"], r["metric"]) == ("bpe", "premium")}
    assert premiums["eng_Latn"] == 1.0
    report = (out / "report.md").read_text("utf-8")
    for part in ("# Tokenizer comparison", "| bpe |", "## How it was made", "tokenizer:", "Definitions"):
        assert part in report


def test_the_table_goes_to_stdout_without_a_folder(run: Run) -> None:
    done = run("compare", "-t", f"bpe={BPE}", "-c", DEMO, "--limit", "100")
    assert "bpe" in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines())


def test_quiet_says_nothing(run: Run) -> None:
    done = run("compare", "-t", "b=bytes:", "-c", DEMO, "-o", "out", "--quiet")
    assert (done.stdout, done.stderr) == ("", "")


def test_config_environment_and_command_line(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "conf").mkdir()
    shutil.copy(DEMO, tmp_path / "conf" / "demo.parquet")
    (tmp_path / "conf" / "c.toml").write_text(
        'seed = 1\npivot = "deu_Latn"\noutput = "results"\n[tokenizers]\nb = "bytes:"\n[corpora]\nd = "demo.parquet"\n'
    )
    run("compare", "conf/c.toml", "--quiet")
    about = json.loads((tmp_path / "conf" / "results" / "run.json").read_text("utf-8"))["about"]
    assert (about["seed"], about["pivot"]) == (1, "deu_Latn")
    monkeypatch.setenv("TOKEVAL_PIVOT", "fra_Latn")
    monkeypatch.setenv("TOKEVAL_SEED", "2")
    run("compare", "conf/c.toml", "--quiet", "--seed", "3", "-o", "other")
    about = json.loads((tmp_path / "other" / "run.json").read_text("utf-8"))["about"]
    assert (about["seed"], about["pivot"]) == (3, "fra_Latn")


def test_the_page_on_configuration_lists_every_key_and_variable() -> None:
    spec = importlib.util.spec_from_file_location("build_config", ROOT / "docs" / "build_config.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    page = (ROOT / "docs" / "config.md").read_text("utf-8")
    assert page == module.page(), "run: python docs/build_config.py"
    read = {
        name
        for path in (ROOT / "tokeval").rglob("*.py")
        for name in re.findall(r"TOKEVAL_\w+", path.read_text("utf-8"))
    }
    assert read == set(re.findall(r"TOKEVAL_\w+", page))


DEFAULTS = {
    ("compare",): {
        "--text-column": "text", "--slice-by": "language, where there is one", "--id-column": "id, where there is one",
        "--words": "whitespace", "--seed": "0", "--accelerate": "accelerate", "--cache-mb": "1024",
        "--on-error": "stop", "--jobs": "all", "--ray-address": "a local one", "--format": "md, csv",
    },
    ("vocab",): {"--slice-by": "language, where there is one", "--format": "vocab, csv"},
    ("report",): {"--format": "md, csv", "--output": "DIR"},
    ("corpus", "info"): {"--slice-by": "language, where there is one", "--id-column": "id, where there is one"},
    ("corpus", "build"): {"--from": "by their names"},
}  # fmt: skip


@pytest.mark.parametrize("command", DEFAULTS, ids=" ".join)
def test_help_shows_defaults_that_are_told_in_words(
    run: Run, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    shown = re.sub(r"[\s│]+", " ", run(*command, "--help").stdout)
    for option, default in DEFAULTS[command].items():
        told = re.search(rf" {option} .*?\[default: \(?(.*?)\)?\]", shown)
        assert told is not None and told[1] == default


def test_report_renders_again(run: Run, tmp_path: Path) -> None:
    run("compare", "-t", f"bpe={BPE}", "-c", f"demo={DEMO}", "-o", "out", "-q")
    first = {name: (tmp_path / "out" / name).read_bytes() for name in ("report.md", "results.csv")}
    for name in (*first, "run.json"):
        (tmp_path / "out" / name).unlink()
    run("report", "out")
    assert {name: (tmp_path / "out" / name).read_bytes() for name in first} == first


RULES = {
    "holds": ('metric = "round_trip_rate"\nmin = 1', 0, "gate passed"),
    "below": ('metric = "bytes_per_token"\nmin = 100', 1, "at least 100"),
    "above": ('metric = "tokens"\nslice = "*_Latn"\nmax = 1', 1, "at most 1"),
    "no figure": ('metric = "tokens"\nslice = "xxx"\nmax = 1', 1, "no such figure"),
    "without value": ('metric = "tokens_per_word"\nmax = 9', 1, "not_applicable"),
}


@pytest.mark.parametrize("case", RULES)
def test_gate(run: Run, tmp_path: Path, case: str) -> None:
    rule, code, said = RULES[case]
    run("compare", "-t", f"bpe={BPE}", "-c", f"demo={DEMO}", "-o", "out", "-q")
    (tmp_path / "rules.toml").write_text(f"[[rule]]\n{rule}\n")
    assert said in run("gate", "out", "rules.toml", code=code).stdout
    one = run("compare", "-t", f"bpe={BPE}", "-c", f"demo={DEMO}", "-o", "o2", "-q", "--gate", "rules.toml", code=code)
    assert said in one.stdout


def test_errors_of_the_installed_command(command: Run) -> None:
    done = command("compare", "-t", "a=nothing.json", *C, code=2)
    assert done.stderr.splitlines()[0] == "error: there is no file nothing.json"
    assert "no such option" in command("compare", "--limmit", "1", code=2).stderr.lower()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a file that is always full is of Linux")
@pytest.mark.parametrize("arguments", [["--version"], ["list", "metrics"]])  # a line at the end, and more than a buffer
def test_a_full_disk_behind_standard_output_is_one_line(arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "tokeval.cli.main", *arguments], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 2
    assert done.stderr == "error: No space left on device\n"


ENOUGH = ["--help"], ["list", "metrics"], ["corpus", "info", str(DEMO)], ["check", "-t", "b=bytes:"]


@pytest.mark.parametrize("unbuffered", ["", "1"])  # the pipe is found broken by a flush at the end, or by a line
@pytest.mark.parametrize("arguments", ENOUGH, ids=" ".join)
def test_a_reader_that_has_read_enough_is_no_error(arguments: list[str], unbuffered: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tokeval.cli.main", *arguments],
        stdout=(ended := _ended_pipe()),
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
    )
    os.close(ended)
    assert done.returncode == 0
    assert not done.stderr


@pytest.mark.parametrize("width", ["x", "", "0", "-5", "40"])
def test_any_width_will_do(run: Run, width: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", width)
    lines = run("compare", "-t", f"bpe={BPE}", "-c", f"demo={DEMO}", "-m", "tokens", "-q").stdout.splitlines()
    assert lines
    assert max(map(len, lines)) <= (40 if width == "40" else 80)


def _ended_pipe() -> int:
    read, write = os.pipe()
    os.close(read)
    return write


def test_lists(run: Run) -> None:
    assert "sentencepiece" in run("list", "tokenizers").stdout
    assert "nsl" in run("list", "metrics").stdout
    assert "md" in run("list", "reports").stdout
    assert "local" in run("list", "engines").stdout


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Tokenizer files that are not what they should be, and configurations with slips."""
    (tmp_path / "broken.json").write_text('{"model": {')
    (tmp_path / "other.json").write_text('{"a": 1}')
    (tmp_path / "fake.model").write_text("just some text\nand more\n")
    (tmp_path / "pointer.json").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    (tmp_path / "pickle.json").write_bytes(pickle.dumps({"a": 1}))
    (tmp_path / "empty.model").write_bytes(b"")
    (tmp_path / "cut.model").write_bytes(Path(UNIGRAM).read_bytes()[:5000])
    (tmp_path / "ranks.tiktoken").write_text("YQ== 0\nYg== 1\n")
    (tmp_path / "cut.json").write_text('{"version": "1.0", "truncation": null, "model": {"type": "BPE", "vo')
    (tmp_path / "part.json").write_text('{"version": "1.0", "truncation": null, "padding": null}')
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x")
    (tmp_path / "unknown.toml").write_text("[tokenizer]\na = 'bytes:'\n")
    (tmp_path / "type.toml").write_text("seed = 'x'\n")
    (tmp_path / "text.toml").write_text("limit = '5'\n")
    (tmp_path / "run.parquet").write_bytes(b"")
    (tmp_path / "syntax.toml").write_text("seed = \n")
    (tmp_path / "norule.toml").write_text("")
    (tmp_path / "slip.toml").write_text("[[rule]]\nmetric = 'nsl'\nmaxx = 1\n")
    (tmp_path / "metric.toml").write_text("[[rule]]\nmetric = 'token'\nmax = 1\n")
    (tmp_path / "word.toml").write_text("[[rule]]\nmetric = 'tokens'\nmin = '1'\n")
    (tmp_path / "true.toml").write_text("[[rule]]\nmetric = 'tokens'\nmax_rank = true\n")
    (tmp_path / "never.toml").write_text("[[rule]]\nmetric = 'tokens'\nmin = 2\nmax = 1\n")
    pq.write_table(pa.table({"text": pa.array([None, None], pa.string())}), tmp_path / "nulls.parquet")
    return tmp_path


C = ("-c", f"demo={DEMO}")
T = ("-t", f"bpe={BPE}")
BAD: dict[str, tuple[tuple[str, ...], str, str | None]] = {
    "no tokenizer": (("compare", *C), "no tokenizer was named", "-t NAME=SPEC"),
    "no corpus": (("compare", *T), "no corpus was named", "-c NAME=PATH"),
    "missing tokenizer": (("compare", "-t", "a=nothing.json", *C), "there is no file nothing.json", None),
    "unknown backend": (("compare", "-t", "a=hff:x", *C), "there is no tokenizer 'hff'", "'hf'"),
    "name twice": (("compare", *T, *T, *C), "given twice", None),
    "corpus twice": (("compare", *T, *C, *C), "given twice", None),
    "empty name": (("compare", "-t", "=bytes:", *C), "not NAME=VALUE", None),
    "broken JSON": (("compare", "-t", "a=hf:broken.json", *C), "broken or truncated JSON", None),
    "other JSON": (("compare", "-t", "a=hf:other.json", *C), "not a tokenizer.json", None),
    "cut JSON": (("compare", "-t", "a=cut.json", *C), "broken or truncated JSON", None),
    "JSON without a model": (("compare", "-t", "a=part.json", *C), "but not a tokenizer.json", None),
    "another kind": (("compare", "-t", f"a=hf:{UNIGRAM}", *C), "looks like a SentencePiece model", "sentencepiece:"),
    "text as model": (("compare", "-t", "a=sentencepiece:fake.model", *C), "looks like plain text", None),
    "LFS pointer": (("compare", "-t", "a=pointer.json", *C), "Git LFS pointer", "git lfs pull"),
    "pickle": (("compare", "-t", "a=pickle.json", *C), "pickle, which is never loaded", None),
    "empty model": (("compare", "-t", "a=sentencepiece:empty.model", *C), "an empty file", None),
    "cut model": (("compare", "-t", "a=sentencepiece:cut.model", *C), "cut.model", None),
    "unknown ranks": (("compare", "-t", "a=tiktoken:ranks.tiktoken", *C), "pattern cannot be told", "@like-"),
    "wrong hash": (("compare", "-t", "a=tiktoken:ranks.tiktoken@cl100k_base", *C), "is not cl100k_base", "like"),
    "unknown pattern": (("compare", "-t", "a=tiktoken:ranks.tiktoken@cl100", *C), "no known pattern", "cl100k"),
    "folder without tokenizer": (("compare", "-t", "a=folder", *C), "holds no tokenizer.json", None),
    "yardstick with more": (("compare", "-t", "a=bytes:x", *C), "takes nothing after the colon", None),
    "unknown metric": (("compare", *T, *C, "-m", "token_per_word"), "no metric", "tokens_per_word"),
    "unknown parameter": (("compare", *T, *C, "-m", "renyi_efficiency:a=1"), "no parameter 'a'", "alpha"),
    "no value": (("compare", *T, *C, "-m", "renyi_efficiency:alpha=x"), "no value for alpha", None),
    "needs a baseline": (("compare", *T, *C, "-m", "nsl"), "needs a baseline", "--baseline"),
    "needs a pivot": (("compare", *T, *C, "-m", "premium"), "needs a pivot", "--pivot"),
    "unknown baseline": (("compare", *T, *C, "--baseline", "bp"), "no tokenizer of this run", "'bpe'"),
    "unknown segmenter": (("compare", *T, *C, "--words", "spaces"), "no word segmenter", None),
    "unknown engine": (("compare", *T, *C, "--engine", "loca"), "there is no engine", "'local'"),
    "unknown format": (("compare", *T, *C, "-o", "out", "-f", "mdx"), "there is no report", "'md'"),
    "zero limit": (("compare", *T, *C, "--limit", "0"), "the limit of rows is 0", None),
    "limit of words": (("compare", *T, *C, "--limit", "many"), "limit", "--help"),
    "unknown option": (("compare", *T, *C, "--limmit", "1"), "no such option", "--help"),
    "output is a file": (("compare", *T, *C, "-o", "file"), "is a file", "-o"),
    "report without folder": (("compare", *T, *C, "-f", "md"), "no folder for the reports", "-o DIR"),
    "all null": (("compare", *T, "-c", "n=nulls.parquet", "-o", "out"), "every document is null", None),
    "config unknown key": (("compare", "unknown.toml"), "unknown key 'tokenizer'", "'tokenizers'"),
    "config wrong type": (("compare", "type.toml"), "seed", None),
    "config syntax": (("compare", "syntax.toml"), "is not TOML", None),
    "config missing": (("compare", "nothing.toml"), "there is no file", None),
    "no results": (("report", "folder"), "there is no", None),
    "negative seed": (("compare", *T, *C, "--seed", "-1"), "--seed is -1", None),
    "nameless pivot": (("compare", *T, *C, "--pivot", ""), "the pivot has no name", "--pivot"),
    "columns and none": (("compare", *T, *C, "--slice-by", "language,none"), "names columns and none", None),
    "verdict without a gate": (("compare", *T, *C, "--junit", "j.xml"), "--junit is for a gate", "--gate"),
    "baseline without a gate": (("compare", *T, *C, "--gate-baseline", "b"), "is for a gate", "--gate"),
    "config of another type": (("compare", "text.toml"), "limit", None),
    "diff of a tokenizer": (("diff", BPE), "is no results folder", "two"),
    "diff of a run and none": (("diff", "run.parquet", "nowhere"), "nowhere is none", None),
    "options of versions": (("diff", "run.parquet", "--fail-on", "ids"), "--fail-on is for two versions", "run."),
    "options of runs": (("diff", BPE, UNIGRAM, "-m", "tokens"), "-m is for two runs", None),
    "diff of no rows": (("diff", BPE, UNIGRAM, *C, "--limit", "0"), "the limit of rows is 0", None),
    "parallel documents": (
        ("corpus", "build", "x", "-o", "o.parquet", "--parallel", "--language", "x"), "by their names", None
    ),
    "no such list": (("list", "metric"), "no list of 'metric'", "'metrics'"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_misuse_is_one_line_and_a_hint(run: Run, files: Path, case: str) -> None:
    arguments, message, hint = BAD[case]
    before = sorted(files.iterdir())
    done = run(*arguments, code=2)
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    hints = [line for line in done.stderr.splitlines() if line.startswith("hint: ")]
    assert len(errors) == 1
    assert message.lower() in errors[0].lower()
    if hint is not None:
        assert len(hints) == 1
        assert hint in hints[0]
    assert done.stdout == ""
    assert sorted(files.iterdir()) == before, "something was left behind"


GATES = {
    "empty rules": ("norule.toml", "rule"),
    "slip": ("slip.toml", "unknown key"),
    "unknown metric": ("metric.toml", "no metric 'token'"),
    "a word for a number": ("word.toml", "rule.0.min"),
    "true for a rank": ("true.toml", "rule.0.max_rank"),
    "contradiction": ("never.toml", "no figure can pass"),
    "missing": ("nothing.toml", "there is no file"),
}


@pytest.mark.parametrize("case", GATES)
def test_rules_that_cannot_be_applied(run: Run, files: Path, case: str) -> None:
    name, message = GATES[case]
    run("compare", "-t", "b=bytes:", *C, "-o", "out", "-q")
    assert message in run("gate", "out", name, code=2).stderr


def test_a_pivot_that_no_corpus_has_is_said(run: Run) -> None:
    done = run("compare", *T, *C, "--pivot", "eng_Latin", "-m", "premium", "-o", "out")
    assert "warning: demo has no slice 'eng_Latin' to be the pivot; did you mean 'eng_Latn'?" in done.stderr


def test_a_gate_that_reads_no_baseline_says_so(run: Run, tmp_path: Path) -> None:
    run("compare", *T, *C, "-o", "out", "-q")
    (tmp_path / "rules.toml").write_text("[[rule]]\nmetric = 'tokens'\nmin = 1\n")
    done = run("gate", "out", "rules.toml", "--baseline", "nowhere", "--json", "v.json")
    assert "no rule compares with another run, so nowhere was not read" in done.stderr
    assert json.loads((tmp_path / "v.json").read_text())["baseline"] is None
    update = ("gate", "out", "rules.toml", "--baseline", "b.json", "--update-baseline")
    assert "no verdict to write" in run(*update, "--junit", "x.xml", code=2).stderr
    (tmp_path / "rules.toml").write_text("[[rule]]\nmetric = 'tokens'\ntokenizer = 'gone'\nmax_change = 1\n")
    assert "no figure that a rule" in run(*update, code=2).stderr
    assert not (tmp_path / "b.json").exists()


def test_names_in_lists_are_whole_where_nobody_reads(run: Run) -> None:
    lines = run("list", "metrics").stdout.splitlines()
    assert [line for line in lines if " tokens_per_document_p95 " in line]
    assert len(lines) > 60


def test_null_texts_are_counted_and_said(run: Run, tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["a", None, "b c"], "language": ["x", "x", "y"]}), tmp_path / "n.parquet")
    run("compare", "-t", "b=bytes:", "-c", "n=n.parquet", "-o", "out")
    assert "1 null texts were left out" in (tmp_path / "out" / "report.md").read_text("utf-8")
    about = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))["about"]
    assert about["corpora"]["n"]["nulls"] == {"x": 1}


def test_cells_cannot_start_a_formula(run: Run, tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["a", "b"], "language": ["=1+1", "@x"]}), tmp_path / "f.parquet")
    run("compare", "-t", "-b=bytes:", "-c", "f=f.parquet", "-o", "out")
    with (tmp_path / "out" / "results.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["slice"] for row in rows} == {"all", "macro", "'=1+1", "'@x"}
    assert {row["tokenizer"] for row in rows} == {"'-b"}
