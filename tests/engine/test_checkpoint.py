"""A run that was stopped goes on where it was and ends in the same bytes; what does not fit is refused."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tokeval.engine.checkpoint as checkpoint_module
from tests.conftest import ROOT
from tests.engine.conftest import run_plan, write_texts
from tokeval.engine import local
from tokeval.engine.checkpoint import checkpoint_folder
from tokeval.engine.plan import Plan, Shard, make_shards
from tokeval.engine.shard import ShardState
from tokeval.engine.work import Work
from tokeval.errors import CorpusError, IncompleteRunError, InterruptedRunError, UsageError

COMMAND = [sys.executable, "-m", "tokeval.cli.main", "compare", "--no-cache", "-q"]
TOKENIZER = ROOT / "corpora" / "tokenizers" / "demo-bpe.json"
SMALL = 2000  # bytes of text: many shards


def stop_after(patch: pytest.MonkeyPatch, shards: int, error: BaseException) -> list[int]:
    """Let the local engine scan so many shards and then fail; the shards scanned are noted."""
    real, scanned = local.scan, []

    def scan(work: Work, todo: Sequence[Shard], merged: dict[int, ShardState]) -> Iterator[tuple[Shard, ShardState]]:
        for shard, state in real(work, todo, merged):
            if len(scanned) == shards:
                raise error
            scanned.append(shard.number)
            yield shard, state

    patch.setattr(local, "scan", scan)
    return scanned


@pytest.mark.parametrize("done", [1, 3, 5])
def test_a_stopped_run_continues_and_ends_in_the_same_table(
    corpus: Path, plan_of: Callable[..., Plan], tmp_path: Path, done: int
) -> None:
    plan, out = plan_of(corpus), tmp_path / "out"
    whole = run_plan(plan)[0]
    with pytest.MonkeyPatch.context() as patch:
        finished = stop_after(patch, done, KeyboardInterrupt())
        with pytest.raises(InterruptedRunError) as caught:
            run_plan(plan, output=out, shard_bytes=SMALL)
    assert caught.value.exit_code == 130
    assert f"{done} finished shards are kept" in str(caught.value.hint)
    assert not out.exists()
    with pytest.MonkeyPatch.context() as patch:
        scanned = stop_after(patch, 10_000, AssertionError())
        resumed = run_plan(plan, output=out, shard_bytes=SMALL, resume=True)[0]
    assert resumed.equals(whole, check_metadata=True)
    assert sorted([*finished, *scanned]) == _numbers(plan)


def test_without_resume_a_run_begins_again(corpus: Path, plan_of: Callable[..., Plan], tmp_path: Path) -> None:
    plan, out = plan_of(corpus), tmp_path / "out"
    _leave_a_checkpoint(plan, out)
    with pytest.MonkeyPatch.context() as patch:
        scanned = stop_after(patch, 10_000, AssertionError())
        run_plan(plan, output=out, shard_bytes=SMALL)
    assert sorted(scanned) == _numbers(plan)


def _numbers(plan: Plan) -> list[int]:
    return [shard.number for shard in make_shards(plan, shard_bytes=SMALL)]


def _leave_a_checkpoint(plan: Plan, out: Path, shards: int = 2, shard_bytes: int = SMALL) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, shards, KeyboardInterrupt())
        with pytest.raises(InterruptedRunError):
            run_plan(plan, output=out, shard_bytes=shard_bytes)
    return checkpoint_folder(out)


@pytest.mark.parametrize("other", [{"seed": 1}, {"limit": 30}, {"slice_by": ()}])
def test_a_checkpoint_of_another_plan_is_refused(
    corpus: Path, plan_of: Callable[..., Plan], tmp_path: Path, other: dict[str, object]
) -> None:
    _leave_a_checkpoint(plan_of(corpus), tmp_path / "out")
    with pytest.raises(UsageError, match="belongs to another plan"):
        run_plan(plan_of(corpus, **other), output=tmp_path / "out", shard_bytes=SMALL, resume=True)


def test_a_checkpoint_cut_otherwise_is_refused(corpus: Path, plan_of: Callable[..., Plan], tmp_path: Path) -> None:
    _leave_a_checkpoint(plan_of(corpus), tmp_path / "out")
    with pytest.raises(UsageError, match="belongs to another plan"):
        run_plan(plan_of(corpus), output=tmp_path / "out", shard_bytes=SMALL + 1, resume=True)


def test_a_checkpoint_of_a_corpus_written_again_is_refused(
    corpus: Path, plan_of: Callable[..., Plan], tmp_path: Path
) -> None:
    _leave_a_checkpoint(plan_of(corpus), tmp_path / "out")
    os.utime(corpus, ns=(1, 1))
    with pytest.raises(UsageError, match="belongs to another plan"):
        run_plan(plan_of(corpus), output=tmp_path / "out", shard_bytes=SMALL, resume=True)


def test_a_checkpoint_of_another_version_is_refused(corpus: Path, plan_of: Callable[..., Plan], tmp_path: Path) -> None:
    folder = _leave_a_checkpoint(plan_of(corpus), tmp_path / "out")
    key = json.loads((folder / "plan.json").read_bytes())
    (folder / "plan.json").write_text(json.dumps({**key, "version": "0.0.7"}))
    with pytest.raises(UsageError, match=r"is of tokeval 0\.0\.7"):
        run_plan(plan_of(corpus), output=tmp_path / "out", shard_bytes=SMALL, resume=True)


def test_the_state_of_a_run_that_began_in_the_same_folder_is_not_taken(
    corpus: Path, plan_of: Callable[..., Plan], tmp_path: Path
) -> None:
    plan, out = plan_of(corpus, "bytes:"), tmp_path / "out"
    folder = _leave_a_checkpoint(plan, out)
    theirs = _leave_a_checkpoint(plan_of(corpus, "bytes:", words="icu"), tmp_path / "other", 4)
    for path in theirs.glob("*.state"):  # it went on when this one's plan lay there already
        path.replace(folder / path.name)
    with pytest.MonkeyPatch.context() as patch:
        scanned = stop_after(patch, 10_000, AssertionError())
        table = run_plan(plan, output=out, shard_bytes=SMALL, resume=True)[0]
    assert table.equals(run_plan(plan)[0])
    assert set(_numbers(plan)[2:]) <= set(scanned)


@pytest.mark.parametrize(
    "damage",
    [lambda _: b"", lambda _: b"not Arrow", lambda data: data[:-500], lambda data: data[:-99] + b"?" + data[-98:]],
)
def test_a_damaged_shard_is_done_again(
    corpus: Path, plan_of: Callable[..., Plan], tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    plan, out = plan_of(corpus), tmp_path / "out"
    folder = _leave_a_checkpoint(plan, out)
    path = sorted(folder.glob("*.state"))[0]
    path.write_bytes(damage(path.read_bytes()))
    assert run_plan(plan, output=out, shard_bytes=SMALL, resume=True)[0].equals(run_plan(plan)[0])


def test_one_file_holds_all_finished_shards_and_an_older_one_counts_only_without_it(
    corpus: Path, plan_of: Callable[..., Plan], tmp_path: Path
) -> None:
    plan, out = plan_of(corpus), tmp_path / "out"
    (older,) = _leave_a_checkpoint(plan, out, 2).glob("*.state")
    before = older.read_bytes()
    (newer,) = _leave_a_checkpoint(plan, out, 4).glob("*.state")
    older.write_bytes(before)  # as after a kill between writing the one and removing the other
    for damage, left in ((False, 4), (True, 2)):
        if damage:
            newer.write_bytes(newer.read_bytes()[:-500])
        with pytest.MonkeyPatch.context() as patch:
            scanned = stop_after(patch, 0, KeyboardInterrupt())
            patch.setattr(local, "scan", _noting(local.scan, todo := []))
            with pytest.raises(InterruptedRunError):
                run_plan(plan, output=out, shard_bytes=SMALL, resume=True)
        assert not scanned
        assert todo == _numbers(plan)[left:]
    assert run_plan(plan, output=out, shard_bytes=SMALL, resume=True)[0].equals(run_plan(plan)[0])


def _noting(scan: Callable[..., Iterator[tuple[Shard, ShardState]]], todo: list[int]) -> Callable[..., object]:
    def noted(work: Work, shards: Sequence[Shard], merged: dict[int, ShardState]) -> object:
        todo.extend(shard.number for shard in shards)
        return scan(work, shards, merged)

    return noted


def test_a_corpus_that_fails_in_the_middle_leaves_an_incomplete_run(
    corpus: Path, plan_of: Callable[..., Plan], tmp_path: Path
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, 2, CorpusError("the bucket is gone"))
        with pytest.raises(IncompleteRunError, match="the bucket is gone") as caught:
            run_plan(plan_of(corpus), output=tmp_path / "out", shard_bytes=SMALL)
    assert caught.value.exit_code == 3
    assert "2 finished shards are kept" in str(caught.value.hint)


def test_a_full_disk_is_an_error_and_loses_nothing(corpus: Path, plan_of: Callable[..., Plan], tmp_path: Path) -> None:
    plan, out = plan_of(corpus), tmp_path / "out"
    folder = _leave_a_checkpoint(plan, out)
    kept = sorted(folder.glob("*.state"))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200, before[1]))  # stands in for a disk without room
        with pytest.raises(IncompleteRunError, match="cannot be written") as caught:
            run_plan(plan, output=out, shard_bytes=SMALL, resume=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "2 shards are kept" in str(caught.value.hint)
    assert sorted(folder.iterdir()) == sorted([*kept, folder / "plan.json"])
    assert run_plan(plan, output=out, shard_bytes=SMALL, resume=True)[0].equals(run_plan(plan)[0])


def test_a_folder_that_cannot_be_made_is_an_error(
    corpus: Path, plan_of: Callable[..., Plan], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(checkpoint_module, "checkpoint_folder", lambda _: tmp_path / "file" / "x")
    monkeypatch.setattr("tokeval.engine.run.checkpoint_folder", lambda _: tmp_path / "file" / "x")
    with pytest.raises(IncompleteRunError, match="cannot be written"):
        run_plan(plan_of(corpus), output=tmp_path / "out", shard_bytes=SMALL)


# The installed command, killed and interrupted


@pytest.fixture
def long_run(tmp_path: Path) -> list[str]:
    """A run of some seconds and several shards."""
    path = write_texts(tmp_path / "long.parquet", 4000, row_group_size=2000, copies=40)
    return [*COMMAND, "-c", f"long={path}", "-t", f"bpe={TOKENIZER}", "-t", "words:", "--shard-mb", "1", "-j", "2"]


def _bytes_of(folder: Path) -> bytes:
    return (folder / "results.parquet").read_bytes()


def _kills(command: list[str], folder: Path, most: int, draw: random.Random, longest: float) -> int:
    """Kill -9 at random moments of so many seconds and resume, then let it finish; how many were really killed."""
    killed = 0
    while killed < most:
        process = subprocess.Popen([*command, "-o", str(folder), "--resume"])
        try:
            process.wait(draw.uniform(0, longest))
            return killed
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            killed += 1
    subprocess.run([*command, "-o", str(folder), "--resume"], check=True)
    return killed


def _killed_often(command: list[str], folder: Path, times: int, seed: int) -> None:
    """Kill runs so many times in all, and compare the bytes that each ends in with those of a whole one."""
    clock = time.monotonic()
    subprocess.run([*command, "-o", str(folder / "whole")], check=True)
    longest = time.monotonic() - clock
    draw, killed, trial = random.Random(seed), 0, 0
    while killed < times:
        out = folder / f"out{trial}"
        killed += _kills(command, out, times - killed, draw, longest)
        assert _bytes_of(out) == _bytes_of(folder / "whole")
        assert not checkpoint_folder(out).exists()
        assert [p.name for p in folder.glob(".*")] == []
        trial += 1
        longest *= 0.9  # so that it comes to an end, however the machine's speed changes


def test_killed_and_resumed_ends_in_the_same_bytes(long_run: list[str], tmp_path: Path) -> None:
    _killed_often(long_run, tmp_path, 2, seed=9)


@pytest.mark.exhaustive
def test_killed_at_twenty_random_moments(long_run: list[str], tmp_path: Path) -> None:
    _killed_often(long_run, tmp_path, 20, seed=0)


def test_ctrl_c_stops_within_two_seconds_and_leaves_the_checkpoint(long_run: list[str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = subprocess.Popen([*long_run, "-o", str(out)], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list(checkpoint_folder(out).glob("*.state")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    clock = time.monotonic()
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert time.monotonic() - clock < 2
    assert "error: interrupted" in errors
    assert "--resume" in errors
    assert "Traceback" not in errors
    assert not out.exists()
    assert list(checkpoint_folder(out).glob("*.state"))
    subprocess.run([*long_run, "-o", str(out), "--resume"], check=True)
    assert _bytes_of(out)


def test_a_table_round_trips_through_a_checkpoint_of_empty_states(tmp_path: Path, plan_of: Callable[..., Plan]) -> None:
    path = tmp_path / "c.parquet"
    table = pa.table({"text": [None] * 40 + ["a b"] * 10, "language": ["x"] * 40 + ["y"] * 10})
    pq.write_table(table, path, row_group_size=10)
    plan = plan_of(path)
    _leave_a_checkpoint(plan, tmp_path / "out", shard_bytes=1)
    resumed = run_plan(plan, output=tmp_path / "out", shard_bytes=1, resume=True)[0]
    assert resumed.equals(run_plan(plan)[0])
