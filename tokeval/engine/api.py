"""`tokeval.compare`: the library's front door."""

from __future__ import annotations

import platform
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa

from tokeval import __version__, registry
from tokeval.aside import aside
from tokeval.corpus.reader import Intake
from tokeval.engine.cache import StateCache, joined, missing
from tokeval.engine.checkpoint import Checkpoint, checkpoint_folder
from tokeval.engine.cores import cores, share_cores
from tokeval.engine.documents import check_documents
from tokeval.engine.figures import make_tables, pivot_lines, plan_record, skipped_lines
from tokeval.engine.frequent import count_words
from tokeval.engine.plan import SHARD_BYTES, Plan, inputs_of, make_plan, make_shards
from tokeval.engine.ranks import rank_frequencies
from tokeval.engine.samples import cut_samples
from tokeval.engine.shard import Progress, ShardState, Todo, Workers, everything, load_workers
from tokeval.engine.work import Work
from tokeval.errors import CorpusError, IncompleteRunError, InterruptedRunError, UsageError
from tokeval.metrics.linguistic.material import load_material
from tokeval.results.store import TABLE, Results, check_inputs, save, to_parquet
from tokeval.tokenizers.encode import Encoder

#: Called when a stage begins: its name, and the bytes of text that each tokenizer will get through in it.
Stage = Callable[[str, Mapping[str, int]], None]

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
    on_error: str = "stop",
    trust_remote_code: bool = False,
    engine: str = "local",
    jobs: int | None = None,
    cache: str | Path | None = None,
    lexicons: Mapping[str, str | Sequence[str]] | None = None,
    gold: Mapping[str, str] | None = None,
    lexical_decision: Mapping[str, str] | None = None,
    decision_columns: Mapping[str, str] | None = None,
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
        words: the word segmenter: `whitespace`; `icu`, which needs an extra; `auto`, white space, and ICU where a
            script has none and ICU is there.
        limit: read no more than the first so many rows of each corpus, 1 or more; None for all.
        seed: of everything that is drawn at random, 0 or more.
        accelerate: whether verified fast paths may stand in for the reference libraries; no figure depends on it.
        cache_mb: memory for the caches of all fast paths in one worker, in MiB, 1 or more; None for 1024.
        on_error: `stop`, or `skip`: leave a document on which a tokenizer fails out of its figures, and count it.
        trust_remote_code: whether `transformers:` may run code from a tokenizer's folder or repository.
        engine: who runs it: `local`, or `ray`, which needs an extra.
        jobs: how many cores it may use, 1 or more; None for all.
        cache: a folder where the states of this run are kept for the next, which then computes only what is new.
        lexicons: lexicon specs by language (a value of the slice column), one or several each.
        gold: gold segmentations by language, `FORMAT:PATH` or a path.
        lexical_decision: files of lexical-decision studies by language.
        decision_columns: the names of their columns, by what they mean.

    Returns:
        The result table, one row per figure (`.to_pandas()` works).

    Raises:
        UsageError: nothing to compare, an unknown name, or a value out of its range.
        CorpusError: a corpus that is not there, cannot be read to its end, or has no text.
        TokenizerError: one that cannot be loaded, or that fails on a document with `on_error` at `stop`.
        LexiconError: a lexicon, a gold segmentation or a study that cannot be used.
        MissingExtraError: an optional library is not installed; the hint says how to get it.
        IncompleteRunError: a file changed while it was read, or the cluster lost a shard on every attempt.
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
        on_error=on_error,
        trust_remote_code=trust_remote_code,
        lexicons=lexicons,
        gold=gold,
        lexical_decision=lexical_decision,
        decision_columns=decision_columns,
    )
    return run_plan(plan, engine=engine, jobs=jobs, cache=None if cache is None else Path(cache))[0].table


