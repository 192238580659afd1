"""What each backend can, from its adapter's own declarations: for `tokeval list tokenizers` and the docs."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from tokeval import registry


@dataclass(frozen=True)
class Marks:
    """One backend.

    Attributes:
        name, origin: as in a spec, and the package that it comes from.
        library, version: what defines its tokenizers; empty where tokeval itself does.
        installed: whether the library is there; `hint` says how to get it.
        capabilities: what files of this backend can have declared; None where each tokenizer says for itself.
        accelerated: which fast paths there are, or "".
        long_text: how the time grows with a text of n characters that has no space.
    """

    name: str
    origin: str
    library: str
    version: str
    installed: bool
    hint: str
    capabilities: frozenset[str] | None
    accelerated: str
    long_text: str


def all_marks() -> list[Marks]:
    """Every backend by name, third parties' too; no tokenizer library is imported."""
    return [_marks(entry) for entry in registry.entries(registry.TOKENIZERS).values()]


def _marks(entry: registry.Entry) -> Marks:
    library = entry.module.replace("_", "-")
    hint = "" if entry.installed else f'pip install "tokeval[{entry.extra}]"'
    target = entry.load() if entry.installed else None
    # a class declares for itself; a function's module declares for what it makes
    holder = target if isinstance(target, type) else sys.modules.get(getattr(target, "__module__", ""))
    capabilities = getattr(holder, "capabilities", getattr(holder, "CAPABILITIES", None))
    accelerated = getattr(holder, "accelerated", getattr(holder, "ACCELERATED", ""))
    long_text = getattr(holder, "long_text", getattr(holder, "LONG_TEXT", ""))
    return Marks(
        entry.name,
        entry.origin,
        library,
        version=_version(library),
        installed=entry.installed,
        hint=hint,
        capabilities=capabilities,
        accelerated=str(accelerated),
        long_text=str(long_text),
    )


def _version(distribution: str) -> str:
    try:
        return version(distribution) if distribution else ""
    except PackageNotFoundError:
        return ""
