"""Where in a TOML file a key stands: `tomllib` gives values without places, and a person wants the line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

#: What a TOML text consists of, as far as statements go: strings, comments, brackets, line ends, anything else.
_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*"
    r"|.",
    re.DOTALL,
)

#: A key's path: names, and the index within an array of tables.
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Place:
    """A place in a text file; line and column count from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.line}:{self.column}"


def places(text: str) -> dict[Path, Place]:
    """The place of every table header and every key of a valid TOML text, by path.

    Keys inside an inline table or an array have no place of their own; `nearest` gives their statement's.
    """
    found: dict[Path, Place] = {}
    last: dict[Path, int] = {}
    table: Path = ()
    for start, stop in _statements(text):
        place = Place(text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start))
        statement = text[start:stop]
        if statement.startswith("[["):
            path = _resolve(_names(statement[2:-2]), last, keep_index=False)
            last[path] = last.get(path, -1) + 1
            table = (*path, last[path])
            found.setdefault(path, place)
            found[table] = place
        elif statement.startswith("["):
            table = _resolve(_names(statement[1:-1]), last)
            found[table] = place
        else:
            names = _names(statement)
            for end in range(1, len(names) + 1):
                found.setdefault((*table, *names[:end]), place)
    return found


def nearest(path: Iterable[str | int], known: Mapping[Path, Place]) -> tuple[Path, Place]:
    """The longest beginning of a path that has a place; the file's first line where none has."""
    whole = tuple(path)
    for end in range(len(whole), 0, -1):
        if whole[:end] in known:
            return whole[:end], known[whole[:end]]
    return (), Place(1, 1)


def _statements(text: str) -> Iterable[tuple[int, int]]:
    """Start and end of each header, and of each key up to its `=`."""
    depth, start, stop = 0, -1, -1
    for token in _TOKEN.finditer(text):
        first = token.group()[0]
        if first == "\n" and depth == 0:
            if start >= 0:
                yield start, stop
            start = stop = -1
        elif first in "#\n\r\t ":
            continue
        else:
            depth += (first in "[{") - (first in "]}")
            if start < 0:
                start = token.start()
            is_header = text[start] == "["
            if is_header or stop < 0:
                stop = token.end() if is_header else (token.start() if first == "=" else -1)
    if start >= 0:
        yield start, stop


def _names(key: str) -> list[str]:
    """The parts of a dotted key, as TOML reads it."""
    names: list[str] = []
    content: object = tomllib.loads(f"{key.strip()} = 0")
    while isinstance(content, dict):
        ((name, content),) = content.items()
        names.append(name)
    return names


def _resolve(names: list[str], last: Mapping[Path, int], keep_index: bool = True) -> Path:
    """The path of a header: behind the name of an array of tables stands the index of its last table."""
    path: Path = ()
    for position, name in enumerate(names):
        path = (*path, name)
        if path in last and (keep_index or position < len(names) - 1):
            path = (*path, last[path])
    return path
