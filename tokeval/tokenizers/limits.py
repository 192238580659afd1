"""Bounds on what is read, so that a hostile or mistaken file is refused before it fills the memory."""

from __future__ import annotations

import os
from pathlib import Path

from tokeval.errors import TokenizerError, UsageError

#: Setting -> default. Each can be raised in the environment.
LIMITS = {"TOKEVAL_MAX_TOKENIZER_MB": 256, "TOKEVAL_MAX_VOCABULARY": 4_000_000}


def limit(name: str) -> int:
    """The bound of that name, from the environment or the default.

    Raises:
        UsageError: the environment holds something that is no positive number.
    """
    text = os.environ.get(name)
    if text is None:
        return LIMITS[name]
    if not text.isdigit() or int(text) < 1:
        raise UsageError(f"{name} is {text!r}, it must be a whole number of 1 or more")
    return int(text)


def check_size(path: Path) -> None:
    """Refuse a file that is larger than any tokenizer.

    Raises:
        TokenizerError: it is; the hint names the setting.
    """
    most = limit("TOKEVAL_MAX_TOKENIZER_MB")
    if path.is_file() and path.stat().st_size > most << 20:
        raise TokenizerError(
            f"{path} has {path.stat().st_size >> 20:,} MiB, more than the {most:,} MiB that a tokenizer file may have",
            hint="set TOKEVAL_MAX_TOKENIZER_MB higher if it is meant to be so large",
        )


def check_entries(path: Path, entries: int) -> None:
    """Refuse a vocabulary with more entries than any tokenizer has.

    Raises:
        TokenizerError: it has; the hint names the setting.
    """
    most = limit("TOKEVAL_MAX_VOCABULARY")
    if entries > most:
        raise TokenizerError(
            f"{path} has {entries:,} vocabulary entries, more than the {most:,} that are read",
            hint="set TOKEVAL_MAX_VOCABULARY higher if it is meant to be so large",
        )
