"""Pre-tokenizers that part text at single characters, as cuts over Arrow buffers: for fast paths that lack them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from tokeval.arrow import Int64, UInt8, text_buffers

#: A pattern that matches one character, a digit, mark or sign.
_CLASS = r"\\d|\\p\{[NPS][a-z]?\}"
_ONE = re.compile(rf"{_CLASS}|\[(?:{_CLASS}|0-9|\\[rnt]|[!-%'-,./:-@_`{{|}}~])+\]")
#: Pre-tokenizers that may follow each other are fewer than this: one bit for each, and one for all.
CLASSES = 8
#: In a class: a character that stands by itself. The other bits: characters that stand together.
_ALONE = 1
#: No character from here on is a digit, a mark or a sign: ideographs, tags and private use.
_POINTS = 0x20000
#: What stands between the characters that a pre-tokenizer is asked about, and is in no class that one would part.
_BETWEEN = "x"

#: What the defining library makes of a text by one pre-tokenizer, declared as in a tokenizer.json.
Asked = Callable[[Mapping[str, Any], str], Sequence[str]]


@dataclass(frozen=True)
class Parting:
    """Where texts are cut: beside each character that stands by itself, and where classes change.

    Attributes:
        classes: of each code point below 0x20000, as bits.
    """

    classes: UInt8

    def cut(self, data: UInt8, offsets: Int64) -> tuple[Int64, Int64]:
        """The m + 1 offsets of the parts of n texts, and the n + 1 places among them where the texts begin."""
        from tokeval.tokenizers.kernels import cut_classes

        rows = np.empty(len(offsets), np.int64)
        cuts = np.empty(0, np.int64)
        cuts = np.empty(cut_classes(data, offsets, self.classes, cuts, rows), np.int64)
        cut_classes(data, offsets, self.classes, cuts, rows)
        return cuts, rows

    def parts(self, text: str) -> bool:
        """Whether it cuts a text somewhere."""
        cuts, _ = self.cut(*text_buffers(pa.array([text], pa.large_string())))
        return len(cuts) > 2


def parting_of(declared: Sequence[Mapping[str, Any]], ask: Asked) -> Parting:
    """What some pre-tokenizers that each `parts_points`, fewer than `CLASSES`, do one after the other."""
    classes = np.zeros(_POINTS, np.uint8)
    points = [*range(0xD800), *range(0xE000, _POINTS)]
    asked = _BETWEEN + _BETWEEN.join(map(chr, points)) + _BETWEEN
    for bit, one in enumerate(declared, 1):
        parted = [ord(piece) for piece in ask(one, asked) if _BETWEEN not in piece]
        together = len(parted) > 0 and len(ask(one, 2 * chr(parted[0]))) == 1
        classes[parted] |= 1 << bit if together else _ALONE
    return Parting(classes)


def parts_points(one: Mapping[str, Any]) -> bool:
    """Whether a pre-tokenizer looks at single characters and drops none."""
    kind = one.get("type")
    if kind == "Digits":
        return True
    if kind == "Punctuation":
        return str(one.get("behavior", "Isolated")) in {"Isolated", "Contiguous"}
    if kind != "Split" or one.get("invert") or one.get("behavior") not in {"Isolated", "Contiguous"}:
        return False
    return _ONE.fullmatch(str((one.get("pattern") or {}).get("Regex", ""))) is not None
