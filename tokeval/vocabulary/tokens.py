"""One row per token: kind, position, script, class, length, told from its bytes and from what the file declares."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tokeval.schema import BY_PREFIX, BY_SPACE, BY_SPACE_AFTER, BY_SUFFIX, Spelling
from tokeval.vocabulary import characters as ch
from tokeval.vocabulary.characters import Characters, scripts

#: Kinds; every id has exactly one.
SPECIAL, BYTE, PARTIAL, TEXT, UNUSED, CONTROL = "special", "byte", "partial", "text", "unused", "control or space"
NORMAL = "normal"  # what a tokenizer calls text
KINDS = (TEXT, CONTROL, BYTE, PARTIAL, SPECIAL, UNUSED)

#: Positions.
INITIAL, INSIDE, FINAL, NOT_FINAL = "word-initial", "inside", "word-final", "not final"
NOT_DECLARED, NO_WORD = "not declared", "special or unused"
POSITIONS = (INITIAL, INSIDE, FINAL, NOT_FINAL, NOT_DECLARED, NO_WORD)

#: Classes; `not text` for tokens without characters of their own.
NOT_TEXT = "not text"
CLASSES = ("letters", "digits", "punctuation", "symbols", "mixed", "white space", "code-like", "other", NOT_TEXT)
_BY_BITS = {
    ch.LETTER: "letters",
    ch.DIGIT: "digits",
    ch.PUNCTUATION: "punctuation",
    ch.SYMBOL: "symbols",
    ch.SPACE: "white space",
}
#: Placeholders that say so by their name, where the file gives them no kind.
_RESERVED = re.compile(r"[\[<]\|?_*(?:unused|reserved)[\w -]*\|?[\]>]", re.IGNORECASE)
_CODE = re.compile(
    r"[A-Za-z0-9]_|_[A-Za-z0-9]"  # snake_case
    r"|[a-z][A-Z]"  # camelCase
    r"|[A-Za-z]\s*[({\[=;<]|[.({\[$#@/<]\s*[A-Za-z]"  # call( .name #include
    r"|(?=.?[(){}\[\];=<>|\\$&*])[!-/:-@\[-`{-~]{2}"  # operators and brackets in company
)


def describe(vocabulary: pa.Table, spelling: Spelling) -> tuple[pa.Table, Characters]:
    """What each token is.

    Args:
        vocabulary: id, piece, bytes, kind as a tokenizer gives them.
        spelling: what its file declares of word marks.

    Returns:
        A table of id, bytes, text (null where the bytes are not UTF-8), kind, part, position, script, class,
        byte_length, char_length, sorted by id; and the characters of the tokens that are text.
    """
    data = vocabulary["bytes"].to_pylist()
    declared = vocabulary["kind"].to_pylist()
    pieces = vocabulary["piece"].to_pylist()
    texts: list[str | None] = []
    kinds: list[str] = []
    parts: list[str | None] = []
    for value, kind, piece in zip(data, declared, pieces, strict=True):
        text, part = _decoded(value)
        if kind in {SPECIAL, UNUSED}:
            kinds.append(kind)
        elif kind == NORMAL and piece[:1] in "[<" and _RESERVED.fullmatch(piece):
            kinds.append(UNUSED)
        elif kind == BYTE or (part is not None and len(value) == 1):
            kinds.append(BYTE)
        else:
            kinds.append(PARTIAL if part is not None else TEXT)
        texts.append(text)
        parts.append(part if kinds[-1] in {BYTE, PARTIAL} else None)
    own = [text if text and kind == TEXT else "" for text, kind in zip(texts, kinds, strict=True)]
    characters = Characters.of(own)
    bits = characters.fold(characters.each(ch.category, np.int16), np.bitwise_or)
    blank = (bits > 0) & (bits & ~(ch.SPACE | ch.CONTROL) == 0)
    for i in np.flatnonzero(blank):
        kinds[i] = CONTROL
    codes, names = scripts(characters)
    table = pa.table(
        {
            "id": vocabulary["id"].combine_chunks(),
            "bytes": vocabulary["bytes"].combine_chunks(),
            "text": pa.array(texts, pa.large_string()),
            "kind": pa.array(kinds).dictionary_encode(),
            "part": pa.array(parts, pa.string()).dictionary_encode(),
            "position": _positions(vocabulary, spelling, kinds).dictionary_encode(),
            "script": pa.DictionaryArray.from_arrays(
                pa.array(codes, mask=characters.lengths == 0), pa.array(names, pa.string())
            ),
            "class": pa.array(_classes(characters)).dictionary_encode(),
            "byte_length": pc.binary_length(vocabulary["bytes"]).cast(pa.int32()).combine_chunks(),
            "char_length": pa.array(
                [None if t is None else len(t) for t in texts],
                pa.int32(),
            ),
        }
    )
    return table, characters


def _decoded(value: bytes) -> tuple[str | None, str | None]:
    """The text of a token, or which part of a character it is: prefix, suffix, interior, invalid."""
    try:
        return value.decode(), None
    except UnicodeDecodeError:
        return None, part_of(value)


def part_of(value: bytes) -> str:
    """How bytes that are not UTF-8 lie in text that is.

    `prefix`: they end within a character; `suffix`: they begin within one; `interior`: both, or they lie in one;
    `invalid`: no UTF-8 text holds them.
    """
    head = 0
    while head < min(len(value), 3) and value[head] & 0xC0 == 0x80:
        head += 1
    tail = next((k for k in range(1, min(len(value) - head, 3) + 1) if value[-k] & 0xC0 == 0xC0), 0)
    if tail and _width(value[-tail]) <= tail:
        tail = 0
    try:
        value[head : len(value) - tail].decode()
    except UnicodeDecodeError:
        return "invalid"
    if tail and not _can_begin(value[-tail:]):
        return "invalid"
    if head == len(value) or (head and tail):
        return "interior"
    return "suffix" if head else "prefix"


def _width(lead: int) -> int:
    return 2 if 0xC2 <= lead <= 0xDF else 3 if 0xE0 <= lead <= 0xEF else 4 if 0xF0 <= lead <= 0xF4 else 0


def _can_begin(head: bytes) -> bool:
    """Whether some character begins with these bytes."""
    missing = _width(head[0]) - len(head)
    if missing < 1:
        return False
    for filler in (b"\x80", b"\x90", b"\xa0"):
        try:
            (head + filler + b"\x80" * (missing - 1)).decode()
        except UnicodeDecodeError:
            continue
        return True
    return False


def _positions(vocabulary: pa.Table, spelling: Spelling, kinds: list[str]) -> pa.Array:
    data, pieces = vocabulary["bytes"], vocabulary["piece"]
    if spelling.words == BY_SPACE:
        marked, yes, no = pc.starts_with(data, b" "), INITIAL, INSIDE
    elif spelling.words == BY_SPACE_AFTER:
        marked, yes, no = pc.ends_with(data, b" "), FINAL, NOT_FINAL
    elif spelling.words == BY_PREFIX:
        marked, yes, no = pc.starts_with(pieces, spelling.mark), INSIDE, INITIAL
    elif spelling.words == BY_SUFFIX:
        marked, yes, no = pc.ends_with(pieces, spelling.mark), FINAL, NOT_FINAL
    else:
        marked, yes, no = pa.array(np.zeros(vocabulary.num_rows, np.bool_)), NOT_DECLARED, NOT_DECLARED
    outside = pa.array([kind in {SPECIAL, UNUSED} for kind in kinds], pa.bool_())
    found = pc.if_else(outside, NO_WORD, pc.if_else(marked, yes, no))
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def _classes(characters: Characters) -> list[str]:
    """The class of each token, one leading space apart."""
    bits = characters.each(ch.category, np.int16).copy()
    first = characters.offsets[:-1][characters.lengths > 1]
    bits[first[characters.points[first] == 0x20]] = 0
    folded = characters.fold(bits, np.bitwise_or)
    found = np.full(len(folded), "other", object)
    for bit, name in _BY_BITS.items():
        found[folded == bit] = name
    # a control character counts as white space where it stands with some, or alone
    found[(folded & ~(ch.SPACE | ch.CONTROL)) == 0] = "white space"
    usual = ch.LETTER | ch.DIGIT | ch.PUNCTUATION | ch.SYMBOL | ch.SPACE | ch.CONTROL
    several = (folded & (folded - 1)) != 0
    found[several & (folded & ~usual == 0) & (found == "other")] = "mixed"
    # every pattern of code holds a capital, a mark or a symbol of ASCII
    points = characters.points
    plain = (points >= 0x30) & (points <= 0x39) | (points >= 0x61) & (points <= 0x7A)
    telling = (points > 0x20) & (points < 0x7F) & ~plain
    for i in _rows(characters.fold(telling, np.logical_or) & (found != "digits")):
        if _CODE.search(characters.texts[i]):
            found[i] = "code-like"
    found[characters.lengths == 0] = NOT_TEXT
    classes: list[str] = found.tolist()
    return classes


def _rows(mask: npt.NDArray[np.bool_]) -> list[int]:
    rows: list[int] = np.flatnonzero(mask).tolist()
    return rows
