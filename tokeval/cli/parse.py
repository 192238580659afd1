"""From what was typed to what is meant: NAME=VALUE pairs, lists of columns, reports by name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from tokeval import registry
from tokeval.errors import UsageError

if TYPE_CHECKING:
    from tokeval.config import CompareConfig
    from tokeval.engine.run import Render


def pairs(values: Sequence[str], option: str, *, bare: bool = True) -> dict[str, str]:
    """`NAME=VALUE` arguments by name; a bare VALUE, where it is allowed, is named after its file or folder.

    Raises:
        UsageError: an empty part, or a name given twice.
    """
    found: dict[str, str] = {}
    for text in values:
        name, equals, value = text.partition("=")
        if not equals and bare:
            name, value = _name_of(text), text
        if not name or not value:
            raise UsageError(f"{option} {text!r} is not NAME=VALUE")
        if name in found:
            raise UsageError(f"the name {name!r} is given twice with {option}", hint="give each a name of its own")
        found[name] = value
    return found


def several(values: Sequence[str], option: str) -> dict[str, list[str]]:
    """`NAME=VALUE` arguments by name, where a name may be given several times.

    Raises:
        UsageError: an empty part.
    """
    found: dict[str, list[str]] = {}
    for text in values:
        for name, value in pairs([text], option, bare=False).items():
            found.setdefault(name, []).append(value)
    return found


def columns(text: str | None) -> list[str] | None:
    """`COLUMN[,COLUMN]` as a list; `none` is an empty one, nothing given is None.

    Raises:
        UsageError: `none` beside a column.
    """
    if text is None:
        return None
    named = [name for name in text.split(",") if name]
    if "none" in named and len(named) > 1:
        raise UsageError(f"--slice-by {text} names columns and none", hint="leave out one or the other")
    return [] if named == ["none"] else named


def renders(formats: Sequence[str]) -> list[Render]:
    """The renderers of the report formats named.

    Raises:
        UsageError: an unknown format.
    """
    return [registry.find(registry.REPORTS, name).load() for name in dict.fromkeys(formats)]


def _name_of(value: str) -> str:
    backend, location = registry.split(value)
    path = PurePath(location)
    generic = {"tokenizer.json", "tokenizer.model", "spiece.model"}
    if path.name in generic and path.parent.name:
        return path.parent.name
    return path.stem or backend


def located(file: CompareConfig, folder: Path) -> dict[str, Any]:
    """A configuration file's lexicons, gold files and studies, with relative paths looked up in its folder."""
    from tokeval.metrics.linguistic.lexicon import located

    found: dict[str, Any] = {
        key: {language: located(spec, folder) for language, spec in (getattr(file, key) or {}).items()} or None
        for key in ("gold", "lexical_decision")
    }
    lexicons = {
        language: [located(spec, folder) for spec in ([specs] if isinstance(specs, str) else specs)]
        for language, specs in (file.lexicons or {}).items()
    }
    return {**found, "lexicons": lexicons or None}
