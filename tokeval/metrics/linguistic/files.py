"""Reading the users' word lists and tables: UTF-8 lines, and a record of what had to be left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tokeval.errors import LexiconError

#: So many rows that were left out are listed with their line; all are counted.
LISTED = 1000


@dataclass(frozen=True)
class Problem:
    """A row that was left out: its line (from 1), what it says (cut short), and why."""

    line: int
    text: str
    reason: str


@dataclass
class Intake:
    """What was taken from a file, and what was left out of it."""

    taken: int = 0
    left_out: int = 0
    problems: list[Problem] = field(default_factory=list)

    def leave_out(self, line: int, text: str, reason: str) -> None:
        """Count a row that cannot be used, and list it while the list is short."""
        self.left_out += 1
        if len(self.problems) < LISTED:
            self.problems.append(Problem(line, text[:100], reason))

    def add(self, other: Intake) -> None:
        """Count in what another file gave."""
        self.taken += other.taken
        self.left_out += other.left_out
        self.problems += other.problems[: LISTED - len(self.problems)]


def existing(location: str, what: str) -> Path:
    """The path of a file that is there.

    Raises:
        LexiconError: it is not.
    """
    path = Path(location)
    if not location or not path.is_file():
        raise LexiconError(f"there is no {what} {location!r}")
    return path


def read_text(path: Path) -> str:
    """The text of a UTF-8 file; a byte order mark is dropped.

    Raises:
        LexiconError: the file cannot be read, is empty, or is in another encoding; the message names the line.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LexiconError(f"{path} cannot be read: {error.strerror or error}") from error
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise LexiconError(f"{path} is in UTF-16, not in UTF-8", hint=_hint(path, "UTF-16"))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise LexiconError(f"{path} is not in UTF-8: see line {line}", hint=_hint(path, "ISO-8859-1")) from error
    if "\0" in text:
        raise LexiconError(f"{path} is not text: it has NUL characters")
    if not text.strip():
        raise LexiconError(f"{path} is empty")
    return text


def lines_of(path: Path) -> Iterator[tuple[int, str]]:
    r"""The lines of a UTF-8 file with their numbers from 1, without `\n` or `\r\n`; blank ones are passed over."""
    for number, line in enumerate(read_text(path).split("\n"), 1):
        line = line.removesuffix("\r")
        if line.strip():
            yield number, line


def _hint(path: Path, encoding: str) -> str:
    return f"convert it, for instance: iconv -f {encoding} -t UTF-8 {path.name} > utf8-{path.name}"
