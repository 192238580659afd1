"""UniMorph and MorphyNet tables: tab-separated inflections or derivations.

Inflections: lemma, form, features, and in newer tables the segmentation (`abandon|ed`). Derivations: base, derived
word, parts of speech (one or two columns), affix, and in MorphyNet whether it is a prefix or a suffix.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tokeval.errors import LexiconError
from tokeval.metrics.linguistic.casing import fold
from tokeval.metrics.linguistic.files import Intake, existing, lines_of
from tokeval.metrics.linguistic.lexicon import AFFIX, ROOT, WORD, Lexicon, Sets
from tokeval.signature import file_digest


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes:
        line: its number from 1.
        base, form: lemma and inflected form, or base and derived word.
        segments: the form's segments in their order (canonical: they need not concatenate), or () where not given.
        derived: whether the form is a derived word with a lemma of its own.
        affixes: the affixes named, hyphens taken off.
    """

    line: int
    base: str
    form: str
    segments: tuple[str, ...]
    derived: bool
    affixes: tuple[str, ...]


def load(location: str, language: str) -> Lexicon:
    """Words are the forms and bases; roots the bases that no row derives; affixes those that the table names."""
    path = existing(location, "UniMorph or MorphyNet table")
    intake = Intake()
    words: set[str] = set()
    bases: set[str] = set()
    derived: set[str] = set()
    affixes: set[str] = set()
    for row in rows_of(path, intake):
        words.update((fold(row.base, language), fold(row.form, language)))
        bases.add(fold(row.base, language))
        if row.derived:
            derived.add(fold(row.form, language))
        affixes.update(fold(affix, language) for affix in row.affixes)
    members = {WORD: words, ROOT: bases - derived}
    if affixes:  # a plain inflection table names none, so it cannot say what is no affix
        members[AFFIX] = affixes
    intake.taken = len(words)
    return Sets(language, members, file_digest(path, "unimorph"), intake)


def rows_of(path: Path, intake: Intake) -> Iterator[Row]:
    """The rows of a table; those that cannot be used are counted and listed.

    Raises:
        LexiconError: not one row can be used.
    """
    used = 0
    for number, line in lines_of(path):
        cells = [cell.strip() for cell in line.split("\t")]
        row = _row(number, cells)
        if isinstance(row, str):
            intake.leave_out(number, line, row)
        else:
            used += 1
            yield row
    if not used:
        raise LexiconError(
            f"{path} has no row of a UniMorph or MorphyNet table",
            hint="columns are separated by tabs: lemma, form, features; or base, derived, part of speech, affix",
        )


def _row(number: int, cells: list[str]) -> Row | str:
    """The row, or why it cannot be used."""
    if len(cells) not in (3, 4, 5, 6):
        return f"{len(cells)} columns"
    base, form = cells[:2]
    if not base or not form:
        return "an empty part"
    if len(base.split()) > 1 or len(form.split()) > 1:
        return "white space in a word"
    if len(cells) == 6:
        return _derivation(number, base, form, cells[4], cells[5])
    if len(cells) == 4 and ":" in cells[2] and "|" not in cells[3] and _is_affix(cells[3]):
        return _derivation(number, base, form, cells[3], "prefix" if cells[3].endswith("-") else "suffix")
    if len(cells) == 4 and cells[3] not in ("", "-"):
        segments = tuple(part for part in cells[3].split("|") if part)
        return Row(number, base, form, segments, False, segments[1:])
    return Row(number, base, form, (), False, ())


def _is_affix(cell: str) -> bool:
    return cell.startswith("-") or cell.endswith("-")


def _derivation(number: int, base: str, form: str, affix: str, kind: str) -> Row | str:
    bare = affix.strip("-")
    if not bare or kind not in {"prefix", "suffix"}:
        return "no affix"
    return Row(number, base, form, (bare, base) if kind == "prefix" else (base, bare), True, (bare,))
