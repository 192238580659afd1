"""Pieces of a corpus as batches of bounded size: validated text, slice codes, keys and units."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tokeval.arrow import hash_texts, text_array, texts_of
from tokeval.corpus.places import RETRY_DELAYS, failed, is_final, is_remote
from tokeval.corpus.source import Columns, Piece, open_parquet
from tokeval.corpus.units import WHITESPACE, count_units
from tokeval.errors import CorpusError, TokevalError, first_line
from tokeval.schema import ALL, MACRO, NO_VALUE, Batch

#: Text of a batch in bytes, about; a single longer document makes a batch of its own.
BATCH_BYTES = 4 << 20
_MAX_ROWS = 1 << 16


class NotUtf8Error(CorpusError):
    """Documents whose bytes are no text."""


@dataclass
class Intake:
    """What was read so far: nulls left out, by slice, and an order-free fingerprint of the documents."""

    nulls: dict[str, int] = field(default_factory=dict)
    sums: npt.NDArray[np.uint64] = field(default_factory=lambda: np.zeros(2, np.uint64))
    documents: int = 0
    bytes: int = 0

    def merge(self, other: Intake) -> Intake:
        """A new intake that holds both."""
        nulls = {
            name: self.nulls.get(name, 0) + other.nulls.get(name, 0) for name in sorted({**self.nulls, **other.nulls})
        }
        return Intake(nulls, self.sums + other.sums, self.documents + other.documents, self.bytes + other.bytes)

    @property
    def fingerprint(self) -> str:
        """32 hexadecimal digits that depend on the documents, their keys and slices, but not on their order."""
        return "".join(f"{int(part):016x}" for part in self.sums)


@dataclass(frozen=True)
class Part:
    """Raw rows of a piece, about a batch of them: decoded from Parquet, not looked at yet."""

    record: pa.RecordBatch
    piece: Piece


def read_piece(
    piece: Piece, columns: Columns, intake: Intake, batch_bytes: int = BATCH_BYTES, words: str = WHITESPACE
) -> Iterator[Batch]:
    """The documents of a piece in batches of about `batch_bytes` of text.

    Nulls are counted in `intake` and left out.

    Raises:
        CorpusError: the file is cut short. NotUtf8Error: its text is not valid UTF-8.
    """
    for part in read_parts(piece, columns, batch_bytes):
        batch = prepare(part, columns, intake, words)
        if len(batch):
            yield batch


def read_parts(piece: Piece, columns: Columns, batch_bytes: int = BATCH_BYTES) -> Iterator[Part]:
    """The rows of a piece in parts of about `batch_bytes` of text, in fixed memory however large the row group.

    A remote file that fails in the middle is opened again, and what was already given is passed over.

    Raises:
        CorpusError: the file cannot be read to its end, or holds fewer rows than its footer says.
    """
    done = 0
    delays = iter(RETRY_DELAYS if is_remote(piece.path) else ())
    while done < piece.rows:
        try:
            for record in _records(piece, columns, batch_bytes, done):
                done += record.num_rows
                for part in _bounded(record, columns.text, batch_bytes):
                    yield Part(part, piece)
                delays = iter(RETRY_DELAYS if is_remote(piece.path) else ())
        except TokevalError:
            raise
        except Exception as error:  # filesystem libraries raise what they like
            delay = next(delays, None)
            if is_final(error):
                raise failed(piece.path, error) from error
            if delay is None or isinstance(error, pa.ArrowInvalid):
                raise CorpusError(f"{piece.path} cannot be read to its end: {first_line(error)}") from error
            time.sleep(delay)
            continue
        if done < piece.rows:
            raise CorpusError(
                f"{piece.path} holds {done} rows in its row group {piece.row_group}, its footer says {piece.rows}",
                hint="the file is damaged; write it again",
            )


def _records(piece: Piece, columns: Columns, batch_bytes: int, done: int) -> Iterator[pa.RecordBatch]:
    """The rows from number `done` on; the columns that folders spell are added."""
    file = open_parquet(piece.path)
    if piece.row_group >= file.metadata.num_row_groups:
        raise CorpusError(f"{piece.path} has no row group {piece.row_group} any more")
    spelled = dict(piece.partition)
    inside = [name for name in columns.names if name not in spelled]
    batches = file.iter_batches(
        batch_size=_rows_per_batch(file, piece, batch_bytes),
        row_groups=[piece.row_group],
        columns=inside,
        use_threads=False,
    )
    before, left = done, piece.rows - done
    for record in batches:
        skipped = min(before, record.num_rows)
        before -= skipped
        record = record.slice(skipped, left)
        if not record.num_rows:
            continue
        left -= record.num_rows
        for name in columns.names:
            if name in spelled:
                constant = pa.repeat(pa.scalar(spelled[name], pa.string()), record.num_rows)
                record = record.append_column(name, constant)
        yield record
        if left <= 0:
            return


def _rows_per_batch(file: pq.ParquetFile, piece: Piece, batch_bytes: int) -> int:
    """About as many rows as make a batch; equally many each time, as each batch has a price of its own."""
    rows = file.metadata.row_group(piece.row_group).num_rows
    average = max(1, piece.bytes // max(1, piece.rows)) if piece.bytes else 4096
    batches = max(1, round(rows * average / batch_bytes))
    return int(max(1, min(_MAX_ROWS, -(-rows // batches))))


def _bounded(record: pa.RecordBatch, text: str, batch_bytes: int) -> Iterator[pa.RecordBatch]:
    """Cut a record batch where its text grows past the bound (rows differ in length, dictionaries hide theirs).

    What is less than half as much again is left whole.
    """
    lengths = pc.fill_null(pc.binary_length(_plain(record.column(text))), 0).to_numpy(zero_copy_only=False)
    ends = np.cumsum(lengths, dtype=np.int64)
    start = 0
    while start < record.num_rows:
        base = ends[start - 1] if start else 0
        stop = int(np.searchsorted(ends, base + batch_bytes, side="right"))
        stop = max(stop, start + 1) if ends[-1] - base > batch_bytes + batch_bytes // 2 else record.num_rows
        yield record.slice(start, stop - start)
        start = stop


def prepare(part: Part, columns: Columns, intake: Intake, segmenter: str = WHITESPACE) -> Batch:
    """A part as a batch: its text validated, nulls counted in `intake` and left out, units counted, keys hashed.

    Raises:
        NotUtf8Error: text that is not valid UTF-8.
    """
    record, piece = part.record, part.piece
    texts = _valid_text(record.column(columns.text), columns.text, piece)
    names, codes = _slices(record, columns)
    keep = None
    if texts.null_count:
        keep = pc.is_valid(texts)
        for code, count in enumerate(np.bincount(codes[pc.is_null(texts).to_numpy(zero_copy_only=False)])):
            if count:
                intake.nulls[names[code]] = intake.nulls.get(names[code], 0) + int(count)
        texts = texts.filter(keep)
        codes = codes[keep.to_numpy(zero_copy_only=False)]
    hashes = hash_texts(texts)
    keys, ids = hashes, None
    if columns.id is not None:
        ids = record.column(columns.id)
        if pa.types.is_floating(ids.type):  # NaN is no id: pandas writes it for a missing one
            ids = pc.if_else(pc.is_nan(ids), None, ids)
        ids = _readable(ids if keep is None else ids.filter(keep))
        keys = hash_texts(ids)
        if ids.null_count:  # a row without an id is its own document
            keys = np.where(ids.is_valid().to_numpy(zero_copy_only=False), keys, hashes)
    units, words = count_units(texts, segmenter)
    _add_fingerprint(intake, hashes, keys, names, codes)
    intake.documents += len(texts)
    intake.bytes += int(units["bytes"].sum())
    return Batch(texts, names, codes, keys, columns.id is not None, units, words, columns.slices, ids)


def read_keys(piece: Piece, columns: Columns) -> Iterator[pa.Array]:
    """Slice (where the columns have any) and id of each row of a piece, joined by U+001F; the text is not read."""
    assert columns.id is not None
    for record in _records(piece, Columns(columns.id, columns.slices, columns.id), BATCH_BYTES, 0):
        ids = _readable(record.column(columns.id))
        if columns.slices:
            names, codes = _slices(record, columns)
            between = pa.scalar("\x1f", pa.large_string())
            ids = pc.binary_join_element_wise(text_array(list(names)).take(pa.array(codes)), ids, between)
        yield ids


def _valid_text(column: pa.Array, name: str, piece: Piece) -> pa.Array:
    try:
        texts = text_array(_plain(column))
        texts.validate(full=True)
    except pa.ArrowInvalid as error:
        raise NotUtf8Error(
            f"the column {name!r} of {piece.path} holds text that is not valid UTF-8 (row group {piece.row_group})",
            hint="tokeval changes no input; mend the file where it is written",
        ) from error
    return texts


def _plain(column: pa.Array) -> pa.Array:
    """Dictionaries, views and binary as plain arrays whose lengths can be read."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string_view(column.type):
        return column.cast(pa.large_string())
    if pa.types.is_binary_view(column.type):
        return column.cast(pa.large_binary())
    return column


