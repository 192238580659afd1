"""Slow, plain counts of %TR, %Pure and boundaries, made without tokeval: only the reference library and Python."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path


@cache
def byte_alphabet() -> dict[str, int]:
    """GPT-2's spelling of bytes as characters."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    found = {chr(b): b for b in plain}
    rest = [b for b in range(256) if b not in plain]
    return found | {chr(256 + i): b for i, b in enumerate(rest)}


def piece_bytes(piece: str, scheme: str) -> bytes:
    """What a vocabulary entry spells, by the tokenizer's scheme: `bytelevel`, `metaspace` or `wordpiece`."""
    if scheme == "bytelevel":
        alphabet = byte_alphabet()
        return bytes(alphabet[char] for char in piece)
    if scheme == "metaspace":
        if len(piece) == 6 and piece.startswith("<0x"):
            return bytes([int(piece[3:5], 16)])
        return piece.replace("▁", " ").encode()
    return piece.removeprefix("##").encode()


def turkish_lower(text: str) -> str:
    return unicodedata.normalize("NFC", text).replace("İ", "i").replace("I", "ı").lower()


def turkish_rates(
    tokenizer_json: Path, scheme: str, texts: Sequence[str], roots: Path, affixes: Path
) -> dict[str, tuple[int, int]]:
    """Numerator and denominator of the rate over unique tokens and of the one over occurrences.

    With a list of roots and one of affixes, a token of the language and a pure token are the same: one that is listed.
    """
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(tokenizer_json))
    tokenizer.no_truncation()
    unknown = json.loads(tokenizer_json.read_text("utf-8"))["model"].get("unk_token")
    listed = {
        turkish_lower(entry.strip()) for path in (roots, affixes) for entry in json.loads(path.read_text("utf-8"))
    }
    listed = {entry for entry in listed if entry and not any(char.isspace() for char in entry)}
    seen: Counter[bytes] = Counter()
    special: set[bytes] = set()
    for text in texts:
        for piece in tokenizer.encode(text, add_special_tokens=False).tokens:
            data = piece.encode() if piece == unknown else piece_bytes(piece, scheme)
            try:
                key = data.decode().strip().strip("▁").strip().encode()
            except UnicodeDecodeError:
                key = data.strip()
            if piece == unknown:
                special.add(key)
            if key:
                seen[key] += 1
    good = set()
    for key in seen:
        try:
            if key not in special and turkish_lower(key.decode()) in listed:
                good.add(key)
        except UnicodeDecodeError:
            pass
    return {
        "unique": (len(good), len(seen)),
        "occurrence": (sum(seen[key] for key in good), sum(seen.values())),
    }


def boundaries(word: str, spans: Sequence[tuple[int, int]], segments: Sequence[str]) -> tuple[int, int, int]:
    """Positions predicted, found and gold in a word; `spans` are UTF-8 byte ranges of its tokens."""
    at = [len(word[:i].encode()) for i in range(1, len(word))]
    predicted = {p for p in at if not any(start < p < end for start, end in spans)}
    gold, so_far = set(), ""
    for part in segments[:-1]:
        so_far += part
        gold.add(len(so_far.encode()))
    return len(predicted), len(predicted & gold), len(gold)


def pearson(x: Sequence[float], y: Sequence[float]) -> float:
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    above = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    below = sum((a - mean_x) ** 2 for a in x) * sum((b - mean_y) ** 2 for b in y)
    return above / below**0.5
