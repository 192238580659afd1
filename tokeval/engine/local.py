"""The local engine: one reader decodes ahead, worker threads encode and fold, and their states are merged.

Threads and not processes: the kernels and the tokenizer libraries hold no GIL while they work, a thread shares the
loaded tokenizers, and no batch is copied. See docs/scale.md for the measurement.
"""

from __future__ import annotations

import queue
import threading
from functools import reduce

from tokeval.corpus.reader import Part, prepare, read_parts
from tokeval.engine.cores import cores
from tokeval.engine.plan import Plan, Shard
from tokeval.engine.shard import (
    Progress,
    ShardState,
    Todo,
    Workers,
    begin,
    check_unchanged,
    fold,
    note_dropped,
)
from tokeval.engine.work import Work
from tokeval.errors import CorpusError

_PATIENCE = 0.05  # seconds between looks at whether to stop


def run(work: Work) -> dict[int, ShardState]:
    """Run a plan; the merged state of each corpus by its index. The result is the same for any way of cutting it."""
    jobs = work.jobs or cores()
    merged: dict[int, ShardState] = {}
    for shard, known in work.shards():
        state = known
        if state is None:
            state = scan(work.plan, shard, work.workers, jobs, work.wanted(shard.corpus), work.progress)
            if work.checkpoint is not None:
                work.checkpoint.save(shard, state)
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
