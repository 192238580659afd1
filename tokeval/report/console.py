"""How everything that is printed gets to a terminal, a file or a pipe."""

from __future__ import annotations

import os
from typing import TextIO

from rich.console import Console


def make_console(stream: TextIO, columns: int = 80) -> Console:
    """A console that is plain when piped and without colour under NO_COLOR.

    Args:
        stream: where it writes.
        columns: how wide it is where that is no terminal, and the variable COLUMNS holds no number.
    """
    given = os.environ.get("COLUMNS", "")
    width = None if stream.isatty() else int(given) if given.isdigit() and int(given) else columns
    return Console(file=stream, width=width, highlight=False, soft_wrap=False)