def run_plan(
    plan: Plan,
    *,
    engine: str = "local",
    jobs: int | None = None,
    progress: Progress | None = None,
    stage: Stage | None = None,
    output: Path | None = None,
    resume: bool = False,
    cache: Path | None = None,
    parts: int | None = None,
    shard_bytes: int = SHARD_BYTES,
    **options: Any,
) -> tuple[Results, dict[str, Any]]:
    """Run a plan: the results with the tables beside them, and the run record that goes into `run.json`.

    Args:
        plan: what to compute.
        engine: who runs it.
        jobs: how many cores it may use; None for all.
        progress: told of every batch.
        stage: told what begins (`load`, `scan`, `compute`), and how many bytes of text each tokenizer will scan.
        output: the folder that the results will go to; a checkpoint is kept beside it. None keeps none.
        resume: continue that checkpoint.
        cache: a folder of states of earlier runs, read and added to; None does without.
        parts: into how many shards each corpus is cut; None cuts by `shard_bytes`.
        shard_bytes: text between two checkpoints, about.
        options: the engine's own.

    Raises:
        TokevalError: see its kinds. KeyboardInterrupt: the checkpoint keeps what was done.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    tell = stage or (lambda _name, _bytes: None)
    tell("load", {})
    run = registry.find(registry.ENGINES, engine).load()
    if jobs is not None and jobs < 1:
        raise UsageError(f"the number of jobs is {jobs}, it must be 1 or more")
    if output is not None:
        check_inputs(output, inputs_of(plan))
    jobs = jobs or cores()
    share_cores(jobs)
    material = load_material(plan.material)
    workers = load_workers(plan)
    for corpus in plan.corpora:
        check_documents(corpus, [encoder.tokenizer for encoder in workers.encoders.values()])
    loaded = time.perf_counter()
    store = StateCache(cache) if cache is not None else None

    def scan(plan: Plan, workers: Workers, todo: Mapping[int, Todo], resume: bool) -> dict[int, ShardState]:
        kept = None
        if output is not None:
            begun = Checkpoint(checkpoint_folder(output), plan, workers, shard_bytes, resume=resume)
            if (output / TABLE).exists():
                with suppress(IncompleteRunError):  # where nothing can be written beside the folder, there is no mark
                    begun.begin()
            if resume or len(make_shards(plan, shard_bytes=shard_bytes)) > 1:  # else there is nothing to go on from
                kept = begun
        tell("scan", _bytes_to_scan(plan, todo))
        try:
            done: dict[int, ShardState] = run(
                Work(plan, workers, jobs, parts, shard_bytes, todo, progress, kept), **options
            )
        except KeyboardInterrupt as error:
            raise _interrupted(kept) from error
        except CorpusError as error:
            if kept is None or not kept.kept:
                raise
            raise IncompleteRunError(error.message, hint=_resumable(kept)) from error
        return done

    known = store.known(plan, workers) if store is not None else {}
    todo = _missing(plan, everything(workers), known)
    states = _joined(known, scan(plan, workers, todo, resume))
    accelerations = {name: _acceleration(encoder) for name, encoder in workers.encoders.items()}
    dropped = dropped_paths(workers, states)
    if dropped:
        plan = replace(plan, reference=(*plan.reference, *dropped))
        workers = load_workers(plan)
        again = _all_of(plan, workers, dropped)
        states = _replaced(states, scan(plan, workers, again, False))
        todo = {index: {**todo.get(index, {}), **part} for index, part in again.items()}
    if store is not None and todo:
        store.keep(plan, states, todo)
    scanned = time.perf_counter()
    tell("compute", {})
    warnings = [f"{name}: {accelerations[name]['reason'] or 'the fast path was dropped'}" for name in dropped]
    warnings += skipped_lines(plan, states) + pivot_lines(plan, states)
    words = aside(count_words, plan, workers, states)
    table, sums = make_tables(plan, workers, states, warnings, material)
    beside = {
        "samples": cut_samples(plan, workers, states),
        "sums": sums,
        "words": words.result(),
        "frequencies": rank_frequencies(plan, workers, states),
    }
    judged = material.tokens()
    results = Results.of(table, beside if judged is None else {**beside, "tokens": judged})
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
        "warnings": results.about.warnings,
        "skipped": {name: corpus.skipped for name, corpus in results.about.corpora.items()},
        "linguistic": material.record(),
        "jobs": jobs,
        "cached": {
            plan.corpora[index].name: sorted(set(workers.encoders) - set(todo.get(index, {}))) for index in known
        },
        "seconds": {
            "load": round(loaded - clock, 3),
            "scan": round(scanned - loaded, 3),
            "compute": round(time.perf_counter() - scanned, 3),
        },
        "about": asdict(results.about),
    }
    return results, record


def _missing(plan: Plan, wanted: Todo, known: Mapping[int, ShardState]) -> dict[int, Todo]:
    left = {index: missing(wanted, known.get(index)) for index in range(len(plan.corpora))}
    return {index: todo for index, todo in left.items() if todo}


def _joined(known: Mapping[int, ShardState], computed: Mapping[int, ShardState]) -> dict[int, ShardState]:
    """By corpus, what earlier runs have left and what this one has computed beside it."""
    states = {**computed, **{index: joined(state, computed.get(index)) for index, state in known.items()}}
    return {index: replace(state, intake=Intake().merge(state.intake)) for index, state in sorted(states.items())}


def _all_of(plan: Plan, workers: Workers, dropped: Sequence[str]) -> dict[int, Todo]:
    """What has to be done again without the dropped paths: what they did before they were caught may be wrong too.

    All of their tokenizers, kept from earlier runs or not; and of every tokenizer where it is the baseline's path, as
    all are counted against that.
    """
    wanted = everything(workers)
    again = wanted if plan.baseline in dropped else {name: wanted[name] for name in dropped}
    return dict.fromkeys(range(len(plan.corpora)), again)


def _replaced(states: Mapping[int, ShardState], again: Mapping[int, ShardState]) -> dict[int, ShardState]:
    return {
        index: replace(state, tokenizers={**state.tokenizers, **again[index].tokenizers})
        for index, state in states.items()
    }


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


def _bytes_to_scan(plan: Plan, todo: Mapping[int, Todo]) -> dict[str, int]:
    sizes = [sum(piece.bytes for piece in corpus.pieces) for corpus in plan.corpora]
    return {name: sum(sizes[index] for index, wanted in todo.items() if name in wanted) for name, _ in plan.tokenizers}


def finish(output: Path) -> None:
    """Throw the checkpoint away, now that the results are written."""
    shutil.rmtree(checkpoint_folder(output), ignore_errors=True)


def _interrupted(kept: Checkpoint | None) -> InterruptedRunError:
    if kept is None or not kept.kept:
        return InterruptedRunError("interrupted; nothing was written")
    return InterruptedRunError("interrupted", hint=_resumable(kept))


def _resumable(kept: Checkpoint) -> str:
    return f"{kept.kept} finished shards are kept; continue with the same command and --resume"


def write_results(folder: Path, results: Results, record: Mapping[str, Any], renders: Sequence[Render]) -> list[Path]:
    """Render and write, the tables beside the result table too; the paths written."""
    files = {f"{name}.parquet": to_parquet(table) for name, table in results.beside.items()}
    for render in renders:
        files |= render(results)
    return save(folder, results.table, record, files)


__all__ = ["compare", "finish", "run_plan", "write_results"]
