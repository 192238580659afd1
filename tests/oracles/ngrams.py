"""Bigram and trigram efficiency in plain Python dictionaries."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence


def successors(documents: Sequence[Sequence[int]], width: int) -> dict[tuple[int, ...], Counter[int]]:
    found: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
    for ids in documents:
        for k in range(width, len(ids)):
            found[tuple(ids[k - width : k])][ids[k]] += 1
    return found


def efficiency(
    documents: Sequence[Sequence[int]], width: int, keep: Callable[[tuple[int, ...]], bool] = lambda _: True
) -> float | None:
    weights, total = 0.0, 0
    for context, counts in successors(documents, width).items():
        count = sum(counts.values())
        if count < 3 or not keep(context):
            continue
        total += count
        if len(counts) > 1:
            bits = -sum(c / count * math.log2(c / count) for c in counts.values())
            weights += count * bits / math.log2(len(counts))
    return None if not total else weights / total
