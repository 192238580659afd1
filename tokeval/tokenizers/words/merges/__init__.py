"""SentencePiece's BPE where no piece crosses a space: each word's merges, by themselves."""

from __future__ import annotations

from collections import Counter

import numpy as np

from tokeval.arrow import Int64, UInt8
from tokeval.tokenizers.fast import NoFastPathError
from tokeval.tokenizers.modelproto import NORMAL, Model
from tokeval.tokenizers.words.memo import Encoded, Int32, fallback_of
from tokeval.tokenizers.words.normal import as_sentencepiece, character_map
from tokeval.tokenizers.words.unigram import check_spaces

#: From it on a symbol, or a rank, does not fit a slot of the table of pairs.
SYMBOLS = 0x1FFFFF


class Merges:
    """Compiled merges; a symbol is a piece or a character of one, the mergeable ones in front."""

    punctuation = han = spans = False

    def __init__(self, model: Model, unknown: int) -> None:
        """Raises `NoFastPathError` if the model may look across white space."""
        check_spaces(model)
        self.lead = not model.spaces_are_plain
        if self.lead and not (model.only_keeps_spaces and not model.character_map):
            raise NoFastPathError("a BPE model whose words are not a mark and what is behind it")
        known = character_map(model.character_map)
        self._mapped, _ = as_sentencepiece(known, ())
        self.avoid = (*model.symbols, *known.arising(model.symbols))
        ids = {text: i for i, (text, _, kind) in enumerate(model.pieces) if kind == NORMAL}
        made = sorted((text for text in ids if len(text) > 1), key=lambda text: -model.pieces[ids[text]][1])
        scores = np.array([model.pieces[ids[text]][1] for text in made])
        letters = Counter(letter for text in ids for letter in text)
        # the common ones in front, which keeps together what is often looked at
        number_of = {text: number for number, (text, _) in enumerate(letters.most_common())}
        number_of |= {text: len(letters) + number for number, text in enumerate(made)}
        if len(number_of) >= SYMBOLS:
            raise NoFastPathError(f"a BPE model of {len(number_of)} symbols")
        triples = [
            (number_of[text[:k]], number_of[text[k:]], number_of[text])
            for text in made
            for k in range(1, len(text))
            if text[:k] in number_of and text[k:] in number_of
        ]
        # of equally good pieces the one further left is made first
        order = np.concatenate((np.zeros(len(letters), np.int64), np.searchsorted(-scores, -scores)))
        placed = np.array(triples, np.int64).reshape(-1, 3)
        self._pairs, self._bases = placed_pairs(placed, order[placed[:, 2]], len(number_of) + 1)
        self._letters = np.full(0x110000, len(number_of), np.int32)
        for text, number in number_of.items():
            if len(text) == 1:
                self._letters[ord(text)] = number
        self._letters[0x20] = self._letters[ord("▁")]
        self._numbers = np.array([*(ids.get(text, -1) for text in number_of), -1], np.int32)
        self._unknown, self._fallback = unknown, fallback_of(model)

    def encode(self, data: UInt8, begins: Int64, ends: Int64, spans: bool) -> Encoded:
        """See `ChunkEncoder`."""
        from tokeval.tokenizers.words.merges import kernels

        found = Encoded.room(4 * (int((ends - begins).sum()) + len(begins)) + 20, len(begins), spans)
        total = kernels.merge(
            data,
            (begins, ends),
            not self.lead,
            self._mapped,
            self._letters,
            self._pairs,
            self._bases,
            self._numbers,
            self._unknown,
            self._fallback,
            found.ids,
            found.lengths,
        )
        found.trust[:] = np.inf, 0
        return found.first(total)


def placed_pairs(triples: Int64, order: Int64, symbols: int) -> tuple[Int64, Int32]:
    """Rows of (left, right, whole) with their ranks as `place_pairs` lays them out; where each symbol's row begins."""
    from tokeval.tokenizers.words.merges.kernels import place_pairs

    sizes = np.bincount(triples[:, 0])
    sorting = np.lexsort((triples[:, 0], -sizes[triples[:, 0]]))
    lefts, rights, wholes = triples[sorting].T.copy()
    rows = np.flatnonzero(np.diff(lefts, prepend=-1, append=-1))
    made = (order[sorting] << 21) | wholes
    cells = 2 * len(triples) + symbols
    while True:
        bases, pairs = np.zeros(symbols, np.int32), np.full(cells + symbols, -1, np.int64)
        if place_pairs(rows, lefts, rights, made, bases, pairs[:cells]) >= 0:
            return pairs[: int(bases.max()) + symbols].copy(), bases  # room for any right one of any left one
        cells *= 2
