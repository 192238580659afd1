"""The ray engine: the same shards, states and merge as the local one, on a cluster.

A task takes a shard and leaves its packed state in the cluster; further tasks merge the states in groups, so that the
driver holds one at a time. Ray retries what was lost with a worker.
"""

from __future__ import annotations

import atexit
import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokeval.engine.memory import reuse_buffers
from tokeval.engine.plan import Plan, Shard
from tokeval.engine.shard import ShardState, Todo, Workers, everything, load_workers, run_shard
from tokeval.engine.states import pack, unpack
from tokeval.engine.work import Work
from tokeval.errors import IncompleteRunError, TokevalError, UsageError, first_line
from tokeval.signature import digest
from tokeval.tokenizers.load import files_in, moved, places_of

if TYPE_CHECKING:
    from tokeval.schema import TokenizerFacts

#: So many states are merged by one task.
_FAN_IN = 8
#: Shards under way for each core of the cluster: enough that none waits, few enough that states do not pile up.
_AHEAD = 2
_RETRIES = 3
#: Files beside a tokenizer's file that its library may want too.
_COMPANIONS = (
    "encoder.json",
    "merges.txt",
    "special_tokens_map.json",
    "tokenizer_config.json",
    "vocab.bpe",
    "vocab.json",
)

#: What a shard's task reports beside its state: bytes and seconds by tokenizer.
Report = dict[str, tuple[int, float]]


@dataclass(frozen=True)
class Job:
    """What a worker needs to take shards: it travels to each once.

    Attributes:
        files: for each path of a tokenizer, the content of its files by name; a node that lacks the path gets them.
    """

    plan: Plan
    todo: Mapping[int, Mapping[str, frozenset[str]]]
    files: Mapping[str, Mapping[str, bytes]]

    @property
    def key(self) -> str:
        """Names the tokenizers of the job, so that a worker loads them once."""
        contents = [f"{path} {name}" + digest(data) for path, f in self.files.items() for name, data in f.items()]
        # the plan's digest knows nothing of who runs without a fast path, which decides what is loaded
        return digest(self.plan.digest, *self.plan.reference, *sorted(contents))


def run(
    work: Work,
    *,
    address: str | None = None,
    task: Callable[[Job, Shard], tuple[bytes, Report]] | None = None,
) -> dict[int, ShardState]:
    """Run a plan on a cluster; see `tokeval.engine.local.run`.

    Args:
        work: what is to be done; its `jobs` are the cores of a local cluster.
        address: an existing cluster; None starts a local one and ends it with the run.
        task: what a worker does with a shard (tests let it fail).

    Raises:
        IncompleteRunError: a shard failed on every attempt, or the cluster cannot be reached.
    """
    import ray

    plan = work.plan
    facts = {name: encoder.facts for name, encoder in work.workers.encoders.items()}
    wanted = {index: work.wanted(index) for index in range(len(plan.corpora))}
    ours = not ray.is_initialized()
    _connect(address, work.jobs)
    try:
        names = {index: _names(part) for index, part in wanted.items()}
        job = ray.put(Job(plan, names, _tokenizer_files(plan)))
        start = ray.remote(num_returns=2, max_retries=_RETRIES)(task or run_task).remote
        merge = ray.remote(max_retries=_RETRIES)(_merge_task).remote
        trees = {index: _Tree(lambda index, states: merge(job, index, *states), index) for index in wanted}
        for shard, state in _finished(ray, work, job, start):
            trees[shard.corpus].add(state)
        roots = {index: tree.root() for index, tree in trees.items()}
        return {
            index: _unpacked(ray.get(root), wanted[index], facts) for index, root in roots.items() if root is not None
        }
    except ray.exceptions.RayTaskError as error:
        cause = error.cause
        if isinstance(cause, TokevalError):
            raise cause from None
        raise IncompleteRunError(f"a shard failed: {type(cause).__name__}: {cause}") from error
    except ray.exceptions.RayError as error:
        line = first_line(error)
        raise IncompleteRunError(f"the cluster lost a shard on every attempt: {line}") from error
    finally:
        if ours:
            ray.shutdown()


class _Tree:
    """Merges states as they come, in groups; a group's result counts as one state of the next level."""

    def __init__(self, merge: Callable[[int, list[Any]], Any], corpus: int) -> None:
        self._merge = merge
        self._corpus = corpus
        self._levels: list[list[Any]] = []

    def add(self, state: Any, level: int = 0) -> None:
        while len(self._levels) <= level:
            self._levels.append([])
        self._levels[level].append(state)
        if len(self._levels[level]) == _FAN_IN:
            group, self._levels[level] = self._levels[level], []
            self.add(self._merge(self._corpus, group), level + 1)

    def root(self) -> Any:
        """The merged state of all; None if there was none."""
        rest = [state for level in self._levels for state in level]
        while len(rest) > 1:
            rest = [*rest[_FAN_IN:], self._merge(self._corpus, rest[:_FAN_IN])]
        return rest[0] if rest else None


