"""The exception tree. Each error is one line for the user, with an optional hint and an exit code."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

#: The exit code of a gate, a check or a review that does not pass.
FAILED = 1


class TokevalError(Exception):
    """Base of all errors that a user can cause or meet; shown as one line and a hint, never as a traceback."""

    exit_code = 2

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders, so the keyword argument must survive pickling.
        return (_rebuild, (type(self), self.message, self.hint))


class UsageError(TokevalError):
    """A command line or a call that cannot be carried out as it stands."""


class ConfigError(TokevalError):
    """A configuration or rules file that does not validate."""


class CorpusError(TokevalError):
    """A corpus that is missing, unreadable or not what it claims to be."""


class TokenizerError(TokevalError):
    """A tokenizer that cannot be loaded, or that failed on a document."""


class MissingExtraError(TokevalError):
    """An optional library is needed and not installed."""

    @classmethod
    def of(cls, extra: str, what: str) -> MissingExtraError:
        """The error for `what`, which needs the optional dependency group `extra`."""
        return cls(f"{what} needs an optional library", hint=f'pip install "tokeval[{extra}]"')


class LexiconError(TokevalError):
    """A lexicon, a gold segmentation or a lexical-decision file that cannot be read or used."""


class NotSupportedError(TokevalError):
    """A tokenizer was asked for something that it does not declare."""


class ResultsError(TokevalError):
    """A results folder or file that cannot be read or written."""


class GateError(TokevalError):
    """Rules that cannot be applied to the results."""


class IncompleteRunError(TokevalError):
    """A run that did not reach its end; what was done is kept."""

    exit_code = 3


class InterruptedRunError(TokevalError):
    """A run that the user stopped; what was done is kept."""

    exit_code = 130


def _rebuild(kind: type[TokevalError], message: str, hint: str | None) -> TokevalError:
    return kind(message, hint=hint)


def first_line(error: BaseException) -> str:
    """The first line of an error's message."""
    return str(error).strip().partition("\n")[0]


def near_file(location: str) -> str | None:
    """A hint naming the file or folder beside a path that is nearest to it, or None."""
    parent = Path(location).parent
    beside = (str(path) for path in parent.iterdir()) if parent.is_dir() else ()
    return _near(location, (path for path in beside if path != str(Path(location))))


def suggest(name: str, candidates: Iterable[str]) -> str | None:
    """A hint naming the candidate nearest to `name`, or listing them all if few, or None."""
    names = sorted(set(candidates))
    known = "known: " + ", ".join(names) if 0 < len(names) <= 12 else None
    return _near(name, names) or known


def _near(name: str, candidates: Iterable[str]) -> str | None:
    near = difflib.get_close_matches(name, sorted(set(candidates)), n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else None
