"""What an engine is handed: a plan, the loaded tokenizers, and how the work is cut, shown and kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from tokeval.engine.checkpoint import Checkpoint
from tokeval.engine.plan import SHARD_BYTES, Plan, Shard, make_shards
from tokeval.engine.shard import Progress, ShardState, Todo, Workers, everything


@dataclass(frozen=True)
class Work:
    """The work of a run. Only `plan` and `todo` decide what comes of it, all else how.

    Attributes:
        plan: what is computed.
        workers: the plan's tokenizers, loaded.
        jobs: cores to use; None for all.
        parts: into how many shards each corpus is cut; None cuts by `shard_bytes`.
        shard_bytes: text of a shard, about.
        todo: by corpus, what is to be computed of it; a corpus that is not named is not read. None for everything.
        progress: told of every batch, from worker threads.
        checkpoint: keeps the state of every shard that is done.
    """

    plan: Plan
    workers: Workers
    jobs: int | None = None
    parts: int | None = None
    shard_bytes: int = SHARD_BYTES
    todo: Mapping[int, Todo] | None = None
    progress: Progress | None = None
    checkpoint: Checkpoint | None = None

    def wanted(self, corpus: int) -> Todo:
        """What is to be computed of a corpus."""
        return everything(self.workers) if self.todo is None else self.todo.get(corpus, {})

    def shards(self) -> Iterator[tuple[list[Shard], ShardState | None]]:
        """Shards of which anything is wanted: by themselves, or those that an earlier run has done with their state."""
        shards = make_shards(self.plan, parts=self.parts, shard_bytes=self.shard_bytes)
        for corpus, mine in groupby(shards, lambda shard: shard.corpus):
            wanted = self.wanted(corpus)
            left = {shard.number: shard for shard in mine} if wanted else {}
            kept = self.checkpoint.load(corpus, wanted) if self.checkpoint is not None and left else ()
            for numbers, known in kept:
                done = [left.pop(number) for number in sorted(numbers)]
                if self.progress is not None:
                    for name in wanted:
                        self.progress(name, sum(shard.bytes for shard in done), 0.0)
                yield done, known
            for shard in left.values():
                yield [shard], None
