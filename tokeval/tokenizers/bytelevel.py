"""How vocabularies write bytes: GPT-2's printable alphabet, `<0xNN>`, and raw bytes shown to a person."""

from __future__ import annotations

import re
from functools import cache

from tokeval.tokenizers.base import BYTE, NORMAL

_FALLBACK = re.compile(r"<0x([0-9A-Fa-f]{2})>")


@cache
def alphabet() -> dict[str, int]:
    """GPT-2's alphabet: each character to its byte. Printable Latin-1 stands for itself, the rest from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [value for value in range(256) if value not in set(printable)]
    return {chr(v): v for v in printable} | {chr(0x100 + k): v for k, v in enumerate(others)}


def bytes_of_alphabet(piece: str) -> bytes | None:
    """The bytes that a byte-level piece writes, or None if a character is outside the alphabet."""
    table = alphabet()
    try:
        return bytes([table[character] for character in piece])
    except KeyError:
        return None


def byte_of_fallback(piece: str) -> int | None:
    """The byte of a `<0xNN>` piece, or None."""
    match = _FALLBACK.fullmatch(piece)
    return int(match[1], 16) if match else None


def kind_of_bytes(data: bytes) -> str:
    """`byte` for a single byte that is no character by itself, else `normal`."""
    return BYTE if len(data) == 1 and data[0] >= 0x80 else NORMAL


def printable(data: bytes) -> str:
    """Bytes as text where they are UTF-8, otherwise as `<0xNN>` one by one."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return "".join(f"<0x{value:02X}>" for value in data)
