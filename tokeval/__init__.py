"""tokeval: tokenizer evaluation that is right, fast and citable.

In the library are a comparison (`compare`), the description of vocabularies (`vocab`), the health check of a tokenizer
(`check`), a tokenizer by its spec (`load_tokenizer`) and the table of a results folder (`load_results`). Reports,
differences and the gate are on the command line alone.

>>> import tokeval
>>> table = tokeval.compare(tokenizers={"bytes": "bytes:"}, corpora={"mine": "corpus.parquet"})  # doctest: +SKIP
>>> table.to_pandas()  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from tokeval.engine.api import compare
    from tokeval.engine.check.run import check
    from tokeval.engine.vocab import vocab
    from tokeval.results.store import load_results
    from tokeval.tokenizers.load import load_tokenizer

__all__ = ["__version__", "check", "compare", "load_results", "load_tokenizer", "vocab"]

# Importing the package must stay cheap (`tokeval --help`), so each name is loaded when first used.
_LAZY = {
    "check": "tokeval.engine.check.run",
    "compare": "tokeval.engine.api",
    "load_results": "tokeval.results.store",
    "load_tokenizer": "tokeval.tokenizers.load",
    "vocab": "tokeval.engine.vocab",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'tokeval' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
