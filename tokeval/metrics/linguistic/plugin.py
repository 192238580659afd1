"""A lexicon written in Python: `python:package.module:factory`, called with the language."""

from __future__ import annotations

import importlib
from typing import Any

from tokeval.errors import LexiconError, UsageError


def load(location: str, language: str) -> Any:
    """What `factory(language)` returns; it must be a `tokeval.metrics.linguistic.lexicon.Lexicon`."""
    module, colon, factory = location.partition(":")
    if not module or not colon or not factory:
        raise UsageError(f"python:{location} is not python:package.module:factory")
    try:
        made = getattr(importlib.import_module(module), factory)
    except (ImportError, AttributeError) as error:
        raise LexiconError(f"python:{location} cannot be imported: {error}") from error
    lexicon = made(language)
    if not getattr(lexicon, "fingerprint", "x"):
        raise LexiconError(f"the lexicon of python:{location} has no fingerprint", hint="set it to a hash of its data")
    return lexicon
