"""What a run keeps while it goes, so that the next can continue: the state of every shard that is done."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pyarrow as pa

from tokeval import __version__
from tokeval.engine.plan import Plan, Shard
from tokeval.engine.shard import ShardState, Todo, Workers
from tokeval.engine.states import pack, unpack
from tokeval.errors import IncompleteRunError, UsageError
from tokeval.results.run import checkpoint_folder as checkpoint_folder
from tokeval.schema import TokenizerFacts
from tokeval.signature import digest

_PLAN = "plan.json"


class Checkpoint:
    """A folder with one file per finished shard, bound to one plan and one way of cutting it.

    Attributes:
        kept: shards that were there when the run began, or have been added since.
    """

    def __init__(self, folder: Path, plan: Plan, workers: Workers, shard_bytes: int, *, resume: bool) -> None:
        """Open, or begin, a checkpoint; nothing is written before the first shard is done.

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

    @property
    def kept(self) -> int:
        """How many shards are kept; counted in the folder, as an interrupt may come between any two steps."""
        return sum(1 for _ in self._folder.glob("*.arrow"))

    def load(self, shard: Shard, todo: Todo) -> ShardState | None:
        """The state of a shard that was done before; None if it was not, or its file is damaged."""
        try:
            data = (self._folder / _name(shard)).read_bytes()
            return unpack(data, todo, self._facts)
        except (OSError, pa.ArrowInvalid, KeyError, ValueError):
            return None

    def save(self, shard: Shard, state: ShardState) -> None:
        """Keep the state of a shard.

        Raises:
            IncompleteRunError: the disk is full, or the folder cannot be written to any more.
        """
        self.save_packed(shard, pack(state))

    def save_packed(self, shard: Shard, data: bytes) -> None:
        """Keep a state that was packed elsewhere."""
        if not (self._folder / _PLAN).exists():
            self._write(_PLAN, self._key)
        self._write(_name(shard), data)

    def _write(self, name: str, data: bytes) -> None:
        """Whole or not at all, also through a power cut."""
        draft = self._folder / f".{name}.{os.getpid()}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with draft.open("wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            draft.replace(self._folder / name)
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


def _name(shard: Shard) -> str:
    return f"corpus-{shard.corpus:03d}-shard-{shard.number:06d}.arrow"


def _unwritable(folder: Path, error: OSError, kept: int) -> IncompleteRunError:
    return IncompleteRunError(
        f"the checkpoint {folder} cannot be written: {error.strerror or error}",
        hint=f"{kept} shards are kept; make room, then continue with --resume"
        if kept
        else "name another folder with -o",
    )
