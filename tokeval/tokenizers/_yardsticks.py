"""Yardsticks that need no library: bytes, characters, white-space words."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tokeval import __version__
from tokeval.arrow import code_points, id_lists, text_array, text_buffers
from tokeval.schema import BYTE, DECODE, IDS, SPANS, VOCABULARY
from tokeval.tokenizers.base import Spans, Tokenizer, vocabulary_table


def _valid(texts: pa.Array) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    valid: np.ndarray[tuple[int], np.dtype[np.bool_]] = texts.is_valid().to_numpy(zero_copy_only=False)
    return valid


class Yardstick(Tokenizer):
    """A measure that needs no file: nothing may stand after the colon of its spec."""

    library = f"tokeval/{__version__}"
    yardstick = True

    def __init__(self, location: str = "", revision: str | None = None) -> None:
        from tokeval.errors import UsageError

        name = type(self).__name__.lower()
        if location or revision:
            raise UsageError(f"{name}: takes nothing after the colon, got {location or revision!r}")
        self.spec = f"{name}:"
        self.fingerprint = name


class Bytes(Yardstick):
    """One token per UTF-8 byte, as ByT5 without its specials."""

    capabilities = frozenset({IDS, DECODE, SPANS, VOCABULARY})
    text_prefix = b""

    def encode_batch(self, texts: pa.Array) -> pa.Array:
        """Ids are the bytes, 0 to 255."""
        texts = text_array(texts)
        data, offsets = text_buffers(texts)
        flat = data[offsets[0] : offsets[-1]].astype(np.uint32)
        return id_lists(flat, offsets - offsets[0], _valid(texts))

    def decode_batch(self, ids: pa.Array) -> pa.Array:
        """Bytes to text; what is not UTF-8 becomes U+FFFD."""
        return pa.array(
            [None if row is None else bytes(row).decode("utf-8", "replace") for row in ids.to_pylist()],
            pa.large_string(),
        )

    def spans_batch(self, texts: pa.Array) -> Spans:
        """Each token covers its byte."""
        ids = self.encode_batch(texts)
        counts = np.diff(ids.offsets.to_numpy())
        starts = (np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)).astype(np.int32)
        return Spans(ids, starts, starts + np.int32(1))

    def vocabulary(self) -> pa.Table:
        """All 256 bytes."""
        values = list(range(256))
        return vocabulary_table(
            values, [f"<0x{v:02X}>" for v in values], [bytes([v]) for v in values], [BYTE] * 256, [None] * 256
        )


class Chars(Yardstick):
    """One token per code point."""

    capabilities = frozenset({IDS, DECODE, SPANS})

    def encode_batch(self, texts: pa.Array) -> pa.Array:
        """Ids are the code points."""
        return self.spans_batch(texts).ids

    def decode_batch(self, ids: pa.Array) -> pa.Array:
        """Code points to text."""
        rows = ids.to_pylist()
        return pa.array([None if row is None else "".join(map(chr, row)) for row in rows], pa.large_string())

    def spans_batch(self, texts: pa.Array) -> Spans:
        """Each token covers the bytes of its code point."""
        texts = text_array(texts)
        data, offsets = text_buffers(texts)
        content = data[offsets[0] : offsets[-1]]
        flat, rows = code_points(texts)
        small = np.int32 if len(content) < 1 << 31 else np.int64  # half the memory, a quarter of the time
        heads = np.append(np.flatnonzero((content & 0xC0) != 0x80), len(content)).astype(small)
        base = np.repeat((offsets[:-1] - offsets[0]).astype(small), np.diff(rows))
        ids = id_lists(flat, rows, _valid(texts))
        return Spans(ids, (heads[:-1] - base).astype(np.int32), (heads[1:] - base).astype(np.int32))


class Words(Yardstick):
    """One token per maximal run of non-white-space; its ids are hashes, so they are not counted as a vocabulary."""

    capabilities = frozenset({SPANS})

    def encode_batch(self, texts: pa.Array) -> pa.Array:
        """Ids are 32-bit hashes of the words."""
        return self.spans_batch(texts).ids

    def spans_batch(self, texts: pa.Array) -> Spans:
        """Each token covers its word; white space is covered by none."""
        from tokeval.tokenizers.kernels import split_words

        texts = text_array(texts)
        data, offsets = text_buffers(texts)
        room = (int(offsets[-1] - offsets[0]) + len(texts)) // 2 + 1
        flat, starts, ends = np.empty(room, np.uint32), np.empty(room, np.int32), np.empty(room, np.int32)
        rows = np.zeros(len(texts) + 1, np.int64)
        found = split_words(data, offsets, flat, starts, ends, rows)
        return Spans(id_lists(flat[:found], rows, _valid(texts)), starts[:found], ends[:found])
