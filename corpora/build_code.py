#!/usr/bin/env python3
"""Build corpora/code.parquet: small source files in nine languages, as they are and in four disguises.

Each file of corpora/code/ gives five rows: as it is; with its lines ended by
CRLF; indented by tabs; indented by spaces; and broken, cut in the middle of a
line with a closing bracket lost. The column ``language`` holds the programming
language, so that a comparison is sliced by it and the files are parsed.

Usage:
    python corpora/build_code.py           write code.parquet
    python corpora/build_code.py --check   exit 1 if code.parquet is out of date
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

SOURCES = Path(__file__).resolve().parent / "code"
OUTPUT = SOURCES.with_suffix(".parquet")
LANGUAGES = {
    ".c": "c",
    ".cpp": "cpp",
    ".go": "go",
    ".java": "java",
    ".js": "javascript",
    ".py": "python",
    ".rs": "rust",
    ".ts": "typescript",
    ".tsx": "tsx",
}


def indent(text: str) -> int:
    """The spaces of one level of indentation; 0 where a file is indented by tabs."""
    widths = [len(space) for space in re.findall(r"^ +(?=\S)", text, re.MULTILINE)]
    return min(width for width in widths if width > 1) if widths and "\n\t" not in text else 0


def with_tabs(text: str) -> str:
    """Indented by tabs; what is left of an alignment stays spaces."""
    width = indent(text)
    if not width:
        return text
    levels = re.compile(f"^(?:{' ' * width})+", re.MULTILINE)
    return levels.sub(lambda m: "\t" * (len(m.group()) // width), text)


def with_spaces(text: str) -> str:
    """Indented by four spaces where it was by tabs."""
    return re.sub(r"^\t+", lambda m: "    " * len(m.group()), text, flags=re.MULTILINE)


def broken(text: str) -> str:
    """The first two thirds of the file, without the first closing bracket: it does not parse."""
    return text[: len(text) * 2 // 3].replace(")", "", 1)


FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "crlf": lambda text: text.replace("\n", "\r\n"),
    "tabs": with_tabs,
    "spaces": with_spaces,
    "broken": broken,
}


def rows() -> Iterator[tuple[str, str, str]]:
    """Id, language and text of each file and form."""
    for path in sorted(SOURCES.iterdir(), key=lambda path: (path.suffix, path.name)):
        text = path.read_bytes().decode("utf-8").replace("\r\n", "\n")  # as a checkout may have ended its lines
        for form, make in FORMS.items():
            yield f"{path.stem.lower()}-{form}", LANGUAGES[path.suffix], make(text)


def build_table() -> pa.Table:
    """The corpus: string columns id, language and text."""
    ids, languages, texts = zip(*rows(), strict=True)
    return pa.table({"id": pa.array(ids), "language": pa.array(languages), "text": pa.array(texts)})


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Build corpora/code.parquet.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if code.parquet differs")
    arguments = parser.parse_args(argv)
    table = build_table()
    if arguments.check:
        current = OUTPUT.is_file() and pq.read_table(OUTPUT).equals(table)
        print(f"{OUTPUT} {'is up to date' if current else 'differs from its sources'} ({table.num_rows} rows)")
        return 0 if current else 1
    pq.write_table(table, OUTPUT, compression="zstd", store_schema=False)
    print(f"wrote {OUTPUT} ({table.num_rows} rows)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
