"""States kept between runs: a comparison computes only what no earlier one has.

One file per corpus, tokenizer and part (a measure's sums, or another accumulator), named by a hash of all that its
content depends on. Of the text, only the samples that reports show and count words from are kept.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from tokeval import __version__
from tokeval.engine.plan import Plan
from tokeval.engine.shard import ShardState, Todo, TokenizerState, Wanted, Workers, everything
from tokeval.engine.states import opened, pack, pack_table, sealed, unpack, unpack_table
from tokeval.metrics.base import Accumulator, Measure
from tokeval.metrics.sums import Sums
from tokeval.schema import TokenizerFacts
from tokeval.signature import digest

#: Bytes that the cache may hold; the least recently used files go first.
LIMIT = 2 << 30

_SUFFIX = ".state"
#: In the place of a fast path's name.
_REFERENCE = "reference"

T = TypeVar("T")

Keys = Callable[[str, Measure | type[Accumulator]], Iterator[str]]


def cache_folder() -> Path:
    """Where states are kept: TOKEVAL_CACHE, or the user's cache folder."""
    named = os.environ.get("TOKEVAL_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tokeval"


@dataclass(frozen=True)
class Usage:
    """What a cache holds."""

    folder: Path
    files: int
    bytes: int


class StateCache:
    """A folder of states. It may be thrown away at any time; nothing in it is needed."""

    def __init__(self, folder: Path, limit: int = LIMIT) -> None:
        self._folder = folder
        self._limit = limit

    def usage(self) -> Usage:
        """Files and bytes."""
        sizes = [size for _, size, _ in self._files()]
        return Usage(self._folder, len(sizes), sum(sizes))

    def clear(self) -> Usage:
        """Remove every state; what was removed."""
        before = self.usage()
        for path, _, _ in self._files():
            path.unlink(missing_ok=True)
        return before

    def known(self, plan: Plan, workers: Workers) -> dict[int, ShardState]:
        """What earlier runs left of a plan, by corpus; a corpus without an intake is not known at all."""
        found = {}
        for index, corpus in enumerate(plan.corpora):
            if not corpus.stamped:  # it may have been written again, and nobody would know
                continue
            text = self._get(_text_key(plan, index), lambda data: unpack(data, {}, {}))
            if text is None:
                continue
            keys = _keys(plan, index, workers)
            tokenizers = {
                name: self._tokenizer(name, wanted, workers.encoders[name].facts, keys)
                for name, wanted in everything(workers).items()
            }
            found[index] = replace(text, corpus=index, tokenizers=tokenizers)
        return found

    def keep(
        self, plan: Plan, workers: Workers, states: Mapping[int, ShardState], computed: Mapping[int, Todo]
    ) -> None:
        """Keep what a run has computed. A cache that cannot be written is none: the run does not fail for it."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for index, todo in computed.items():
                if not plan.corpora[index].stamped:
                    continue
                state = states[index]
                self._put(_text_key(plan, index), pack(replace(state, tokenizers={})))
                keys = _keys(plan, index, workers)
                for name, wanted in todo.items():
                    self._keep_tokenizer(name, wanted, state.tokenizers[name], keys)
            self._trim()
        except OSError:
            return

    def distrust(self, facts: TokenizerFacts, path: str) -> None:
        """Remember that a tokenizer's fast path erred, so that no later run takes what it did, or takes it again."""
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._put(_distrusted(facts, path), b"")

    def distrusts(self, facts: TokenizerFacts, path: str) -> bool:
        """Whether it erred in an earlier run."""
        return bool(path) and self._get(_distrusted(facts, path), bytes) is not None

    def _tokenizer(self, name: str, wanted: Wanted, facts: TokenizerFacts, keys: Keys) -> TokenizerState:
        def table_of(part: Measure | type[Accumulator]) -> pa.Table | None:
            found = (self._get(key, unpack_table) for key in keys(name, part))
            return next((table for table in found if table is not None), None)

        sums = Sums()
        for measure in wanted.measures:
            table = table_of(measure)
            if table is not None:
                sums = sums.merge(Sums.from_state(table))
        others: dict[str, Accumulator] = {}
        for kind in wanted.kinds:
            table = table_of(kind)
            if table is not None:
                others[kind.name] = kind.from_state(table)
        return TokenizerState(facts, sums, others)

    def _keep_tokenizer(self, name: str, wanted: Wanted, state: TokenizerState, keys: Keys) -> None:
        table = state.sums.state()
        for measure in wanted.measures:
            rows = table.filter(pc.equal(table["measure"], measure.name))
            self._put(next(keys(name, measure)), pack_table(rows))
        for kind in wanted.kinds:
            if kind.cached:
                self._put(next(keys(name, kind)), pack_table(state.others[kind.name].state()))

    def _get(self, key: str, read: Callable[[memoryview], T]) -> T | None:
        path = self._folder / f"{key}{_SUFFIX}"
        try:
            found = read(opened(path.read_bytes(), key))
            os.utime(path)
        except (OSError, pa.ArrowInvalid, KeyError, ValueError):
            return None
        return found

    def _put(self, key: str, data: bytes) -> None:
        draft = self._folder / f".{key}.{os.getpid()}"
        draft.write_bytes(sealed(data, key))
        draft.replace(self._folder / f"{key}{_SUFFIX}")

    def _files(self) -> Iterator[tuple[Path, int, float]]:
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")) if self._folder.is_dir() else ():
            try:
                status = path.stat()
            except OSError:
                continue
            yield path, status.st_size, status.st_mtime

    def _trim(self) -> None:
        files = sorted(self._files(), key=lambda item: item[2])
        excess = sum(size for _, size, _ in files) - self._limit
        for path, size, _ in files:
            if excess <= 0:
                return
            path.unlink(missing_ok=True)
            excess -= size


def missing(everything: Todo, known: ShardState | None) -> dict[str, Wanted]:
    """What is wanted and not known, by tokenizer; a tokenizer that lacks nothing is left out."""
    left = {}
    for name, wanted in everything.items():
        have = known.tokenizers[name] if known is not None else None
        measures = set(have.sums.measures) if have is not None else set()
        rest = Wanted(
            tuple(m for m in wanted.measures if m.name not in measures),
            tuple(k for k in wanted.kinds if have is None or k.name not in have.others),
        )
        if rest:
            left[name] = rest
    return left


def joined(known: ShardState, computed: ShardState | None) -> ShardState:
    """What was known and what was computed beside it, of the same documents."""
    if computed is None:
        return known
    tokenizers = {}
    for name, mine in known.tokenizers.items():
        new = computed.tokenizers.get(name)
        tokenizers[name] = (
            mine
            if new is None
            else TokenizerState(mine.facts, mine.sums.merge(new.sums), {**mine.others, **new.others}, new.dropped)
        )
    return replace(computed, tokenizers=tokenizers)


def _keys(plan: Plan, index: int, workers: Workers) -> Keys:
    """Under which keys a part of a tokenizer may lie; the first is that under which this run keeps it.

    What the reference did serves whom a fast path would do for, but not the other way round.
    """
    corpus = _corpus(plan, index)
    facts = {name: encoder.facts for name, encoder in workers.encoders.items()}
    paths = {name: encoder.path or _REFERENCE for name, encoder in workers.encoders.items()}

    def key(name: str, part: Measure | type[Accumulator], paths: Mapping[str, str]) -> str:
        module = inspect.getmodule(part.compute if isinstance(part, Measure) else part)
        baseline = plan.baseline if isinstance(part, Measure) and part.relative else None
        return digest(
            corpus,
            facts[name].fingerprint,
            facts[name].library,
            ",".join(sorted(facts[name].capabilities)),
            f"{type(part).__name__ if isinstance(part, Measure) else 'Accumulator'} {part.name} {part.version}",
            _source_digest(str(getattr(module, "__file__", ""))),
            plan.words,
            str(plan.seed),
            plan.on_error,
            facts[baseline].fingerprint if baseline else "",
            *(paths[one] if one else "" for one in (name, baseline)),
        )

    def keys(name: str, part: Measure | type[Accumulator]) -> Iterator[str]:
        yield key(name, part, paths)
        yield key(name, part, dict.fromkeys(paths, _REFERENCE))

    return keys


def _distrusted(facts: TokenizerFacts, path: str) -> str:
    return digest("distrusted", facts.fingerprint, facts.library, path)


def _text_key(plan: Plan, index: int) -> str:
    return digest(_corpus(plan, index), "text", plan.words)


def _corpus(plan: Plan, index: int) -> str:
    """All that decides which documents are read, and how: not the corpus's name."""
    corpus = plan.corpora[index]
    rows = sum(piece.rows for piece in corpus.pieces)
    return digest(__version__, corpus.files_digest, repr(corpus.columns), f"{len(corpus.pieces)} {rows}")


@cache
def _source_digest(path: str) -> str:
    """So that a metric that was edited without a new version is computed again."""
    try:
        return digest(Path(path).read_bytes())
    except OSError:
        return ""
