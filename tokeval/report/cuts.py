"""How a tokenizer cuts a text, in pieces that can be shown: whole characters, with the cuts inside them counted."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate


@dataclass(frozen=True)
class Piece:
    """A shortest run of whole characters that no token leaves or enters.

    Attributes:
        text: the characters.
        start, end: their UTF-8 byte range in the document.
        tokens: indices of the tokens that lie in it; none for text that no token covers, several where a token
            ends inside a character (or where tokens share their text).
    """

    text: str
    start: int
    end: int
    tokens: tuple[int, ...]

    @property
    def split(self) -> bool:
        """Whether a character of it is shared by several tokens."""
        return len(self.tokens) > 1


def pieces(text: str, starts: Sequence[int], ends: Sequence[int]) -> list[Piece]:
    """Cut a text by its tokens' UTF-8 byte ranges.

    Tokens that cover nothing (a dummy space) go to the piece that follows, at the end to the last one.

    Args:
        text: the document.
        starts: first byte of each token.
        ends: the byte after the last of each token.
    """
    borders = _character_borders(text)
    size = borders[-1]
    order = sorted(range(len(starts)), key=lambda i: (starts[i], ends[i], i))
    made: list[Piece] = []
    waiting: list[int] = []
    at = 0  # everything before this byte is in `made`
    i = 0
    while i < len(order):
        first = order[i]
        if starts[first] >= ends[first]:
            waiting.append(first)
            i += 1
            continue
        start = borders[bisect_right(borders, min(starts[first], size - 1)) - 1]
        end = borders[bisect_left(borders, min(ends[first], size))]
        members = [first]
        i += 1
        while i < len(order) and starts[order[i]] < end:
            members.append(order[i])
            end = max(end, borders[bisect_left(borders, min(ends[order[i]], size))])
            i += 1
        if start > at:
            made.append(_piece(text, borders, at, start, ()))
        made.append(_piece(text, borders, max(start, at), end, (*waiting, *members)))
        waiting, at = [], max(end, at)
    if at < size:
        made.append(_piece(text, borders, at, size, ()))
    if waiting and made:
        last = made.pop()
        made.append(Piece(last.text, last.start, last.end, (*last.tokens, *waiting)))
    return made


@lru_cache(1024)  # every tokenizer cuts the same texts
def _character_borders(text: str) -> list[int]:
    return list(accumulate((len(c.encode("utf-8", "surrogatepass")) for c in text), initial=0))


def _piece(text: str, borders: Sequence[int], start: int, end: int, tokens: tuple[int, ...]) -> Piece:
    return Piece(text[bisect_left(borders, start) : bisect_left(borders, end)], start, end, tokens)
