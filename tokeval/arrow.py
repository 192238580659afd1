"""Arrow arrays as numpy views: offsets and data without a copy, and back."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from itertools import chain, pairwise
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Int64 = npt.NDArray[np.int64]
UInt32 = npt.NDArray[np.uint32]
UInt8 = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Number = TypeVar("Number", bound=np.generic)

#: So many strings are looked at in one go, so that what that takes does not grow with their number.
_TOGETHER = 1 << 14


class _NoPandas:
    """A finder of modules that finds no pandas, and nothing else."""

    @staticmethod
    def find_spec(name: str, *_place: object) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name)


def without_pandas() -> None:
    """Keep pyarrow from importing pandas, 0.2 s, as it does at the first array that it makes if it is not told off.

    For commands, which hand it no pandas objects. `to_pandas()` still works.
    """
    finder = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(finder)


def text_array(values: list[str | None] | pa.Array | pa.ChunkedArray) -> pa.Array:
    """Any string-like column as one `large_string` array (the one form that the pipeline works on)."""
    if isinstance(values, list):
        return pa.array(values, pa.large_string())
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks() if values.num_chunks != 1 else values.chunk(0)
    if values.type != pa.large_string():
        values = values.cast(pa.large_string())
    return values


def text_buffers(texts: pa.Array) -> tuple[UInt8, Int64]:
    """The bytes of a `large_string` or `large_binary` array and its n + 1 offsets into them (views, no copy).

    Nulls take no bytes, as Arrow lays them out; the first offset need not be 0.
    """
    if len(texts) == 0:
        return np.zeros(0, np.uint8), np.zeros(1, np.int64)
    _, offsets, data = texts.buffers()
    index = np.frombuffer(offsets, np.int64, len(texts) + 1, texts.offset * 8)
    return (np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)), index


def code_points(texts: pa.Array) -> tuple[UInt32, Int64]:
    """The code points of a `large_string` array, and its n + 1 offsets into them; a null has none."""
    import pyarrow.compute as pc

    data, offsets = text_buffers(texts)
    points = np.frombuffer(data[offsets[0] : offsets[-1]].tobytes().decode().encode("utf-32-le"), np.uint32)
    return points, np.concatenate(([0], np.cumsum(pc.fill_null(pc.utf8_length(texts), 0), dtype=np.int64)))


def row_hashes(data: UInt8, offsets: Int64) -> npt.NDArray[np.uint64]:
    """A stable 64-bit hash of the bytes between each offset and the next."""
    from tokeval.utf8 import hash_rows

    out = np.empty(len(offsets) - 1, np.uint64)
    hash_rows(data, offsets, out)
    return out


def hash_texts(texts: pa.Array) -> npt.NDArray[np.uint64]:
    """A stable 64-bit hash of each row of a `large_string` array."""
    return row_hashes(*text_buffers(texts))


def padded(data: UInt8, offsets: Int64) -> UInt8:
    """A copy of the bytes between the first and the last offset with eight behind them, so that each begins eight."""
    size = int(offsets[-1] - offsets[0])
    made = np.zeros(size + 8, np.uint8)
    made[:size] = data[offsets[0] : offsets[-1]]
    return made


def cleared(shape: int | tuple[int, ...], dtype: type[Number]) -> npt.NDArray[Number]:
    """What `np.zeros` makes, in large pages where it is large: a third of the time, and quicker to look something up.

    numpy asks the system for such pages for all arrays but those of `np.zeros`.
    """
    made = np.empty(shape, dtype)
    made.fill(0)
    return made


def stretches(data: UInt8, starts: Int64, ends: Int64) -> pa.Array:
    """Stretches of bytes, given by where they begin and end, as a `large_binary` array."""
    lengths = ends - starts
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    where = np.repeat(starts - offsets[:-1], lengths) + np.arange(int(offsets[-1]))
    return byte_array(data[where], offsets)


def byte_array(data: UInt8, offsets: Int64) -> pa.Array:
    """A `large_binary` array over bytes and n + 1 offsets, without a copy."""
    return pa.Array.from_buffers(pa.large_binary(), len(offsets) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(data)])


def is_text(data: UInt8, offsets: Int64) -> npt.NDArray[np.bool_]:
    """Which byte strings are UTF-8 by themselves, of n strings given by their bytes and n + 1 offsets."""
    parts = [offsets[at : at + _TOGETHER + 1] for at in range(0, len(offsets) - 1, _TOGETHER)]
    return np.concatenate([np.ones(0, np.bool_), *(_is_text(data, part) for part in parts)])


def _is_text(data: UInt8, offsets: Int64) -> npt.NDArray[np.bool_]:
    # All are decoded at once, a zero byte behind each, at which a character that is cut short ends.
    sizes = np.diff(offsets)
    rows = np.repeat(np.arange(len(sizes)), sizes)
    apart = np.zeros(len(rows) + len(sizes), np.uint8)
    apart[np.arange(len(rows)) + rows] = data[offsets[0] : offsets[-1]]
    text = apart.tobytes().decode(errors="surrogateescape")
    found = np.ones(len(sizes), np.bool_)
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    escaped = (points >= 0xDC80) & (points <= 0xDCFF)
    ends = np.cumsum(np.where(escaped, 1, 1 + (points >= 0x80) + (points >= 0x800) + (points >= 0x10000)))
    found[np.searchsorted(np.cumsum(sizes + 1), ends[escaped] - 1, side="right")] = False
    return found


def texts_of(data: pa.Array) -> pa.Array:
    """A `large_binary` array as `large_string`, null where the bytes are not UTF-8 by themselves."""
    try:
        return data.cast(pa.large_string())
    except pa.ArrowInvalid:  # one of them is not
        pass
    plain = is_text(*text_buffers(data))
    # not if_else, which before Arrow 24 takes other bytes where a slice meets a null scalar (apache/arrow#49410)
    return data.take(pa.array(np.arange(len(data)), mask=~plain)).cast(pa.large_string())


def id_buffers(ids: pa.Array) -> tuple[UInt32, Int64]:
    """The flat token ids of a `list<uint32>` array and its n + 1 offsets, the first of them 0."""
    offsets = ids.offsets.to_numpy().astype(np.int64)
    flat = ids.values.to_numpy(zero_copy_only=False)
    return flat[offsets[0] : offsets[-1]], offsets - offsets[0]


def positions(offsets: Int64, rows: Iterable[int] | Int64) -> Int64:
    """Where the items of some rows lie in the flat array that `offsets` cuts, row after row."""
    rows = np.asarray(rows, np.int64)
    counts = np.diff(offsets)[rows]
    begins = np.concatenate(([0], np.cumsum(counts)[:-1])) if len(rows) else np.zeros(0, np.int64)
    where: Int64 = np.repeat(offsets[rows] - begins, counts) + np.arange(int(counts.sum()))
    return where


def rows_of(ids: UInt32, offsets: Int64, rows: Int64) -> tuple[UInt32, Int64]:
    """The flat ids of some rows, and the offsets into them."""
    counts = np.diff(offsets)[rows]
    return ids[positions(offsets, rows)], np.concatenate(([0], np.cumsum(counts, dtype=np.int64)))


def id_lists(flat: UInt32, offsets: Int64, valid: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    """A `list<uint32>` array over flat ids and n + 1 offsets; `valid` marks the rows that are not null."""
    mask = None if valid is None or valid.all() else pa.array(~valid)
    return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), pa.array(flat, pa.uint32()), mask=mask)


def ragged_ids(rows: Sequence[Sequence[int]], valid: pa.Array) -> pa.Array:
    """A `list<uint32>` array from Python lists (the form that reference libraries return); `valid` as booleans."""
    offsets = np.concatenate(([0], np.cumsum([len(row) for row in rows], dtype=np.int64)))
    flat = np.fromiter(chain.from_iterable(rows), np.uint32, int(offsets[-1]))
    return id_lists(flat, offsets, valid.to_numpy(zero_copy_only=False))


def sorted_runs(codes: npt.NDArray[np.int32], groups: int) -> tuple[Int64, list[slice]]:
    """The rows in the order of their codes, and where among these those of each of `groups` codes lie."""
    order: Int64 = np.argsort(codes, kind="stable")
    return order, runs(codes[order], groups)


def runs(codes: npt.NDArray[np.int32], groups: int) -> list[slice]:
    """Where the rows of each of `groups` codes lie, the codes being sorted.

    Raises:
        ValueError: they are not.
    """
    if (np.diff(codes) < 0).any():
        raise ValueError("the rows of a state are sorted by slice")
    bounds = np.searchsorted(codes, np.arange(groups + 1)).tolist()
    return [slice(low, high) for low, high in pairwise(bounds)]
