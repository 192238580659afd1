"""Files that are not Parquet, record by record: lines, JSON Lines, CSV and TSV; what is wrong is said with its line."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tokeval.corpus.places import failed
from tokeval.errors import CorpusError


def fingerprint(path: Path) -> str:
    """Eight hexadecimal digits of a file's content."""
    with _opened(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:8]


def whole(path: Path) -> str:
    """The text of a file."""
    with _opened(path) as stream:
        try:
            return stream.read().decode()
        except UnicodeDecodeError as error:
            raise _not_utf8(path, error) from error


def lines(path: Path) -> Iterator[tuple[int, str]]:
    r"""Numbered lines, split at `\n` alone, a `\r` before it taken off."""
    with _opened(path) as stream:
        for number, line in enumerate(stream, 1):
            try:
                yield number, line.removesuffix(b"\n").removesuffix(b"\r").decode()
            except UnicodeDecodeError as error:
                raise _not_utf8(f"{path}:{number}", error) from error


def json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of JSON Lines, with the numbers of their lines."""
    for number, line in lines(path):
        if not line.strip():
            continue
        try:
            record = json.loads(line, object_pairs_hook=_object)
        except ValueError as error:
            raise CorpusError(f"{path}:{number} is not JSON: {error}") from error
        except RecursionError as error:
            raise CorpusError(f"{path}:{number} is JSON that is nested too deeply") from error
        if not isinstance(record, dict):
            raise CorpusError(f"{path}:{number} is a JSON {type(record).__name__}, not an object")
        yield number, record


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    twice = _repeated(key for key, _ in pairs)
    if twice is not None:
        raise ValueError(f"an object has the key {twice!r} twice")
    return dict(pairs)


def _repeated(names: Iterable[str]) -> str | None:
    """The first name that was there before: which of the two is meant nobody can tell."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def delimited(path: Path, kind: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The records of a CSV or TSV file, with the numbers of their (last) lines."""
    csv.field_size_limit(1 << 30)
    with _opened(path) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        rows = csv.reader(text, delimiter="," if kind == "csv" else "\t", strict=True)
        try:
            header = next(rows, [])
            twice = _repeated(name for name in header if name)  # nobody asks for a column without a name
            if twice is not None:
                raise CorpusError(f"the header of {path} has the field {twice!r} twice")
            for values in rows:
                if len(values) != len(header):
                    raise CorpusError(f"{path}:{rows.line_num} has {len(values)} fields, the header {len(header)}")
                yield rows.line_num, dict(zip(header, values, strict=True))
        except csv.Error as error:
            raise CorpusError(f"{path}:{rows.line_num} is not {kind.upper()}: {error}") from error
        except UnicodeDecodeError as error:
            raise _not_utf8(f"{path}, after line {rows.line_num},", error) from error


@contextmanager
def _opened(path: Path) -> Iterator[io.BufferedReader]:
    """A file behind the byte order mark that it may begin with."""
    try:
        with path.open("rb") as stream:
            if stream.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
                stream.seek(0)
            yield stream
    except OSError as error:
        raise failed(str(path), error) from error


def _not_utf8(place: object, error: UnicodeDecodeError) -> CorpusError:
    return CorpusError(f"{place} is not UTF-8: {error.reason} at byte {error.start}", hint="convert it with iconv")
