"""What a run keeps while it goes, so that the next can continue: the state of the shards that are done."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pyarrow as pa

from tokeval import __version__
from tokeval.engine.plan import Plan, Shard
from tokeval.engine.shard import ShardState, Todo, Workers
from tokeval.engine.states import opened, pack, sealed, unpack
from tokeval.errors import IncompleteRunError, UsageError
from tokeval.results.run import checkpoint_folder as checkpoint_folder
from tokeval.schema import TokenizerFacts
from tokeval.signature import digest

_PLAN, _END = "plan.json", ".state"


class Checkpoint:
    """A folder of states of finished shards, bound to one plan and one way of cutting it.

    A file holds the state of one shard or of many, and says of which, and of which plan, in its first line: another
    run may have begun in the same folder.
    """

    def __init__(self, folder: Path, plan: Plan, workers: Workers, shard_bytes: int, *, resume: bool) -> None:
        """Open a checkpoint.

        Args:
            folder: where it lies.
            plan: what is computed.
            workers: the loaded tokenizers; their fingerprints are part of the key.
            shard_bytes: how the plan is cut.
            resume: continue what is there; otherwise it is removed.

        Raises:
            UsageError: what is there belongs to another plan or version.
        """
        self._folder = folder
        self._facts: Mapping[str, TokenizerFacts] = {name: e.facts for name, e in workers.encoders.items()}
        prints = [f"{name} {facts.fingerprint} {facts.library}" for name, facts in self._facts.items()]
        key = {"version": __version__, "plan": digest(plan.digest, *prints), "shard_bytes": shard_bytes}
        if resume and folder.exists():
            self._refuse_other(key)
        elif folder.exists():
            shutil.rmtree(folder, ignore_errors=True)
        self._key = json.dumps(key).encode()
        self._plan = digest(str(self._key))

    def begin(self) -> None:
        """Mark the run as begun, so that the table of an earlier one is not taken for its own.

        Raises:
            IncompleteRunError: as `save`.
        """
        if not (self._folder / _PLAN).exists():
            self._write(_PLAN, self._key)

    @property
    def kept(self) -> int:
        """How many shards are kept; counted in the folder, as an interrupt may come between any two steps."""
        held = {path: self._held(path) for path in self._folder.glob(f"*{_END}")}
        return len({(path.name.partition(".")[0], number) for path, numbers in held.items() for number in numbers})

    def load(self, corpus: int, todo: Todo) -> Iterator[tuple[frozenset[int], ShardState]]:
        """States that were kept of a corpus, each with the numbers of its shards; no shard is in two of them.

        What is damaged is passed over, and so is what a larger one holds too.
        """
        taken: set[int] = set()
        held = {path: self._held(path) for path in sorted(self._files(corpus))}
        for path, numbers in sorted(held.items(), key=lambda item: -len(item[1])):
            if not numbers or not taken.isdisjoint(numbers):
                continue
            try:
                data = path.read_bytes()
                end = data.index(b"\n")
                state = unpack(opened(memoryview(data)[end + 1 :], data[:end].decode()), todo, self._facts)
            except (OSError, pa.ArrowInvalid, KeyError, ValueError):
                continue
            if state is not None:
                taken |= numbers
                yield numbers, state

    def save(self, shard: Shard, numbers: Collection[int], state: ShardState) -> None:
        """Keep a state in place of what was kept of the same shards.

        Args:
            shard: the one that was finished last.
            numbers: of all shards of its corpus that the state holds.
            state: theirs.

        Raises:
            IncompleteRunError: the disk is full, or the folder cannot be written to any more.
        """
        written = self.write(shard, numbers, pack(state))
        for path in self._files(shard.corpus):
            if path != written and self._held(path) <= set(numbers):
                path.unlink(missing_ok=True)

    def write(self, shard: Shard, numbers: Collection[int], data: bytes) -> Path:
        """Keep a state that is packed, beside what is there; see `save`."""
        self.begin()
        line = json.dumps([self._plan, sorted(numbers)])
        return self._write(
            f"{_corpus(shard.corpus)}.{shard.number:06d}{_END}", line.encode() + b"\n" + sealed(data, line)
        )

    def _held(self, path: Path) -> frozenset[int]:
        """The shards of this plan whose state a file holds; none if it is damaged, or has gone."""
        try:
            with path.open("rb") as stream:
                plan, numbers = json.loads(stream.readline())
                return frozenset(map(int, numbers)) if plan == self._plan else frozenset()
        except (OSError, ValueError, TypeError):
            return frozenset()

    def _files(self, corpus: int) -> list[Path]:
        return list(self._folder.glob(f"{_corpus(corpus)}.*{_END}"))

    def _write(self, name: str, data: bytes) -> Path:
        """Whole or not at all, also through a power cut."""
        draft = self._folder / f".{name}.{os.getpid()}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with draft.open("wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            return draft.replace(self._folder / name)
        except OSError as error:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            raise _unwritable(self._folder, error, self.kept) from error

    def _refuse_other(self, key: Mapping[str, object]) -> None:
        try:
            found = json.loads((self._folder / _PLAN).read_bytes())
            version = str(found["version"])
        except (OSError, ValueError, KeyError, TypeError):
            return  # a run that was killed before it wrote a thing
        restart = "leave out --resume to start again"
        if version != __version__:
            raise UsageError(
                f"the checkpoint {self._folder} is of tokeval {version}, this is {__version__}",
                hint=f"finish it with that version, or {restart}",
            )
        if found != key:
            raise UsageError(
                f"the checkpoint {self._folder} belongs to another plan",
                hint=f"give the same tokenizers, corpora and options, or {restart}",
            )


def _corpus(index: int) -> str:
    return f"corpus-{index:03d}"


def _unwritable(folder: Path, error: OSError, kept: int) -> IncompleteRunError:
    return IncompleteRunError(
        f"the checkpoint {folder} cannot be written: {error.strerror or error}",
        hint=f"{kept} shards are kept; make room, then continue with --resume"
        if kept
        else "name another folder with -o",
    )
