"""A lexicon written in Python: `python:package.module:factory`, called with the language."""

from __future__ import annotations

from typing import Any

from tokeval import registry
from tokeval.errors import LexiconError


def load(location: str, language: str) -> Any:
    """What `factory(language)` returns; it must be a `tokeval.metrics.linguistic.lexicon.Lexicon`."""
    lexicon = registry.imported(location, LexiconError)(language)
    if not getattr(lexicon, "fingerprint", "x"):
        raise LexiconError(f"the lexicon of python:{location} has no fingerprint", hint="set it to a hash of its data")
    return lexicon