def _readable(column: pa.Array) -> pa.Array:
    """Ids or slices as text: a UUID as it is written, other bytes that are not UTF-8 as 0x and their digits."""
    column = _plain(column)
    if column.type == pa.uuid():
        return text_array([value and str(value) for value in column.to_pylist()])
    if not _holds_bytes(column.type):
        return text_array(column)
    data = column.cast(pa.large_binary())
    texts = texts_of(data)
    if texts.null_count == data.null_count:
        return texts
    return pc.coalesce(texts, text_array([None if value is None else f"0x{value.hex()}" for value in data.to_pylist()]))


def _holds_bytes(kind: pa.DataType) -> bool:
    checks = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
    return pa.types.is_fixed_size_binary(kind) or any(check(kind) for check in checks)


def _slices(record: pa.RecordBatch, columns: Columns) -> tuple[tuple[str, ...], npt.NDArray[np.int32]]:
    if not columns.slices:
        return (ALL,), np.zeros(record.num_rows, np.int32)
    parts = [_named(_readable(record.column(c))) for c in columns.slices]
    joined = parts[0]
    if len(parts) > 1:  # a/b and c are not a and b/c
        parts = [pc.replace_substring(pc.replace_substring(part, "%", "%25"), "/", "%2F") for part in parts]
        joined = pc.binary_join_element_wise(*parts, pa.scalar("/", pa.large_string()))
    encoded = joined.dictionary_encode()
    names = tuple(encoded.dictionary.to_pylist())
    for name, meaning in {ALL: "the pool of all documents", MACRO: "the mean over slices"}.items():
        if name in names:
            raise CorpusError(
                f"a slice is called {name!r}, the name of {meaning}",
                hint="rename that value, or slice by another column",
            )
    return names, encoded.indices.to_numpy(zero_copy_only=False).astype(np.int32)


def _named(values: pa.Array) -> pa.Array:
    """Values of a slice column with a name for those that are null."""
    if pc.any(pc.equal(values, NO_VALUE)).as_py():
        raise CorpusError(
            f"a slice is called {NO_VALUE!r}, the name of documents without a value",
            hint="rename that value, or make it null",
        )
    return pc.fill_null(values, NO_VALUE)


def _add_fingerprint(
    intake: Intake,
    hashes: npt.NDArray[np.uint64],
    keys: npt.NDArray[np.uint64],
    names: tuple[str, ...],
    codes: npt.NDArray[np.int32],
) -> None:
    from tokeval.corpus.kernels import fingerprint

    fingerprint(hashes, keys, hash_texts(text_array(list(names))), codes, intake.sums)
