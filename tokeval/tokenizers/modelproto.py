"""The few fields of a SentencePiece ModelProto that its Python library does not show, read from the bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

#: ModelProto.SentencePiece.Type
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6

#: The bytes that begin a piece and its text, its score, and its type: the number of the field and how it is written.
_PIECE, _SCORE, _TYPE = 1 << 3 | 2, 2 << 3 | 5, 3 << 3
_FLOAT = struct.Struct("<f")

#: TrainerSpec.ModelType
UNIGRAM, BPE, WORD, CHAR = 1, 2, 3, 4


@dataclass(frozen=True)
class Model:
    """What a `.model` file declares.

    Attributes:
        pieces: text, score and type of each id.
        kind: UNIGRAM, BPE, or another TrainerSpec.ModelType.
        spaces_are_plain: white space is one mark before each word: dummy prefix, extra white space removed and
            white space escaped are on, white space as suffix is off.
        space_after: white space stands at the end of its word, not before it.
        only_keeps_spaces: as `spaces_are_plain`, but that extra white space is kept.
        byte_fallback: what is not in the vocabulary is written by its bytes.
        character_map: the compiled normalisation; empty where there is none.
    """

    pieces: tuple[tuple[str, float, int], ...]
    kind: int
    spaces_are_plain: bool
    space_after: bool = False
    only_keeps_spaces: bool = False
    byte_fallback: bool = False
    character_map: bytes = b""

    @property
    def symbols(self) -> list[str]:
        """The user-defined pieces."""
        return [text for text, _, kind in self.pieces if kind == USER_DEFINED]


def read_model(data: bytes) -> Model:
    """Read a ModelProto.

    Raises:
        ValueError: the bytes are not one.
    """
    pieces: list[tuple[str, float, int]] = []
    kind, space_after, byte_fallback = UNIGRAM, False, False
    prefix = removed = escaped = True
    character_map = b""
    at = 0
    while (at := _usual_pieces(data, at, pieces)) < len(data):
        number, value, at = _field(data, at)
        if number == 1 and isinstance(value, bytes):
            pieces.append(_piece(value))
        elif number == 2 and isinstance(value, bytes):  # TrainerSpec
            trainer = dict(_fields(value))
            found = trainer.get(3, UNIGRAM)
            kind = found if isinstance(found, int) else UNIGRAM
            space_after = bool(trainer.get(24, 0))
            byte_fallback = bool(trainer.get(35, 0))
        elif number == 3 and isinstance(value, bytes):  # NormalizerSpec; its three flags are true unless written
            normalizer = dict(_fields(value))
            prefix, removed, escaped = (bool(normalizer.get(flag, 1)) for flag in (3, 4, 5))
            found = normalizer.get(2, b"")
            character_map = found if isinstance(found, bytes) else b""
    marked = prefix and escaped and not space_after
    return Model(
        tuple(pieces),
        kind,
        marked and removed,
        space_after,
        marked and not removed,
        byte_fallback,
        character_map,
    )


def _usual_pieces(data: bytes, at: int, pieces: list[tuple[str, float, int]]) -> int:
    """Take the pieces from `at` on that are as trainers write them, and say where the first other field begins.

    These are short, and have a text, a score, and a type if it is not NORMAL: field by field they take four times as
    long.
    """
    last = len(data) - 0x110  # no length of one byte leads beyond the data
    while at < last and data[at] == data[at + 2] == _PIECE and data[at + 1] < 0x80:
        stop, score = at + 2 + data[at + 1], at + 4 + data[at + 3]
        kind = NORMAL
        if data[score] != _SCORE:
            break
        if stop - score == 7 and data[score + 5] == _TYPE and data[score + 6] < 0x80:
            kind = data[score + 6]
        elif stop - score != 5:
            break
        pieces.append((data[at + 4 : score].decode("utf-8", "replace"), *_FLOAT.unpack_from(data, score + 1), kind))
        at = stop
    return at


def _piece(value: bytes) -> tuple[str, float, int]:
    """A piece with its fields in any order."""
    text, score, kind = "", 0.0, NORMAL
    for number, content in _fields(value):
        if number == 1 and isinstance(content, bytes):
            text = content.decode("utf-8", "replace")
        elif number == 2 and isinstance(content, bytes):
            score = _FLOAT.unpack(content)[0]
        elif number == 3 and isinstance(content, int):
            kind = content
    return text, score, kind


def count_pieces(data: bytes) -> int:
    """How many pieces a ModelProto has, none of them kept; as far as it can be read."""
    count = 0
    try:
        for number, _ in _fields(data):
            count += number == 1
    except ValueError:  # the library says what is wrong with it
        pass
    return count


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field of a message; fixed-width values stay bytes."""
    at = 0
    while at < len(data):
        number, value, at = _field(data, at)
        yield number, value


def _field(data: bytes, at: int) -> tuple[int, int | bytes, int]:
    """Number and value of the field that begins at `at`, and where the next one does."""
    try:
        key, at = _varint(data, at)
        wire = key & 7
        if wire == 0:
            value, at = _varint(data, at)
            return key >> 3, value, at
        if wire == 2:
            size, at = _varint(data, at)
        else:
            size = {1: 8, 5: 4}[wire]
    except (IndexError, KeyError) as error:
        raise ValueError("not a protocol buffer message") from error
    if at + size > len(data):
        raise ValueError("the message is cut short")
    return key >> 3, data[at : at + size], at + size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
