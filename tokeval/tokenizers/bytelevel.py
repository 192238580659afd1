"""How vocabularies write bytes: GPT-2's printable alphabet, `<0xNN>`, and raw bytes shown to a person."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tokeval.arrow import Int64, UInt8, byte_array, code_points, id_buffers, text_buffers, texts_of
from tokeval.tokenizers.base import Spans

#: The bytes that UTF-8 uses.
USED_BYTES = (*range(0xC0), *range(0xC2, 0xF5))
#: A code point above all that the alphabet holds.
_BEYOND = 0x200
_FALLBACK = re.compile(r"<0x([0-9A-Fa-f]{2})>")


@cache
def alphabet() -> dict[str, int]:
    """GPT-2's alphabet: each character to its byte. Printable Latin-1 stands for itself, the rest from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [value for value in range(256) if value not in set(printable)]
    return {chr(v): v for v in printable} | {chr(0x100 + k): v for k, v in enumerate(others)}


def bytes_of_alphabet(pieces: pa.Array) -> tuple[pa.Array, npt.NDArray[np.bool_]]:
    """The bytes that byte-level pieces write, and which pieces do: those without a character outside the alphabet.

    Args:
        pieces: a `large_string` array.
    """
    values = np.full(_BEYOND + 1, -1, np.int16)
    for character, value in alphabet().items():
        values[ord(character)] = value
    points, offsets = code_points(pieces)
    written = values[np.minimum(points, _BEYOND)]
    inside = np.ones(len(pieces), np.bool_)
    inside[np.searchsorted(offsets[1:], np.flatnonzero(written < 0), side="right")] = False
    return byte_array(written.astype(np.uint8), offsets), inside


def byte_of_fallback(piece: str) -> int | None:
    """The byte of a `<0xNN>` piece, or None."""
    match = _FALLBACK.fullmatch(piece)
    return int(match[1], 16) if match else None


def is_byte(data: UInt8, offsets: Int64) -> npt.NDArray[np.bool_]:
    """Which byte strings are a single byte that is no character by itself; n strings and n + 1 offsets."""
    found: npt.NDArray[np.bool_] = np.diff(offsets) == 1
    found[found] = data[offsets[:-1][found]] >= 0x80
    return found


def printable(data: bytes) -> str:
    """Bytes as text where they are UTF-8, otherwise as `<0xNN>` one by one."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return "".join(f"<0x{value:02X}>" for value in data)


def printables(data: pa.Array) -> pa.Array:
    """`printable` of every row of a `large_binary` array."""
    import pyarrow.compute as pc

    texts = texts_of(data)
    broken = texts.is_null()
    others = [printable(row) for row in data.filter(broken).to_pylist()]
    return pc.replace_with_mask(texts, broken, pa.array(others, pa.large_string()))


def spelled(data: bytes) -> str:
    """Bytes in GPT-2's alphabet."""
    return data.decode("latin-1").translate(_written())


@cache
def _written() -> dict[int, str]:
    return {value: character for character, value in alphabet().items()}


def byte_lengths(vocabulary: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The number of bytes of each id, dense; 0 for ids that the vocabulary does not hold."""
    ids = vocabulary["id"].to_numpy()
    lengths = np.zeros(int(ids.max(initial=0)) + 1, np.int64)
    lengths[ids] = np.diff(text_buffers(vocabulary["bytes"].combine_chunks())[1])
    return lengths


def spans_by_length(ids: pa.Array, lengths: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Spans:
    """Spans of tokens whose bytes concatenate to the text; `lengths` as `byte_lengths` gives them."""
    flat, offsets = id_buffers(ids)
    ends = np.cumsum(lengths[flat])
    before = np.concatenate(([0], ends))[offsets[:-1]]
    ends = ends - np.repeat(before, np.diff(offsets))
    return Spans(ids, (ends - lengths[flat]).astype(np.int32), ends.astype(np.int32))


def pattern_ends(pattern: str, text: str) -> list[int]:
    """Where the matches of a pre-tokenizer's pattern end, in code points; what lies between matches is its own part."""
    import regex

    ends: list[int] = []
    for match in regex.finditer(pattern, text):
        if match.start() > (ends[-1] if ends else 0):
            ends.append(match.start())
        if match.end() > match.start():
            ends.append(match.end())
    return [*ends, len(text)] if text and (not ends or ends[-1] < len(text)) else ends
