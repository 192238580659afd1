"""Other formats into Parquet: JSON Lines, CSV and TSV, plain text (a document a line or a file), parallel files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tokeval.corpus.formats import delimited, fingerprint, json_lines, lines, whole
from tokeval.corpus.places import find, is_remote
from tokeval.errors import CorpusError, suggest

#: Text of a row group in bytes, about.
ROW_GROUP_BYTES = 16 << 20

#: Format by the end of a file's name.
SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "tsv", ".txt": "txt"}
FORMATS = ("jsonl", "csv", "tsv", "txt")
COMPRESSED = {".gz", ".bz2", ".xz", ".zst", ".lz4", ".zip", ".7z"}
#: What a document is in plain text.
DOCUMENTS = ("line", "file")

SCHEMA = pa.schema([pa.field(name, pa.string()) for name in ("id", "language", "domain", "text")])

#: One document: id, language, domain, text.
Row = tuple[str | None, str | None, str | None, str | None]


@dataclass(frozen=True)
class Recipe:
    """How files become documents.

    Attributes:
        format: one of FORMATS; None tells it by the files' names.
        documents: in plain text, whether a line or a file is a document.
            Its id is the file's name, eight digits of a hash of the file's content, and the line: equal ids would make
            texts parallel, and files that are called the same in two folders are not.
        parallel: one file per language, line k of each the same content: the id is the line, the language the name.
        text, id, language, domain: the fields of JSON Lines, CSV and TSV to take.
        default_language, default_domain: for documents whose record names none.
    """

    format: str | None = None
    documents: str = "line"
    parallel: bool = False
    text: str = "text"
    id: str = "id"
    language: str = "language"
    domain: str = "domain"
    default_language: str | None = None
    default_domain: str | None = None


@dataclass(frozen=True)
class Built:
    """What was written."""

    rows: int
    bytes: int
    files: int


def build(locations: Iterable[str], output: Path, recipe: Recipe) -> Built:
    """Convert files to one Parquet file with id, language, domain and text, in fixed memory.

    Args:
        locations: files, folders or globs, on this machine.
        output: the Parquet file; it appears whole, at the end.
        recipe: how files become documents.

    Raises:
        CorpusError: nothing to read, a file given twice, a record that is not one, text that is not UTF-8, parallel
            files of unequal length, or an output that cannot be written.
    """
    if output.suffix != ".parquet":
        raise CorpusError(f"{output} does not end in .parquet", hint=f"write to {output.with_suffix('.parquet')}")
    files = _files(locations, recipe)
    unseen = {recipe.id, recipe.language, recipe.domain} - {Recipe.id, Recipe.language, Recipe.domain}
    labels: Counter[str] = Counter()
    every = (row for path in files for row in _rows(path, recipe, unseen, labels))
    rows = _parallel(files, recipe) if recipe.parallel else every
    draft = output.parent / f".{output.name}.{os.getpid()}"
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        count, size = _write(rows, draft)
        if not count:
            raise CorpusError("there is no document in what was given")
        if unseen:
            raise CorpusError(f"no record has a field {min(unseen)!r}", hint="fields are told apart by their case too")
        draft.replace(output)
    except OSError as error:
        raise CorpusError(f"{output} cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return Built(count, size, len(files))


def _files(locations: Iterable[str], recipe: Recipe) -> list[Path]:
    found: dict[Path, Path] = {}
    suffixes = (".txt",) if recipe.parallel else tuple(sorted(SUFFIXES))
    for location in locations:
        if is_remote(location):
            raise CorpusError(
                f"{location} is an address, and what is built from are local files", hint="download it first"
            )
        for path in (Path(file.path) for file in find(location, suffixes)[0]):
            same = found.setdefault(path.resolve(), path)
            if same is not path:
                raise CorpusError(f"{path} is given twice" + (f", also as {same}" if same != path else ""))
    kinds = {recipe.format or SUFFIXES.get(path.suffix.lower()) for path in found.values()}
    if recipe.documents == "file" and not recipe.parallel and "txt" not in kinds:
        raise CorpusError("a document is a file in plain text alone, and there is none")
    for path in found.values():
        if path.suffix.lower() in COMPRESSED:
            raise CorpusError(f"{path} is compressed", hint="decompress it first")
        if recipe.format is None and path.suffix.lower() not in SUFFIXES:
            hint = "it is Parquet already" if path.suffix == ".parquet" else f"add --from {'|'.join(FORMATS)}"
            raise CorpusError(f"the format of {path} cannot be told from its name", hint=hint)
    return list(found.values())


def _write(rows: Iterator[Row], path: Path) -> tuple[int, int]:
    count = size = waiting = 0
    group: list[Row] = []
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:

        def flush() -> None:
            columns = list(zip(*group, strict=True))
            writer.write_table(pa.table([pa.array(c, pa.string()) for c in columns], schema=SCHEMA))
            group.clear()

        for row in rows:
            group.append(row)
            length = len((row[3] or "").encode())
            count, size, waiting = count + 1, size + length, waiting + length
            if waiting >= ROW_GROUP_BYTES or len(group) == 1 << 17:
                flush()
                waiting = 0
        if group:
            flush()
    return count, size


def _rows(path: Path, recipe: Recipe, unseen: set[str], labels: Counter[str]) -> Iterator[Row]:
    """The documents of a file; the fields that they have are taken from those that are `unseen`."""
    kind = recipe.format or SUFFIXES[path.suffix.lower()]
    if kind == "txt":
        yield from _text(path, recipe, _label(path, labels))
        return
    for number, record in json_lines(path) if kind == "jsonl" else delimited(path, kind):
        if recipe.text not in record:
            raise CorpusError(f"{path}:{number} has no field {recipe.text!r}", hint=suggest(recipe.text, record))
        unseen.difference_update(record)
        text = record[recipe.text]
        if text is not None and not isinstance(text, str):
            raise CorpusError(f"{path}:{number}: {recipe.text!r} is {type(text).__name__}, not text")
        yield (
            _plain(record.get(recipe.id), path, number),
            _plain(record.get(recipe.language), path, number) or recipe.default_language,
            _plain(record.get(recipe.domain), path, number) or recipe.default_domain,
            None if text is None else _sound(text, path, number),
        )


def _sound(value: str, path: Path, number: int) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:  # JSON may name one by itself
        raise CorpusError(f"{path}:{number} holds half of a surrogate pair, which is no text") from error
    return value


def _plain(value: object, path: Path, number: int) -> str | None:
    if isinstance(value, dict | list):
        raise CorpusError(f"{path}:{number}: an id, language or domain is a {type(value).__name__}, not a plain value")
    return None if value is None else _sound(str(value), path, number)


def _label(path: Path, labels: Counter[str]) -> str:
    """A name for a file's documents that no other file's have; copies are counted."""
    label = f"{path.name}@{fingerprint(path)}"
    labels[label] += 1
    return label if labels[label] == 1 else f"{label}({labels[label]})"


def _text(path: Path, recipe: Recipe, label: str) -> Iterator[Row]:
    documents = [(label, whole(path))] if recipe.documents == "file" else ((f"{label}:{n}", t) for n, t in lines(path))
    for name, text in documents:
        yield name, recipe.default_language, recipe.default_domain, text


def _parallel(files: list[Path], recipe: Recipe) -> Iterator[Row]:
    """Line k of every file, one file after the other, so that a language stays together; lengths are compared first."""
    counts = {path: sum(1 for _ in lines(path)) for path in files}
    languages = [_language_of(path) for path in files]
    if len(files) < 2:
        raise CorpusError("parallel text needs two files or more, one per language")
    repeated = [name for name in languages if languages.count(name) > 1]
    if repeated:
        raise CorpusError(f"two files are of the language {repeated[0]!r}", hint="name the files LANGUAGE.txt")
    first = files[0]
    for path in files[1:]:
        if counts[path] != counts[first]:
            raise CorpusError(
                f"{path} has {counts[path]} lines, {first} has {counts[first]}: they are not parallel",
                hint="line k of every file must be the same content",
            )
    for path, language in zip(files, languages, strict=True):
        for number, line in lines(path):
            yield str(number), language, recipe.default_domain, line


def _language_of(path: Path) -> str:
    """`tur_Latn.txt` and `dev.tur_Latn` are both Turkish."""
    return path.stem if path.suffix.lower() in SUFFIXES else path.suffix.removeprefix(".") or path.stem
