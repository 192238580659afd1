"""Speed, measured on the corpus: only when asked for, not deterministic, and therefore without signatures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

import numpy as np
import pyarrow as pa

from tokeval.metrics.base import Accumulator, Context, Metric, View
from tokeval.schema import ALL, HIGHER, LOWER, Figure, MetricInfo, Status

FAMILY = "speed"

#: What is added up: nanoseconds by part of the work, bytes of text, tokens, documents, loads.
_COLUMNS = ("encode", "fast", "decode", "load", "loads", "bytes", "tokens", "documents")


class Timings(Accumulator):
    """Nanoseconds of work and what was worked on, summed over batches and workers (so: per worker, not wall time)."""

    name: ClassVar[str] = "timings"
    timed: ClassVar[bool] = True
    cached: ClassVar[bool] = False

    def __init__(self) -> None:
        self.sums = dict.fromkeys(_COLUMNS, 0)

    def update(self, view: View) -> None:
        """Add a batch."""
        done = {
            "bytes": int(view.batch.units["bytes"].sum()),
            "tokens": len(view.encoding.ids),
            "documents": len(view.batch),
        }
        for name, amount in {**view.clock, **done}.items():
            self.sums[name] += amount

    def merge(self, other: Timings) -> Timings:
        """Both, added."""
        merged = Timings()
        merged.sums = {name: self.sums[name] + other.sums[name] for name in _COLUMNS}
        return merged

    def state(self) -> pa.Table:
        """One row, a column per sum."""
        return pa.table({name: np.array([self.sums[name]], np.int64) for name in _COLUMNS})

    @classmethod
    def from_state(cls, table: pa.Table) -> Timings:
        """The timings of a state."""
        made = cls()
        made.sums = {name: int(table[name][0].as_py()) for name in _COLUMNS}
        return made


def _rate(above: str, below: str, scale: float, absent: str) -> Callable[[Context], Iterable[Figure]]:
    def compute(context: Context) -> Iterable[Figure]:
        sums = context.state(Timings).sums
        if sums[below]:
            yield Figure(ALL, sums[above] / sums[below] * scale, sums["documents"])
        else:
            yield Figure(ALL, None, sums["documents"], status=Status.NOT_APPLICABLE, reason=absent)

    return compute


def _seconds(work: str) -> Callable[[Context], Iterable[Figure]]:
    def compute(context: Context) -> Iterable[Figure]:
        sums = context.state(Timings).sums
        if sums[work]:
            yield Figure(ALL, sums[work] * 1e-9, sums["documents"])
        else:
            reason = "nothing was timed"
            yield Figure(ALL, None, sums["documents"], status=Status.NOT_APPLICABLE, reason=reason)

    return compute


def _metric(
    name: str, unit: str, direction: str, definition: str, compute: Callable[[Context], Iterable[Figure]]
) -> Metric:
    misleads = "Depends on the machine and on what else it does; a first batch may warm caches up."
    info = MetricInfo(name, FAMILY, unit, direction, definition, misleads=misleads)
    return Metric(info, compute, accumulators=(Timings,), default=False, signed=False)


_NO_FAST = "the tokenizer has no fast path"
METRICS = (
    _metric(
        "encode_s",
        "s",
        LOWER,
        "Seconds of encode_batch over the whole corpus on the reference path: the processing time of a benchmark.",
        _seconds("encode"),
    ),
    _metric(
        "encode_mb_per_s",
        "MB/s",
        HIGHER,
        "10⁶ bytes of text / second of encode_batch on the reference path, all threads of the library together.",
        _rate("bytes", "encode", 1e3, "nothing was timed"),
    ),
    _metric(
        "encode_tokens_per_s",
        "tokens/s",
        HIGHER,
        "Tokens / second of encode_batch on the reference path.",
        _rate("tokens", "encode", 1e9, "nothing was timed"),
    ),
    _metric(
        "encode_fast_mb_per_s",
        "MB/s",
        HIGHER,
        "10⁶ bytes of text / second on the fast path, its checks included, where the tokenizer has one.",
        _rate("bytes", "fast", 1e3, _NO_FAST),
    ),
    _metric(
        "encode_fast_tokens_per_s",
        "tokens/s",
        HIGHER,
        "Tokens / second on the fast path, where the tokenizer has one.",
        _rate("tokens", "fast", 1e9, _NO_FAST),
    ),
    _metric(
        "decode_mb_per_s",
        "MB/s",
        HIGHER,
        "10⁶ bytes of text / second of decode_batch.",
        _rate("bytes", "decode", 1e3, "the tokenizer does not declare decode"),
    ),
    _metric(
        "load_s",
        "s",
        LOWER,
        "Seconds from the spec to a tokenizer that can encode.",
        _rate("load", "loads", 1e-9, "nothing was timed"),
    ),
)
