"""Segmentations by a vocabulary, written down as they are defined."""

from __future__ import annotations

from functools import cache


def longest_prefix(word: bytes, pieces: frozenset[bytes]) -> list[bytes]:
    if not word:
        return []
    best = max((word[:k] for k in range(1, len(word) + 1) if word[:k] in pieces), key=len)
    return [best, *longest_prefix(word[len(best) :], pieces)]


def longest_suffix(word: bytes, pieces: frozenset[bytes]) -> list[bytes]:
    if not word:
        return []
    best = max((word[k:] for k in range(len(word)) if word[k:] in pieces), key=len)
    return [*longest_suffix(word[: -len(best)], pieces), best]


def longest_token(word: bytes, pieces: frozenset[bytes]) -> list[bytes]:
    for size in range(len(word), 0, -1):
        for at in range(len(word) - size + 1):
            if word[at : at + size] in pieces:
                left, right = word[:at], word[at + size :]
                return [*longest_token(left, pieces), word[at : at + size], *longest_token(right, pieces)]
    return []


def fewest(word: bytes, pieces: frozenset[bytes]) -> int:
    @cache
    def least(at: int) -> int:
        if at == len(word):
            return 0
        return 1 + min(least(end) for end in range(at + 1, len(word) + 1) if word[at:end] in pieces)

    return least(0)
