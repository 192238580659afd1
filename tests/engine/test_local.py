"""The local engine: equal bits for any way of cutting the work, and what happens when it cannot go on."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.conftest import run_plan, write_texts
from tokeval.corpus import reader
from tokeval.engine import local, shard
from tokeval.engine.plan import Plan, make_plan, make_shards
from tokeval.engine.shard import load_workers, run_shard
from tokeval.engine.work import Work
from tokeval.errors import CorpusError, IncompleteRunError, UsageError
from tokeval.results.store import save


def table_bytes(table: pa.Table, folder: Path) -> bytes:
    save(folder, table, {}, {})
    return (folder / "results.parquet").read_bytes()


@settings(max_examples=40)
@given(
    jobs=st.integers(1, 6),  # more than fold into one state
    shards=st.integers(1, 20),
    batch_bytes=st.sampled_from([64, 700, 5000, 4 << 20]),
)
def test_any_cutting_gives_equal_bytes(
    jobs: int, shards: int, batch_bytes: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    plan = _plan(write_texts(folder / "c.parquet", 200, row_group_size=17))
    expected = table_bytes(run_plan(plan, jobs=1, parts=1)[0], folder / "a")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local, "read_parts", lambda piece, columns, _: reader.read_parts(piece, columns, batch_bytes))
        cut = table_bytes(run_plan(plan, jobs=jobs, parts=shards)[0], folder / "b")
    assert cut == expected


def _plan(path: Path) -> Plan:
    return make_plan({"bytes": "bytes:", "words": "words:"}, {"mine": str(path)}, pivot="eng_Latn", baseline="bytes")


def test_threads_equal_the_plain_loop(corpus: Path, plan_of: Callable[..., Plan]) -> None:
    plan = plan_of(corpus)
    workers = load_workers(plan)
    (whole,) = make_shards(plan, parts=1)
    plain = run_shard(plan, whole, workers)
    threaded = local.run(Work(plan, workers, jobs=3))[0]
    assert threaded.intake.fingerprint == plain.intake.fingerprint
    assert threaded.intake.nulls == plain.intake.nulls
    for name, state in plain.tokenizers.items():
        assert threaded.tokenizers[name].sums.state().equals(state.sums.state())
        for kind, accumulator in state.others.items():
            assert threaded.tokenizers[name].others[kind].state().equals(accumulator.state())


def test_shards_follow_the_bytes_and_lose_no_piece(corpus: Path, plan_of: Callable[..., Plan]) -> None:
    plan = plan_of(corpus)
    for size in (1, 2000, 10_000, 1 << 30):
        shards = make_shards(plan, shard_bytes=size)
        assert tuple(piece for part in shards for piece in part.pieces) == plan.corpora[0].pieces
        assert [part.number for part in shards] == list(range(len(shards)))
    assert len(make_shards(plan, shard_bytes=1)) == len(plan.corpora[0].pieces)
    assert len(make_shards(plan, shard_bytes=1 << 30)) == 1


def test_batches_of_one_corpus_run_on_several_threads(corpus: Path, plan_of: Callable[..., Plan]) -> None:
    seen: set[str] = set()
    both = threading.Barrier(2)

    def progress(name: str, size: int, seconds: float) -> None:
        if threading.current_thread().name not in seen:
            seen.add(threading.current_thread().name)
            both.wait(timeout=20)  # passes only once two threads have work at the same time

    plan = plan_of(corpus, "bytes:")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local, "read_parts", lambda piece, columns, _: reader.read_parts(piece, columns, 500))
        patch.setattr(local.threading.Thread, "__init__", _numbered(threading.Thread.__init__))
        local.run(Work(plan, load_workers(plan), jobs=2, progress=progress))
    assert len(seen) == 2


def _numbered(make: Callable[..., None]) -> Callable[..., None]:
    numbers = iter(range(100))

    def named(self: threading.Thread, *args: object, **options: object) -> None:
        make(self, *args, **{**options, "name": f"t{next(numbers)}"})

    return named


def test_the_reader_stays_a_few_batches_ahead_at_most(
    corpus: Path, plan_of: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    read, folded, furthest = 0, 0, 0

    def parts(piece: object, columns: object, _: int) -> Iterator[object]:
        nonlocal read, furthest
        for part in reader.read_parts(piece, columns, 200):  # type: ignore[arg-type]
            read += 1
            furthest = max(furthest, read - folded)
            yield part

    def prepare(*arguments: object) -> object:
        nonlocal folded
        time.sleep(0.002)
        folded += 1
        return reader.prepare(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(local, "read_parts", parts)
    monkeypatch.setattr(local, "prepare", prepare)
    plan = plan_of(corpus, "bytes:")
    local.run(Work(plan, load_workers(plan), jobs=1))
    assert read > 50
    assert furthest <= 4  # two in the queue, one with the reader, one at work


class SlowToReturn(threading.Event):
    """Lets others see that it is set long before who has set it goes on."""

    def set(self) -> None:
        first = not self.is_set()
        super().set()
        time.sleep(0.3 if first else 0)


@pytest.mark.parametrize("event", [threading.Event, SlowToReturn])
def test_a_failing_thread_ends_the_run_with_its_error(
    corpus: Path, plan_of: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch, event: type[threading.Event]
) -> None:
    errors = [CorpusError("no more")]

    def broken(*_: object) -> None:
        if errors:
            raise errors.pop()

    monkeypatch.setattr(local, "fold", broken)
    monkeypatch.setattr(local.threading, "Event", event)
    plan = plan_of(corpus)
    work = Work(plan, load_workers(plan), jobs=3)
    before = threading.active_count()
    with pytest.raises(CorpusError, match="no more"):
        local.run(work)
    assert threading.active_count() == before


def test_a_corpus_written_again_during_the_run_is_noticed(corpus: Path, plan_of: Callable[..., Plan]) -> None:
    plan = plan_of(corpus)
    os.utime(corpus, ns=(1, 1))
    with pytest.raises(IncompleteRunError, match=r"changed during the run.*was written again") as caught:
        run_plan(plan)
    assert caught.value.exit_code == 3


def test_a_file_that_vanishes_is_noticed(tmp_path: Path, plan_of: Callable[..., Plan]) -> None:
    write_texts(tmp_path / "c" / "a.parquet", 80)
    second = write_texts(tmp_path / "c" / "b.parquet", 80)
    plan = plan_of(tmp_path / "c")
    second.unlink()
    with pytest.raises(IncompleteRunError, match=r"b\.parquet has gone") as caught:
        run_plan(plan)
    assert caught.value.exit_code == 3


def test_a_file_that_vanishes_after_it_was_read_is_noticed(
    tmp_path: Path, plan_of: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_texts(tmp_path / "a.parquet", 80)
    plan = plan_of(path)
    real = shard.describe
    monkeypatch.setattr(shard, "describe", lambda p: (path.unlink(missing_ok=True), real(p))[1])
    with pytest.raises(IncompleteRunError, match="has gone"):
        run_plan(plan)


def test_wide_and_narrow_row_groups_give_equal_tables(tmp_path: Path, plan_of: Callable[..., Plan]) -> None:
    tables = []
    for size in (7, 100_000):
        path = write_texts(tmp_path / f"{size}" / "c.parquet", 300, row_group_size=size)
        assert pq.ParquetFile(path).metadata.num_row_groups == -(-300 // size)
        tables.append(run_plan(plan_of(path))[0])
    assert tables[0].equals(tables[1])


@pytest.mark.parametrize("jobs", [0, -1])
def test_fewer_than_one_job_is_refused(corpus: Path, plan_of: Callable[..., Plan], jobs: int) -> None:
    with pytest.raises(UsageError, match="must be 1 or more"):
        run_plan(plan_of(corpus), jobs=jobs)
