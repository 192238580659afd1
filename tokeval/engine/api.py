"""`tokeval.compare`: the library's front door."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa

from tokeval import __version__, registry
from tokeval.engine.figures import make_tables, plan_record
from tokeval.engine.frequent import count_words
from tokeval.engine.plan import Plan, make_plan
from tokeval.engine.samples import cut_samples
from tokeval.engine.shard import Progress, load_workers
from tokeval.results.store import Results, check_folder, save, to_parquet

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
    )
    return run_plan(plan, engine=engine)[0].table


def run_plan(
    plan: Plan, *, engine: str = "local", progress: Progress | None = None, **options: Any
) -> tuple[Results, dict[str, Any]]:
    """Run a plan: the results with the tables beside them, and the run record that goes into `run.json`."""
    started, clock = datetime.now(UTC), time.perf_counter()
    run = registry.find(registry.ENGINES, engine).load()
    workers = load_workers(plan)
    loaded = time.perf_counter()
    states = run(plan, workers=workers, progress=progress, **options)
    scanned = time.perf_counter()
    table, sums = make_tables(plan, workers, states)
    beside = {"samples": cut_samples(plan, workers, states), "sums": sums, "words": count_words(plan, workers, states)}
    results = Results.of(table, beside)
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
        "seconds": {
            "load": round(loaded - clock, 3),
            "scan": round(scanned - loaded, 3),
            "compute": round(time.perf_counter() - scanned, 3),
        },
        "about": asdict(results.about),
    }
    return results, record


def write_results(folder: Path, results: Results, record: Mapping[str, Any], renders: Sequence[Render]) -> list[Path]:
    """Render and write, the tables beside the result table too; the paths written."""
    files = {f"{name}.parquet": to_parquet(table) for name, table in results.beside.items()}
    for render in renders:
        files |= render(results)
    return save(folder, results.table, record, files)


__all__ = ["check_folder", "compare", "run_plan", "write_results"]
