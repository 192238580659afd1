"""Every metric on text once more, in plain Python over plain documents: slow, and written from the definitions."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Document:
    """A text as one tokenizer cut it."""

    slice: str
    id: str
    text: str
    ids: list[int]
    spans: list[tuple[int, int]]
    decoded: str
    baseline: int


@dataclass(frozen=True)
class Known:
    """What is known of the tokenizer and of the run."""

    vocabulary: int
    unknown: int | None
    byte_ids: frozenset[int]
    pivot: str


Value = float | None


def words(text: str) -> list[tuple[int, int]]:
    """Byte ranges of the white-space words."""
    found, at, start = [], 0, None
    for character in text:
        if character.isspace():
            if start is not None:
                found.append((start, at))
            start = None
        elif start is None:
            start = at
        at += len(character.encode())
    return found if start is None else [*found, (start, at)]


def pieces(document: Document) -> list[int]:
    """How many tokens overlap each word; one without width belongs to the word that it stands at or in."""
    return [
        sum((s < e and s < end and e > start) or (s == e and start <= s < end) for s, e in document.spans)
        for start, end in words(document.text)
    ]


def characters(text: str) -> list[tuple[int, int]]:
    """Byte ranges of the code points."""
    found, at = [], 0
    for character in text:
        found.append((at, at + len(character.encode())))
        at = found[-1][1]
    return found


def overlapping(document: Document, start: int, end: int) -> int:
    return sum(s < e and s < end and e > start for s, e in document.spans)


def split(document: Document) -> int:
    return sum(b - a > 1 and overlapping(document, a, b) > 1 for a, b in characters(document.text))


def unknown_chars(document: Document, unknown: int | None) -> int:
    spans = [span for i, span in zip(document.ids, document.spans, strict=True) if i == unknown]
    return sum(any(s <= a < e for s, e in spans) for a, _ in characters(document.text))


def levenshtein(a: str, b: str) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row = row, [i]
        for j, y in enumerate(b, 1):
            row.append(min(previous[j] + 1, row[-1] + 1, previous[j - 1] + (x != y)))
    return row[-1]


def spaces(text: str) -> Counter[str]:
    return Counter(c for c in text if c.isspace())


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def ratio(above: Callable[[Document], float], below: Callable[[Document], float]) -> Callable[..., Value]:
    def compute(documents: Sequence[Document], known: Known) -> Value:
        total = sum(map(below, documents))
        return sum(map(above, documents)) / total if total else None

    return compute


def tokens(document: Document) -> int:
    return len(document.ids)


def lossy(document: Document) -> bool:
    return document.decoded != document.text


def frequencies(documents: Sequence[Document]) -> list[int]:
    return sorted(Counter(i for d in documents for i in d.ids).values(), reverse=True)


def renyi(counts: list[int], alpha: float) -> float:
    p = [c / sum(counts) for c in counts]
    if alpha == 1:
        return -math.fsum(x * math.log2(x) for x in p)
    return math.log2(math.fsum(x**alpha for x in p)) / (1 - alpha)


def over_types(alpha: float, vocabulary: bool) -> Callable[..., Value]:
    def compute(documents: Sequence[Document], known: Known) -> Value:
        counts = frequencies(documents)
        types = known.vocabulary if vocabulary else len(counts)
        return renyi(counts, alpha) / math.log2(types) if counts and types > 1 else None

    return compute


def of_counts(value: Callable[[list[int], Known], float]) -> Callable[..., Value]:
    def compute(documents: Sequence[Document], known: Known) -> Value:
        counts = frequencies(documents)
        return value(counts, known) if counts else None

    return compute


def nearest(above: int, below: int) -> int:
    return math.floor(Fraction(above, below) + Fraction(1, 2))


def document_mean(documents: Sequence[Document], known: Known) -> Value:
    having = [d for d in documents if d.baseline]
    fixed = 1 << 30
    return (
        float(Fraction(sum(nearest(len(d.ids) * fixed, d.baseline) for d in having), fixed * len(having)))
        if having
        else None
    )


def quantile(share: float) -> Callable[..., Value]:
    def compute(documents: Sequence[Document], known: Known) -> Value:
        lengths = sorted(map(tokens, documents))
        return float(lengths[max(1, math.ceil(share * len(lengths))) - 1]) if lengths else None

    return compute


def percentile(counts: list[int], known: Known) -> float:
    return sum(counts[int(0.03 * len(counts)) : int(0.83 * len(counts)) + 1]) / sum(counts)


#: Metrics of the rows `all` and of each slice.
SIMPLE: dict[str, Callable[..., Value]] = {
    "documents": lambda ds, k: float(len(ds)),
    "bytes": lambda ds, k: float(sum(len(d.text.encode()) for d in ds)),
    "chars": lambda ds, k: float(sum(len(d.text) for d in ds)),
    "lines": lambda ds, k: float(sum(d.text.count("\n") + 1 for d in ds)),
    "words": lambda ds, k: float(sum(len(d.text.split()) for d in ds)),
    "tokens": lambda ds, k: float(sum(map(tokens, ds))),
    "bytes_per_token": ratio(lambda d: len(d.text.encode()), tokens),
    "chars_per_token": ratio(lambda d: len(d.text), tokens),
    "tokens_per_word": ratio(tokens, lambda d: len(d.text.split())),
    "pieces_per_word": ratio(lambda d: sum(pieces(d)), lambda d: len(d.text.split())),
    "single_token_word_rate": ratio(lambda d: pieces(d).count(1), lambda d: len(d.text.split())),
    "continued_word_rate": ratio(lambda d: sum(n > 1 for n in pieces(d)), lambda d: len(d.text.split())),
    "nsl": ratio(tokens, lambda d: d.baseline),
    "nsl_document_mean": document_mean,
    "tokens_per_document_p50": quantile(0.5),
    "tokens_per_document_p95": quantile(0.95),
    "tokens_per_document_p99": quantile(0.99),
    "tokens_per_document_max": quantile(1.0),
    "token_entropy": of_counts(lambda counts, k: renyi(counts, 1.0)),
    "shannon_efficiency": over_types(1.0, False),
    "shannon_efficiency_vocab": over_types(1.0, True),
    "renyi_efficiency": over_types(2.5, False),
    "renyi_efficiency_vocab": over_types(2.5, True),
    "percentile_frequency": of_counts(percentile),
    "vocabulary_used": of_counts(lambda counts, k: float(len(counts))),
    "vocabulary_utilization": of_counts(lambda counts, k: len(counts) / k.vocabulary),
    "type_token_ratio": of_counts(lambda counts, k: len(counts) / sum(counts)),
    "average_token_rank": of_counts(lambda counts, k: sum(c * r for r, c in enumerate(counts, 1)) / sum(counts)),
    "round_trip_rate": ratio(lambda d: not lossy(d), lambda d: 1),
    "round_trip_rate_nfc": ratio(lambda d: nfc(d.decoded) == nfc(d.text), lambda d: 1),
    "unknown_token_rate": lambda ds, k: ratio(lambda d: sum(i == k.unknown for i in d.ids), tokens)(ds, k),
    "unknown_char_rate": lambda ds, k: ratio(lambda d: unknown_chars(d, k.unknown), lambda d: len(d.text))(ds, k),
    "byte_token_rate": lambda ds, k: ratio(lambda d: sum(i in k.byte_ids for i in d.ids), tokens)(ds, k),
    "split_char_rate": ratio(split, lambda d: len(d.text)),
    "split_char_rate_multibyte": ratio(split, lambda d: sum(len(c.encode()) > 1 for c in d.text)),
    "character_error_rate": ratio(
        lambda d: levenshtein(d.text, d.decoded), lambda d: len(d.text) if lossy(d) else 0
    ),
    "whitespace_loss_rate": ratio(
        lambda d: (spaces(d.text) - spaces(d.decoded)).total(), lambda d: spaces(d.text).total()
    ),
}  # fmt: skip


def by_slice(documents: Sequence[Document]) -> dict[str, dict[str, Document]]:
    """Documents by slice and id; ids are distinct within a slice."""
    found: dict[str, dict[str, Document]] = {}
    for document in documents:
        found.setdefault(document.slice, {})[document.id] = document
    return found


def premiums(documents: Sequence[Document], known: Known) -> dict[str, Value]:
    slices = by_slice(documents)
    pivot = slices[known.pivot]
    found: dict[str, Value] = {}
    for name, mine in slices.items():
        shared = mine.keys() & pivot.keys()
        below = sum(len(pivot[i].ids) for i in shared)
        found[name] = sum(len(mine[i].ids) for i in shared) / below if below else None
    return found


def gini(documents: Sequence[Document], per_byte: bool) -> Value:
    slices = by_slice(documents)
    shared = set.intersection(*(set(mine) for mine in slices.values()))
    if len(slices) < 2 or not shared:
        return None
    costs = []
    for mine in slices.values():
        total = sum(len(mine[i].ids) for i in shared)
        below = sum(len(mine[i].text.encode()) for i in shared) if per_byte else len(shared)
        if not below:
            return None
        costs.append(total / below)
    if not sum(costs):
        return None
    return sum(abs(a - b) for a in costs for b in costs) / (2 * len(costs) * sum(costs))


def divergence(a: Sequence[Document], b: Sequence[Document]) -> Value:
    counts = [Counter(i for d in side for i in d.ids) for side in (a, b)]
    if not all(counts):
        return None
    p, q = ({i: c / side.total() for i, c in side.items()} for side in counts)
    middle = {i: (p.get(i, 0) + q.get(i, 0)) / 2 for i in {**p, **q}}
    return sum(0.5 * x[i] * math.log2(x[i] / middle[i]) for x in (p, q) for i in x)
