"""Tokenizers with one fault each, for the health check to find."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tokeval.arrow import text_array
from tokeval.schema import NORMAL, SPECIAL
from tokeval.tokenizers._yardsticks import Bytes
from tokeval.tokenizers.base import Spans, Tokenizer, vocabulary_table
from tokeval.tokenizers.fast import Found


class _Broken(Bytes):
    def __init__(self) -> None:
        super().__init__()
        self.spec = f"python:tests.probes.broken:{type(self).__name__}"


def _lists(rows: list[list[int]]) -> pa.Array:
    return pa.array(rows, pa.list_(pa.uint32()))


class Raises(_Broken):
    def encode_batch(self, texts: pa.Array) -> pa.Array:
        if any("\t" in text for text in text_array(texts).to_pylist()):
            raise ValueError("no tabs here")
        return super().encode_batch(texts)


class Forgetful(_Broken):
    calls = 0

    def encode_batch(self, texts: pa.Array) -> pa.Array:
        type(self).calls += 1
        rows = super().encode_batch(texts).to_pylist()
        return _lists([[*row, self.calls % 2] if row == [97] else row for row in rows])


class Padded(_Broken):
    def encode_batch(self, texts: pa.Array) -> pa.Array:
        rows = super().encode_batch(texts).to_pylist()
        return _lists([[*row, 0] if len(rows) > 1 else row for row in rows])


class Parses(_Broken):
    def encode_batch(self, texts: pa.Array) -> pa.Array:
        rows = text_array(texts).to_pylist()
        return _lists([[300] if "<s>" in row else list(row.encode()) for row in rows])

    def vocabulary(self) -> pa.Table:
        return pa.concat_tables([super().vocabulary(), vocabulary_table([300], ["<s>"], [b"<s>"], [SPECIAL], [None])])


class Twins(_Broken):
    def vocabulary(self) -> pa.Table:
        more = vocabulary_table([256, 257], ["ab", "ab"], [b"ab", b"ab"], [NORMAL] * 2, [None] * 2)
        return pa.concat_tables([super().vocabulary(), more])


class _Path:
    """A fast path of bytes that gets `wrong` wrong, and leaves texts with a tab to the reference."""

    name = "path/1"

    def __init__(self, wrong: str) -> None:
        self.wrong = wrong

    def encode(self, texts: pa.Array, spans: bool) -> Found:
        rows = [text.encode() for text in texts.to_pylist()]
        unsure = np.array([k for k, row in enumerate(rows) if b"\t" in row], np.int64)
        kept = [b"" if k in unsure else row for k, row in enumerate(rows)]
        made = [[7, 7] if row == self.wrong.encode() else list(row) for row in kept]
        offsets = np.concatenate(([0], np.cumsum([len(row) for row in made]))).astype(np.int64)
        return Found(np.array([i for row in made for i in row], np.uint32), offsets, unsure=unsure)

    def held(self) -> int:
        return 0


class Hurried(_Broken):
    """Its fast path errs on one text."""

    def fast_path(self) -> _Path:
        return _Path("don't stop")


class Quick(_Broken):
    """Its fast path is right."""

    def fast_path(self) -> _Path:
        return _Path("no such text")


class Deaf(Tokenizer):
    """Encodes letters of ASCII alone, the rest is dropped."""

    spec = "python:tests.probes.broken:Deaf"
    capabilities = frozenset({"ids", "spans", "decode"})

    def encode_batch(self, texts: pa.Array) -> pa.Array:
        return self.spans_batch(texts).ids

    def decode_batch(self, ids: pa.Array) -> pa.Array:
        return pa.array(["".join(map(chr, row)) for row in ids.to_pylist()], pa.large_string())

    def spans_batch(self, texts: pa.Array) -> Spans:
        rows = [text.encode() for text in text_array(texts).to_pylist()]
        kept = [[k for k, b in enumerate(row) if chr(b).isascii() and chr(b).isalpha()] for row in rows]
        starts = np.array([k for row in kept for k in row], np.int32)
        ids = _lists([[row[k] for k in places] for row, places in zip(rows, kept, strict=True)])
        return Spans(ids, starts, starts + np.int32(1))
