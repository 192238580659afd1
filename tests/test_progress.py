"""What a run shows while it goes: on terminals wide and narrow, in logs, and where footers know less than there is."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tokeval.cli.progress import Meter

COMMAND = [
    sys.executable,
    "-m",
    "tokeval.cli.main",
    "compare",
    "--no-cache",
    "-t",
    "a-long-name=bytes:",
    "-t",
    "words:",
]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Text that repeats, which Parquet encodes once: its footer knows of a few KB."""
    path = tmp_path / "c.parquet"
    pq.write_table(pa.table({"text": [f"the same text {n % 50} " * 40 for n in range(20_000)]}), path)
    return path


def on_terminal(command: list[str], columns: int) -> tuple[int, list[str]]:
    """The exit code, and every line as it was drawn, without the codes that move and colour."""
    shown, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = os.environ | {"TERM": "xterm-256color"}
    environment = {name: value for name, value in environment.items() if name not in {"COLUMNS", "NO_COLOR"}}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=terminal, stdin=terminal, env=environment)
    os.close(terminal)
    drawn = b""
    while True:
        try:
            more = os.read(shown, 65536)
        except OSError:  # the other side has gone
            break
        if not more:
            break
        drawn += more
    os.close(shown)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "\r", re.sub(r"\x1b\[[0-9;]*m", "", drawn.decode()))
    return process.wait(), [line for line in re.split(r"[\r\n]+", text) if line.strip()]


@pytest.mark.parametrize("columns", [120, 80, 40])
def test_the_bar_fits_its_terminal(corpus: Path, columns: int) -> None:
    code, lines = on_terminal([*COMMAND, "-c", f"c={corpus}"], columns)
    assert code == 0
    bars = [line for line in lines if re.match(r"a-long-name .*\d+ MB", line)]
    assert bars, lines
    assert max(map(len, bars)) <= columns
    assert any(line.startswith("loading tokenizers") for line in lines)
    assert not any("?" in line for line in lines)
    assert re.match(r"[\d.]+ MB in [\d.]+ s; per core: a-long-name", lines[-1])


def test_a_log_has_no_codes_and_json_admits_what_it_does_not_know(corpus: Path) -> None:
    command = [*COMMAND, "-c", f"c={corpus}", "--progress"]
    for style in ("auto", "json"):
        done = subprocess.run([*command, style], capture_output=True, text=True, check=True)
        assert "\x1b" not in done.stderr
        assert "\r" not in done.stderr
    records = [json.loads(line) for line in done.stderr.splitlines()]
    assert [r["stage"] for r in records if r["event"] == "stage"] == ["load", "scan", "compute"]
    for name, told in records[-1]["tokenizers"].items():
        assert told["bytes"] > 10_000_000, name
        assert told["total_bytes"] is None
    assert records[-1]["seconds_left"] is None


def test_the_end_is_told_when_everything_is_written(corpus: Path, tmp_path: Path) -> None:
    command = [*COMMAND, "-c", f"c={corpus}", "--progress", "json", "-o", str(tmp_path / "out")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            record = json.loads(line)
            if record["event"] == "end":
                assert (tmp_path / "out" / "results.parquet").is_file()
                break
        assert record["stage"] == "write"
        process.communicate()


def test_time_left_is_told_while_the_total_holds() -> None:
    meter = Meter()
    meter.begin("scan", {"a": 1000, "b": 1000})
    assert meter.seconds_left() is None
    meter("a", 500, 0.1)
    assert meter.seconds_left() is not None
    assert meter.total("a") == 1000
    meter("a", 600, 0.1)
    assert meter.total("a") is None
    assert meter.seconds_left() is None
