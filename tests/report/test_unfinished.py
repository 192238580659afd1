"""A run that did not finish is refused by every command that reads one, with the same line and exit code 3."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.gate.made import results, row, write_run
from tokeval.engine.plan import make_plan
from tokeval.engine.run import run_plan

RULES = '[[rule]]\nmetric = "premium"\nmax = 9\n'
COMMANDS = {
    "report": ("report", "run"),
    "report of several": ("report", "other", "run", "-o", "merged"),
    "diff": ("diff", "other", "run"),
    "diff of one": ("diff", "run"),
    "diff of files": ("diff", "other/results.parquet", "run/results.parquet"),
    "gate": ("gate", "run", "rules.toml"),
}

#: The command, killed when it encodes its first text.
KILLED = """
import os, signal, sys
from tokeval.tokenizers import encode
encode.Encoder.encode = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)
from tokeval.cli.main import run
sys.argv[0] = "tokeval"
run()
"""


def interrupt(run: Path) -> None:
    (run.parent / ".run.checkpoint").mkdir()


def interrupt_the_first(run: Path) -> None:
    interrupt(run)
    for file in run.iterdir():
        file.unlink()
    run.rmdir()


def record_incomplete(run: Path) -> None:
    (run / "run.json").write_text('{"complete": false}')


def lose_the_table(run: Path) -> None:
    (run / "results.parquet").unlink()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("run", "other"):
        write_run(tmp_path / name, results([row("premium", t, "all", 1.0) for t in "ab"]))
    (tmp_path / "rules.toml").write_text(RULES)
    return tmp_path


def tokeval(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["tokeval", *COMMANDS[command]], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_finished_run_is_read(folder: Path, command: str) -> None:
    done = tokeval(folder, command)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (interrupt, ".run.checkpoint is its checkpoint"),
        (interrupt_the_first, ".run.checkpoint is its checkpoint"),
        (record_incomplete, "did not finish"),
        (lose_the_table, "has a run.json and no results.parquet"),
    ],
)
def test_a_run_that_did_not_finish_is_refused(
    folder: Path, command: str, spoil: Callable[[Path], None], said: str
) -> None:
    spoil(folder / "run")
    done = tokeval(folder, command)
    assert done.returncode == 3, done.stdout + done.stderr
    assert said in " ".join(done.stderr.split())
    assert "--resume" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not list(folder.glob("*/report.md"))


def test_a_run_that_is_stopped_in_its_only_shard_leaves_no_results_of_an_earlier_one(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["a b", "c"]}), tmp_path / "c.parquet")
    compare = ("tokeval", "compare", "-t", "t=bytes:", "-c", "c=c.parquet", "-o", "run", "-q")
    assert subprocess.run(compare, cwd=tmp_path, check=False).returncode == 0
    command = [sys.executable, "-c", KILLED, *compare[1:]]
    assert subprocess.run(command, cwd=tmp_path, check=False).returncode == -signal.SIGKILL
    (tmp_path / "rules.toml").write_text('[[rule]]\nmetric = "bytes_per_token"\ntokenizer = "t"\nmin = 0\n')
    done = tokeval(tmp_path, "gate")
    assert done.returncode == 3
    assert "did not finish" in done.stderr
    assert subprocess.run([*compare, "--resume"], cwd=tmp_path, check=False).returncode == 0
    assert tokeval(tmp_path, "gate").returncode == 0


def test_a_folder_beside_which_nothing_can_be_written_takes_a_second_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the folder is all of a volume; there is no mark then, and nothing to go on from is lost."""
    monkeypatch.setattr("tokeval.engine.run.checkpoint_folder", lambda output: Path("/dev/null/nowhere"))
    pq.write_table(pa.table({"text": ["a b", "c"]}), tmp_path / "c.parquet")
    plan = make_plan({"t": "bytes:"}, {"c": str(tmp_path / "c.parquet")}, metrics=["tokens"])
    (tmp_path / "results.parquet").touch()
    results, _ = run_plan(plan, output=tmp_path)
    assert results.table.num_rows
