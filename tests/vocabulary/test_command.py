"""`tokeval vocab` as a user runs it."""

from __future__ import annotations

import json
import struct
import subprocess
from collections import defaultdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tokeval
from tests.vocabulary.made import bpe_json, small_bpe
from tokeval.results.store import Results, load_results


def run(*arguments: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(["tokeval", *map(str, arguments)], capture_output=True, text=True, timeout=300)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def sums_equal_the_vocabulary(table: pa.Table) -> None:
    """Every partition of the ids adds up to its row `all`, and that to the number of ids."""
    parts: dict[tuple[str, str], float] = defaultdict(float)
    for row in table.to_pylist():
        if row["metric"] in {"tokens_by_kind", "tokens_by_script", "tokens_by_position", "tokens_by_class"}:
            parts[row["tokenizer"], row["metric"]] += row["value"] * (-1 if row["slice"] == "all" else 1)
    sizes = {name: about.vocabulary_size for name, about in Results.of(table).about.tokenizers.items()}
    assert parts and set(parts.values()) == {0.0}
    for row in table.to_pylist():
        if (row["metric"], row["slice"]) == ("tokens_by_kind", "all"):
            assert row["value"] == sizes[row["tokenizer"]]


def test_a_run_with_everything(tmp_path: Path) -> None:
    path, out = small_bpe(tmp_path / "tokenizer.json"), tmp_path / "out"
    before = path.read_bytes()
    corpus = tmp_path / "c.parquet"
    pq.write_table(pa.table({"text": ["the the the", "a b a b a b"], "language": ["x", "y"]}), corpus)
    done = run("vocab", "-t", f"one=hf:{path}", "-t", "two=bytes:", "-c", f"mine={corpus}", "--qtok", "-o", out)
    assert done.stdout == ""
    names = {
        "results.parquet",
        "run.json",
        "results.csv",
        "results-wide.csv",
        "vocabulary.parquet",
        "vocabulary.md",
        "vocabulary.html",
    }
    assert {p.name for p in out.iterdir()} == names | {"unreachable.csv", "token_use.parquet"}
    tokens = pq.read_table(out / "vocabulary.parquet")
    assert set(tokens["tokenizer"].to_pylist()) == {"one", "two"}
    columns = {"id", "bytes", "text", "kind", "position", "script", "class", "byte_length", "languages", "flags"}
    assert columns | {"reach", "uses", "use_slice", "use_share", "qtok_category", "qtok_languages"} <= set(
        tokens.column_names
    )
    assert {r["use_slice"] for r in tokens.to_pylist() if r["piece"] == "Ġb" or r["piece"] == "b"} <= {"y", None}
    lines = (out / "unreachable.csv").read_text("utf-8").splitlines()
    assert lines[0] == "tokenizer,id,answer,kind,bytes,piece"
    assert "one,14,unreachable,text,7a71,zq" in lines
    sums_equal_the_vocabulary(load_results(out))
    page = (out / "vocabulary.html").read_text("utf-8")
    assert "<script" not in page and "http" not in page.replace("http-equiv", "")
    report = (out / "vocabulary.md").read_text("utf-8")
    for title in ("Kinds", "Scripts", "Languages", "Overlap", "Use in mine", "As Qtok 0.11 has it"):
        assert f"## {title}" in report
    assert "Qtok's Latin table" in report
    assert {r["qtok_languages"] for r in tokens.to_pylist() if r["piece"] == "Ġthe"} <= {"es de en", "en de es"}
    assert path.read_bytes() == before


def test_report_and_gate_work_on_the_folder(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("vocab", "-t", f"one=hf:{small_bpe(tmp_path / 'tokenizer.json')}", "-o", out, "-q")
    first = (out / "vocabulary.md").read_bytes()
    run("report", out, "-f", "vocab", "-f", "md", "-f", "csv", "-f", "html")
    for name in ("report.md", "report.html"):
        shown = (out / name).read_text("utf-8")
        assert "0 documents" not in shown
        assert ", 0 bytes" not in shown
        assert "no text was read" in shown
    assert (out / "vocabulary.md").read_bytes() == first
    rules = tmp_path / "rules.toml"
    rules.write_text('[[rule]]\nmetric = "byte_completeness"\nmin = 0.9\n')
    assert "byte_completeness of one" in run("gate", out, rules, code=1).stdout
    rules.write_text('[[rule]]\nmetric = "tokens_by_kind"\nslice = "special"\nmax = 1\n')
    run("gate", out, rules)


def test_without_a_folder_the_summary_goes_to_stdout(tmp_path: Path) -> None:
    done = run("vocab", "-t", f"one=hf:{small_bpe(tmp_path / 'tokenizer.json')}", "--no-reach")
    assert "one" in done.stdout


def test_a_file_saved_with_escapes_gives_the_same_report(tmp_path: Path) -> None:
    """Escapes change the file's fingerprint and nothing else."""
    vocab = {p: i for i, p in enumerate(["a", "ж", "▁", "▁ж", "<0x41>", "é"])}
    decoder = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    path = bpe_json(tmp_path / "plain.json", vocab, ["▁ ж"], decoder=decoder, pre_tokenizer=decoder)
    escaped = tmp_path / "escaped.json"
    escaped.write_text(json.dumps(json.loads(path.read_text("utf-8"))), "ascii")
    assert escaped.read_bytes() != path.read_bytes()
    tables = [tokeval.vocab({"x": f"hf:{p}"}).drop_columns(["signature"]).to_pylist() for p in (path, escaped)]
    assert tables[0] == tables[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "missing option"),
        (["-t", "x=bytes:", "-t", "x=bytes:"], "given twice"),
        (["-t", "x=chars:"], "has no vocabulary"),
        (["-t", "x=no-such-file.json"], "there is no file"),
        (["-t", "x=bytes:", "-f", "csv"], "no folder"),
        (["-t", "x=bytes:", "-c", "c=no-such.parquet"], "there is no file"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], message: str) -> None:
    done = run("vocab", *arguments, code=2)
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2


def test_an_empty_vocabulary_is_refused(tmp_path: Path) -> None:
    path = bpe_json(tmp_path / "tokenizer.json", {}, [])
    assert "is empty" in run("vocab", "-t", f"x=hf:{path}", code=2).stderr


def test_nothing_is_written_when_a_later_tokenizer_fails(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("vocab", "-t", "x=bytes:", "-t", "y=chars:", "-o", out, code=2)
    assert not out.exists()


def test_the_results_of_another_command_are_not_overwritten(tmp_path: Path) -> None:
    corpus = tmp_path / "c.parquet"
    pq.write_table(pa.table({"text": ["abc"]}), corpus)
    commands = {
        "compare": [
            "compare",
            "--no-cache",
            "-q",
            "-t",
            "x=bytes:",
            "-c",
            f"mine={corpus}",
            "-o",
            tmp_path / "compare",
        ],
        "vocab": ["vocab", "-q", "-t", "x=bytes:", "-o", tmp_path / "vocab"],
    }
    for name, command in commands.items():
        run(*command)
        run(*command)  # its own results give way
        kept = {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        other = commands["vocab" if name == "compare" else "compare"]
        refused = run(*other[:-1], tmp_path / name, code=2)
        assert f"holds the results of tokeval {name}" in refused.stderr
        assert refused.stderr.splitlines()[1:] == ["hint: name another folder with -o"]
        assert {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} == kept


def test_what_has_no_vocabulary_is_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text('{"model": {"type": "BPE"}}')
    assert "broken.json has no" in run("vocab", "-t", f"x=hf:{broken}", code=2).stderr
    assert "'y' has no vocabulary" in run("vocab", "-t", f"x=hf:{broken}", "-t", "y=words:", code=2).stderr


def test_nothing_in_a_vocabulary_is_markup(tmp_path: Path) -> None:
    name = "<script>alert(1)</script>|`x`"
    vocab = {p: i for i, p in enumerate(["=1+1", "a", "<b>", "b"])}
    path, out = bpe_json(tmp_path / "tokenizer.json", vocab, []), tmp_path / "out"
    run("vocab", "-t", f"{name}=hf:{path}", "-t", f"b=hf:{path}", "-o", out, "-q")
    assert "<script" not in (out / "vocabulary.html").read_text("utf-8")
    outside_fences = "".join((out / "vocabulary.md").read_text("utf-8").split("```")[::2])
    assert "alert" in outside_fences
    assert "<script" not in outside_fences
    assert all(not line.endswith(",=1+1") for line in (out / "unreachable.csv").read_text("utf-8").splitlines())


@pytest.mark.real_data
def test_known_truths(data: Path) -> None:
    folder = data / "tokenizers"
    tokens: dict[str, pa.Table] = {}
    table = tokeval.vocab(
        {
            "gpt2": f"hf:{folder / 'gpt2-hf' / 'tokenizer.json'}",
            "llama": f"sentencepiece:{folder / 'llama-2' / 'tokenizer.model'}",
        },
        reach=False,
        tokens=lambda name, _, found: tokens.update({name: found}),
    )
    sums_equal_the_vocabulary(table)
    value = {(r["tokenizer"], r["metric"], r["slice"]): r["value"] for r in table.to_pylist()}
    assert value["gpt2", "byte_completeness", "all"] == 1
    assert value["llama", "tokens_by_kind", "byte"] == 256
    assert value["llama", "tokens_by_kind", "all"] == 32000
    kinds = {r["piece"]: r["kind"] for r in tokens["llama"].select(["piece", "kind"]).to_pylist()}
    assert {kinds[f"<0x{v:02X}>"] for v in range(256)} == {"byte"}
    assert [kinds[p] for p in ("e", "A", "1", "▁the")] == ["text"] * 4


@pytest.mark.real_data
@pytest.mark.exhaustive
def test_sums_equal_the_vocabulary_of_every_tokenizer(data: Path) -> None:
    from tokeval.errors import TokevalError

    done = 0
    for path in sorted((data / "tokenizers").glob("*/*")):
        try:
            tokeval.load_tokenizer(str(path))
        except TokevalError:
            continue  # parts of a tokenizer, such as merges beside their vocabulary
        sums_equal_the_vocabulary(tokeval.vocab({"x": str(path)}, reach=False))
        done += 1
    assert done >= 30


def test_beyond_two_dozen_the_report_names_the_nearest_and_what_it_leaves_out(tmp_path: Path) -> None:
    from tokeval.engine.vocab import vocab
    from tokeval.report.vocabulary import render
    from tokeval.results.store import Results

    spec = f"hf:{small_bpe(tmp_path / 'tokenizer.json')}"
    written = {}
    for count in (24, 25):
        results = Results.of(vocab({f"label-{k:02d}": spec for k in range(count)}, reach=False))
        written[count] = render(results)["vocabulary.md"].decode()
    few, many = written[24], written[25]
    assert "are left out" not in few and "| tokenizer | nearest |" not in few
    assert "are left out" in many and "| label-24 | label-00 | 1.000 | 0 |" in many
    assert len(many.partition("## Overlap")[2].partition("```")[2].partition("```")[0].strip().splitlines()) == 25


@pytest.mark.parametrize("more", [[], ["--no-reach"]])
def test_a_model_that_lists_its_pieces_but_does_not_load(more: list[str], tmp_path: Path) -> None:
    from tokeval.tokenizers.modelproto import read_model

    path = tmp_path / "no_unknown.model"
    piece = b"\x0a\x01a\x15" + struct.pack("<f", -1.0)  # its text and score; the library wants one for the unknown
    path.write_bytes(b"".join([b"\x0a", bytes([len(piece)]), piece]) * 60)
    assert len(read_model(path.read_bytes()).pieces) == 60
    out = tmp_path / "out"
    assert "does not load" in run("vocab", "-t", f"x=sentencepiece:{path}", "-o", out, *more, code=2).stderr
    assert not out.exists()
