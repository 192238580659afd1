"""Counts of text in plain Python, slowly."""

from __future__ import annotations

_MASK = (1 << 64) - 1


def count_units(text: str) -> dict[str, int]:
    return {
        "bytes": len(text.encode()),
        "chars": len(text),
        "lines": len(text.split("\n")),
        "words": len(text.split()),
        "visible_chars": sum(not c.isspace() for c in text),
    }


def word_ranges(text: str) -> list[tuple[int, int]]:
    """Byte ranges of the white-space words."""
    ranges = []
    at = 0
    for word in text.split():
        start = text.index(word, at)
        at = start + len(word)
        ranges.append((len(text[:start].encode()), len(text[:at].encode())))
    return ranges


def hash_bytes(data: bytes) -> int:
    """The stable 64-bit hash, with Python's whole numbers."""
    prime, mixer = 0x9E3779B97F4A7C15, 0xC6A4A7935BD1E995
    value = len(data) * prime & _MASK
    whole = len(data) // 8 * 8
    for at in range(0, whole, 8):
        block = int.from_bytes(data[at : at + 8], "little") * mixer & _MASK
        block ^= block >> 47
        value = (value ^ (block * mixer & _MASK)) * prime & _MASK
    block = int.from_bytes(data[whole:], "little")
    value = (value ^ (block * mixer & _MASK)) * prime & _MASK
    value ^= value >> 47
    value = value * mixer & _MASK
    return value ^ (value >> 47)
