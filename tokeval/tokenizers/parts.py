"""A Unigram of Hugging Face's library in parts: of its pieces only those are loaded that the texts at hand can hold.

For each node of a trie of its pieces the library makes a hash map: 1.2 GB for 256,000 pieces. But how it cuts a text
depends on the pieces that occur in the text, on the lowest score, below which it puts the unknown, and on what it
writes for the unknown. A tokenizer.json with these pieces alone gives the same tokens under other numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tokeval.arrow import Int64
from tokeval.aside import aside
from tokeval.errors import TokenizerError
from tokeval.tokenizers.trie import Symbols, Trie, wide_trie_of

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Library

#: More pieces than these are not kept for the next texts beside those that these texts need.
_KEPT = 1 << 15


def pieces_of(listed: Sequence[Sequence[Any]]) -> Pieces:
    """The pieces that a tokenizer.json lists with their scores, in a fifth of the memory.

    Raises:
        ValueError: these are not pairs of a text and a number.
    """
    texts, scores = zip(*listed, strict=True) if listed else ((), ())
    if not set(map(type, texts)) <= {str} or not set(map(type, scores)) <= {int, float}:
        raise ValueError("not texts and numbers")
    return Pieces(pa.array(texts, pa.large_string()), np.array(scores, np.float64))


def parts_of(content: Mapping[str, Any], load: Callable[[Mapping[str, Any]], Library]) -> Parts:
    """The parts of a parsed tokenizer.json.

    Args:
        content: the file's.
        load: the library's reader of such content.

    Raises:
        ValueError, TokenizerError: it is no Unigram, or not as the library writes them, which has to judge it whole.
            The library raises what it likes.
    """
    model = content["model"]
    unknown, listed = model.get("unk_id"), model["vocab"]
    if model.get("type", "Unigram") != "Unigram" or not isinstance(listed, list):
        raise ValueError("no Unigram")
    if unknown is not None and (type(unknown) is not int or not 0 <= unknown < len(listed)):
        raise ValueError("no piece for the unknown")
    pieces = pieces_of(listed)
    if not listed or not np.isfinite(pieces.scores).all():
        raise ValueError("no scores, or some that JSON has no numbers for")
    needed = {int(pieces.scores.argmin())} | ({unknown} if unknown is not None else set())
    added = pa.array([token["content"] for token in content.get("added_tokens") or []], pa.large_string())
    needed |= set(np.flatnonzero(pc.is_in(pieces.texts, added)).tolist())
    if model.get("byte_fallback"):
        bytewise = np.flatnonzero(pc.match_substring_regex(pieces.texts, "^<0x[0-9A-F]{2}>$"))
        needed |= set(bytewise.tolist())
    frame = {**content, "model": {**model, "vocab": []}}
    return Parts(pieces, needed, frame, load)


@dataclass(frozen=True)
class Pieces:
    """The pieces of a Unigram.

    Attributes:
        texts: a `large_string` array.
        scores: one for each.
    """

    texts: pa.Array
    scores: npt.NDArray[np.float64]

    def listed(self, rows: Int64) -> list[tuple[str, float]]:
        """Some of them, as a tokenizer.json lists them."""
        return list(zip(self.texts.take(pa.array(rows)).to_pylist(), self.scores[rows].tolist(), strict=True))


class Parts:
    """Tokenizers of the library with a part of the vocabulary each; the last one is kept.

    Attributes:
        pieces: all that there are.
    """

    def __init__(
        self,
        pieces: Pieces,
        needed: set[int],
        frame: Mapping[str, Any],
        load: Callable[[Mapping[str, Any]], Library],
    ) -> None:
        self.pieces = pieces
        self._frame, self._load = frame, load
        self._needed = np.zeros(len(pieces.texts), np.bool_)
        self._needed[list(needed)] = True
        self._held = self._needed
        self._library = self._part()
        self._trie = aside(wide_trie_of, pieces.texts)  # what describes the pieces need not wait for it

    @property
    def trie(self) -> tuple[Trie, Symbols]:
        """Of all pieces, and the symbols of their characters.

        Raises:
            TokenizerError: they are too many for one.
        """
        return self._trie.result()

    def least(self) -> tuple[Library, Int64]:
        """A tokenizer with the pieces that every part needs, and the whole's number of each of its ids."""
        return self._hold(self._needed)

    def holding(self, texts: Sequence[str]) -> tuple[Library, Int64]:
        """A tokenizer that cuts these texts as the whole does, and the whole's number of each of its ids."""
        from tokeval.tokenizers.trie.kernels import mark_pieces

        try:
            letters, characters = self._letters
        except TokenizerError:
            return self._hold(np.ones_like(self._needed))
        # what the library made is gone before there is a part
        made = (encoding.ids for encoding in letters.encode_batch_fast(texts, add_special_tokens=False))
        ids = np.fromiter(chain.from_iterable(made), np.int64)
        del made
        inside = self._needed.copy()
        # what is no such character, or an added token, parts what is before it from what is behind it
        mark_pieces(self.trie[0], np.where(ids < characters, ids + 1, 0).astype(np.uint16), inside)
        return self._hold(inside)

    @cached_property
    def _letters(self) -> tuple[Library, int]:
        """One that knows characters alone, and how many: it tells what the model is given."""
        symbols = self.trie[1]
        letters = np.flatnonzero(symbols)
        letters = letters[np.argsort(symbols[letters])].tolist()
        foreign = int(np.flatnonzero(symbols == 0)[-1])  # as all that are in no piece
        return self._made([(chr(letter), 0.0) for letter in [*letters, foreign]], len(letters)), len(letters)

    def _hold(self, inside: npt.NDArray[np.bool_]) -> tuple[Library, Int64]:
        if (inside & ~self._held).any():
            both = inside | self._held
            # beside few, such as those of a sample, many take longer to load than few again the next time
            keep = both.sum() <= _KEPT and self._held.sum() <= 2 * inside.sum()
            self._held = both if keep else inside
            del self._library  # before there is another
            self._library = self._part()
        return self._library, self._numbers

    def _part(self) -> Library:
        rows = np.flatnonzero(self._held)
        unknown = self._frame["model"].get("unk_id")
        # added tokens that are no pieces are numbered behind the pieces
        more = np.arange(len(self._frame.get("added_tokens") or [])) + len(self._held)
        self._numbers = np.concatenate((rows, more))
        return self._made(self.pieces.listed(rows), None if unknown is None else int(np.searchsorted(rows, unknown)))

    def _made(self, listed: list[tuple[str, float]], unknown: int | None) -> Library:
        model = {**self._frame["model"], "vocab": listed, "unk_id": unknown}
        return self._load({**self._frame, "model": model})
