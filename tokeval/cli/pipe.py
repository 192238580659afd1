"""What is printed to a reader that has read enough, as `head` has, is no error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unread() -> Iterator[None]:
    """Print as far as it is read."""
    try:
        yield
    except BrokenPipeError:
        pass
    except SystemExit as leaving:  # what rich makes of it, with exit code 1, which is the gate's
        if not isinstance(leaving.__context__, BrokenPipeError):
            raise
