"""The local engine: every shard on this machine, states merged as they come."""

from __future__ import annotations

from tokeval.engine.plan import Plan, make_shards
from tokeval.engine.shard import Progress, ShardState, Workers, load_workers, run_shard


def run(
    plan: Plan, *, shards: int = 1, workers: Workers | None = None, progress: Progress | None = None
) -> dict[int, ShardState]:
    """Run a plan; the merged state of each corpus by its index.

    Args:
        plan: what to compute.
        shards: into how many parts each corpus is cut; the result is the same for any number.
        workers: tokenizers loaded before, or None to load them.
        progress: told of every batch.
    """
    workers = workers or load_workers(plan)
    merged: dict[int, ShardState] = {}
    for shard in make_shards(plan, shards):
        state = run_shard(plan, shard, workers, progress)
        merged[shard.corpus] = merged[shard.corpus].merge(state) if shard.corpus in merged else state
    return merged
