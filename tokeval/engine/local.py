"""The local engine: one reader decodes ahead, worker threads encode and fold, and their states are merged.

Threads and not processes: the kernels and the tokenizer libraries hold no GIL while they work, a thread shares the
loaded tokenizers, and no batch is copied. See docs/scale.md for the measurement.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping
from functools import reduce

from tokeval.corpus.reader import Part, prepare, read_parts
from tokeval.engine.checkpoint import Checkpoint
from tokeval.engine.cores import cores
from tokeval.engine.plan import SHARD_BYTES, Plan, Shard, make_shards
from tokeval.engine.shard import (
    Progress,
    ShardState,
    Todo,
    Workers,
    begin,
    check_unchanged,
    everything,
    fold,
    load_workers,
    note_dropped,
)
from tokeval.errors import CorpusError

_PATIENCE = 0.05  # seconds between looks at whether to stop


def run(
    plan: Plan,
    *,
    jobs: int | None = None,
    shards: int | None = None,
    shard_bytes: int = SHARD_BYTES,
    workers: Workers | None = None,
    progress: Progress | None = None,
    todo: Mapping[int, Todo] | None = None,
    checkpoint: Checkpoint | None = None,
) -> dict[int, ShardState]:
    """Run a plan; the merged state of each corpus by its index. The result is the same for any way of cutting it.

    Args:
        plan: what to compute.
        jobs: worker threads; None takes the cores of this process.
        shards: into how many parts each corpus is cut; None cuts by `shard_bytes` of text.
        shard_bytes: text of a shard, about.
        workers: tokenizers loaded before, or None to load them.
        progress: told of every batch, from the worker threads.
        todo: what is to be computed of each corpus; a corpus that is not named is not read. None for everything.
        checkpoint: keeps the state of every shard that is done.
    """
    workers = workers or load_workers(plan)
    jobs = jobs or cores()
    merged: dict[int, ShardState] = {}
    for shard in make_shards(plan, parts=shards, shard_bytes=shard_bytes):
        wanted = everything(workers) if todo is None else todo.get(shard.corpus, {})
        if not wanted:
            continue
        state = checkpoint.load(shard, wanted) if checkpoint is not None else None
        if state is None:
            state = scan(plan, shard, workers, jobs, wanted, progress)
            if checkpoint is not None:
                checkpoint.save(shard, state)
        elif progress is not None:
            for name in wanted:
                progress(name, shard.bytes, 0.0)
        merged[shard.corpus] = merged[shard.corpus].merge(state) if shard.corpus in merged else state
    return merged


def scan(
    plan: Plan, shard: Shard, workers: Workers, jobs: int, todo: Todo, progress: Progress | None = None
) -> ShardState:
    """Fold a shard into states with `jobs` threads, and one that reads ahead of them.

    Raises:
        TokevalError: what any of the threads met. KeyboardInterrupt: at once; the threads stop after their batch.
    """
    columns = plan.corpora[shard.corpus].columns
    parts: queue.Queue[Part | None] = queue.Queue(jobs + 1)
    halt = threading.Event()
    problems: list[BaseException] = []
    states = [begin(plan, shard.corpus, workers, todo) for _ in range(jobs)]

    def put(part: Part | None) -> bool:
        while not halt.is_set():
            try:
                parts.put(part, timeout=_PATIENCE)
            except queue.Full:
                continue
            return True
        return False

    def get() -> Part | None:
        while not halt.is_set():
            try:
                return parts.get(timeout=_PATIENCE)
            except queue.Empty:
                continue
        return None

    def read() -> None:
        if all(put(part) for piece in shard.pieces for part in read_parts(piece, columns)):
            for _ in range(jobs):
                put(None)

    def work(state: ShardState) -> None:
        while (part := get()) is not None:
            batch = prepare(part, columns, state.intake, plan.words)
            if len(batch):
                fold(state, batch, workers, stoppable)

    def stoppable(name: str, size: int, seconds: float) -> None:
        if halt.is_set():
            raise SystemExit
        if progress is not None:
            progress(name, size, seconds)

    def guard(action: object, *arguments: object) -> None:
        try:
            action(*arguments)  # type: ignore[operator]
        except BaseException as error:
            problems.append(error)
            halt.set()

    # Daemons, so that an interrupted run need not wait for a library that is deep in a long document.
    threads = [threading.Thread(target=guard, args=(read,), daemon=True, name="tokeval-reader")]
    threads += [
        threading.Thread(target=guard, args=(work, state), daemon=True, name="tokeval-worker") for state in states
    ]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            while thread.is_alive():
                thread.join(_PATIENCE)
    except BaseException:
        halt.set()
        raise
    if problems:
        if isinstance(problems[0], CorpusError):
            check_unchanged(plan, shard)  # a file that was written over reads as a damaged one
        raise problems[0]
    check_unchanged(plan, shard)
    state = reduce(ShardState.merge, states)
    note_dropped(state, workers)
    return state
