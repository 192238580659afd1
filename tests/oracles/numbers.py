"""Numbers and operators in plain Python: tokens as character ranges, one document at a time."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence

Span = tuple[int, int]

_OPERATOR = re.compile(r"[!%&*\-/:^|~+<=>×÷−≠≤≥]+")


def numbers(text: str) -> list[Span]:
    found: list[Span] = []
    for at, character in enumerate(text):
        if unicodedata.category(character) != "Nd":
            continue
        if found and found[-1][1] == at:
            found[-1] = (found[-1][0], at + 1)
        else:
            found.append((at, at + 1))
    return found


def operators(text: str) -> list[Span]:
    return [m.span() for m in _OPERATOR.finditer(text) if set(m.group()) & set("+<=>×÷−≠≤≥")]


def overlapping(span: Span, tokens: Sequence[Span]) -> list[Span]:
    return [t for t in tokens if t[0] < span[1] and t[1] > span[0] and t[1] > t[0]]


def covered(span: Span, tokens: Sequence[Span]) -> bool:
    return all(any(t[0] <= at < t[1] for t in tokens) for at in range(*span))


def cuts(span: Span, tokens: Sequence[Span]) -> list[int]:
    """Inner boundaries, counted in digits from the left, that no token crosses."""
    return [at - span[0] for at in range(span[0] + 1, span[1]) if not any(t[0] < at < t[1] for t in tokens)]


def scores(text: str, tokens: Sequence[Span]) -> dict[str, int]:
    out: Counter[str] = Counter()
    for span in numbers(text):
        if not covered(span, tokens):
            out["uncovered"] += 1
            continue
        length, made = span[1] - span[0], cuts(span, tokens)
        over = overlapping(span, tokens)
        out["numbers"] += 1
        out["digits"] += length
        out["tokens"] += len(over)
        out["bounds"] += len(made) + (length - 1) // 3
        out["hits_right"] += 2 * sum((length - cut) % 3 == 0 for cut in made)
        out["hits_left"] += 2 * sum(cut % 3 == 0 for cut in made)
        if length > 1:
            out["longer"] += 1
            out["singles"] += len(made) == length - 1
            out["wholes"] += len(over) == 1
    for span in operators(text):
        if not covered(span, tokens):
            out["operators_left_out"] += 1
            continue
        over = overlapping(span, tokens)
        out["operators"] += 1
        rest = text[min(t[0] for t in over) : span[0]] + text[span[1] : max(t[1] for t in over)]
        out["isolated"] += not rest.strip()
    return dict(out)


def split_entropy(patterns: Sequence[tuple[int, tuple[int, ...]]]) -> float | None:
    """Bits of the patterns given the length, from (length, cuts) of every number of two digits or more."""
    by_length: dict[int, Counter[tuple[int, ...]]] = defaultdict(Counter)
    for length, made in patterns:
        by_length[length][made] += 1
    total = sum(sum(counts.values()) for counts in by_length.values())
    if not total:
        return None
    bits = 0.0
    for counts in by_length.values():
        count = sum(counts.values())
        bits -= sum(c * math.log2(c / count) for c in counts.values())
    return bits / total
