"""Text in CSV cells."""

from __future__ import annotations

#: A text cell that begins with one of these is taken for a formula by spreadsheets.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def inert(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
