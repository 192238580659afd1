"""The yardstick of user-perceived characters: extended grapheme clusters (UAX 29), as the `regex` library has them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tokeval.arrow import id_lists, row_hashes, text_array, text_buffers
from tokeval.schema import SPANS
from tokeval.tokenizers._yardsticks import Yardstick
from tokeval.tokenizers.base import Spans


class Graphemes(Yardstick):
    """One token per extended grapheme cluster; its ids are hashes, so they are not counted as a vocabulary."""

    capabilities = frozenset({SPANS})

    def __init__(self, location: str = "", revision: str | None = None) -> None:
        import regex

        super().__init__(location, revision)
        self._cluster = regex.compile(r"\X")
        self.library = f"regex/{regex.__version__}"
        self.fingerprint = f"graphemes-{regex.__version__}"

    def encode_batch(self, texts: pa.Array) -> pa.Array:
        """Ids are 32-bit hashes of the clusters."""
        return self.spans_batch(texts).ids

    def spans_batch(self, texts: pa.Array) -> Spans:
        """Each token covers its cluster."""
        from tokeval.tokenizers.kernels import points_to_bytes

        texts = text_array(texts)
        rows = ["" if row is None else row for row in texts.to_pylist()]
        points = [[match.end() for match in self._cluster.finditer(row)] for row in rows]
        offsets = np.concatenate(([0], np.cumsum([len(row) for row in points], dtype=np.int64)))
        ends = np.zeros(int(offsets[-1]), np.int32)
        data, text_offsets = text_buffers(texts)
        flat = np.array([end for row in points for end in row], np.int64)
        points_to_bytes(data, text_offsets, offsets, flat, ends)
        starts = np.concatenate(([0], ends[:-1])).astype(np.int32)[: len(ends)]
        starts[offsets[:-1][np.diff(offsets) > 0]] = 0
        bounds = np.repeat(text_offsets[:-1], np.diff(offsets)) + starts
        ids = row_hashes(data, np.append(bounds, text_offsets[-1])) if len(ends) else np.zeros(0, np.uint64)
        valid = texts.is_valid().to_numpy(zero_copy_only=False)
        return Spans(id_lists((ids >> np.uint64(32)).astype(np.uint32), offsets, valid), starts, ends)
