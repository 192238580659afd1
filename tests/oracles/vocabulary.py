"""Slow, plain answers to hold `tokeval.vocabulary` against."""

from __future__ import annotations

from itertools import combinations


def part_of(value: bytes) -> str:
    """By trying: which completions at either end make UTF-8 of the bytes."""
    heads, tails = _cut(True), _cut(False)
    if all(byte & 0xC0 == 0x80 for byte in value):
        return "interior" if any(_is_text(h + value + t) for h in heads for t in [b"", *tails]) else "invalid"
    if any(_is_text(value + tail) for tail in tails):
        return "prefix"
    if any(_is_text(head + value) for head in heads):
        return "suffix"
    if any(_is_text(head + value + tail) for head in heads for tail in tails):
        return "interior"
    return "invalid"


def _cut(heads: bool) -> list[bytes]:
    """Beginnings (or ends) of one character of each kind of encoding."""
    characters = [chr(p).encode() for p in (0x80, 0xC0, 0x7FF, 0x800, 0x1000, 0xD000, 0xD7FF, 0xE000, 0xFFFF)]
    characters += [chr(p).encode() for p in (0x10000, 0x3F000, 0x40000, 0xFFFFF, 0x100000, 0x10FFFF)]
    pairs = ((c, k) for c in characters for k in range(1, len(c)))
    return sorted({c[:k] if heads else c[k:] for c, k in pairs})


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def overlap(vocabularies: list[set[bytes]]) -> tuple[dict[tuple[int, int], float], int, list[int]]:
    """Jaccard of each pair, the size of the core, and what each has alone."""
    jaccard = {}
    for a, b in combinations(range(len(vocabularies)), 2):
        union = vocabularies[a] | vocabularies[b]
        jaccard[a, b] = len(vocabularies[a] & vocabularies[b]) / len(union) if union else 1.0
    core = set.intersection(*vocabularies)
    alone = [
        len(v - set().union(*(w for k, w in enumerate(vocabularies) if k != i))) for i, v in enumerate(vocabularies)
    ]
    return jaccard, len(core), alone


def twins(tokens: list[str]) -> dict[str, list[bool]]:
    """Which tokens another equals but for a leading space, for case."""
    spaces, cases = [], []
    for token in tokens:
        others = [other for other in tokens if other != token]
        spaces.append(any(other.removeprefix(" ") == token.removeprefix(" ") for other in others))
        cases.append(any(other.casefold() == token.casefold() for other in others))
    return {"space-twin": spaces, "case-twin": cases}
