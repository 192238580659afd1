"""Baselines wherever they lie: folders, files, URLs, git revisions; and baseline files that are reviewed."""

from __future__ import annotations

import functools
import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.gate.made import results, row, write_run
from tokeval.cli.gate import load_baseline
from tokeval.errors import IncompleteRunError, ResultsError
from tokeval.gate.baseline import read_baseline, write_baseline
from tokeval.results.fetch import locate
from tokeval.results.run import load_run

ROWS = [row("premium", "a", s, v) for s, v in (("x", 1.25), ("y", 2.0))] + [
    row("premium", "b", "x", None, status="undefined", reason="-"),
    row("tokens", "a", "x", 3.0, reference="y"),
]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run", results(ROWS))


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.path.startswith("/forbidden"):
            self.send_error(403)
        else:
            super().do_GET()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    made = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path)))
    threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{made.server_port}"
    made.shutdown()
    made.server_close()


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(run: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = run.parent
    git(folder, "init", "-q", "-b", "main")
    (folder / "base.json").write_bytes(write_baseline(ROWS))
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "one")
    write_run(run, results([]))
    monkeypatch.chdir(folder)
    return folder


def test_a_folder_a_file_and_a_url_of_each_hold_the_same(run: Path, server: str) -> None:
    places = [
        str(run),
        str(run / "results.parquet"),
        f"{server}/run",
        f"{server}/run/",
        f"{server}/run/results.parquet",
    ]
    places += [run.as_uri(), run.as_uri() + "/results.parquet"]
    for place in places:
        assert load_run(locate(place)).table.equals(results(ROWS).table), place


def test_another_git_revision_is_read_from_git(repository: Path) -> None:
    assert load_run(locate("git:main:run")).table.num_rows == len(ROWS)
    assert load_run(locate("git:HEAD:run/results.parquet")).table.num_rows == len(ROWS)
    assert load_run(locate("run")).table.num_rows == 0
    assert load_baseline("git:main:base.json").rows == load_baseline("base.json").rows


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("git:nope:run", "there is no git revision 'nope' here"),
        ("git:main:nothing", "git:main:nothing: no results.parquet there"),
        ("git:main", "is not git:REVISION:PATH"),
        ("git::run", "is not git:REVISION:PATH"),
        ("git:main:", "is not git:REVISION:PATH"),
        ("git:--output=x:run", "is not git:REVISION:PATH"),
        ("nowhere", "nowhere: no results.parquet there"),
        ("nowhere.parquet", "nowhere.parquet: no such file there"),
        ("empty", "empty: no results.parquet there"),
        ("broken.parquet", "broken.parquet is no Parquet file"),
        ("SERVER/nothing", "no results.parquet there"),
        ("SERVER/forbidden", "/forbidden/run.json answers 403"),
        ("http://127.0.0.1:9/run", "cannot be fetched"),
        ("http://[/run", "cannot be fetched"),
        ("file:///nowhere/run", "no results.parquet there"),
        ("weird://x/run", "cannot be fetched"),
    ],
)
def test_a_place_that_cannot_be_read_is_named(repository: Path, server: str, place: str, message: str) -> None:
    (repository / "empty").mkdir()
    (repository / "broken.parquet").write_bytes(b"PAR1")
    with pytest.raises(ResultsError) as caught:
        load_run(locate(place.replace("SERVER", server)))
    assert message in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("table", [True, False])
def test_a_run_that_did_not_finish_is_refused(run: Path, table: bool) -> None:
    (run / "run.json").write_text('{"complete": false}')
    if not table:
        (run / "results.parquet").unlink()
    with pytest.raises(IncompleteRunError) as caught:
        load_run(locate(str(run)))
    assert "did not finish" in caught.value.message
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("table", [True, False])
@pytest.mark.parametrize("named", ["run", "run/results.parquet"])
def test_a_checkpoint_beside_the_folder_is_an_unfinished_run(run: Path, table: bool, named: str) -> None:
    (run.parent / ".run.checkpoint").mkdir()
    if not table:
        for file in run.iterdir():
            file.unlink()
        run.rmdir()
    with pytest.raises(IncompleteRunError, match=r"did not finish: .*\.run\.checkpoint is its checkpoint"):
        load_run(locate(str(run.parent / named)))


def test_a_record_without_a_table_is_an_unfinished_run(run: Path) -> None:
    (run / "results.parquet").unlink()
    with pytest.raises(IncompleteRunError, match=r"has a run\.json and no results\.parquet"):
        load_run(locate(str(run)))


@pytest.mark.parametrize("record", ["", "{}", "[]", "3", "{"])
def test_a_broken_record_is_named(run: Path, record: str) -> None:
    (run / "run.json").write_text(record)
    with pytest.raises(ResultsError, match=r"run\.json of .* is broken"):
        load_run(locate(str(run)))


def test_complete_must_be_true_and_nothing_like_it(run: Path) -> None:
    (run / "run.json").write_text('{"complete": "yes"}')
    with pytest.raises(IncompleteRunError):
        load_run(locate(str(run)))


# -- baseline files


def test_a_baseline_file_is_small_sorted_and_holds_the_figures() -> None:
    content = write_baseline(ROWS)
    assert content == write_baseline(reversed(ROWS))
    read = json.loads(content)
    assert read["format"] == "tokeval baseline 1"
    assert read["common"] == {"corpus": "feed", "tokenizer": "a", "tokeval": "1"}
    shown = [(f["metric"], f["slice"], f.get("reference"), f["value"], f["signature"]) for f in read["figures"]]
    assert shown == [
        ("premium", "x", None, 1.25, "metric:premium.1|slice:x"),
        ("premium", "y", None, 2.0, "metric:premium.1|slice:y"),
        ("tokens", "x", "y", 3.0, "metric:tokens.1|slice:x"),
    ]
    lines = content.decode().splitlines()
    assert sum('"value"' in line for line in lines) == 3  # a line per figure
    assert len(lines) == 13


def test_what_was_written_is_read_back() -> None:
    baseline = read_baseline(write_baseline(ROWS), "base.json")
    for figure in (ROWS[0], ROWS[1], ROWS[3]):
        found = baseline.find(figure, "a", pairs=False)
        assert not isinstance(found, str)
        assert found["value"] == figure["value"]
    assert baseline.find(ROWS[2], "b", pairs=False) == "base.json has no such figure of b"


def test_a_baseline_of_no_figures_is_a_baseline() -> None:
    assert read_baseline(write_baseline([]), "b").rows == {}


HEAD = b'{"format": "tokeval baseline 1"'


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"{",
        b"3",
        b"\xff",
        HEAD + b"}",
        HEAD + b', "common": 3, "figures": []}',
        HEAD + b', "common": {}, "figures": [{"corpus": "c"}]}',
    ],
)
def test_what_is_no_baseline_file_is_said_to_be_none(content: bytes) -> None:
    with pytest.raises(ResultsError, match="x is no baseline file"):
        read_baseline(content, "x")


def test_another_format_is_named() -> None:
    with pytest.raises(ResultsError, match="x is 'tokeval baseline 2'; this tokeval reads 'tokeval baseline 1'"):
        read_baseline(b'{"format": "tokeval baseline 2"}', "x")


def test_a_missing_baseline_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="there is no baseline file"):
        load_baseline(str(tmp_path / "none.json"))
