"""Spec strings: `backend:location[@revision]`, or a path whose kind the file itself tells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tokeval import registry
from tokeval.errors import TokenizerError, TokevalError, UsageError, first_line, near_file
from tokeval.tokenizers.base import Tokenizer
from tokeval.tokenizers.limits import check_size, limit
from tokeval.tokenizers.sniff import describe, part_of, sniff

#: `org/name`, `org/name@revision`: a repository on the hub, where no file or folder has that name.
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w-]+(\.\d[\w-]*)*(@[\w./-]+)?")

#: Files that belong to the Hugging Face backend by their name.
_HF_FILES = ("tokenizer.json", "vocab.json", "encoder.json", "vocab.txt")


#: What the names of files end in that tokenizers are loaded from.
_OF_TOKENIZERS = frozenset({".json", ".txt", ".model", ".tiktoken", ".bpe", ".vocab", ".spm", ".py"})


@dataclass(frozen=True)
class Spec:
    """A parsed spec string.

    Attributes:
        trusted: whether code from its folder or repository may be run. No spec string says so: it is the user's word,
            given at the command line or in a call, and it travels with the plan to every worker.
    """

    backend: str
    location: str
    revision: str | None = None
    trusted: bool = False

    def __str__(self) -> str:
        return f"{self.backend}:{self.location}" + (f"@{self.revision}" if self.revision else "")


def parse_spec(text: str, folder: Path | None = None) -> Spec:
    """Read a spec string.

    Args:
        text: `backend:location[@revision]`, or a path, a folder with a tokenizer.json,
            or a hub id `org/name[@revision]`.
        folder: where relative paths are looked up first (the folder of a configuration file).

    Raises:
        UsageError: no such backend. TokenizerError: no such file, or its kind cannot be told.
    """
    backend, rest = registry.split(text)
    if not backend:
        path = _at(folder, text)
        if not path.exists() and _HUB_ID.fullmatch(text) and not Path(text).parent.exists():
            repository, _, wanted = text.partition("@")
            return Spec("hf", repository, wanted or None)
        if not path.exists():
            raise TokenizerError(f"there is no file {text}", hint=_path_hint(text))
        return Spec(_backend_of(path), str(path))
    registry.find(registry.TOKENIZERS, backend)
    if backend == "python":  # its location holds colons of its own
        return Spec(backend, rest)
    if backend == "derive":
        method, colon, inner = rest.partition(":")
        return Spec(backend, f"{method}:{parse_spec(inner, folder)}" if colon else rest)
    location: str = rest
    revision: str | None = None
    if not _at(folder, rest).exists() and "@" in rest:
        location, _, revision = rest.rpartition("@")
    path = _at(folder, location)
    key, equals, place = (revision or "").partition("=")
    if equals:  # the revision names a file, such as tiktoken's pattern=FILE
        revision = f"{key}={_at(folder, place)}"
    return Spec(backend, str(path) if location and path.exists() else location, revision)


def trusting(spec: Spec) -> Spec:
    """The spec with leave to run code from its folder or repository, where its backend would ask for it."""
    return replace(spec, trusted=spec.backend == "transformers")


def declared(spec: Spec) -> frozenset[str] | None:
    """What every tokenizer of a backend declares, before one is loaded; None where each says for itself."""
    found = vars(registry.find(registry.TOKENIZERS, spec.backend).load()).get("capabilities")
    return found if isinstance(found, frozenset) else None


def places_of(spec: Spec) -> list[str]:
    """The files and folders here that a spec names: its location, its revision's file, those of a spec inside it."""
    if spec.backend == "derive":
        _, colon, inner = spec.location.partition(":")
        return places_of(parse_spec(inner)) if colon else []
    _, _, beside = (spec.revision or "").partition("=")
    return [place for place in (spec.location, beside) if place and Path(place).exists()]


def files_in(folder: Path) -> list[Path]:
    """The files of a folder that may say how its tokenizer works, sorted; weights and a card may lie beside them."""
    most = limit("TOKEVAL_MAX_TOKENIZER_MB") << 20
    files = (path for path in sorted(folder.iterdir()) if path.suffix in _OF_TOKENIZERS and path.is_file())
    return [path for path in files if path.stat().st_size <= most]


