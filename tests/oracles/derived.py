"""Segmentations by a vocabulary, written down as they are defined."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise


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


def dropout(
    parts: list[str], rank: Callable[[str, str], float | None], share: float, draw: Iterator[float]
) -> list[str]:
    """Algorithm 1 of Provilkov et al. 2020; draws go from the best merge on to the first that is not dropped."""
    while True:
        pairs = [(rank(left, right), at) for at, (left, right) in enumerate(pairwise(parts))]
        possible = sorted((order, at) for order, at in pairs if order is not None)
        chosen = next((at for _, at in possible if next(draw) >= share), None)
        if chosen is None:
            return parts
        parts = [*parts[:chosen], parts[chosen] + parts[chosen + 1], *parts[chosen + 2 :]]


def xorshift(seed: int) -> Iterator[float]:
    """Numbers from 0 to 1 by xorshift64* (Vigna 2016), as the compiled loop draws them."""
    state, mask = seed | 1, 2**64 - 1
    while True:
        state ^= state << 13 & mask
        state ^= state >> 7
        state ^= state << 17 & mask
        yield ((state * 0x2545F4914F6CDD1D & mask) >> 11) / 2**53
