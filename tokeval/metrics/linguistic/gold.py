"""Gold segmentations: where the morphemes of words end, from the formats in which they are published."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from tokeval import registry
from tokeval.arrow import Int64
from tokeval.errors import LexiconError, UsageError, suggest
from tokeval.metrics.linguistic.files import Intake, existing, lines_of, read_text
from tokeval.metrics.linguistic.tables import rows_of
from tokeval.signature import file_digest

#: What a segmented word can be; a word can be several of them, or none.
CATEGORIES = ("inflection", "derivation", "compound")


@dataclass(frozen=True)
class Gold:
    """The segmented words of one language.

    Attributes:
        words: `large_string` array of n words whose segments concatenate to them.
        cuts, offsets: byte positions inside the words where a segment ends, flat, and n + 1 offsets into them.
        categories: by name, booleans of shape (n,); empty where the file gives none.
        segmented: words with a usable row, among them those whose segments do not concatenate.
        intake: rows taken and left out.
        fingerprint: short hash of the file.
    """

    words: pa.Array
    cuts: Int64
    offsets: Int64
    categories: dict[str, np.ndarray[tuple[int], np.dtype[np.bool_]]]
    segmented: int
    intake: Intake
    fingerprint: str


@dataclass(frozen=True)
class Entry:
    """One row: a word, its segments, and its categories (None where the file gives none)."""

    line: int
    word: str
    segments: Sequence[str]
    categories: frozenset[str] | None = None


def load_gold(spec: str) -> Gold:
    """Read a gold file; `spec` is `FORMAT:PATH`, or a path whose format the content tells.

    Segments that do not concatenate to the word (canonical ones, `happy` in `happiness`) cannot be laid along it:
    such words are counted and not used. Empty parts, white space in words and broken rows are left out and listed.

    Raises:
        UsageError: no such format. LexiconError: the file cannot be read, or no row of it can be used.
    """
    kind, path = _format_of(spec)
    intake = Intake()
    words: list[str] = []
    cuts: list[int] = []
    counts: list[int] = [0]
    categories: list[frozenset[str] | None] = []
    segmented = 0
    for entry in _READERS[kind](path, intake):
        problem = _problem(entry)
        if problem:
            intake.leave_out(entry.line, "\t".join((entry.word, " ".join(entry.segments))), problem)
            continue
        segmented += 1
        if "".join(entry.segments) != entry.word:
            continue
        words.append(entry.word)
        ends = np.cumsum([len(part.encode()) for part in entry.segments])
        cuts.extend(int(end) for end in ends[:-1])
        counts.append(len(cuts))
        categories.append(entry.categories)
    if not words:
        raise LexiconError(
            f"{path} has no word whose segments concatenate to it",
            hint=f"read as {kind}; name another format, as in FORMAT:PATH, with one of {', '.join(_READERS)}",
        )
    intake.taken = len(words)
    given = any(found is not None for found in categories)
    return Gold(
        words=pa.array(words, pa.large_string()),
        cuts=np.array(cuts, np.int64),
        offsets=np.array(counts, np.int64),
        categories={name: np.array([name in (c or ()) for c in categories]) for name in CATEGORIES} if given else {},
        segmented=segmented,
        intake=intake,
        fingerprint=file_digest(path, kind),
    )


def _problem(entry: Entry) -> str | None:
    """Why a row cannot be used."""
    if not entry.word or not entry.segments or not all(entry.segments):
        return "an empty part"
    if len(entry.word.split()) > 1 or entry.word != entry.word.strip():
        return "white space in the word"
    return None


def _format_of(spec: str) -> tuple[str, Path]:
    kind, location = registry.split(spec)
    if kind:
        if kind not in _READERS:
            raise UsageError(f"there is no gold format {kind!r}", hint=suggest(kind, _READERS))
        return kind, existing(location, "gold file")
    path = existing(spec, "gold file")
    if path.suffix.lower() == ".csv":
        return "morphscore", path
    head = [line for (_, line), _ in zip(lines_of(path), range(200), strict=False)]
    if any(" @@" in line for line in head):
        return "sigmorphon", path
    if sum(line.count("\t") >= 3 for line in head) * 2 > len(head):
        return "morphynet", path
    return "segments", path


def _segments(path: Path, intake: Intake) -> Iterator[Entry]:
    """`word<TAB>seg1 seg2`, optionally a tab and categories by name, separated by commas."""
    for number, line in lines_of(path):
        if line.startswith("#") and "\t" not in line:
            continue
        cells = line.split("\t")
        named = frozenset(name.strip() for name in cells[2].split(",") if name.strip()) if len(cells) > 2 else None
        if len(cells) not in (2, 3):
            intake.leave_out(number, line, f"{len(cells)} columns")
        elif named is not None and not named <= set(CATEGORIES):
            intake.leave_out(number, line, f"a category that is none of {', '.join(CATEGORIES)}")
        else:
            yield Entry(number, cells[0], cells[1].split(" "), named)


def _sigmorphon(path: Path, intake: Intake) -> Iterator[Entry]:
    """SIGMORPHON 2022: word, `seg1 @@seg2`, and three digits: inflection, derivation, compound.

    Some segments lack their mark (`tail end @@er`), so that they are told by the space alone.
    """
    for number, line in lines_of(path):
        cells = line.split("\t")
        bits = cells[2].strip() if len(cells) > 2 else ""
        if len(cells) not in (2, 3) or (bits and (len(bits) != 3 or set(bits) - {"0", "1"})):
            intake.leave_out(number, line, "not word, segments and three digits")
            continue
        named = frozenset(n for n, bit in zip(CATEGORIES, bits, strict=True) if bit == "1") if bits else None
        yield Entry(number, cells[0], [part.removeprefix("@@") for part in cells[1].split(" ")], named)


def _morphynet(path: Path, intake: Intake) -> Iterator[Entry]:
    """MorphyNet and UniMorph: derivations as base and affix, inflections by their segmentation column."""
    for row in rows_of(path, intake):
        if row.segments:
            yield Entry(row.line, row.form, row.segments, frozenset({"derivation" if row.derived else "inflection"}))
        else:
            intake.leave_out(row.line, f"{row.base}\t{row.form}", "no segmentation")


def _morphscore(path: Path, intake: Intake) -> Iterator[Entry]:
    """MorphScore: a CSV file with a word column and its two parts; a row whose parts are not the word's is corrupt."""
    reader = csv.reader(read_text(path).splitlines())
    head = [name.strip() for name in next(reader)]
    word = next((head.index(name) for name in ("word", "full_word", "wordform") if name in head), None)
    parts = next(([head.index(a), head.index(b)] for a, b in _PARTS if a in head and b in head), None)
    if word is None or parts is None:
        raise LexiconError(
            f"{path} has no columns of MorphScore: it has {', '.join(head)[:80]}", hint="columns: word, pt1, rest"
        )
    for row in reader:
        line = reader.line_num
        if len(row) < len(head):
            intake.leave_out(line, ",".join(row), f"{len(row)} columns")
        elif row[parts[0]] + row[parts[1]] != row[word]:
            intake.leave_out(line, ",".join(row), "the parts do not make the word")
        else:
            yield Entry(line, row[word], (row[parts[0]], row[parts[1]]))


_PARTS = (("pt1", "rest"), ("stem", "suffix"), ("stem", "following_part"), ("stem", "rest"))

_READERS: dict[str, Callable[[Path, Intake], Iterator[Entry]]] = {
    "segments": _segments,
    "sigmorphon": _sigmorphon,
    "morphynet": _morphynet,
    "morphscore": _morphscore,
}
