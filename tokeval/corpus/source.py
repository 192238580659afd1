"""What a corpus is: its Parquet files, the columns of them that are read, and the pieces that work is cut into."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

from tokeval.corpus.places import File, find, is_remote, open_file, parted, persist
from tokeval.errors import CorpusError, UsageError, first_line, suggest
from tokeval.signature import digest

#: Columns used when the user names none, where the corpus has them.
DEFAULT_SLICE, DEFAULT_ID = "language", "id"

#: Parquet column chunks are read through a window of this many bytes, however large the row group.
_WINDOW = 1 << 20
_WINDOW_REMOTE = 8 << 20
_FOOTERS_AT_ONCE = 16
_HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"

#: Columns that a file's folders spell: `language=tur_Latn/part-0.parquet`.
Partition = tuple[tuple[str, str | None], ...]

#: Metrics that encode a document many times over do so on about so many documents of a corpus at most.
SAMPLE_DOCUMENTS = 2048


@dataclass(frozen=True)
class Columns:
    """Which columns hold the text, the slice (one or several), and the document id."""

    text: str
    slices: tuple[str, ...]
    id: str | None

    @property
    def names(self) -> list[str]:
        """The columns to read, each once."""
        return list(dict.fromkeys([self.text, *self.slices, *([self.id] if self.id else [])]))


@dataclass(frozen=True)
class Piece:
    """The smallest unit of work: one row group of one file (the first `rows` of it).

    Attributes:
        bytes: its text, about, as the footer has it.
        partition: columns that the file's folders spell.
    """

    path: str
    row_group: int
    rows: int
    bytes: int = 0
    partition: Partition = ()


@dataclass(frozen=True)
class Corpus:
    """A named corpus, resolved: its columns, its pieces in a stable order, and its files as they were found.

    Attributes:
        files_digest: changes with the files' names, sizes, footers and times of writing, as far as their place tells.
    """

    name: str
    columns: Columns
    pieces: tuple[Piece, ...]
    files_digest: str
    files: tuple[File, ...] = field(default=(), repr=False)

    @property
    def stamped(self) -> bool:
        """Whether each file's place tells when it was written, so that what was computed of it may be kept."""
        return all(file.stamp for file in self.files)

    @property
    def thinning(self) -> int:
        """The smallest k at which a share of 2^-k of the rows is at most SAMPLE_DOCUMENTS."""
        rows = sum(piece.rows for piece in self.pieces)
        return (max(rows - 1, 0) // SAMPLE_DOCUMENTS).bit_length()


@dataclass(frozen=True)
class _Footer:
    """What is kept of one file's footer."""

    schema: pa.Schema
    groups: tuple[tuple[int, int], ...]  # rows and bytes of text of each row group
    digest: str


def open_corpus(
    name: str,
    location: str | Path,
    *,
    text_column: str = "text",
    slice_by: tuple[str, ...] | None = None,
    id_column: str | None = None,
    limit: int | None = None,
) -> Corpus:
    """Find a corpus's files, check its columns, and list its pieces.

    Args:
        name: what the result table calls it.
        location: a Parquet file, a folder of them (searched through), a glob, or an address (`s3://`, `gs://`,
            `https://`, `hf://datasets/...`). `key=value` folders in the path of a file become columns.
        text_column: the column of documents.
        slice_by: columns whose values are the slices; None takes `language` where there is one.
        id_column: the column of parallel ids; None takes `id` where there is one.
        limit: read no more than the first so many rows, in the order of the sorted file names.

    Raises:
        CorpusError: nothing there, not Parquet, no such column, a column that is not text.
        UsageError: a limit below 1.
    """
    if limit is not None and limit < 1:
        raise UsageError(f"the limit of rows is {limit}, it must be 1 or more")
    files, root = find(str(location), (".parquet",))
    columns: Columns | None = None
    pieces: list[Piece] = []
    prints: list[str] = []
    left = limit
    for file, footer in zip(files, _footers(files, text_column), strict=True):
        partition = _partition(file.path, footer.schema.names)
        chosen = _choose_columns(footer.schema, partition, file.path, text_column, slice_by, id_column)
        if columns is not None and chosen != columns:
            raise _other_columns(file.path, chosen, files[0].path, columns)
        columns = chosen
        place = f"{file.path.removeprefix(root)} {partition}"
        prints.append(f"{place} {file.size} {file.stamp} {file.entry} {footer.digest}")
        for group, (rows, size) in enumerate(footer.groups):
            taken = rows if left is None else min(rows, left)
            if left is not None:
                left -= taken
            if taken:
                pieces.append(Piece(file.path, group, taken, size * taken // rows, partition))
    if columns is None or not pieces:
        raise CorpusError(f"the corpus {name!r} at {location} has no rows")
    return Corpus(name, columns, tuple(pieces), digest(*prints), tuple(files))


def _footers(files: list[File], text: str) -> list[_Footer]:
    """The footers in the order of the files; many at once where each costs a journey."""

    def read(file: File) -> _Footer:
        parquet = open_parquet(file.path)
        metadata = parquet.metadata
        groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
        if metadata.num_rows != sum(group.num_rows for group in groups):
            raise _contradiction(file.path)
        sizes = tuple((group.num_rows, _text_bytes(group, text, file.path)) for group in groups)
        footer = pa.BufferOutputStream()
        metadata.write_metadata_file(footer)
        return _Footer(parquet.schema_arrow, sizes, digest(footer.getvalue().to_pybytes()))

    if len(files) > 1 and is_remote(files[0].path):
        with ThreadPoolExecutor(_FOOTERS_AT_ONCE) as pool:
            return list(pool.map(read, files))
    return [read(file) for file in files]


def _text_bytes(group: pq.RowGroupMetaData, text: str, path: str) -> int:
    for index in range(group.num_columns):
        column = group.column(index)
        if column.path_in_schema == text:
            if column.num_values != group.num_rows:
                raise _contradiction(path)
            return int(column.total_uncompressed_size)
    return 0


def _contradiction(path: str) -> CorpusError:
    """A reader would give as many rows as the smaller count says, and nobody would notice the others."""
    return CorpusError(f"the footer of {path} contradicts itself on how many rows there are", hint="write it again")


def open_parquet(path: str) -> pq.ParquetFile:
    """A Parquet file, or an error in one line."""
    try:
        window = _WINDOW_REMOTE if is_remote(path) else _WINDOW
        return persist(lambda: pq.ParquetFile(open_file(path), buffer_size=window, pre_buffer=False), path)
    except CorpusError as error:
        if not isinstance(error.__cause__, pa.ArrowInvalid):
            raise
        empty = not is_remote(path) and Path(path).stat().st_size == 0
        reason = "is empty" if empty else "is not a Parquet file, or is cut short"
        raise CorpusError(
            f"{path} {reason}: {first_line(error.__cause__)}", hint=_not_parquet_hint(Path(path))
        ) from error


def _not_parquet_hint(path: Path) -> str | None:
    if path.suffix.lower() in {".jsonl", ".json", ".csv", ".tsv", ".txt"}:
        return f"a corpus is Parquet; convert it: tokeval corpus build {path} -o {path.stem}.parquet"
    return None


def _partition(path: str, names: list[str]) -> Partition:
    """The `key=value` folders in the path of a file; a column of the file itself comes first."""
    found = {}
    for part in parted(path)[0].split("/")[:-1]:
        key, equals, value = part.partition("=")
        if equals and key and key not in names:
            found[unquote(key)] = None if value == _HIVE_NULL else unquote(value)
    return tuple(found.items())


def _choose_columns(
    schema: pa.Schema,
    partition: Partition,
    path: str,
    text: str,
    slices: tuple[str, ...] | None,
    id_column: str | None,
) -> Columns:
    names = [*schema.names, *(key for key, _ in partition)]
    for wanted in (text, *(slices or ()), *([id_column] if id_column else [])):
        if wanted not in names:
            raise CorpusError(f"{path} has no column {wanted!r}", hint=suggest(wanted, names))
    if slices is None:
        slices = (DEFAULT_SLICE,) if DEFAULT_SLICE in names else ()
    if id_column is None and DEFAULT_ID in names:
        id_column = DEFAULT_ID
    others = [*slices, *([id_column] if id_column else [])]
    for wanted in (text, *others):
        if names.count(wanted) > 1:
            raise CorpusError(f"{path} has {names.count(wanted)} columns {wanted!r}", hint="rename all but one")
    kind = schema.field(text).type if text in schema.names else pa.null()
    if not _is_text(kind):
        raise CorpusError(
            f"the column {text!r} of {path} is {kind}, not text",
            hint="text columns here: " + (", ".join(f.name for f in schema if _is_text(f.type)) or "none"),
        )
    for wanted in others:
        if wanted in schema.names and pa.types.is_nested(schema.field(wanted).type):
            raise CorpusError(f"the column {wanted!r} of {path} is {schema.field(wanted).type}, not plain values")
    return Columns(text, slices, id_column)


def _other_columns(path: str, columns: Columns, first: str, others: Columns) -> CorpusError:
    odd = sorted(set(columns.names) ^ set(others.names))
    having, lacking = (path, first) if odd[0] in columns.names else (first, path)
    return CorpusError(
        f"{path} has other columns than {first}: only {having} has {odd[0]!r}, {lacking} has not",
        hint="name the columns with --slice-by and --id-column, or give the files as two corpora",
    )


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    checks = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    binary = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view)
    return any(check(kind) for check in checks + binary)
