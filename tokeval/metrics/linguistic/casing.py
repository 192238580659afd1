"""Case by language: Turkish and its neighbours have a dotted and a dotless i."""

from __future__ import annotations

import unicodedata

#: Languages whose capital of `i` is `İ` and whose small letter of `I` is `ı`, by ISO 639 codes.
DOTTED_I = frozenset({"tr", "tur", "az", "aze", "azj", "crh", "gag", "tt", "tat"})

_LOWER = str.maketrans({"I": "ı", "İ": "i"})


def dotted(language: str) -> bool:
    """Whether a language tells dotted and dotless i apart; `language` is a code such as `tr`, `tur_Latn`, `tr-TR`."""
    return language.replace("-", "_").partition("_")[0].lower() in DOTTED_I


def fold(text: str, language: str) -> str:
    """Lower case by the language, in Unicode normal form C: how entries and tokens are compared."""
    if text.isascii() and text.islower():
        return text
    if dotted(language):
        # decomposed capitals first, or their dot would be left over
        text = unicodedata.normalize("NFC", text).translate(_LOWER)
    return unicodedata.normalize("NFC", text.lower())


def capitalise(folded: str, language: str) -> str:
    """The same word with a capital first letter, by the language."""
    first = "İ" if folded[:1] == "i" and dotted(language) else folded[:1].title()
    return first + folded[1:]
