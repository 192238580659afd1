"""Where a corpus lies and which columns of it are read: files, folders and globs of Parquet."""

from __future__ import annotations

import glob
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tokeval.errors import CorpusError, suggest
from tokeval.signature import digest

#: Columns used when the user names none, where the corpus has them.
DEFAULT_SLICE, DEFAULT_ID = "language", "id"


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
    """The smallest unit of work: one row group of one file (the first `rows` of it)."""

    path: str
    row_group: int
    rows: int


@dataclass(frozen=True)
class Corpus:
    """A named corpus, resolved: its files, its columns, and its pieces in a stable order."""

    name: str
    columns: Columns
    pieces: tuple[Piece, ...]
    files_digest: str


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
        location: a Parquet file, a folder of them (searched through), or a glob.
        text_column: the column of documents.
        slice_by: columns whose values are the slices; None takes `language` where there is one.
        id_column: the column of parallel ids; None takes `id` where there is one.
        limit: read no more than the first so many rows, in the order of the sorted file names.

    Raises:
        CorpusError: nothing there, not Parquet, no such column, a column that is not text.
    """
    paths = find_files(str(location))
    columns: Columns | None = None
    pieces: list[Piece] = []
    prints: list[str] = []
    left = limit
    for path in paths:
        file = open_parquet(path)
        chosen = _choose_columns(file.schema_arrow, path, text_column, slice_by, id_column)
        if columns is not None and chosen != columns:
            raise CorpusError(
                f"{path} has other columns than {paths[0]}",
                hint="name the columns with --slice-by and --id-column",
            )
        columns = chosen
        prints.append(f"{path.name} {path.stat().st_size} {file.metadata.num_rows} {file.schema_arrow}")
        for group in range(file.metadata.num_row_groups):
            rows = file.metadata.row_group(group).num_rows
            if left is not None:
                rows = min(rows, left)
                left -= rows
            if rows:
                pieces.append(Piece(str(path), group, rows))
    if columns is None or not pieces:
        raise CorpusError(f"the corpus {name!r} at {location} has no rows")
    return Corpus(name, columns, tuple(pieces), digest(*prints))


def find_files(location: str) -> list[Path]:
    """The Parquet files that a path, a folder or a glob stands for, sorted."""
    path = Path(location)
    if path.is_file():
        return [path]
    if path.is_dir():
        found = sorted(p for p in path.rglob("*.parquet") if p.is_file() and not _is_hidden(p, path))
        if not found:
            raise CorpusError(f"there is no Parquet file in the folder {location}")
        return found
    if glob.has_magic(location):
        root = Path(path.anchor or ".")
        pattern = str(path.relative_to(path.anchor)) if path.anchor else location
        found = sorted(p for p in root.glob(pattern) if p.is_file())
        if not found:
            raise CorpusError(f"no file matches {location}")
        return found
    siblings = [str(p) for p in path.parent.iterdir()] if path.parent.is_dir() else []
    hint = suggest(location, siblings)
    raise CorpusError(f"there is no file {location}", hint=hint if hint and hint.startswith("did") else None)


def open_parquet(path: Path) -> pq.ParquetFile:
    """A Parquet file, or an error in one line."""
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        size = path.stat().st_size if path.exists() else 0
        reason = "is empty" if size == 0 else "is not a Parquet file, or is cut short"
        raise CorpusError(f"{path} {reason}: {first_line(error)}", hint=_not_parquet_hint(path)) from error


def first_line(error: BaseException) -> str:
    """The first line of an error's message."""
    return str(error).strip().partition("\n")[0]


def _not_parquet_hint(path: Path) -> str | None:
    if path.suffix.lower() in {".jsonl", ".json", ".csv", ".tsv", ".txt"}:
        return "a corpus is Parquet; convert it, for instance with pandas: DataFrame.to_parquet"
    return None


def _is_hidden(path: Path, root: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.relative_to(root).parts)


def _choose_columns(
    schema: pa.Schema, path: Path, text: str, slices: tuple[str, ...] | None, id_column: str | None
) -> Columns:
    names = schema.names
    for wanted in (text, *(slices or ()), *([id_column] if id_column else [])):
        if wanted not in names:
            raise CorpusError(f"{path} has no column {wanted!r}", hint=suggest(wanted, names))
    kind = schema.field(text).type
    if not _is_text(kind):
        raise CorpusError(
            f"the column {text!r} of {path} is {kind}, not text",
            hint="text columns here: " + (", ".join(n for n in names if _is_text(schema.field(n).type)) or "none"),
        )
    for wanted in (*(slices or ()), *([id_column] if id_column else [])):
        if pa.types.is_nested(schema.field(wanted).type):
            raise CorpusError(f"the column {wanted!r} of {path} is {schema.field(wanted).type}, not plain values")
    if slices is None:
        slices = (DEFAULT_SLICE,) if DEFAULT_SLICE in names else ()
    if id_column is None and DEFAULT_ID in names:
        id_column = DEFAULT_ID
    return Columns(text, slices, id_column)


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    checks = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    binary = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view)
    return any(check(kind) for check in checks + binary)
