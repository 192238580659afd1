"""The programming languages that can be parsed: grammars that come inside packages, nothing fetched at run time."""

from __future__ import annotations

import importlib
from functools import cache
from typing import TYPE_CHECKING

from tokeval.errors import MissingExtraError

if TYPE_CHECKING:
    from tree_sitter import Parser

#: language -> (module, function that gives the grammar, other names of the language)
LANGUAGES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "c": ("tree_sitter_c", "language", ("h",)),
    "cpp": ("tree_sitter_cpp", "language", ("c++", "cc", "cxx", "hpp", "cplusplus")),
    "go": ("tree_sitter_go", "language", ("golang",)),
    "java": ("tree_sitter_java", "language", ()),
    "javascript": ("tree_sitter_javascript", "language", ("js", "jsx", "ecmascript", "mjs")),
    "python": ("tree_sitter_python", "language", ("py", "python3")),
    "rust": ("tree_sitter_rust", "language", ("rs",)),
    "tsx": ("tree_sitter_typescript", "language_tsx", ()),
    "typescript": ("tree_sitter_typescript", "language_typescript", ("ts",)),
}

_ALIASES = {alias: name for name, (_, _, others) in LANGUAGES.items() for alias in (name, *others)}


@cache
def language_of(slice_name: str) -> str | None:
    """The language with a grammar that a slice's value names, or None.

    Names are taken without regard to case and without a leading `code_` or `code-`; of several slice columns
    (`python/2024`) the first part that names a language counts.
    """
    for part in (slice_name, *slice_name.split("/")):
        name = part.strip().lower()
        for lead in ("code_", "code-", "code:"):
            name = name.removeprefix(lead)
        if name in _ALIASES:
            return _ALIASES[name]
    return None


@cache
def _grammar(language: str) -> object:
    module, function, _ = LANGUAGES[language]
    try:
        from tree_sitter import Language

        return Language(getattr(importlib.import_module(module), function)())
    except ImportError as error:
        raise MissingExtraError.of("code", f"parsing {language}") from error


def parser(language: str) -> Parser:
    """A new parser for a language of LANGUAGES.

    Raises:
        MissingExtraError: the grammar is not installed.
    """
    grammar = _grammar(language)
    from tree_sitter import Parser

    return Parser(grammar)  # type: ignore[arg-type]
