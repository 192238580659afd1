"""Units of text (bytes, characters, lines, words) and stable hashes, vectorised over Arrow buffers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tokeval.arrow import Int64, text_buffers
from tokeval.schema import Words

#: The segmenters that `--words` takes.
SEGMENTERS = ("whitespace",)


def count_units(texts: pa.Array) -> tuple[dict[str, Int64], Words]:
    r"""Per-document counts of a `large_string` array without nulls, and where its white-space words lie.

    Returns:
        Counts by name, each int64 of shape (documents,): `bytes` (UTF-8), `chars` (code points), `lines`
        (`\n`-separated, so one more than the line breaks), `words` (maximal runs of non-white-space, white space
        as in Python's `str.split`), `unsegmented_chars` (in scripts written without spaces), `visible_chars`
        (not white space). And the words' byte ranges.
    """
    from tokeval.corpus.kernels import scan

    data, offsets = text_buffers(texts)
    rows = len(texts)
    chars, lines, words, unspaced, visible = (np.zeros(rows, np.int64) for _ in range(5))
    room = (int(offsets[-1] - offsets[0]) + rows) // 2 + 1
    starts, ends = np.empty(room, np.int32), np.empty(room, np.int32)
    found = scan(data, offsets, chars, lines, words, unspaced, visible, starts, ends)
    units = {
        "bytes": np.diff(offsets),
        "chars": chars,
        "lines": lines,
        "words": words,
        "unsegmented_chars": unspaced,
        "visible_chars": visible,
    }
    return units, Words(starts[:found].copy(), ends[:found].copy(), np.concatenate(([0], np.cumsum(words))))


def hash_texts(texts: pa.Array) -> npt.NDArray[np.uint64]:
    """A stable 64-bit hash of each row of a `large_string` array."""
    from tokeval.corpus.kernels import hash_rows

    data, offsets = text_buffers(texts)
    out = np.zeros(len(texts), np.uint64)
    hash_rows(data, offsets, out)
    return out
