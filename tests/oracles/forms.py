"""Spans by way of a normal form, told slowly: every byte of the form is given the stretch of text it comes from."""

from __future__ import annotations

from collections.abc import Callable

#: A word's normal form, and the stretch of the word that each byte of it comes from.
Form = tuple[bytes, list[tuple[int, int]]]


def lay(text: str, tokens: list[bytes], form: Callable[[str], Form], trims: bool) -> list[tuple[int, int]] | None:
    """The byte range of the text that each token covers; None where the tokens spell another text than the form."""
    whole, origins = b"", []
    at = 0
    for number, word in enumerate(text.split(" ")):
        if number:
            whole += b" "
            origins.append((at, at + 1))
            at += 1
        made, places = form(word)
        whole += made
        origins += [(at + start, at + end) for start, end in places]
        at += len(word.encode())
    if whole != b"".join(tokens) or b"" in tokens:
        return None
    found, first = [], 0
    for token in tokens:
        start, end = origins[first][0], origins[first + len(token) - 1][1]
        if trims:
            start = min(start + len(token) - len(token.lstrip(b" ")), end)
            end = max(end - len(token) + len(token.rstrip(b" ")), start)
        found.append((start, end))
        first += len(token)
    return found


def same(word: str) -> Form:
    """The form of a word that is in normal form."""
    places, at = [], 0
    for character in word:
        size = len(character.encode())
        places += [(at, at + size)] * size
        at += size
    return word.encode(), places
