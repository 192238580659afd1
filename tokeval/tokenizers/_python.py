"""`python:package.module:factory`: a tokenizer of the user's own, named on the command line."""

from __future__ import annotations

from tokeval import registry
from tokeval.errors import TokenizerError, UsageError
from tokeval.tokenizers.base import Tokenizer

LONG_TEXT = "as your code"


def load(location: str, revision: str | None = None) -> Tokenizer:
    """What `factory()` in the importable module returns.

    Raises:
        UsageError: not `module:factory`. TokenizerError: it is not there, or returns no tokenizer.
    """
    if revision is not None:
        raise UsageError(f"python:{location} has no revision {revision!r}")
    tokenizer = registry.imported(location, TokenizerError)()
    if not isinstance(tokenizer, Tokenizer):
        raise TokenizerError(f"python:{location} returns a {type(tokenizer).__name__}, not a tokeval Tokenizer")
    module, _, name = location.partition(":")
    tokenizer.fingerprint = tokenizer.fingerprint or f"python-{module}-{name}"
    tokenizer.library = tokenizer.library or module.partition(".")[0]
    return tokenizer
