"""`precomputed:FILE.parquet`: what a tokenizer that cannot be run here made of each document."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tokeval import __version__
from tokeval.arrow import Int64, UInt32, id_buffers, id_lists, text_array, text_buffers
from tokeval.errors import TokenizerError
from tokeval.signature import file_digest
from tokeval.tokenizers.base import IDS, SPANS, Spans, Tokenizer
from tokeval.tokenizers.fast import positions
from tokeval.tokenizers.load import require_file

_COLUMNS = ("ids", "ends", "tokens")


class Precomputed(Tokenizer):
    """Tokens from a Parquet file, where documents are found by their text.

    Beside the column `text` the file has at least one of

    - `ids`: list of token ids,
    - `ends`: list of the byte positions in the document where tokens end, the first beginning at 0,
    - `tokens`: the number of tokens, all that some services tell.

    What the columns do not tell is not declared, and metrics that need it are `not_applicable`.
    """

    library = f"tokeval/{__version__}"

    def __init__(self, location: str, revision: str | None = None) -> None:
        if revision is not None:
            raise TokenizerError(f"precomputed:{location} is a file and has no revision {revision!r}")
        path = require_file(location, {"parquet"}, "a Parquet file of precomputed tokens")
        table, given = _read(path)
        self.fingerprint = file_digest(path)
        self.capabilities = frozenset({*([IDS] if "ids" in given else []), *([SPANS] if "ends" in given else [])})
        texts = text_array(table["text"].combine_chunks())
        keys = _hashes(texts)
        self._order = np.argsort(keys, kind="stable")
        self._sorted = keys[self._order]
        self._ids, self._offsets, self._ends = _tokens(path, table, given)
        sizes = np.diff(text_buffers(texts)[1])
        if self._ends is not None:
            _check_ends(path, self._ends, self._offsets, sizes)

    def encode_batch(self, texts: pa.Array) -> pa.Array:
        """The ids that the file holds; where it holds none, as many zeros as there are tokens.

        Raises:
            TokenizerError: a document is not in the file.
        """
        texts = text_array(texts)
        rows, counts = self._rows(texts)
        flat = self._ids[positions(self._offsets, rows)] if len(rows) else np.zeros(0, np.uint32)
        offsets = np.concatenate(([0], np.cumsum(counts)))
        return id_lists(flat, offsets, texts.is_valid().to_numpy(zero_copy_only=False))

    def spans_batch(self, texts: pa.Array) -> Spans:
        """Spans from the ends that the file holds."""
        if self._ends is None:
            return super().spans_batch(texts)
        ids = self.encode_batch(texts)
        rows, _ = self._rows(text_array(texts))
        ends = self._ends[positions(self._offsets, rows)]
        starts = np.concatenate(([0], ends[:-1]))[: len(ends)]
        _, offsets = id_buffers(ids)
        starts[offsets[:-1][np.diff(offsets) > 0]] = 0
        return Spans(ids, starts.astype(np.int32), ends.astype(np.int32))

    def _rows(self, texts: pa.Array) -> tuple[Int64, Int64]:
        """The file's row of each text that is not empty or null, and the number of tokens of every text."""
        filled = pc.fill_null(texts, "")
        sizes = np.diff(text_buffers(filled)[1])
        wanted = np.flatnonzero(sizes > 0)
        keys = _hashes(filled)[wanted]
        places = np.searchsorted(self._sorted, keys)
        known = places < len(self._sorted)
        known[known] = self._sorted[places[known]] == keys[known]
        if not known.all():
            text = filled[int(wanted[np.flatnonzero(~known)[0]])].as_py()
            raise TokenizerError(
                f"{self.spec} does not hold the document {text[:40]!r}",
                hint="the column `text` must hold every document of the corpus, as it is there",
            )
        rows = self._order[places]
        counts = np.zeros(len(texts), np.int64)
        counts[wanted] = np.diff(self._offsets)[rows]
        return rows, counts


def _read(path: Path) -> tuple[pa.Table, list[str]]:
    names = pq.read_schema(path).names
    given = [name for name in _COLUMNS if name in names]
    if "text" not in names or not given:
        raise TokenizerError(
            f"{path} needs the column `text` and one of {', '.join(f'`{c}`' for c in _COLUMNS)}",
            hint=f"its columns are {', '.join(names)}",
        )
    table = pq.read_table(path, columns=["text", *given])
    if any(table[name].null_count for name in given):
        raise TokenizerError(f"{path} has nulls in {', '.join(n for n in given if table[n].null_count)}")
    return table, given


def _tokens(path: Path, table: pa.Table, given: list[str]) -> tuple[UInt32, Int64, Int64 | None]:
    """Flat ids and offsets of every row, and the ends where there are some."""
    try:
        lists = {
            name: id_buffers(table[name].combine_chunks().cast(pa.list_(pa.uint32())))
            for name in ("ids", "ends")
            if name in given
        }
    except pa.ArrowInvalid as error:
        raise TokenizerError(f"{path}: `ids` and `ends` must be lists of numbers from 0 to 2^32 - 1") from error
    if "tokens" in given:
        counts = table["tokens"].to_numpy().astype(np.int64)
    else:
        counts = np.diff(next(iter(lists.values()))[1])
    if (counts < 0).any() or any(not np.array_equal(np.diff(offsets), counts) for _, offsets in lists.values()):
        raise TokenizerError(f"{path}: {', '.join(given)} do not tell the same number of tokens in every row")
    offsets = np.concatenate(([0], np.cumsum(counts)))
    ids = lists["ids"][0] if "ids" in lists else np.zeros(int(offsets[-1]), np.uint32)
    return ids, offsets, lists["ends"][0].astype(np.int64) if "ends" in lists else None


def _check_ends(path: Path, ends: Int64, offsets: Int64, sizes: Int64) -> None:
    rises = np.diff(ends, prepend=0) >= 0
    rises[offsets[:-1][np.diff(offsets) > 0]] = True
    if not rises.all() or (ends > np.repeat(sizes, np.diff(offsets))).any():
        raise TokenizerError(f"{path}: `ends` must rise within a document and stay inside its bytes")


def _hashes(texts: pa.Array) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    from tokeval.tokenizers.kernels import whole_hashes

    hashes: np.ndarray[tuple[int], np.dtype[np.uint64]] = whole_hashes(*text_buffers(texts))
    return hashes
