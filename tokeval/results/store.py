"""Results on disk: `results.parquet` and `run.json`, written whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tokeval.errors import ResultsError, UsageError
from tokeval.results.about import About
from tokeval.schema import Once, result_schema

TABLE, RUN = "results.parquet", "run.json"
#: What `tokeval vocab` writes beside its results, and no other command.
TOKENS = "vocabulary.parquet"
#: All that tokeval writes into a folder of results, tables and reports.
WRITTEN = frozenset(
    [
        *(TABLE, RUN, TOKENS, "token_use.parquet", "unreachable.csv"),
        *("frequencies.parquet", "samples.parquet", "sums.parquet", "tokens.parquet", "words.parquet"),
        *("report.html", "report.md", "results-wide.csv", "results.csv", "results.json", "tables.tex"),
        *("vocabulary.html", "vocabulary.md"),
    ]
)
#: The commands that write results.
COMPARE, VOCAB = "compare", "vocab"
#: One row of the result table.
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Results(Once):
    """A result table, what it says of itself, and the tables that were kept beside it.

    Attributes:
        beside: further tables by name (`samples` for `samples.parquet`, ...); renderers show nothing of those missing.
    """

    table: pa.Table
    about: About
    beside: Mapping[str, pa.Table] = field(default_factory=dict)

    @classmethod
    def of(cls, table: pa.Table, beside: Mapping[str, pa.Table] | None = None) -> Results:
        """From a table that carries its metadata."""
        return cls(table, About.from_metadata(table.schema.metadata), beside or {})


def shared_values(column: pa.ChunkedArray) -> list[Any]:
    """A column as a list in which equal values are one object: a table of many rows has few different ones."""
    found: list[Any] = []
    for chunk in column.chunks:
        encoded = chunk.dictionary_encode()
        values = [*encoded.dictionary.to_pylist(), None]
        found += [values[code] for code in pc.fill_null(encoded.indices, len(values) - 1).to_pylist()]
    return found


def load_results(folder: str | Path) -> pa.Table:
    """The result table in a folder (or the file itself).

    Raises:
        ResultsError: not there, cut short, or not a result table.
    """
    path = Path(folder)
    if path.is_dir():
        path = path / TABLE
    if not path.is_file():
        raise ResultsError(f"there is no {path}", hint="`tokeval compare ... -o DIR` writes DIR/results.parquet")
    return result_table(_read(path), str(path))


def result_table(table: pa.Table, name: str) -> pa.Table:
    """The table, if it is a result table; `name` is what the error calls it.

    Raises:
        ResultsError: it lacks a column.
    """
    missing = [column for column in result_schema().names if column not in table.column_names]
    if missing:
        raise ResultsError(f"{name} is no result table: it has no column {missing[0]!r}")
    return table


def load_beside(folder: str | Path) -> dict[str, pa.Table]:
    """The other Parquet tables of a results folder by name; none where a single file was named.

    Raises:
        ResultsError: one of them cannot be read.
    """
    paths = sorted(Path(folder).glob("*.parquet")) if Path(folder).is_dir() else []
    return {path.stem: _read(path) for path in paths if path.name != TABLE}


def parse_parquet(content: bytes, name: str) -> pa.Table:
    """The table in a Parquet file's bytes; `name` is what the error calls it.

    Raises:
        ResultsError: it is no Parquet file, or is cut short.
    """
    return _read(pa.BufferReader(content), name)


def _read(source: Path | pa.BufferReader, name: str = "") -> pa.Table:
    try:
        return pq.ParquetFile(source).read()
    except (pa.ArrowException, OSError) as error:
        raise ResultsError(f"{name or source} is no Parquet file, or is cut short") from error


def to_parquet(table: pa.Table) -> bytes:
    """A table as the bytes of a Parquet file."""
    sink = pa.BufferOutputStream()
    # values that repeat, such as sums shared by many figures, are stored once
    pq.write_table(table, sink, compression="zstd", dictionary_pagesize_limit=1 << 28)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def check_folder(folder: Path, command: str | None = None) -> None:
    """See that results can be written there, before anything is computed.

    Args:
        folder: where to; what is missing of its path is made later.
        command: the command whose results it will hold, `COMPARE` or `VOCAB`; its own older ones give way to them.

    Raises:
        ResultsError: it is a file, cannot be written to, or holds the results of the other command.
    """
    if command is not None and (folder / TABLE).is_file():
        owner = VOCAB if (folder / TOKENS).is_file() else COMPARE
        if owner != command:
            raise ResultsError(
                f"{folder} holds the results of tokeval {owner}, which tokeval {command} would overwrite",
                hint="name another folder with -o",
            )
    place = _real(folder)
    while not place.exists():
        place = place.parent
    if not place.is_dir():
        raise ResultsError(f"{place} is a file, not a folder for results", hint="name another folder with -o")
    if not os.access(place, os.W_OK | os.X_OK):
        raise ResultsError(f"{place} cannot be written to", hint="name another folder with -o")


def check_inputs(folder: Path, inputs: Iterable[Path]) -> None:
    """See that no file that is read is one that results in a folder would overwrite.

    Raises:
        UsageError: one is.
    """
    there = {_identity(folder / name) for name in WRITTEN if (folder / name).exists()}
    for path in inputs:
        if there and path.exists() and _identity(path) in there:
            raise UsageError(f"the results would overwrite {path}, which is read", hint="name another folder with -o")


def _identity(path: Path) -> tuple[int, int]:
    """The same for all names of a file."""
    status = path.stat()
    return status.st_dev, status.st_ino


def save(folder: Path, table: pa.Table, run: Mapping[str, Any], files: Mapping[str, bytes | Path]) -> list[Path]:
    """Write the table, the run record and the further files; each appears whole, all at the end.

    What an earlier run wrote and this one does not goes: beside these results it would pass for theirs.

    Raises:
        ResultsError: the folder cannot be written.
    """
    record = json.dumps(run, indent=2, ensure_ascii=False, default=str) + "\n"
    files = {TABLE: to_parquet(table), RUN: record.encode(), **files}
    old = WRITTEN - files.keys() if (folder / RUN).is_file() else ()
    return add_files(folder, files, old)


def add_files(folder: Path, files: Mapping[str, bytes | Path], remove: Iterable[str] = ()) -> list[Path]:
    """Put files into a folder, made if need be: all are written to a hidden one first, then moved in.

    Content that is too large to hold is given as a Path, which is moved too. What is to be removed goes at the end.

    Raises:
        ResultsError: the folder cannot be written.
    """
    try:
        _put(_real(folder), files, remove)
    except OSError as error:
        raise ResultsError(f"cannot write the results to {folder}: {error.strerror or error}") from error
    return [folder / name for name in files]


def write_file(path: Path, content: bytes) -> None:
    """Write one file, whole or not at all; its folder is made if need be.

    Raises:
        ResultsError: it cannot be written.
    """
    try:
        _put(_real(path.parent), {path.name: content})
    except OSError as error:
        raise ResultsError(f"cannot write {path}: {error.strerror or error}") from error


def _put(folder: Path, files: Mapping[str, bytes | Path], remove: Iterable[str] = ()) -> None:
    # A folder that is there may be a volume of its own, and a file cannot be moved from one to another: its draft lies
    # inside. One that is not is moved whole.
    there = folder.exists()
    around = folder if there else folder.parent
    around.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=around))
    try:
        for name, content in files.items():
            if isinstance(content, Path):
                shutil.move(content, made / name)
            else:
                (made / name).write_bytes(content)
        if there:
            for name in files:
                (made / name).replace(folder / name)
            for name in remove:
                (folder / name).unlink(missing_ok=True)
        else:
            made.chmod(0o755)  # mkdtemp makes it private
            made.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _real(folder: Path) -> Path:
    """Where a folder really lies: a link may lead to another volume, or to what is not there yet."""
    return Path(os.path.realpath(folder))
