"""What Qtok 0.11 makes of a tokenizer.json: its twelve categories, as it computes them, right or wrong.

A compatibility view for readers of Chelombitko et al. 2024. Nothing else in tokeval uses it: the space marker and the
kind of the file are guessed from its text here, as Qtok does, and one-letter tokens may come out renamed `0X65`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tokeval.schema import ALL, NEITHER, Figure, MetricInfo, Status
from tokeval.vocabulary.definitions import FAMILY

CATEGORIES = (
    "control_tokens",
    "pure_unicode",
    "char_alpha",
    "spaced_alpha",
    "inner_alpha",
    "char_other",
    "spaced_other",
    "inner_other",
    "unicode_flanks",
    "char_errors",
    "spaced_errors",
    "inner_errors",
)
#: First words of Unicode names that Qtok takes for a script.
_SCRIPT_WORDS = (
    "ADLAM ARABIC ARABIC-INDIC ARMENIAN BALINESE BAMUM BATAK BENGALI BLACK-LETTER BOPOMOFO BRAILLE BUGINESE CANADIAN"
    " CHAKMA CHAM CHEROKEE CJK COPTIC CYRILLIC DESERET DEVANAGARI DINGBAT EGYPTIAN ETHIOPIC GEORGIAN GLAGOLITIC GOTHIC"
    " GREEK GUJARATI GURMUKHI HALFWIDTH HANGUL HEBREW HIRAGANA INSCRIPTIONAL JAVANESE KAITHI KANGXI KANNADA KATAKANA"
    " KHMER LAO LATIN LEPCHA LIMBU LISU MALAYALAM MANDAIC MEETEI MODI MONGOLIAN MYANMAR NKO OGHAM OL OLD ORIYA PHAGS-PA"
    " PHOENICIAN RUNIC SAMARITAN SHAVIAN SINHALA SUNDANESE SYRIAC TAGALOG TAGBANWA TAI TAMIL TELUGU THAANA THAI TIBETAN"
    " TIFINAGH YI"
)
_SCRIPTS = frozenset(_SCRIPT_WORDS.split())
_HTML = frozenset({"br", "h1", "h2", "h3", "h4", "h5", "h6", "b", "img", "li", "tr", "td", "p", "th", "u", "em"})
_BYTE = re.compile(r"<0x([0-9a-f]{2})>?", re.IGNORECASE)
_MARKERS = ("▁", "Ġ", "\t")

METRICS = (
    MetricInfo(
        "qtok_tokens",
        FAMILY,
        "count",
        NEITHER,
        "Tokens by Qtok 0.11's twelve categories, counted as it counts; beside tokens_by_kind and tokens_by_class.",
        "Chelombitko et al. 2024",
        "Kinds are guessed: see the paragraph on Qtok in the report.",
    ),
    MetricInfo(
        "qtok_script_tokens",
        FAMILY,
        "count",
        NEITHER,
        "Alpha tokens by position and by the first word of their characters' Unicode names, as Qtok 0.11 counts; its"
        " percentages divide by all alpha tokens. Beside tokens_by_script.",
        "Chelombitko et al. 2024",
    ),
)


@dataclass(frozen=True)
class QtokToken:
    """One token as Qtok has it: its internal string, the id, the category, and a script or a repetition of it."""

    id: int
    text: str
    category: str
    script: str


def classify(text: str, content: Mapping[str, Any]) -> list[QtokToken] | None:
    """Every token of a tokenizer.json in Qtok's order.

    Args:
        text: the file as text; Qtok guesses from it.
        content: the file parsed.

    Returns:
        None where the file has no dictionary of tokens (Unigram models have a list).
    """
    if not isinstance(content["model"].get("vocab"), dict):
        return None
    name = _Names()
    return [QtokToken(i, token, *name.category(token)) for token, i in _loaded(text, content).items()]


def column(tokens: Sequence[QtokToken] | None, ids: npt.NDArray[np.uint32]) -> pa.Array:
    """The category of each id, null where Qtok lost it to another token of the same string."""
    found = {token.id: token.category for token in tokens or ()}
    return pa.array([found.get(i) for i in ids.tolist()], pa.string()).dictionary_encode()


def figures(tokens: Sequence[QtokToken] | None) -> Iterator[tuple[str, Figure]]:
    """Qtok's basic and Unicode tables."""
    if tokens is None:
        reason = "Qtok 0.11 reads a tokenizer.json with a dictionary of tokens, nothing else"
        for info in METRICS:
            yield info.name, Figure(ALL, None, 0, status=Status.NOT_APPLICABLE, reason=reason)
        return
    size = len(tokens)
    yield "qtok_tokens", Figure(ALL, float(size), size, float(size), float(size))
    for category in CATEGORIES:
        count = float(sum(token.category == category for token in tokens))
        yield "qtok_tokens", Figure(category, count, size, count, float(size))
    alpha = [
        f"{token.category.removesuffix('_alpha')} {token.script}"
        for token in tokens
        if token.category.endswith("_alpha")
    ]
    total = float(len(alpha))
    yield "qtok_script_tokens", Figure(ALL, total, size, total, total)
    for label in sorted(set(alpha)):
        count = float(alpha.count(label))
        yield "qtok_script_tokens", Figure(label, count, size, count, total)


