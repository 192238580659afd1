"""The local engine: one reader decodes ahead, worker threads encode and fold, and their states are merged.

Threads and not processes: the kernels and the tokenizer libraries hold no GIL while they work, a thread shares the
loaded tokenizers, and no batch is copied. See docs/scale.md for the measurement. The threads go from shard to shard
without waiting for each other: while the states of one are merged, the next is under work.

A few threads fold into one state, so that memory does not depend on which slices each of them has met: see `_TOGETHER`.
And a shard begins with the state of those before it, so that there is one state of a corpus and not one beside another.
"""

from __future__ import annotations

import queue
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import reduce

from tokeval.corpus.reader import BATCH_BYTES, Intake, Part, prepare, read_parts
from tokeval.engine.cores import cores
from tokeval.engine.plan import Shard
from tokeval.engine.shard import ShardState, begin, check_unchanged, fold, note_dropped
from tokeval.engine.work import Work
from tokeval.errors import CorpusError

_PATIENCE = 0.05  # seconds between looks at whether to stop

#: Threads that fold into one state under a lock. They hold it for less than a tenth of their time, so that so few do
#: not wait for each other; each further state is memory.
_TOGETHER = 4


def run(work: Work) -> dict[int, ShardState]:
    """Run a plan; the merged state of each corpus by its index. The result is the same for any way of cutting it."""
    merged: dict[int, ShardState] = {}
    held: dict[int, list[int]] = defaultdict(list)
    todo: list[Shard] = []
    for shards, known in work.shards():
        if known is None:
            todo += shards
            continue
        corpus = shards[0].corpus
        merged[corpus] = merged[corpus].absorb(known) if corpus in merged else known
        held[corpus] += [shard.number for shard in shards]
    for shard, state in scan(work, todo, merged):
        held[shard.corpus].append(shard.number)
        if work.checkpoint is not None:
            work.checkpoint.save(shard, held[shard.corpus], state)
    return merged


def scan(work: Work, shards: Sequence[Shard], merged: dict[int, ShardState]) -> Iterator[tuple[Shard, ShardState]]:
    """Fold shards into the states of their corpora with `work.jobs` threads, and one that reads ahead of them.

    Args:
        work: what is to be done.
        shards: those that are to be read; those of a corpus one after the other.
        merged: by corpus, the state of all that was read of it so far; a state is used up when the next is asked for.

    Yields:
        Each shard in turn as soon as it is done, and the state of its corpus then.

    Raises:
        TokevalError: what any of the threads met. KeyboardInterrupt: at once; the threads stop after their batch.
    """
    with _threads(work, shards) as line:
        for at, shard in enumerate(shards):
            if shard.corpus in merged:
                line.hand_over(at, merged.pop(shard.corpus))
            states = line.finished(at)
            check_unchanged(work.plan, shard)
            state = merged[shard.corpus] = reduce(ShardState.absorb, states or [_fresh(work, shard)])
            note_dropped(state, work.workers)
            yield shard, state


class _HaltedError(BaseException):
    """Raised in a thread that is to stop as another one has failed; what looks after a document's errors passes it."""


@dataclass(frozen=True)
class _Shared:
    """A state that several threads fold into, and the lock that they hold meanwhile."""

    state: ShardState
    alone: threading.Lock = field(default_factory=threading.Lock)


