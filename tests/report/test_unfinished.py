"""A run that did not finish is refused by every command that reads one, with the same line and exit code 3."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.gate.made import results, row, write_run

RULES = '[[rule]]\nmetric = "premium"\nmax = 9\n'
COMMANDS = {
    "report": ("report", "run"),
    "report of several": ("report", "other", "run", "-o", "merged"),
    "diff": ("diff", "other", "run"),
    "diff of one": ("diff", "run"),
    "diff of files": ("diff", "other/results.parquet", "run/results.parquet"),
    "gate": ("gate", "run", "rules.toml"),
}


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