def _loaded(text: str, content: Mapping[str, Any]) -> dict[str, int]:
    """Qtok's dictionary of strings; a string met again takes the later id."""
    marker: str | None = max(_MARKERS, key=text.count)
    marker = None if marker == "Ġ" else marker
    bytelevel = "ма" not in text
    to_byte = _alphabet()
    to_letter = {value: letter for letter, value in to_byte.items()}
    found: dict[str, int] = {}
    for piece, i in dict(content["model"]["vocab"]).items():
        word = piece
        if marker and word.startswith(marker) and len(word) > 1:
            word = ("Ġ" if bytelevel else " ") + word[1:]
        byte = _BYTE.match(word)
        if byte:
            token = to_letter[int(byte[1], 16)]
        elif bytelevel:
            token = bytes(to_byte.get(c, 0xFF) for c in word).decode("utf-8", "replace")
            token = f"<0y{word}>" if "\ufffd" in token else token
        else:
            token = f"0X{to_byte[word]:X}" if word in to_byte else word
        found[token] = i
    for added in content.get("added_tokens") or []:
        if added["content"] not in found:
            found[added["content"]] = added["id"]
    return found


def _alphabet() -> dict[str, int]:
    """GPT-2's byte alphabet."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = [value for value in range(256) if value not in set(printable)]
    return {chr(v): v for v in printable} | {chr(0x100 + k): v for k, v in enumerate(rest)}


class _Names:
    """The first words of characters' names, asked once each."""

    def __init__(self) -> None:
        self._first: dict[str, str | None] = {}
        self._alphabet = _alphabet()

    def category(self, token: str) -> tuple[str, str]:
        """The first category that fits, and the script of an alpha token."""
        if len(token) == 1:
            return self._single(token)
        spaced = token.startswith(" ")
        firsts = [self._of(c) for c in token]
        if spaced:
            if None in firsts:
                return "spaced_errors", "spaced_errors"
            script = self._shared(firsts[1:])
            return ("spaced_alpha", script) if script else ("spaced_other", "other")
        if self._is_control(token):
            return "control_tokens", "control_token"
        if token.startswith("<0y"):
            return "unicode_flanks", "unicode_flanks"
        if None in firsts:
            return "inner_errors", "errors"
        script = self._shared(firsts)
        return ("inner_alpha", script) if script else ("inner_other", "other")

    def _single(self, token: str) -> tuple[str, str]:
        first = self._of(token)
        if token in self._alphabet:
            return "pure_unicode", "pure_unicode"
        if first is None:
            return "char_errors", "char_errors"
        return ("char_alpha", first) if first in _SCRIPTS else ("char_other", "char_other")

    def _of(self, character: str) -> str | None:
        if character not in self._first:
            import unicodedata2

            name = unicodedata2.name(character, "")
            self._first[character] = name.split()[0] if name else None
        return self._first[character]

    @staticmethod
    def _shared(firsts: Sequence[str | None]) -> str | None:
        script = firsts[0] if firsts else None
        return script if script in _SCRIPTS and all(first == script for first in firsts) else None

    @staticmethod
    def _is_control(token: str) -> bool:
        bracketed = token.startswith("<") and token.endswith(">") and not token.startswith("<0y")
        squared = token.startswith("[") and token.endswith("]")
        return (bracketed or squared) and token[1:-1].lower().replace("/", "") not in _HTML
