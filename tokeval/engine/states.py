"""States as bytes, exactly: how they lie in checkpoints and caches and travel between machines."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from tokeval.corpus.reader import Intake
from tokeval.corpus.samples import Samples
from tokeval.corpus.spoken import Spoken
from tokeval.engine.shard import ShardState, Todo, TokenizerState
from tokeval.metrics.base import Accumulator
from tokeval.metrics.sums import Sums
from tokeval.schema import TokenizerFacts

_KEY = b"tokeval.state"
#: In the place of a tokenizer's name: states of the text alone.
_TEXT = ""
#: Bytes of a seal.
_SEAL = 16
_SCHEMA = pa.schema(
    [
        pa.field("tokenizer", pa.string(), nullable=False),
        pa.field("accumulator", pa.string(), nullable=False),
        pa.field("state", pa.large_binary(), nullable=False),
    ]
)


def pack(state: ShardState) -> bytes:
    """A state as an Arrow file: one row per tokenizer and accumulator, its table inside as an Arrow stream."""
    rows = [
        {"tokenizer": name, "accumulator": kind, "state": pack_table(accumulator.state())}
        for name, mine in state.tokenizers.items()
        for kind, accumulator in [(Sums.name, mine.sums), *mine.others.items()]
    ]
    rows += [
        {"tokenizer": _TEXT, "accumulator": kind, "state": pack_table(part.state())}
        for kind, part in (("samples", state.samples), ("spoken", state.spoken))
    ]
    about = {
        "corpus": state.corpus,
        "has_ids": state.has_ids,
        "intake": intake_record(state.intake),
        "measures": {name: sorted(mine.sums.measures) for name, mine in state.tokenizers.items()},
        "dropped": [name for name, mine in state.tokenizers.items() if mine.dropped],
    }
    return pack_table(pa.Table.from_pylist(rows, _SCHEMA.with_metadata({_KEY: json.dumps(about).encode()})))


def unpack(data: bytes | memoryview, todo: Todo, facts: Mapping[str, TokenizerFacts]) -> ShardState | None:
    """The state behind `pack`'s bytes, as far as it is wanted; None if it lacks something that is.

    Raises:
        pyarrow.ArrowInvalid, KeyError, ValueError: the bytes are damaged, or of another kind.
    """
    table = unpack_table(data)
    about = json.loads(table.schema.metadata[_KEY])
    cells = {(row["tokenizer"], row["accumulator"]): row["state"] for row in table.to_pylist()}
    tokenizers = {}
    for name, wanted in todo.items():
        kinds = {kind.name: kind for kind in wanted.kinds}
        measures = {measure.name for measure in wanted.measures}
        if not measures <= set(about["measures"].get(name, ())) or any((name, kind) not in cells for kind in kinds):
            return None
        others: dict[str, Accumulator] = {
            key: kind.from_state(unpack_table(cells[name, key])) for key, kind in kinds.items()
        }
        sums = Sums.from_state(unpack_table(cells[name, Sums.name]), wanted.measures)
        tokenizers[name] = TokenizerState(facts[name], sums, others, name in about["dropped"])
    return ShardState(
        about["corpus"],
        read_intake(about["intake"]),
        tokenizers,
        about["has_ids"],
        Samples.from_state(unpack_table(cells[_TEXT, "samples"])),
        Spoken.from_state(unpack_table(cells[_TEXT, "spoken"])),
    )


def pack_table(table: pa.Table) -> bytes:
    """A table as an Arrow stream, lightly compressed."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def unpack_table(data: bytes | memoryview) -> pa.Table:
    """The table behind `pack_table`'s bytes."""
    with pa.ipc.open_stream(pa.py_buffer(data)) as reader:
        return reader.read_all()


def sealed(data: bytes, key: str) -> bytes:
    """Bytes behind a digest of them and of the key that they are kept under."""
    return _seal(data, key) + data


def opened(data: bytes | memoryview, key: str) -> memoryview:
    """The bytes that were `sealed` under the key.

    Raises:
        ValueError: they are not, such as those of another plan, or are damaged.
    """
    seal, inside = data[:_SEAL], memoryview(data)[_SEAL:]
    if seal != _seal(inside, key):
        raise ValueError("a damaged state, or another one")
    return inside


def _seal(data: bytes | memoryview, key: str) -> bytes:
    seal = hashlib.blake2b(key.encode() + b"\n", digest_size=_SEAL)
    seal.update(data)
    return seal.digest()


def intake_record(intake: Intake) -> dict[str, Any]:
    """What was read, as JSON values."""
    return {
        "nulls": intake.nulls,
        "fingerprint": intake.fingerprint,
        "documents": intake.documents,
        "bytes": intake.bytes,
    }


def read_intake(record: Mapping[str, Any]) -> Intake:
    """The intake behind `intake_record`."""
    parts = [int(record["fingerprint"][at : at + 16], 16) for at in (0, 16)]
    return Intake(dict(record["nulls"]), np.array(parts, np.uint64), record["documents"], record["bytes"])
