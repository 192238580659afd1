"""The perturbations: their names, and the characters that the ones on single characters put in place of others."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from tokeval.arrow import Int64, UInt8

#: How a kernel edits one place of a word.
SWAP, DROP, DOUBLE, REPLACE, INSERT = range(5)


@dataclass(frozen=True)
class Perturbation:
    """One way to disturb a text.

    Attributes:
        name: as in the metric's parameter.
        what: in words.
        edit: for edits of one place in a word: which; None for the others.
        words: share of words it draws, as 2^-words.
    """

    name: str
    what: str
    edit: int | None = None
    words: int = 0


#: A word is drawn with probability 1/8 by the typos and their like; the others change every word that they can.
DRAWN = 3

PERTURBATIONS = {
    p.name: p
    for p in (
        Perturbation("typo_swap", "two neighbouring letters of a word change places", SWAP, DRAWN),
        Perturbation("typo_drop", "a letter of a word is dropped", DROP, DRAWN),
        Perturbation("typo_double", "a letter of a word is doubled", DOUBLE, DRAWN),
        Perturbation("typo_neighbour", "a Latin letter becomes its neighbour on a QWERTY keyboard", REPLACE, DRAWN),
        Perturbation("ocr", "a character is read as one that looks alike (0 and O, 1 and l, m and rn)", REPLACE, DRAWN),
        Perturbation("homoglyph", "a letter becomes its look-alike of another script", REPLACE, DRAWN),
        Perturbation("zero_width", "a zero-width space stands inside a word", INSERT, DRAWN),
        Perturbation("space_double", "a single space is doubled", None, DRAWN),
        Perturbation("space_tab", "a single space becomes a tab", None, DRAWN),
        Perturbation("space_no_break", "a single space becomes a no-break space", None, DRAWN),
        Perturbation(
            "case_upper", "every word in upper case, each character by itself, as utf8proc has it (ß becomes ẞ)"
        ),
        Perturbation("case_lower", "every word in lower case, each character by itself, as utf8proc has it"),
        Perturbation("diacritics", "the combining marks U+0300 to U+036F are dropped after decomposition"),
        Perturbation("nfd", "every word in Unicode form NFD"),
        Perturbation("nfkc", "every word in Unicode form NFKC"),
    )
}

#: What takes the place of a single space.
SPACES = {"space_double": b"  ", "space_tab": b"\t", "space_no_break": "\u00a0".encode()}

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_LOOK_ALIKE = "aа eе oо pр cс xх yу iі sѕ jј AА BВ EЕ KК MМ HН OО PР CС TТ XХ"
_MISREAD: dict[str, tuple[str, ...]] = {
    "0": ("O",), "O": ("0", "Q"), "o": ("0",), "1": ("l", "I"), "l": ("1", "I"), "I": ("l", "1"), "5": ("S",),
    "S": ("5",), "8": ("B",), "B": ("8",), "2": ("Z",), "Z": ("2",), "6": ("G",), "G": ("6",), "c": ("e",),
    "e": ("c",), "m": ("rn",), "w": ("vv",), "d": ("cl",), "h": ("b",), "b": ("h",), "u": ("ii",), "n": ("ri",),
}  # fmt: skip


@dataclass(frozen=True)
class Choices:
    """Replacements by code point.

    `points` are sorted; point i has the choices `rows[i]` to `rows[i + 1]`, each a byte range of `data` by `offsets`.
    """

    points: Int64
    rows: Int64
    offsets: Int64
    data: UInt8


@cache
def point_classes() -> npt.NDArray[np.uint8]:
    """By code point: LETTER for letters and marks, PUNCTUATION for punctuation and the symbols of ASCII, else 0."""
    from unicodedata2 import category

    from tokeval.metrics.robustness.kernels import LETTER, PUNCTUATION

    table = np.zeros(sys.maxunicode + 1, np.uint8)
    for point in range(0x40000):  # beyond are none
        first = category(chr(point))[0]
        if first in "LM":
            table[point] = LETTER
        elif first == "P" or (first == "S" and point < 0x80):
            table[point] = PUNCTUATION
    table[0xFE00:0xFE10] = 0  # variation selectors, which are marks, stand behind emoji
    return table


@cache
def choices(name: str) -> Choices:
    """The replacements of a perturbation; empty for those that have none."""
    tables: dict[str, dict[str, tuple[str, ...]]] = {
        "typo_neighbour": _keyboard(),
        "ocr": _MISREAD,
        "homoglyph": _look_alikes(),
        "zero_width": {"\0": ("\u200b",)},
    }
    table = tables.get(name, {})
    points = sorted(table)
    texts = [text.encode() for point in points for text in table[point]]
    return Choices(
        np.array([ord(point) for point in points], np.int64),
        _offsets([len(table[point]) for point in points]),
        _offsets([len(text) for text in texts]),
        np.frombuffer(b"".join(texts), np.uint8),
    )


def _keyboard() -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {}
    for row, keys in enumerate(_ROWS):
        for column, key in enumerate(keys):
            near = [(row, column - 1), (row, column + 1), (row - 1, column), (row - 1, column + 1)]
            near += [(row + 1, column - 1), (row + 1, column)]
            found = [_ROWS[r][c] for r, c in near if 0 <= r < len(_ROWS) and 0 <= c < len(_ROWS[r])]
            table[key] = tuple(sorted(found))
            table[key.upper()] = tuple(k.upper() for k in sorted(found))
    return table


def _look_alikes() -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {}
    for pair in _LOOK_ALIKE.split():
        one, other = tuple(pair)
        table[one], table[other] = (other,), (one,)
    return table


def _offsets(lengths: list[int]) -> npt.NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum(np.array(lengths, np.int64)))).astype(np.int64)
