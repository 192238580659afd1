"""BERT's WordPiece, chunk by chunk: white space, punctuation and Han ideographs always part words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from tokeval.arrow import Int64, UInt8
from tokeval.tokenizers.fast import NoFastPathError
from tokeval.tokenizers.trie import trie_of
from tokeval.tokenizers.words.memo import Encoded
from tokeval.tokenizers.words.points import Points, keeps, reorders


class WordPiece:
    """A compiled greedy longest match, with the reference's own normaliser and splitter as tables."""

    punctuation = spans = True
    lead = False
    avoid: tuple[str, ...] = ()

    def __init__(
        self,
        vocabulary: Mapping[str, int],
        unknown: int,
        prefix: str,
        limit: int,
        han: bool,
        normalize: Callable[[str], str],
        split: Callable[[str], list[str]],
    ) -> None:
        from tokeval.tokenizers.trie.kernels import PIECES

        if max(vocabulary.values(), default=0) >= PIECES:
            raise NoFastPathError("a WordPiece with ids of more than 24 bits")
        self.han = han
        self._unknown, self._limit = unknown, limit
        decomposes = normalize("é") not in {"é", "e"}
        self._points = Points(normalize, split, reorders if decomposes or normalize("é") == "e" else keeps)
        inner = {piece.removeprefix(prefix): i for piece, i in vocabulary.items() if piece.startswith(prefix)}
        self._first, self._inner = (
            trie_of([piece.encode() for piece in pieces], list(pieces.values())) for pieces in (vocabulary, inner)
        )

    def encode(self, data: UInt8, begins: Int64, ends: Int64, spans: bool) -> Encoded:
        """See `ChunkEncoder`."""
        from tokeval.tokenizers.words.kernels import wordpiece

        self._points.learn(data, begins, ends)
        found = Encoded.room(4 * int((ends - begins).sum()) + 16, len(begins), spans=True)
        tables = self._points
        total = wordpiece(
            data,
            (begins, ends),
            tables.flags,
            tables.counts,
            tables.points,
            tables.splits,
            self._first,
            self._inner,
            self._unknown,
            self._limit,
            found.ids,
            found.starts,
            found.ends,
            found.lengths,
        )
        found.trust[:] = np.inf, 0
        return found.first(total)