class _Line:
    """What the threads of a run share: the parts on their way to the workers, and the states of shards under work."""

    def __init__(self, work: Work, shards: Sequence[Shard]) -> None:
        self.halt = threading.Event()
        self.jobs = work.jobs or cores()
        self._work, self._shards = work, shards
        self._parts: queue.Queue[tuple[int, Part] | None] = queue.Queue(self.jobs + 1)
        self._done: queue.Queue[BaseException | None] = queue.Queue()  # that a shard is, or what a thread has raised
        self._lock = threading.Lock()
        #: By shard: its states, each of `_TOGETHER` workers, and how much is still under way (parts, and the reading).
        self._states: list[dict[int, _Shared]] = [{} for _ in shards]
        self._open = [1] * len(shards)

    def hand_over(self, at: int, state: ShardState) -> None:
        """Give a shard the state of those before it, using that up; by now little was folded into one of its own."""
        with self._lock:
            shared = self._states[at].setdefault(0, _Shared(state))
        if shared.state is not state:
            with shared.alone:
                shared.state.absorb(state)

    def finished(self, at: int) -> list[ShardState]:
        """The states that make up a shard, once it is done; what a thread has raised is raised here."""
        while self._open[at]:
            try:
                error = self._done.get(timeout=_PATIENCE)
            except queue.Empty:
                continue
            if error is not None:
                raise error
        states, self._states[at] = self._states[at], {}
        return [shared.state for shared in states.values()]

    def read(self) -> None:
        """Put the parts of every shard into the line; for the one thread that reads."""
        left = sum(piece.bytes for shard in self._shards for piece in shard.pieces)
        with self._reported():
            for at, shard in enumerate(self._shards):
                columns = self._work.plan.corpora[shard.corpus].columns
                for piece in shard.pieces:
                    with self._changes(shard):
                        for part in read_parts(piece, columns, _batch_bytes(left, self.jobs)):
                            with self._lock:
                                self._open[at] += 1
                            self._put((at, part))
                    left -= piece.bytes
                self._close(at)
            for _ in range(self.jobs):
                self._put(None)

    def fold(self, group: int) -> None:
        """Fold parts into states until there are no more; for each of the threads that work, by who shares a state."""
        work = self._work
        with self._reported():
            while (got := self._get()) is not None:
                at, part = got
                shard = self._shards[at]
                with self._lock:
                    if group not in self._states[at]:
                        self._states[at][group] = _Shared(_fresh(work, shard))
                    shared = self._states[at][group]
                intake = Intake()
                with self._changes(shard):
                    batch = prepare(part, work.plan.corpora[shard.corpus].columns, intake, work.plan.words)
                with shared.alone:
                    shared.state.intake = shared.state.intake.merge(intake)
                if len(batch):
                    fold(shared.state, batch, work.workers, self._progress, shared.alone)
                self._close(at)

    def _progress(self, name: str, size: int, seconds: float) -> None:
        if self.halt.is_set():
            raise _HaltedError
        if self._work.progress is not None:
            self._work.progress(name, size, seconds)

    def _put(self, part: tuple[int, Part] | None) -> None:
        while not self.halt.is_set():
            try:
                self._parts.put(part, timeout=_PATIENCE)
            except queue.Full:
                continue
            return
        raise _HaltedError

    def _get(self) -> tuple[int, Part] | None:
        while not self.halt.is_set():
            try:
                return self._parts.get(timeout=_PATIENCE)
            except queue.Empty:
                continue
        raise _HaltedError

    def _close(self, at: int) -> None:
        with self._lock:
            self._open[at] -= 1
            if not self._open[at]:
                self._done.put(None)

    @contextmanager
    def _changes(self, shard: Shard) -> Iterator[None]:
        """A file that was written over reads as a damaged one: say so."""
        try:
            yield
        except CorpusError:
            check_unchanged(self._work.plan, shard)
            raise

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """What a thread raises ends the run: it is told of before the others are halted, who have nothing to tell."""
        try:
            yield
        except _HaltedError:
            return
        except BaseException as error:
            self._done.put(error)
            self.halt.set()


@contextmanager
def _threads(work: Work, shards: Sequence[Shard]) -> Iterator[_Line]:
    """The threads at work. None is left at the end, except after an interrupt, which waits for none."""
    line = _Line(work, shards)
    # Daemons, so that an interrupted run need not wait for a library that is deep in a long document.
    threads = [threading.Thread(target=line.read, daemon=True, name="tokeval-reader")]
    threads += [
        threading.Thread(target=line.fold, args=(number // _TOGETHER,), daemon=True, name="tokeval-worker")
        for number in range(line.jobs)
    ]
    for thread in threads:
        thread.start()
    try:
        yield line
    except Exception:
        line.halt.set()
        raise
    except BaseException:
        line.halt.set()
        threads = []
        raise
    finally:
        for thread in threads:
            thread.join()


def _fresh(work: Work, shard: Shard) -> ShardState:
    return begin(work.plan, shard.corpus, work.workers, work.wanted(shard.corpus))


def _batch_bytes(left: int, jobs: int) -> int:
    """Batches become smaller towards the end of a run, so that no thread waits long for the last."""
    return max(BATCH_BYTES // 4, min(BATCH_BYTES, left // (2 * jobs)))
