"""Spec strings: `backend:location[@revision]`, or a path whose kind the file itself tells."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tokeval import registry
from tokeval.errors import TokenizerError, TokevalError, UsageError, suggest
from tokeval.tokenizers.base import Tokenizer
from tokeval.tokenizers.sniff import describe, sniff


@dataclass(frozen=True)
class Spec:
    """A parsed spec string."""

    backend: str
    location: str
    revision: str | None = None

    def __str__(self) -> str:
        return f"{self.backend}:{self.location}" + (f"@{self.revision}" if self.revision else "")


def parse_spec(text: str, folder: Path | None = None) -> Spec:
    """Read a spec string.

    Args:
        text: `backend:location[@revision]`, or a path, or a folder with a tokenizer.json.
        folder: where relative paths are looked up first (the folder of a configuration file).

    Raises:
        UsageError: no such backend. TokenizerError: no such file, or its kind cannot be told.
    """
    backend, colon, rest = text.partition(":")
    if not colon or len(backend) == 1:  # one letter is a Windows drive
        path = _at(folder, text)
        if not path.exists():
            raise TokenizerError(f"there is no file {text}", hint=_path_hint(text))
        return Spec(_backend_of(path), str(path))
    registry.find(registry.TOKENIZERS, backend)
    location, revision = rest, None
    if not _at(folder, rest).exists() and "@" in rest:
        location, _, revision = rest.rpartition("@")
    path = _at(folder, location)
    return Spec(backend, str(path) if location and path.exists() else location, revision)


def load_tokenizer(spec: str | Spec) -> Tokenizer:
    """The tokenizer behind a spec string.

    Raises:
        TokevalError: it cannot be loaded; one line says why.
    """
    parsed = parse_spec(spec) if isinstance(spec, str) else spec
    factory = registry.find(registry.TOKENIZERS, parsed.backend).load()
    try:
        tokenizer = factory(parsed.location, parsed.revision)
    except TokevalError:
        raise
    except Exception as error:  # libraries raise what they like; the user gets one line
        line = str(error).strip().partition("\n")[0]
        raise TokenizerError(f"{parsed} cannot be loaded: {type(error).__name__}: {line}") from error
    if not isinstance(tokenizer, Tokenizer):
        raise TokenizerError(f"{parsed} is a {type(tokenizer).__name__}, not a tokeval Tokenizer")
    tokenizer.spec = tokenizer.spec or str(parsed)
    return tokenizer


def require_file(location: str, kinds: set[str], wanted: str) -> Path:
    """The path of a tokenizer file of one of the kinds.

    Raises:
        TokenizerError: not there, or another kind; the message says which kind it looks like.
    """
    path = Path(location)
    if not location or not path.is_file():
        raise TokenizerError(f"there is no file {location!r}", hint=_path_hint(location))
    if sniff(path) not in kinds:
        looks, hint = describe(path)
        raise TokenizerError(f"{path} is not {wanted}: it looks like {looks}", hint=hint)
    return path


def _backend_of(path: Path) -> str:
    if path.is_dir():
        if (path / "tokenizer.json").is_file():
            return "hf"
        raise TokenizerError(f"the folder {path} holds no tokenizer.json", hint="name the backend: backend:PATH")
    kind = sniff(path)
    known = {"hf": "hf", "sentencepiece": "sentencepiece", "tiktoken": "tiktoken", "tekken": "mistral"}
    if kind not in known:
        looks, hint = describe(path)
        raise TokenizerError(f"{path} is no tokenizer file that tokeval knows: it looks like {looks}", hint=hint)
    return known[kind]


def _at(folder: Path | None, location: str) -> Path:
    if folder is not None and location and (folder / location).exists():
        return folder / location
    return Path(location)


def _path_hint(location: str) -> str | None:
    parent = Path(location).parent
    siblings = [str(p) for p in parent.iterdir()] if parent.is_dir() else []
    hint = suggest(location, siblings)
    return hint if hint and hint.startswith("did") else None


def check_name(name: str) -> str:
    """A tokenizer's or corpus's name as the user gave it, if it can be one."""
    if not name or name != name.strip() or any(ord(c) < 32 for c in name):
        raise UsageError(f"{name!r} is not a name", hint="write NAME=SPEC with a visible name")
    return name
