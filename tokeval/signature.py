"""Signatures: the short string that makes a figure comparable. Two figures with equal signatures are equal."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

#: The parts in which figures that are compared may differ: the tokenizer is what is compared.
COMPARED = ("tokenizer", "library")

_ESCAPES = str.maketrans({"%": "%25", "|": "%7C", ":": "%3A"})


def write(parts: Mapping[str, object]) -> str:
    """`key:value` pairs joined by `|`, in the order given; None values are left out."""
    return "|".join(f"{key}:{_escape(value)}" for key, value in parts.items() if value is not None)


def read(signature: str) -> dict[str, str]:
    """The parts of a signature by key."""
    pairs = (part.partition(":") for part in signature.split("|") if part)
    return {key: value.replace("%7C", "|").replace("%3A", ":").replace("%25", "%") for key, _, value in pairs}


def differing(a: str, b: str, ignore: Iterable[str] = ()) -> dict[str, tuple[str | None, str | None]]:
    """The parts in which two signatures differ, with both values; `ignore` names parts that may."""
    left, right = read(a), read(b)
    keys = [key for key in {**left, **right} if key not in set(ignore)]
    return {key: (left.get(key), right.get(key)) for key in keys if left.get(key) != right.get(key)}


def digest(*parts: bytes | str) -> str:
    """A short fingerprint (16 hexadecimal digits of SHA-256) of the parts, each prefixed by its length."""
    hasher = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        hasher.update(len(data).to_bytes(8, "big"))
        hasher.update(data)
    return hasher.hexdigest()[:16]


def file_digest(path: Path, *parameters: str) -> str:
    """A short fingerprint of a file's bytes and of the parameters it is read with."""
    with path.open("rb") as stream:
        content = hashlib.file_digest(stream, "sha256").digest()
    return digest(content, *parameters)


def _escape(value: object) -> str:
    return _escaped(str(value))


@lru_cache(4096)
def _escaped(text: str) -> str:
    """Few parts differ from one figure of a run to the next."""
    return text.translate(_ESCAPES)
