#!/usr/bin/env python3
"""Build corpora/demo.parquet from the text files in corpora/demo/.

The sources are ``demo/index.tsv`` (header ``id<TAB>domain``, one row per
sentence) and one ``demo/LANG.txt`` per language, with one sentence per line in
the order of the index. They are validated, then written as one table with the
string columns ``id``, ``language``, ``domain`` and ``text``, ordered by
language and then by index. A given pyarrow version always writes the same
bytes.

Usage:
    python corpora/build_demo.py           write demo.parquet
    python corpora/build_demo.py --check   exit 1 if demo.parquet is out of date
"""

from __future__ import annotations

import argparse
import re
import sys
import unicodedata
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "demo"
OUTPUT = HERE / "demo.parquet"

DOMAINS: dict[str, int] = {"news": 18, "dialogue": 16, "numbers": 12, "names": 12, "code": 6}
LANGUAGE = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}")
# Characters that some readers take for the end of a line.
LINE_BREAKS = re.compile("[\t\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")

SCHEMA = pa.schema(
    [
        pa.field("id", pa.string()),
        pa.field("language", pa.string()),
        pa.field("domain", pa.string()),
        pa.field("text", pa.string()),
    ]
)


class SourceError(Exception):
    """A source file breaks one of the rules of the corpus."""


def read_lines(path: Path) -> list[str]:
    """Return the lines of a UTF-8 file that uses LF and ends with one."""
    try:
        content = path.read_bytes().decode("utf-8")
    except FileNotFoundError as error:
        raise SourceError(f"{path}: not found") from error
    except UnicodeDecodeError as error:
        raise SourceError(f"{path}: not UTF-8 ({error})") from error
    if not content.endswith("\n"):
        raise SourceError(f"{path}: must end with a newline")
    return content[:-1].split("\n")


def read_index(path: Path) -> list[tuple[str, str]]:
    """Return the (id, domain) pairs of the index, in order."""
    header, *lines = read_lines(path)
    if header != "id\tdomain":
        raise SourceError(f"{path}:1: the header must be 'id<TAB>domain'")
    rows: list[tuple[str, str]] = []
    for number, line in enumerate(lines, start=2):
        fields = line.split("\t")
        if len(fields) != 2:
            raise SourceError(f"{path}:{number}: expected two fields")
        identifier, domain = fields
        if domain not in DOMAINS:
            raise SourceError(f"{path}:{number}: unknown domain {domain!r}")
        if not re.fullmatch(rf"{domain}-[0-9]{{3}}", identifier):
            raise SourceError(f"{path}:{number}: bad id {identifier!r} for domain {domain!r}")
        rows.append((identifier, domain))
    if len({identifier for identifier, _ in rows}) != len(rows):
        raise SourceError(f"{path}: ids are not unique")
    counts = Counter(domain for _, domain in rows)
    if counts != Counter(DOMAINS):
        raise SourceError(f"{path}: rows per domain are {dict(counts)}, expected {DOMAINS}")
    return rows


def read_sentences(path: Path, expected: int) -> list[str]:
    """Return the sentences of one language file after validating them."""
    lines = read_lines(path)
    if len(lines) != expected:
        raise SourceError(f"{path}: {len(lines)} lines, expected {expected}")
    for number, line in enumerate(lines, start=1):
        where = f"{path}:{number}"
        if not line.strip():
            raise SourceError(f"{where}: empty line")
        if line != line.strip():
            raise SourceError(f"{where}: leading or trailing space")
        if LINE_BREAKS.search(line):
            raise SourceError(f"{where}: TAB or line-breaking control character")
        if not unicodedata.is_normalized("NFC", line):
            raise SourceError(f"{where}: not in NFC")
    return lines


def build_table(source: Path) -> pa.Table:
    """Read and validate the sources and return them as one table."""
    index = read_index(source / "index.tsv")
    paths = {path.stem: path for path in source.glob("*.txt")}
    if not paths:
        raise SourceError(f"{source}: no language files")
    columns: dict[str, list[str]] = {name: [] for name in SCHEMA.names}
    for language in sorted(paths):
        if not LANGUAGE.fullmatch(language):
            raise SourceError(f"{paths[language]}: name must look like eng_Latn.txt")
        sentences = read_sentences(paths[language], len(index))
        for (identifier, domain), text in zip(index, sentences, strict=True):
            columns["id"].append(identifier)
            columns["language"].append(language)
            columns["domain"].append(domain)
            columns["text"].append(text)
    return pa.table(columns, schema=SCHEMA)


def is_current(table: pa.Table, output: Path) -> bool:
    """Tell whether the file exists and holds exactly this table."""
    if not output.is_file():
        return False
    try:
        existing = pq.ParquetFile(output).read()
    except pa.ArrowException:
        return False
    return existing.schema.equals(table.schema) and existing.equals(table)


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    parser = argparse.ArgumentParser(description="Build corpora/demo.parquet from corpora/demo/.")
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; exit 1 if demo.parquet differs from the sources",
    )
    arguments = parser.parse_args(argv)

    try:
        table = build_table(SOURCE)
    except SourceError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1

    if arguments.check:
        if not is_current(table, OUTPUT):
            print(f"{OUTPUT} differs from the sources; run {Path(__file__).name}", file=sys.stderr)
            return 1
        print(f"{OUTPUT} is up to date ({table.num_rows} rows)")
        return 0

    pq.write_table(table, OUTPUT, compression="zstd", store_schema=False)
    print(f"wrote {OUTPUT} ({table.num_rows} rows)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
