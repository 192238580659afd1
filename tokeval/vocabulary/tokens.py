"""One row per token: kind, position, script, class, length, told from its bytes and from what the file declares."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tokeval.arrow import texts_of
from tokeval.schema import BY_PREFIX, BY_SPACE, BY_SPACE_AFTER, BY_SUFFIX, BYTE, NORMAL, SPECIAL, UNUSED, Spelling
from tokeval.vocabulary import characters as ch
from tokeval.vocabulary.characters import Characters, Codes, named, scripts

#: Kinds; every id has exactly one.
PARTIAL, TEXT, CONTROL = "partial", "text", "control or space"
KINDS = (TEXT, CONTROL, BYTE, PARTIAL, SPECIAL, UNUSED)
_TEXT = KINDS.index(TEXT)

#: How bytes that are not UTF-8 lie in text that is; see `part_of`.
PARTS = ("prefix", "suffix", "interior", "invalid")

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
#: White space as Python's `\\s` has it; RE2's own is that of ASCII.
_WHITE = "[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
_MARK, _OPERATOR = r"[!-/:-@\[-`{-~]", r"[(){}\[\];=<>|\\$&*]"
#: For RE2.
CODE = (
    r"[A-Za-z0-9]_|_[A-Za-z0-9]"  # snake_case
    r"|[a-z][A-Z]"  # camelCase
    rf"|[A-Za-z]{_WHITE}*[({{\[=;<]|[.({{\[$#@/<]{_WHITE}*[A-Za-z]"  # call( .name #include
    rf"|{_OPERATOR}{_MARK}|{_MARK}{_OPERATOR}"  # operators and brackets in company
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
    data = vocabulary["bytes"].combine_chunks()
    texts = texts_of(data)
    broken = texts.is_null().to_numpy(zero_copy_only=False)
    kinds = _kinds(vocabulary, broken)
    characters = Characters.of(pc.if_else(pa.array(kinds == _TEXT), texts, ""))
    bits = characters.fold(characters.categories, np.bitwise_or)
    kinds[(bits > 0) & (bits & ~(ch.SPACE | ch.CONTROL) == 0)] = KINDS.index(CONTROL)
    parts = np.full(len(data), -1, np.int32)
    for row in _rows(broken & np.isin(kinds, [KINDS.index(BYTE), KINDS.index(PARTIAL)])):
        parts[row] = PARTS.index(part_of(data[row].as_py()))
    table = pa.table(
        {
            "id": vocabulary["id"].combine_chunks(),
            "bytes": data,
            "text": texts,
            "kind": named(kinds, KINDS),
            "part": named(parts, PARTS),
            "position": named(_positions(vocabulary, spelling, kinds), POSITIONS),
            "script": named(*scripts(characters)),
            "class": named(_classes(characters), CLASSES),
            "byte_length": pc.binary_length(data).cast(pa.int32()),
            "char_length": pc.utf8_length(texts).cast(pa.int32()),
        }
    )
    return table, characters


def _kinds(vocabulary: pa.Table, broken: npt.NDArray[np.bool_]) -> Codes:
    """The kind of each token as a position in `KINDS`; of those that are white space or control, `TEXT`."""

    def declared(kind: str) -> npt.NDArray[np.bool_]:
        return np.asarray(pc.equal(vocabulary["kind"], kind).to_numpy(), np.bool_)

    pieces = vocabulary["piece"]
    single = pc.equal(pc.binary_length(vocabulary["bytes"]), 1).to_numpy()
    kinds = np.where(broken, KINDS.index(PARTIAL), _TEXT).astype(np.int32)
    kinds[declared(BYTE) | (broken & single)] = KINDS.index(BYTE)
    bracketed = pc.or_(pc.starts_with(pieces, "["), pc.starts_with(pieces, "<")).to_numpy() & declared(NORMAL)
    for row in _rows(bracketed):
        if _RESERVED.fullmatch(pieces[row].as_py()):
            kinds[row] = KINDS.index(UNUSED)
    for kind in (SPECIAL, UNUSED):
        kinds[declared(kind)] = KINDS.index(kind)
    return kinds


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


def _positions(vocabulary: pa.Table, spelling: Spelling, kinds: Codes) -> Codes:
    """The position of each token in `POSITIONS`."""
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
        marked, yes, no = pa.chunked_array([np.zeros(vocabulary.num_rows, np.bool_)]), NOT_DECLARED, NOT_DECLARED
    found = np.where(marked.to_numpy(), POSITIONS.index(yes), POSITIONS.index(no)).astype(np.int32)
    found[np.isin(kinds, [KINDS.index(SPECIAL), KINDS.index(UNUSED)])] = POSITIONS.index(NO_WORD)
    return found


def _classes(characters: Characters) -> Codes:
    """The class of each token in `CLASSES`, one leading space apart."""
    bits = characters.categories.copy()
    first = characters.offsets[:-1][characters.lengths > 1]
    bits[first[characters.points[first] == 0x20]] = 0
    folded = characters.fold(bits, np.bitwise_or)
    found = np.full(len(folded), CLASSES.index("other"), np.int32)
    for bit, name in _BY_BITS.items():
        found[folded == bit] = CLASSES.index(name)
    # a control character counts as white space where it stands with some, or alone
    found[(folded & ~(ch.SPACE | ch.CONTROL)) == 0] = CLASSES.index("white space")
    usual = ch.LETTER | ch.DIGIT | ch.PUNCTUATION | ch.SYMBOL | ch.SPACE | ch.CONTROL
    several = (folded & (folded - 1)) != 0
    found[several & (folded & ~usual == 0) & (found == CLASSES.index("other"))] = CLASSES.index("mixed")
    # every pattern of code holds a capital, a mark or a symbol of ASCII
    points = characters.points
    plain = (points >= 0x30) & (points <= 0x39) | (points >= 0x61) & (points <= 0x7A)
    telling = (points > 0x20) & (points < 0x7F) & ~plain
    asked = np.flatnonzero(characters.fold(telling, np.logical_or) & (found != CLASSES.index("digits")))
    code = pc.match_substring_regex(characters.texts.take(pa.array(asked)), CODE)
    found[asked[code.to_numpy(zero_copy_only=False)]] = CLASSES.index("code-like")
    found[characters.lengths == 0] = CLASSES.index(NOT_TEXT)
    return found


def _rows(mask: npt.NDArray[np.bool_]) -> list[int]:
    rows: list[int] = np.flatnonzero(mask).tolist()
    return rows