def _finished(ray: Any, work: Work, job: Any, start: Callable[..., tuple[Any, Any]]) -> Iterator[tuple[Shard, Any]]:
    """Each shard with a reference to its packed state, in the order in which they are done."""
    window = max(_AHEAD, int(_AHEAD * ray.cluster_resources().get("CPU", 1)))
    under_way: dict[Any, tuple[Shard, Any]] = {}

    def wait(room: int) -> Iterator[tuple[Shard, Any]]:
        while len(under_way) > room:
            done, _ = ray.wait(list(under_way), timeout=0.5)  # a timeout, so that Ctrl-C is heard
            for report in done:
                shard, state = under_way.pop(report)
                for name, (size, seconds) in ray.get(report).items():
                    if work.progress is not None:
                        work.progress(name, size, seconds)
                if work.checkpoint is not None:
                    work.checkpoint.write(shard, [shard.number], ray.get(state))
                yield shard, state

    for (shard, *_), known in work.shards():
        if known is not None:
            yield shard, ray.put(pack(known))
            continue
        yield from wait(window - 1)
        state, report = start(job, shard)
        under_way[report] = shard, state
    yield from wait(0)


def run_task(job: Job, shard: Shard) -> tuple[bytes, Report]:
    """In a worker: a shard's packed state, and what it took."""
    workers = _workers(job)
    report: Report = {}

    def note(name: str, size: int, seconds: float) -> None:
        before = report.get(name, (0, 0.0))
        report[name] = before[0] + size, before[1] + seconds

    return pack(run_shard(job.plan, shard, workers, note, _todo(job, shard.corpus, workers))), report


def _merge_task(job: Job, corpus: int, *states: bytes) -> bytes:
    workers = _workers(job)
    facts = {name: encoder.facts for name, encoder in workers.encoders.items()}
    todo = _todo(job, corpus, workers)
    merged = _unpacked(states[0], todo, facts)
    for state in states[1:]:
        merged = merged.absorb(_unpacked(state, todo, facts))
    return pack(merged)


def _unpacked(data: bytes, todo: Todo, facts: Mapping[str, TokenizerFacts]) -> ShardState:
    state = unpack(data, todo, facts)
    assert state is not None, "a task packs what was wanted"
    return state


def _workers(job: Job) -> Workers:
    """The job's tokenizers, loaded once in each worker."""
    if job.key not in _loaded():
        reuse_buffers()
        _loaded().clear()
        _loaded()[job.key] = load_workers(_localized(job))
    return _loaded()[job.key]


@cache
def _loaded() -> dict[str, Workers]:
    return {}


def _localized(job: Job) -> Plan:
    """The plan with paths that exist on this node: files that it lacks are written to folders of its own."""
    here = {place: place if Path(place).exists() else _written(place, files) for place, files in job.files.items()}
    return replace(job.plan, tokenizers=tuple((name, moved(spec, here)) for name, spec in job.plan.tokenizers))


def _written(place: str, files: Mapping[str, bytes]) -> str:
    """Files that travelled, in a new folder; its path, or that of the one of them that the place was."""
    folder = Path(tempfile.mkdtemp(prefix="tokeval-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return str(folder / Path(place).name if Path(place).name in files else folder)


def _tokenizer_files(plan: Plan) -> dict[str, dict[str, bytes]]:
    """The content of every file that a tokenizer's spec names, and of those beside it that its library may want."""
    found = {}
    for place in {place: None for _, spec in plan.tokenizers for place in places_of(spec)}:
        path = Path(place)
        beside = files_in(path) if path.is_dir() else [path, *(path.parent / name for name in _COMPANIONS)]
        found[place] = {p.name: p.read_bytes() for p in beside if p.is_file()}
    return found


def _names(todo: Todo) -> dict[str, frozenset[str]]:
    """A part of the work by names, as it travels: measures are functions, and a worker has them itself."""
    return {
        name: frozenset([f"measure {m.name}" for m in wanted.measures] + [f"kind {k.name}" for k in wanted.kinds])
        for name, wanted in todo.items()
    }


def _todo(job: Job, corpus: int, workers: Workers) -> Todo:
    names = job.todo[corpus]
    return {
        name: replace(
            wanted,
            measures=tuple(m for m in wanted.measures if f"measure {m.name}" in names[name]),
            kinds=tuple(k for k in wanted.kinds if f"kind {k.name}" in names[name]),
        )
        for name, wanted in everything(workers).items()
        if name in names
    }


def _connect(address: str | None, jobs: int | None) -> None:
    import ray

    if ray.is_initialized():
        return
    logging.getLogger("ray").setLevel(logging.ERROR)
    options = {"address": address} if address else {"num_cpus": jobs, "include_dashboard": False}
    try:
        ray.init(**options, log_to_driver=False, logging_level="ERROR", configure_logging=False)
    except (ConnectionError, ValueError, RuntimeError, TimeoutError) as error:
        line = first_line(error)
        raise UsageError(f"the cluster at {address or 'this machine'} cannot be reached: {line}") from error