def moved(spec: Spec, places: Mapping[str, str]) -> Spec:
    """The spec with other paths in place of those that it names (see `places_of`)."""
    location, revision = spec.location, spec.revision
    for old, new in places.items():
        if spec.backend == "derive":
            location = location.replace(old, new)
        elif location == old:
            location = new
        key, equals, beside = (revision or "").partition("=")
        if equals and beside == old:
            revision = f"{key}={new}"
    return replace(spec, location=location, revision=revision)


def load_tokenizer(spec: str | Spec, *, trust_remote_code: bool = False, sparing: bool = False) -> Tokenizer:
    """The tokenizer behind a spec string.

    Args:
        spec: see `parse_spec`.
        trust_remote_code: whether `transformers:` may run code from a tokenizer's folder or repository.
        sparing: whether it is for its vocabulary and few texts, and need not decode: some then take a tenth of the
            memory, or are still loading when this returns, and may turn out broken in `Tokenizer.wait`.

    Raises:
        TokevalError: it cannot be loaded; one line says why.
    """
    parsed = parse_spec(spec) if isinstance(spec, str) else spec
    if trust_remote_code:
        parsed = trusting(parsed)
    factory = registry.find(registry.TOKENIZERS, parsed.backend).load()
    try:
        options = {"trust_remote_code": True} if parsed.trusted else {}
        if sparing and getattr(factory, "spares", False):
            options["sparing"] = True
        tokenizer = factory(parsed.location, parsed.revision, **options)
    except TokevalError:
        raise
    except Exception as error:  # libraries raise what they like; the user gets one line
        line = first_line(error)
        raise TokenizerError(f"{parsed} cannot be loaded: {type(error).__name__}: {line}") from error
    if not isinstance(tokenizer, Tokenizer):
        raise TokenizerError(f"{parsed} is a {type(tokenizer).__name__}, not a tokeval Tokenizer")
    tokenizer.spec = tokenizer.spec or str(parsed)
    return tokenizer


def require_file(location: str, kinds: set[str], wanted: str) -> tuple[Path, str]:
    """The path of a tokenizer file of one of the kinds, and which of them it is.

    Raises:
        TokenizerError: not there, or another kind; the message says which kind it looks like.
    """
    path = Path(location)
    if not location or not path.is_file():
        raise TokenizerError(f"there is no file {location!r}", hint=_path_hint(location))
    check_size(path)
    kind = sniff(path)
    if kind not in kinds:
        looks, hint = describe(path)
        raise TokenizerError(f"{path} is not {wanted}: it looks like {looks}", hint=hint)
    return path, kind


def refuse_revision(backend: str, location: str, revision: str | None) -> None:
    """Refuse a revision of what has none.

    Raises:
        TokenizerError: one is named.
    """
    if revision is not None:
        raise TokenizerError(f"{backend}:{location} is a file and has no revision {revision!r}")


def _backend_of(path: Path) -> str:
    if path.is_dir():
        if any((path / name).is_file() for name in _HF_FILES):
            return "hf"
        together = part_of(path)
        if together is not None:
            raise TokenizerError(f"the folder {path} holds {together[0]}", hint=together[1])
        raise TokenizerError(f"the folder {path} holds no tokenizer.json", hint="name the backend: backend:PATH")
    if path.name in _HF_FILES:
        return "hf"
    check_size(path)
    kind = sniff(path, by_head=True)  # what is wrong further on its loader says
    known = {"hf": "hf", "sentencepiece": "sentencepiece", "tiktoken": "tiktoken", "tekken": "mistral", "rwkv": "rwkv"}
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
    together = part_of(parent)
    if together is not None:
        return f"{parent} holds {together[0]}: {together[1]}"
    return near_file(location)


def check_name(name: str) -> str:
    """A tokenizer's or corpus's name as the user gave it, if it can be one."""
    if not name or name != name.strip() or any(ord(c) < 32 for c in name):
        raise UsageError(f"{name!r} is not a name", hint="write NAME=SPEC with a visible name")
    return name
