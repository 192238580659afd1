"""Where results may be written, and what lies there afterwards."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tokeval
from tests.report.made import small
from tokeval import registry
from tokeval.engine.api import run_plan
from tokeval.engine.plan import make_plan
from tokeval.errors import ResultsError, UsageError
from tokeval.results import store
from tokeval.results.store import COMPARE, FILES, add_files, check_folder, check_inputs, save, write_file


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is there, as a volume is: nothing can be moved into it from beside it."""
    volume = tmp_path / "volume"
    volume.mkdir()
    made = store.tempfile.mkdtemp

    def inside(prefix: str, dir: Path) -> str:
        if dir == volume.parent:
            raise OSError(18, "Invalid cross-device link")
        return made(prefix=prefix, dir=dir)

    monkeypatch.setattr(store.tempfile, "mkdtemp", inside)
    return volume


def test_a_folder_that_is_there_may_be_all_of_a_volume(beside: Path) -> None:
    add_files(beside, {"a": b"1"})
    write_file(beside / "b", b"2")
    assert names(beside) == {"a", "b"}


def test_what_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for write in (lambda: write_file(tmp_path / "a", b"1"), lambda: add_files(tmp_path, {"a": b"1"})):
        with pytest.raises(ResultsError, match="cannot write"):
            write()
    assert names(tmp_path) == {"a"}


def test_results_of_an_earlier_run_give_way_and_nothing_else_does(tmp_path: Path) -> None:
    table = small().table
    save(tmp_path / "out", table, {}, {"report.html": b"1", "tokens.parquet": b"2"})
    add_files(tmp_path / "out", {"results.csv": b"3", "mine.txt": b"4"})
    save(tmp_path / "out", table, {}, {"report.md": b"5"})
    assert names(tmp_path / "out") == {"results.parquet", "run.json", "report.md", "mine.txt"}


def test_every_file_of_a_run_is_known_by_its_name(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["a b"]}), tmp_path / "c.parquet")
    plan = make_plan({"t": "bytes:"}, {"c": str(tmp_path / "c.parquet")})
    assert {f"{name}.parquet" for name in run_plan(plan)[0].beside} <= FILES
    for name in registry.entries(registry.REPORTS):
        assert set(registry.find(registry.REPORTS, name).load()(small())) <= FILES, name


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        ("file", "is a file, not a folder"),
        ("file/inside/deeper", "is a file, not a folder"),
        ("s3://bucket/out", "is an address"),
        ("https://host/out", "is an address"),
    ],
)
def test_a_folder_that_cannot_be_is_refused_at_once(
    folder: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    with pytest.raises(ResultsError, match=message):
        check_folder(Path(folder), COMPARE)


def test_a_folder_that_cannot_be_written_to_is_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(ResultsError, match="cannot be written to"):
        check_folder(tmp_path / "out", COMPARE)


@pytest.mark.parametrize("name", ["samples.parquet", "words.parquet", "results.parquet"])
def test_results_are_not_written_over_what_is_read(tmp_path: Path, name: str) -> None:
    corpus = tmp_path / name
    pq.write_table(pa.table({"text": ["a b"]}), corpus)
    before = corpus.read_bytes()
    with pytest.raises(ResultsError, match="which is read"):
        run_plan(make_plan({"t": "bytes:"}, {"c": str(corpus)}), output=tmp_path)
    with pytest.raises(ResultsError, match="which is read"):
        check_inputs(tmp_path, [f"{tmp_path}/../{tmp_path.name}/{name}"])
    assert (names(tmp_path), corpus.read_bytes()) == ({name}, before)
    run_plan(make_plan({"t": "bytes:"}, {"c": str(corpus)}), output=tmp_path / "out")


@pytest.mark.parametrize("jobs", [0, -1])
def test_fewer_than_one_job_is_refused(tmp_path: Path, jobs: int) -> None:
    pq.write_table(pa.table({"text": ["a b"]}), tmp_path / "c.parquet")
    with pytest.raises(UsageError, match="1 or more"):
        tokeval.compare({"t": "bytes:"}, {"c": str(tmp_path / "c.parquet")}, jobs=jobs)
