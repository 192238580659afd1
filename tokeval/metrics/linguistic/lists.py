"""Plain lists: words, roots or affixes, one a line, or the strings of a JSON list or the keys of a JSON object."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from tokeval.errors import LexiconError
from tokeval.metrics.linguistic.casing import fold
from tokeval.metrics.linguistic.files import Intake, existing, lines_of, read_text
from tokeval.metrics.linguistic.lexicon import AFFIX, ROOT, WORD, Lexicon, Sets
from tokeval.signature import file_digest


def words(location: str, language: str) -> Lexicon:
    """A list of valid words; it knows nothing of roots and affixes."""
    return _load(location, language, WORD)


def roots(location: str, language: str) -> Lexicon:
    """A list of roots."""
    return _load(location, language, ROOT)


def affixes(location: str, language: str) -> Lexicon:
    """A list of affixes; hyphens at either end (`-lar`, `un-`) say where they attach and are taken off."""
    return _load(location, language, AFFIX)


def _load(location: str, language: str, question: str) -> Lexicon:
    path = existing(location, f"list of {question}s" if question != AFFIX else "list of affixes")
    intake, known = Intake(), set()
    for number, entry in _entries(path):
        text = entry.strip()
        if question == AFFIX:
            text = text.strip("-")
        if not text:
            intake.leave_out(number, entry, "empty")
        elif len(text.split()) > 1:
            intake.leave_out(number, entry, "white space inside")
        else:
            known.add(fold(text, language))
    if not known:
        raise LexiconError(f"{path} has no entry that can be used", hint="one entry a line, without spaces")
    intake.taken = len(known)
    return Sets(language, {question: known}, file_digest(path, question), intake)


def _entries(path: Path) -> Iterator[tuple[int, str]]:
    """Entries with their line or, in JSON, their place from 1."""
    if path.suffix.lower() != ".json":
        yield from lines_of(path)
        return
    try:
        content = json.loads(read_text(path))
    except ValueError as error:
        raise LexiconError(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict | list) or not all(isinstance(entry, str) for entry in content):
        raise LexiconError(f"{path} is neither a list of strings nor an object", hint="or name a text file")
    yield from enumerate(content, 1)
