"""Where results go: other volumes, folders of earlier runs, places that hold what is read, and no places at all."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.test_cli import run as run  # the fixture
from tokeval import registry
from tokeval.engine.vocab_files import DOUBTFUL, USE
from tokeval.errors import ResultsError
from tokeval.results.run import checkpoint_folder, is_run
from tokeval.results.store import RUN, TABLE, TOKENS, WRITTEN, load_beside, load_results, save, write_file

Run = Callable[..., subprocess.CompletedProcess[str]]

TEXTS = {"text": ["kedi evde", "ev", "kediler"], "language": ["tur_Latn"] * 3}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "c.parquet"
    pq.write_table(pa.table(TEXTS), path, row_group_size=1)
    return path


@pytest.fixture
def volume() -> Iterator[Path]:
    """A folder of another file system."""
    shared = Path("/dev/shm")
    if not shared.is_dir() or shared.stat().st_dev == Path(tempfile.gettempdir()).stat().st_dev:
        pytest.skip("there is no second file system")
    folder = Path(tempfile.mkdtemp(dir=shared))
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("made", [True, False])
def test_a_link_to_another_file_system_takes_results(
    run: Run, corpus: Path, tmp_path: Path, volume: Path, made: bool
) -> None:
    (tmp_path / "link").symlink_to(volume / "out")
    if made:
        (volume / "out").mkdir()
    run("compare", "-t", "b=bytes:", "-c", corpus, "-o", "link", "-q")
    assert load_results(volume / "out").num_rows
    run("report", "link", "-f", "html", "-o", "link")
    assert (volume / "out" / "report.html").is_file()
    assert [path.name for path in volume.iterdir()] == ["out"]
    assert not list((volume / "out").glob(".*"))
    assert (tmp_path / "link").is_symlink()


def test_the_checkpoint_lies_in_a_folder_beside_which_nothing_can_be_put(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    assert checkpoint_folder(out) == tmp_path / ".out.checkpoint"
    out.mkdir()
    assert checkpoint_folder(out) == tmp_path / ".out.checkpoint"
    with monkeypatch.context() as patch:
        patch.setattr(Path, "is_mount", lambda path: path == out)
        assert checkpoint_folder(out) == out / ".checkpoint"
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda path, mode: path != tmp_path)
        assert checkpoint_folder(out) == out / ".checkpoint"
    (out / ".checkpoint").mkdir()
    assert is_run(out)


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "v.xml").mkdir()
    with pytest.raises(ResultsError, match=r"cannot write .*v\.xml"):
        write_file(tmp_path / "v.xml", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["v.xml"]


@pytest.mark.parametrize(("output", "message"), [("", "'' is no folder"), ("s3://b/out", "is no folder here")])
@pytest.mark.parametrize("command", ["compare", "vocab", "report"])
def test_what_is_no_folder_is_refused(
    run: Run, corpus: Path, tmp_path: Path, command: str, output: str, message: str
) -> None:
    before = sorted(tmp_path.iterdir())
    arguments = {"compare": ("-t", "b=bytes:", "-c", corpus), "vocab": ("-t", "b=bytes:"), "report": (".",)}[command]
    assert message in run(command, *arguments, "-o", output, code=2).stderr
    assert sorted(tmp_path.iterdir()) == before


def test_an_address_in_a_configuration_is_refused(run: Run, corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(f"output = 's3://b/out'\n[tokenizers]\nb = 'bytes:'\n[corpora]\nc = '{corpus}'\n")
    assert "is no folder here" in run("compare", "c.toml", code=2).stderr


def test_a_folder_in_a_file_is_refused_at_once(run: Run, corpus: Path) -> None:
    done = run("compare", "-t", "b=bytes:", "-c", corpus, "-o", corpus / "x", code=2)
    assert done.stderr.startswith(f"error: {corpus} is a file, not a folder")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("samples.parquet", ("compare", "-t", "b=bytes:", "-c", "c=out/samples.parquet")),
        ("results.parquet", ("compare", "-t", "b=bytes:", "-c", "c=out")),
        ("tokens.parquet", ("compare", "-t", "p=precomputed:out/tokens.parquet", "-c", "c.parquet")),
        ("report.md", ("compare", "-t", "b=bytes:", "-c", "c.parquet", "--gold", "tur_Latn=out/report.md")),
        ("report.md", ("compare", "-t", "b=bytes:", "-c", "c.parquet", "--lexicon", "tur_Latn=words:out/report.md")),
        ("token_use.parquet", ("vocab", "-t", "b=bytes:", "-c", "out/token_use.parquet")),
    ],
)
def test_what_is_read_is_never_written_to(
    run: Run, corpus: Path, tmp_path: Path, name: str, arguments: tuple[str, ...]
) -> None:
    read = tmp_path / "out" / name
    read.parent.mkdir()
    shutil.copy(corpus, read)
    if read.suffix == ".md":
        read.write_text("kediler\tkedi ler\n")
    before = read.read_bytes()
    assert f"error: the results would overwrite out/{name}" in run(*arguments, "-o", "out", code=2).stderr
    assert list(read.parent.iterdir()) == [read]
    assert read.read_bytes() == before


def test_what_an_earlier_run_left_goes_and_nothing_else(run: Run, corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (tmp_path / "list.txt").write_text("kedi\nev\n")
    compare = ("compare", "-t", "b=bytes:", "-c", corpus, "-o", "out", "-q")
    run(*compare, "--lexicon", "tur_Latn=words:list.txt", "-f", "html", "-f", "csv")
    assert (out / "tokens.parquet").is_file()
    for name in ("mine.parquet", "notes.md"):
        (out / name).touch()
    run(*compare, "-f", "md")
    names = {f"{name}.parquet" for name in ("results", "samples", "sums", "words", "frequencies", "mine")}
    assert {path.name for path in out.iterdir()} == names | {"report.md", "run.json", "notes.md"}


def test_nothing_goes_where_no_run_was(tmp_path: Path) -> None:
    (tmp_path / "tokens.parquet").write_bytes(b"mine")
    save(tmp_path, pa.table({"a": [1]}), {}, {})
    assert (tmp_path / "tokens.parquet").read_bytes() == b"mine"


def test_every_name_that_is_written_is_known(run: Run, corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("kedi\nev\n")
    formats = [part for name in registry.entries(registry.REPORTS) for part in ("-f", name) if name != "vocab"]
    run("compare", "-t", "b=bytes:", "-c", corpus, "-o", "out", "--lexicon", "tur_Latn=words:list.txt", *formats, "-q")
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert {TABLE, RUN, *(f"{name}.parquet" for name in load_beside(tmp_path / "out"))} <= written
    run("vocab", "-t", "b=bytes:", "-c", corpus, "-o", "vocab", "-q")
    written |= {path.name for path in (tmp_path / "vocab").iterdir()}
    assert {TOKENS, USE, DOUBTFUL} <= written
    assert written == WRITTEN
