"""`tokeval.compare`: the library's front door."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa

from tokeval import __version__, registry
from tokeval.engine.figures import make_table, plan_record
from tokeval.engine.plan import Plan, make_plan
from tokeval.engine.shard import Progress, ShardState, Workers, load_workers
from tokeval.results.store import Results, check_folder, save
from tokeval.tokenizers.encode import Encoder

#: Renders a result into the files of one report format.
Render = Callable[[Results], Mapping[str, bytes]]


def compare(
    tokenizers: Mapping[str, str],
    corpora: Mapping[str, str],
    *,
    metrics: Sequence[str] = (),
    baseline: str | None = None,
    pivot: str | None = None,
    text_column: str = "text",
    slice_by: Sequence[str] | None = None,
    id_column: str | None = None,
    words: str = "whitespace",
    limit: int | None = None,
    seed: int = 0,
    accelerate: bool = True,
    cache_mb: int | None = None,
    engine: str = "local",
) -> pa.Table:
    """Compare tokenizers on corpora.

    Args:
        tokenizers: spec strings by name.
        corpora: paths (a Parquet file, a folder, a glob) by name.
        metrics: families, metrics or metrics with parameters; empty for the default set.
        baseline: the tokenizer that `nsl` refers to.
        pivot: the slice that `premium` refers to.
        text_column: the column of documents.
        slice_by: columns whose values are the slices; None takes `language` where there is one, () none.
        id_column: the column of parallel ids; None takes `id` where there is one.
        words: the word segmenter.
        limit: read no more than the first so many rows of each corpus.
        seed: of everything that is drawn at random.
        accelerate: whether verified fast paths may stand in for the reference libraries; no figure depends on it.
        cache_mb: memory for the caches of all fast paths in one worker, in MiB; None for 1024.
        engine: who runs it.

    Returns:
        The result table, one row per figure (`.to_pandas()` works).

    Raises:
        TokevalError: see its kinds; the message is one line.
    """
    plan = make_plan(
        tokenizers,
        corpora,
        metrics=metrics,
        baseline=baseline,
        pivot=pivot,
        text_column=text_column,
        slice_by=slice_by,
        id_column=id_column,
        words=words,
        limit=limit,
        seed=seed,
        accelerate=accelerate,
        cache_mb=cache_mb,
    )
    return run_plan(plan, engine=engine)[0]


def run_plan(
    plan: Plan, *, engine: str = "local", progress: Progress | None = None, **options: Any
) -> tuple[pa.Table, dict[str, Any]]:
    """Run a plan: the result table, and the run record that goes into `run.json`."""
    started, clock = datetime.now(UTC), time.perf_counter()
    run = registry.find(registry.ENGINES, engine).load()
    workers = load_workers(plan)
    loaded = time.perf_counter()
    states = run(plan, workers=workers, progress=progress, **options)
    accelerations = {name: _acceleration(encoder) for name, encoder in workers.encoders.items()}
    dropped = dropped_paths(workers, states)
    if dropped:  # what a path did before it was caught may be wrong too, so all is done again without it
        plan = replace(plan, reference=(*plan.reference, *dropped))
        workers = load_workers(plan)
        states = run(plan, workers=workers, progress=progress, **options)
    scanned = time.perf_counter()
    warnings = [f"{name}: {accelerations[name]['reason'] or 'the fast path was dropped'}" for name in dropped]
    table = make_table(plan, workers, states, warnings)
    record = {
        "tokeval": __version__,
        "complete": True,
        "started": started.isoformat(timespec="seconds"),
        "plan": plan_record(plan),
        "plan_digest": plan.digest,
        "versions": {
            "python": platform.python_version(),
            **{
                name: version(name) for name in ("pyarrow", "numpy", "numba", "tokenizers", "sentencepiece", "tiktoken")
            },
        },
        "platform": platform.platform(),
        "engine": engine,
        "accelerations": accelerations,
        "warnings": warnings,
        "seconds": {
            "load": round(loaded - clock, 3),
            "scan": round(scanned - loaded, 3),
            "compute": round(time.perf_counter() - scanned, 3),
        },
        "about": asdict(Results.of(table).about),
    }
    return table, record


def dropped_paths(workers: Workers, states: Mapping[int, ShardState]) -> list[str]:
    """The tokenizers whose fast path disagreed with the reference, here or in another worker."""
    return [
        name
        for name, encoder in workers.encoders.items()
        if (encoder.accelerator is not None and encoder.accelerator.dropped)
        or any(state.tokenizers[name].dropped for state in states.values())
    ]


def _acceleration(encoder: Encoder) -> dict[str, object]:
    if encoder.accelerator is None:
        return {"path": None, "checked": 0, "dropped": False, "reason": "not asked for"}
    return encoder.accelerator.record()


def write_results(folder: Path, table: pa.Table, record: Mapping[str, Any], renders: Sequence[Render]) -> list[Path]:
    """Render and write; the paths written."""
    results = Results.of(table)
    files: dict[str, bytes] = {}
    for render in renders:
        files |= render(results)
    return save(folder, table, record, files)


__all__ = ["check_folder", "compare", "run_plan", "write_results"]
