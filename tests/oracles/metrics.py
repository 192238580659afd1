"""Every metric in plain Python over lists of documents, slowly; exact fractions where the figure is a ratio."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Document:
    """One row of a corpus that is not null."""

    id: str
    slice: str
    text: str


Encode = Callable[[str], list[int]]


def tokens(documents: Sequence[Document], encode: Encode) -> int:
    return sum(len(encode(d.text)) for d in documents)


def ratio(above: int, below: int) -> float | None:
    return None if below == 0 else float(Fraction(above, below))


def size(documents: Sequence[Document], encode: Encode) -> dict[str, float | None]:
    texts = [d.text for d in documents]
    counts = {
        "documents": len(texts),
        "bytes": sum(len(t.encode()) for t in texts),
        "chars": sum(len(t) for t in texts),
        "lines": sum(len(t.split("\n")) for t in texts),
        "words": sum(len(t.split()) for t in texts),
        "tokens": tokens(documents, encode),
    }
    return {
        **{name: float(value) for name, value in counts.items()},
        "bytes_per_token": ratio(counts["bytes"], counts["tokens"]),
        "chars_per_token": ratio(counts["chars"], counts["tokens"]),
        "tokens_per_word": ratio(counts["tokens"], counts["words"]),
    }


def nsl(documents: Sequence[Document], encode: Encode, baseline: Encode) -> float | None:
    return ratio(tokens(documents, encode), tokens(documents, baseline))


def premium(documents: Sequence[Document], encode: Encode, name: str, pivot: str) -> float | None:
    here = {d.id: len(encode(d.text)) for d in documents if d.slice == name}
    there = {d.id: len(encode(d.text)) for d in documents if d.slice == pivot}
    shared = here.keys() & there.keys()
    return ratio(sum(here[i] for i in shared), sum(there[i] for i in shared))


def gini(documents: Sequence[Document], encode: Encode) -> float | None:
    slices = sorted({d.slice for d in documents})
    ids = [{d.id for d in documents if d.slice == s} for s in slices]
    shared = set.intersection(*ids) if ids else set()
    if len(slices) < 2 or not shared:
        return None
    costs = []
    for s in slices:
        total = sum(len(encode(d.text)) for d in documents if d.slice == s and d.id in shared)
        costs.append(Fraction(total, len(shared)))
    mean = sum(costs) / len(costs)
    if mean == 0:
        return None
    return float(sum(abs(a - b) for a in costs for b in costs) / (2 * len(costs) ** 2 * mean))


def frequencies(documents: Sequence[Document], encode: Encode) -> Counter[int]:
    return Counter(token for d in documents for token in encode(d.text))


def renyi_efficiency(counts: Counter[int], alpha: float) -> float | None:
    total = sum(counts.values())
    if len(counts) < 2:
        return None
    shares = [Fraction(c, total) for c in counts.values()]
    if alpha == 1:
        entropy = -sum(float(p) * math.log2(p) for p in shares)
    elif math.isinf(alpha):
        entropy = -math.log2(max(shares))
    else:
        entropy = math.log2(math.fsum(float(p) ** alpha for p in shares)) / (1 - alpha)
    return entropy / math.log2(len(counts))
