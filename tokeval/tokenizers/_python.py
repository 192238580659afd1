"""`python:package.module:factory`: a tokenizer of the user's own, named on the command line."""

from __future__ import annotations

import importlib

from tokeval.errors import TokenizerError, UsageError
from tokeval.tokenizers.base import Tokenizer

LONG_TEXT = "as your code"


def load(location: str, revision: str | None = None) -> Tokenizer:
    """What `factory()` in the importable module returns.

    Raises:
        UsageError: not `module:factory`. TokenizerError: it is not there, or returns no tokenizer.
    """
    module, colon, name = location.partition(":")
    if not (module and colon and name) or revision is not None:
        raise UsageError(f"python:{location} does not name a factory", hint="write python:package.module:factory")
    try:
        factory = getattr(importlib.import_module(module), name)
    except ImportError as error:
        raise TokenizerError(
            f"python:{location}: {error}", hint="install the package, or put its folder into PYTHONPATH"
        ) from error
    except AttributeError as error:
        raise TokenizerError(f"the module {module} has no {name!r}") from error
    tokenizer = factory()
    if not isinstance(tokenizer, Tokenizer):
        raise TokenizerError(f"python:{location} returns a {type(tokenizer).__name__}, not a tokeval Tokenizer")
    tokenizer.fingerprint = tokenizer.fingerprint or f"python-{module}-{name}"
    tokenizer.library = tokenizer.library or module.partition(".")[0]
    return tokenizer
