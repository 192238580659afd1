"""Names that would break a format, tables without a value, one of everything, and far too many."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.report.made import SLICES, results, row, small
from tests.report.test_page import NASTY
from tokeval import registry
from tokeval.report.terminal import print_summary
from tokeval.report.values import clean, grids, interval, script_of, shown, visible
from tokeval.results.store import Results
from tokeval.schema import ALL

FORMATS = ("csv", "html", "json", "latex", "md")


def rendered(fmt: str, made: Results) -> dict[str, str]:
    files = registry.find(registry.REPORTS, fmt).load()(made)
    return {name: content.decode() for name, content in files.items()}


def terminal(made: Results) -> str:
    stream = io.StringIO()
    print_summary(made, stream)
    return stream.getvalue()


@pytest.fixture
def nasty() -> Results:
    names = list(NASTY.values())
    rows = [
        row(name, part, "bytes_per_token", float(i), reason="a|b\n<i>")
        for i, name in enumerate(names)
        for part in (ALL, *names)
    ]
    return results(rows, names, corpus=NASTY["script"])


def test_no_markup_gets_into_markdown(nasty: Results) -> None:
    text = re.sub(r"(?<!\\)`[^`\n]*`", "code", rendered("md", nasty)["report.md"])
    assert "<script" not in text
    assert "<img" not in text
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", text)
    assert "x" * 200 not in text
    tables = [line for line in text.splitlines() if line.startswith("| ")]
    cells = [len(re.findall(r"(?<!\\)\|", line)) for line in tables]
    assert cells
    header = 0
    for line, count in zip(tables, cells, strict=True):
        if "tokenizer" in line or "slice" in line or "corpus |" in line:
            header = count
        assert count == header, line


def test_nobody_is_called_from_markdown() -> None:
    made = results([row("@torvalds", ALL, "gini", 1.0)], ["@torvalds"])
    text = rendered("md", made)["report.md"]
    assert "@torvalds" not in re.sub("`[^`\n]*`", "", text)  # in code, nobody is


def test_no_formula_gets_into_csv(nasty: Results) -> None:
    rows = [row(f"{sign}1+1", ALL, "gini", -1.0, reason=f"{sign}cmd()") for sign in "=+-@\t\r"]
    for made in (nasty, results(rows, [r["tokenizer"] for r in rows])):
        for text in rendered("csv", made).values():
            assert "\0" not in text
            for cells in csv.reader(io.StringIO(text)):
                for cell in cells:
                    number = re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", cell)
                    assert number or not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_no_command_gets_into_latex() -> None:
    name = r"\input{/etc/passwd} $x$ 50% #1 a_b ~ ^ & |"
    text = rendered("latex", results([row(name, ALL, "gini", 1.0)], [name]))["tables.tex"]
    assert r"\input" not in text
    assert r"\textbackslash{}input\{/etc/passwd\} \$x\$ 50\% \#1 a\_b" in text


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_compiles_without_a_word_of_complaint(tmp_path: Path) -> None:
    name = r"""\x {$y$} 50% #1 a_b ~ ^ & | "<q>" *z [s]"""
    rows = [row(name, f"{k} {name[:20]}", "gini", 1.0) for k in range(100)]  # more than a page has room for
    files = rendered("latex", results([row(name, ALL, "gini", 1.0), *rows], [name]))
    (tmp_path / "tables.tex").write_text(files["tables.tex"])
    packages = r"\usepackage{booktabs,graphicx,longtable}"
    document = rf"\documentclass{{article}}{packages}\begin{{document}}\input{{tables}}\end{{document}}"
    (tmp_path / "t.tex").write_text(document)
    for _ in range(3):  # until the widths of columns stay
        command = ["pdflatex", "-interaction=nonstopmode", "t.tex"]
        made = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert made.returncode == 0
    assert not re.findall("^!.*|.*Warning.*|.*Overfull .hbox.*", made.stdout, re.MULTILINE)


def test_json_has_no_nan(nasty: Results) -> None:
    made = results([row("a", ALL, "gini", float("nan")), row("a", ALL, "bytes", float("inf"))], ["a"])
    figures = json.loads(rendered("json", made)["results.json"], parse_constant=pytest.fail)["figures"]
    assert [figure["value"] for figure in figures] == [None, None]
    assert json.loads(rendered("json", nasty)["results.json"])["figures"][0]["tokenizer"] == NASTY["script"]


