"""Hard strings: what tokenizers and their faster stand-ins have been seen to disagree on, or may."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path


@cache
def hard_strings() -> tuple[str, ...]:
    """Some 350 short strings: white space, forms, scripts, numbers, code, long runs, text that looks special."""
    groups: dict[str, list[str]] = json.loads(Path(__file__).with_name("hard.json").read_text("utf-8"))
    special = groups.pop("special tokens")
    plain = [text for group in groups.values() for text in group]
    return tuple(dict.fromkeys([*plain, *in_context(special)]))


def in_context(literals: Iterable[str]) -> Iterator[str]:
    """Each literal alone, inside words, and between words."""
    for literal in literals:
        yield from (literal, f"a {literal} b", f"x{literal}y", f"{literal} {literal}")
