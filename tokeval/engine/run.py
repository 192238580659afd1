"""A run from its plan to its results: load, scan what no earlier run has left, compute, write."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tokeval import registry
from tokeval.aside import aside
from tokeval.corpus.reader import Intake
from tokeval.engine.cache import StateCache, joined, missing
from tokeval.engine.checkpoint import Checkpoint, checkpoint_folder
from tokeval.engine.cores import cores, share_cores
from tokeval.engine.documents import check_documents
from tokeval.engine.figures import make_tables, pivot_lines, skipped_lines
from tokeval.engine.frequent import count_words
from tokeval.engine.plan import SHARD_BYTES, Plan, inputs_of, make_shards
from tokeval.engine.ranks import rank_frequencies
from tokeval.engine.record import acceleration, run_record
from tokeval.engine.samples import cut_samples
from tokeval.engine.shard import Progress, ShardState, Todo, Workers, everything, load_workers
from tokeval.engine.work import Work
from tokeval.errors import CorpusError, IncompleteRunError, InterruptedRunError, UsageError
from tokeval.metrics.linguistic.material import Loaded, load_material
from tokeval.results.store import TABLE, Results, check_inputs, save, to_parquet

#: Called when a stage begins: its name, and the bytes of text that each tokenizer will get through in it.
Stage = Callable[[str, Mapping[str, int]], None]

#: Renders a result into the files of one report format.
Render = Callable[[Results], Mapping[str, bytes]]


@dataclass(frozen=True)
class _How:
    """How a plan is run, on which no figure depends: see `run_plan`, which takes these."""

    engine: Callable[..., dict[int, ShardState]]
    jobs: int
    tell: Stage
    progress: Progress | None
    output: Path | None
    resume: bool
    parts: int | None
    shard_bytes: int
    options: Mapping[str, Any]


@dataclass(frozen=True)
class _Scanned:
    """A plan's states, whether computed now or by earlier runs.

    Attributes:
        plan: as it was given, but for the tokenizers whose fast path was dropped, which are on their reference.
        workers: that plan's tokenizers.
        states: by corpus.
        todo: what was computed now.
        accelerations: by tokenizer, what became of its fast path.
        cached: by corpus, the tokenizers that were not encoded.
        reasons: why fast paths were dropped, by tokenizer.
    """

    plan: Plan
    workers: Workers
    states: Mapping[int, ShardState]
    todo: Mapping[int, Todo]
    accelerations: Mapping[str, Any]
    cached: Mapping[str, list[str]] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)


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
    how = _How(run, jobs or cores(), tell, progress, output, resume, parts, shard_bytes, options)
    share_cores(how.jobs)
    material = load_material(plan.material)
    workers = load_workers(plan)
    for corpus in plan.corpora:
        check_documents(corpus, [encoder.tokenizer for encoder in workers.encoders.values()])
    loaded = time.perf_counter()
    done = _scanned(plan, workers, how, StateCache(cache) if cache is not None else None)
    scanned = time.perf_counter()
    tell("compute", {})
    results = _computed(done, material)
    record = run_record(
        done.plan,
        results,
        material,
        engine=engine,
        jobs=how.jobs,
        started=started,
        seconds={"load": loaded - clock, "scan": scanned - loaded, "compute": time.perf_counter() - scanned},
        accelerations=done.accelerations,
        cached=done.cached,
    )
    return results, record


def _scanned(plan: Plan, workers: Workers, how: _How, store: StateCache | None) -> _Scanned:
    """Compute what earlier runs have not left, and keep it for later ones."""
    if store is None:
        return _trusted(_first(plan, workers, how, {}), how)
    paths = {name: encoder.path for name, encoder in workers.encoders.items()}
    erred = [name for name, encoder in workers.encoders.items() if store.distrusts(encoder.facts, paths[name])]
    if erred:
        plan, workers = _on_reference(plan, erred)
    known = store.known(plan, workers)
    done = _first(plan, workers, how, known)
    reasons = {
        name: f"{paths[name]} disagreed with the reference in an earlier run; the reference did it all"
        for name in erred
    }
    told = {name: {**done.accelerations[name], "reason": reason} for name, reason in reasons.items()}
    done = _trusted(replace(done, accelerations={**done.accelerations, **told}, reasons=reasons), how)
    for name in done.reasons.keys() - reasons.keys():
        store.distrust(workers.encoders[name].facts, paths[name])
    if done.todo:
        store.keep(done.plan, done.workers, done.states, done.todo)
    encoded = {plan.corpora[index].name: set(done.todo.get(index, {})) for index in known}
    return replace(done, cached={name: sorted(set(workers.encoders) - some) for name, some in encoded.items()})


def _first(plan: Plan, workers: Workers, how: _How, known: Mapping[int, ShardState]) -> _Scanned:
    """What earlier runs have left, and what they have not."""
    todo = _missing(plan, everything(workers), known)
    states = _joined(known, _scan(plan, workers, how, todo))
    accelerations = {name: acceleration(encoder) for name, encoder in workers.encoders.items()}
    return _Scanned(plan, workers, states, todo, accelerations)


def _trusted(done: _Scanned, how: _How) -> _Scanned:
    """The same without the fast paths that disagreed with their reference: what they did is done again."""
    dropped = dropped_paths(done.workers, done.states)
    if not dropped:
        return done
    plan, workers = _on_reference(done.plan, dropped)
    again = _all_of(plan, workers, dropped)
    states = _replaced(done.states, _scan(plan, workers, replace(how, resume=False), again))
    todo = {index: {**done.todo.get(index, {}), **part} for index, part in again.items()}
    reasons = {name: str(done.accelerations[name]["reason"] or "the fast path was dropped") for name in dropped}
    return replace(done, plan=plan, workers=workers, states=states, todo=todo, reasons={**done.reasons, **reasons})


def _on_reference(plan: Plan, names: Sequence[str]) -> tuple[Plan, Workers]:
    """The plan without the fast paths of some tokenizers, and its tokenizers, loaded anew."""
    plan = replace(plan, reference=(*plan.reference, *names))
    return plan, load_workers(plan)


def _scan(plan: Plan, workers: Workers, how: _How, todo: Mapping[int, Todo]) -> dict[int, ShardState]:
    """Have the engine compute what is to be done, with a checkpoint where there is a folder for it."""
    kept = None
    if how.output is not None:
        begun = Checkpoint(checkpoint_folder(how.output), plan, workers, how.shard_bytes, resume=how.resume)
        if (how.output / TABLE).exists():
            with suppress(IncompleteRunError):  # where nothing can be written beside the folder, there is no mark
                begun.begin()
        if how.resume or len(make_shards(plan, shard_bytes=how.shard_bytes)) > 1:  # else there is nothing to go on from
            kept = begun
    how.tell("scan", _bytes_to_scan(plan, todo))
    try:
        work = Work(plan, workers, how.jobs, how.parts, how.shard_bytes, todo, how.progress, kept)
        return how.engine(work, **how.options)
    except KeyboardInterrupt as error:
        raise _interrupted(kept) from error
    except CorpusError as error:
        if kept is None or not kept.kept:
            raise
        raise IncompleteRunError(error.message, hint=_resumable(kept)) from error


def _computed(done: _Scanned, material: Loaded) -> Results:
    """The figures, and the tables beside them."""
    parts = done.plan, done.workers, done.states
    dropped = [f"{name}: {reason}" for name, reason in done.reasons.items()]
    warnings = [*dropped, *skipped_lines(done.plan, done.states), *pivot_lines(done.plan, done.states)]
    words = aside(count_words, *parts)
    table, sums = make_tables(*parts, warnings, material)
    beside = {
        "samples": cut_samples(*parts),
        "sums": sums,
        "words": words.result(),
        "frequencies": rank_frequencies(*parts),
    }
    judged = material.tokens()
    return Results.of(table, beside if judged is None else {**beside, "tokens": judged})


def write_results(folder: Path, results: Results, record: Mapping[str, Any], renders: Sequence[Render]) -> list[Path]:
    """Render and write, the tables beside the result table too; the paths written."""
    files = {f"{name}.parquet": to_parquet(table) for name, table in results.beside.items()}
    for render in renders:
        files |= render(results)
    return save(folder, results.table, record, files)


def finish(output: Path) -> None:
    """Throw the checkpoint away, now that the results are written."""
    shutil.rmtree(checkpoint_folder(output), ignore_errors=True)


def dropped_paths(workers: Workers, states: Mapping[int, ShardState]) -> list[str]:
    """The tokenizers whose fast path disagreed with the reference, here or in another worker."""
    return [
        name
        for name, encoder in workers.encoders.items()
        if (encoder.accelerator is not None and encoder.accelerator.dropped)
        or any(state.tokenizers[name].dropped for state in states.values())
    ]


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


def _bytes_to_scan(plan: Plan, todo: Mapping[int, Todo]) -> dict[str, int]:
    sizes = [sum(piece.bytes for piece in corpus.pieces) for corpus in plan.corpora]
    return {name: sum(sizes[index] for index, wanted in todo.items() if name in wanted) for name, _ in plan.tokenizers}


def _interrupted(kept: Checkpoint | None) -> InterruptedRunError:
    if kept is None or not kept.kept:
        return InterruptedRunError("interrupted; nothing was written")
    return InterruptedRunError("interrupted", hint=_resumable(kept))


def _resumable(kept: Checkpoint) -> str:
    return f"{kept.kept} finished shards are kept; continue with the same command and --resume"
