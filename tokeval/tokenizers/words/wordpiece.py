"""BERT's WordPiece, chunk by chunk: white space, punctuation and Han ideographs always part words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from tokeval.arrow import Int64, UInt8, UInt32
from tokeval.tokenizers.words.memo import Int32
from tokeval.tokenizers.words.points import Points, reorders

_Table = tuple[Int32, UInt8, Int64, Int64, int]


class WordPiece:
    """A compiled greedy longest match, with the reference's own normaliser and splitter as tables."""

    punctuation = True

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
        self.han = han
        self._unknown, self._limit = unknown, limit
        decomposes = normalize("é") not in {"é", "e"}
        self._points = Points(normalize, split, reorders if decomposes or normalize("é") == "e" else _keeps)
        self._first = _table(vocabulary)
        inner = {piece.removeprefix(prefix): i for piece, i in vocabulary.items() if piece.startswith(prefix)}
        self._inner = _table(inner)

    def encode(self, data: UInt8, cuts: Int64) -> tuple[UInt32, Int32, Int32, Int64]:
        """See `ChunkEncoder`."""
        from tokeval.tokenizers.words.kernels import wordpiece

        self._points.learn(data, cuts)
        room = 4 * int(cuts[-1] - cuts[0]) + 16
        ids, starts, ends = np.empty(room, np.uint32), np.empty(room, np.int32), np.empty(room, np.int32)
        lengths = np.empty(len(cuts) - 1, np.int64)
        tables = self._points
        total = wordpiece(
            data,
            cuts,
            tables.flags,
            tables.counts,
            tables.points,
            tables.splits,
            self._first,
            self._inner,
            self._unknown,
            self._limit,
            ids,
            starts,
            ends,
            lengths,
        )
        return ids[:total], starts[:total], ends[:total], lengths


def _keeps(character: str, form: str) -> int:
    """A normaliser that neither decomposes nor drops marks cannot reorder them."""
    del character, form
    return 0


def _table(pieces: Mapping[str, int]) -> _Table:
    """Pieces as an open-addressing table over their bytes: slots, bytes, offsets, ids, the longest piece."""
    from tokeval.tokenizers.words.kernels import fill_table, hash_entries

    spelled = [piece.encode() for piece in pieces]
    offsets = np.concatenate(([0], np.cumsum([len(s) for s in spelled], dtype=np.int64)))
    store = np.frombuffer(b"".join(spelled) or b"\0", np.uint8).copy()
    capacity = 1 << max(4, (4 * len(spelled)).bit_length())
    slots, hashes = np.empty(capacity, np.int32), np.empty(len(spelled), np.uint64)
    hash_entries(store, offsets, hashes)
    fill_table(slots, hashes, len(spelled))
    return slots, store, offsets, np.array(list(pieces.values()), np.int64), max(map(len, spelled), default=0)
