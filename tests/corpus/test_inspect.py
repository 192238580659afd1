"""`tokeval corpus info` and `validate`: counts against a plain count, and what is wrong is said."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from tokeval.corpus.inspect import inspect_corpus
from tokeval.corpus.source import open_corpus


def tokeval(*arguments: str, code: int = 0) -> str:
    done = subprocess.run([sys.executable, "-m", "tokeval.cli.main", *arguments], capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


@pytest.fixture
def mixed(write_corpus: Callable[..., Path]) -> Path:
    return write_corpus(
        row_group_size=3,
        id=["1", "2", "3", "1", "2", "2", "9"],
        language=["eng", "eng", "eng", "tur", "tur", "tur", "none"],
        text=["a b", "a b", " \t", "ğ\ufffd", "x\x00y", None, None],
    )


def test_counts_by_slice(mixed: Path) -> None:
    report = inspect_corpus(open_corpus("c", mixed))
    english, turkish, none = report.slices["eng"], report.slices["tur"], report.slices["none"]
    assert (english.documents, english.bytes, english.words, english.empty, english.duplicates) == (3, 8, 4, 1, 1)
    assert (turkish.documents, turkish.nulls, turkish.chars, turkish.repeated_ids) == (2, 1, 5, 0)
    assert turkish.suspicious == {"replacement characters": 1, "control characters": 1}
    assert (none.documents, none.nulls) == (0, 1)
    assert (report.ids, report.aligned) == (3, 0)
    assert report.problems == ["every document of none is null"]


def test_aligned_ids(write_corpus: Callable[..., Path]) -> None:
    path = write_corpus(id=["1", "2", "1", "3"], language=["a", "a", "b", "b"], text=["x", "y", "z", "w"])
    report = inspect_corpus(open_corpus("c", path))
    assert (report.ids, report.aligned) == (3, 1)
    assert "1 of 3 ids are present in every slice" in report.remarks


def test_no_ids_and_one_slice(write_corpus: Callable[..., Path]) -> None:
    report = inspect_corpus(open_corpus("c", write_corpus(text=["x"])))
    assert (report.ids, report.aligned, report.problems, report.remarks) == (None, None, [], [])


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("fÃ¼r", "mojibake"),
        ("itâ€™s", "mojibake"),
        ("\ue000", "private use characters"),
        ("a\x07", "control characters"),
    ],
)
def test_suspicious_text_is_noted(write_corpus: Callable[..., Path], text: str, mark: str) -> None:
    report = inspect_corpus(open_corpus("c", write_corpus(text=[text, "für it’s\tfine\r\n"])))
    assert report.slices["all"].suspicious == {mark: 1}


def test_rows_without_an_id_are_no_ids(write_corpus: Callable[..., Path]) -> None:
    path = write_corpus(id=["1", None, "1", None, None], language=[*"aabbb"], text=["x", "y", "z", "y", "y"])
    report = inspect_corpus(open_corpus("c", path))
    assert (report.ids, report.aligned) == (1, 1)
    assert [part.repeated_ids for part in report.slices.values()] == [0, 0]


def test_a_corpus_without_slices_is_one_row(write_corpus: Callable[..., Path]) -> None:
    shown = tokeval("corpus", "info", str(write_corpus(text=["x"])))
    assert [line.split()[0] for line in shown.splitlines()] == ["slice", "all", "fingerprint"]


def test_info_prints_and_validate_judges(mixed: Path, write_corpus: Callable[..., Path]) -> None:
    shown = tokeval("corpus", "info", str(mixed))
    assert "duplicates" in shown
    assert "fingerprint" in shown
    assert "not sound, 5 documents" in tokeval("corpus", "validate", str(mixed), code=2)
    good = write_corpus("good", text=["a"])
    assert "sound, 1 documents" in tokeval("corpus", "validate", str(good))


def test_text_that_is_not_utf8_is_a_problem_not_an_end(write_corpus: Callable[..., Path]) -> None:
    path = write_corpus(text=pa.array([b"ok", b"\xff"], pa.binary()), row_group_size=1)
    report = inspect_corpus(open_corpus("c", path))
    assert report.total("documents") == 1
    assert "not valid UTF-8" in report.problems[0]


def test_what_cannot_be_read_is_not_called_null(write_corpus: Callable[..., Path]) -> None:
    path = write_corpus(text=pa.array([None, b"\xff"], pa.binary()), row_group_size=1)
    assert len(inspect_corpus(open_corpus("c", path)).problems) == 1


def test_build_from_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "eng_Latn.txt").write_text("a\n")
    (tmp_path / "tur_Latn.txt").write_text("b\n")
    out = tmp_path / "c.parquet"
    assert "2 documents" in tokeval("corpus", "build", str(tmp_path), "--parallel", "-o", str(out))
    assert "1 ids, 1 of them in every slice" in tokeval("corpus", "info", str(out))
    tokeval("corpus", "build", str(tmp_path), "-o", str(out), "--from", "xml", code=2)