def test_the_terminal_gets_no_escape(nasty: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = terminal(nasty)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "x" * 100 not in text
    from rich.cells import cell_len

    assert max(cell_len(line.rstrip()) for line in text.splitlines()) <= 80


@pytest.mark.parametrize("fmt", FORMATS)
def test_all_statuses_but_ok(fmt: str) -> None:
    rows = [
        row(name, part, "bytes_per_token", None, status=status, reason=f"it is {status}")
        for name, status in (("a", "undefined"), ("b", "not_applicable"), ("c", "error"))
        for part in (ALL, "s", "t")
    ]
    made = results(rows, ["a", "b", "c"])
    for text in rendered(fmt, made).values():
        assert "nan" not in text.lower().replace("nano", "")
    assert terminal(made).count("–") == 3


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("made", [
    results([row("a", ALL, "bytes_per_token", 2.0)], ["a"], slices=1),
    results([], ["a"]),
    results([row("a", part, "bytes_per_token", float("nan"), ci=(1.0, float("inf"))) for part in (ALL, "s")], ["a"]),
    results([row("a", "s", "overlap_jsd", 0.5, reference=r) for r in ("t", "u")], ["a"]),
], ids=["one of each", "no rows", "not a number", "only pairs of slices"])  # fmt: skip
def test_little(fmt: str, made: Results) -> None:
    assert all(rendered(fmt, made).values())
    terminal(made)


def test_three_hundred_tokenizers_fit_into_a_comment() -> None:
    names = [f"tokenizer-{i:03d}-{'x' * 60}" for i in range(300)]
    rows = [row(name, part, "bytes_per_token", 1.0 + i) for i, name in enumerate(names) for part in (ALL, *SLICES)]
    made = results(rows, names)
    text = rendered("md", made)["report.md"]
    assert len(text.encode()) <= 65_536
    assert "more in `run.json`" in text
    assert len(terminal(made).splitlines()) >= 300


def test_what_has_no_room_is_named() -> None:
    slices = [f"s{i:04d}" for i in range(3000)]
    rows = [row("a", part, metric, 1.5) for metric in ("gini", "premium") for part in (ALL, *slices)]
    text = rendered("md", results(rows, ["a"]))["report.md"]
    assert len(text.encode()) <= 65_536
    assert "<details><summary>3001 rows</summary>" in text
    assert "No room here for: premium." in text


def test_long_tables_are_folded_and_short_ones_are_not() -> None:
    assert "rows</summary>" not in rendered("md", small())["report.md"]


def test_numbers() -> None:
    assert [shown(v, "1") for v in (0, 1, 1 / 3, 9999.6, 12345.6, 1e-5, -2.5)] == [
        "0", "1.000", "0.3333", "10,000", "12,346", "1.000e-5", "-2.500"
    ]  # fmt: skip
    assert shown(1234567, "count") == "1,234,567"
    cell = next(c for g in grids(small(), "demo") for c in g.pool if c.low)
    assert interval(cell, "1") == "2.731–2.990"


def test_names() -> None:
    assert clean("a\u202eb\x00c\n") == "a\ufffdb\ufffdc\ufffd"
    assert clean(NASTY["emoji"]) == NASTY["emoji"]
    assert len(clean("x" * 10_000)) == 80
    assert visible(" a\t\u0301") == "·a⇥\u0301"
    assert visible("\u0301") == "◌\u0301"
    assert [script_of(s) for s in ("eng_Latn", "zh-Hans-CN", "tur_Latn/news", "Latin", "news")] == [
        "Latn", "Hans", "Latn", None, None
    ]  # fmt: skip


def test_the_best_is_marked_and_yardsticks_are_not() -> None:
    found = {grid.info.name: grid for grid in grids(small(), "demo")}
    best = {key for key, cell in found["bytes_per_token"].cells.items() if cell.best}
    assert best == {("alpha", ALL), ("alpha", "deu_Latn"), ("be|ta", "eng_Latn"), ("alpha", "jpn_Jpan")}
    assert not any(cell.best for cell in found["bytes"].cells.values())
