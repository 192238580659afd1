"""BPE as a tokenizer.json lists it, over characters, behind a splitter that parts words at white space."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tokeval.arrow import Int64, UInt8
from tokeval.tokenizers.fast import NoFastPathError
from tokeval.tokenizers.spelling import ranks_of
from tokeval.tokenizers.words.memo import Encoded
from tokeval.tokenizers.words.merges import SYMBOLS, placed_pairs
from tokeval.tokenizers.words.points import Points, composes, keeps


class ListedMerges:
    """Compiled merges of each word, whose ends the reference's own splitter tells."""

    punctuation = han = lead = False
    spans = True
    avoid: tuple[str, ...] = ()

    def __init__(
        self,
        model: Mapping[str, Any],
        unknown: int | None,
        normalize: Callable[[str], str] | None,
        split: Callable[[str], list[str]],
    ) -> None:
        """Raises `NoFastPathError` if the model does more than to merge characters."""
        more = ("dropout", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback", "ignore_merges")
        found = next((name for name in more if model.get(name)), None)
        if found:
            raise NoFastPathError(f"a BPE over characters with {found}")
        vocabulary: Mapping[str, int] = model["vocab"]
        ranks = ranks_of(model["merges"])
        letters = [text for text in vocabulary if len(text) == 1]
        symbols = dict.fromkeys([*letters, *(left + right for left, right in ranks)])
        number_of = {text: number for number, text in enumerate(symbols)}
        if max(len(number_of), len(model["merges"])) >= SYMBOLS:
            raise NoFastPathError(f"a BPE of {len(number_of)} symbols")
        usable = [pair for pair in ranks if pair[0] in number_of and pair[1] in number_of]
        triples = np.array([(number_of[a], number_of[b], number_of[a + b]) for a, b in usable], np.int64).reshape(-1, 3)
        order = np.array([ranks[pair] for pair in usable], np.int64)
        self._pairs, self._bases = placed_pairs(triples, order, len(number_of) + 1)
        self._letters = np.full(0x110000, len(number_of), np.int32)
        self._letters[[ord(text) for text in letters]] = [number_of[text] for text in letters]
        self._numbers = np.array([*(vocabulary[text] for text in symbols), -1], np.int64)
        self._unknown, self._fused = -1 if unknown is None else unknown, bool(model.get("fuse_unk"))
        self._points = Points(normalize or str, split, composes if normalize else keeps)
        self._grouped = split("a!!a") == ["a", "!!", "a"]

    def encode(self, data: UInt8, begins: Int64, ends: Int64, spans: bool) -> Encoded:
        """See `ChunkEncoder`."""
        from tokeval.tokenizers.words.merges.kernels import merge_words

        tables = self._points
        tables.learn(data, begins, ends)
        found = Encoded.room(4 * int((ends - begins).sum()) + 1, len(begins), spans=True)
        total = merge_words(
            data,
            (begins, ends),
            (tables.flags, tables.counts, tables.points, tables.splits),
            self._grouped,
            self._letters,
            self._pairs,
            self._bases,
            self._numbers,
            self._unknown,
            self._fused,
            found.ids,
            found.starts,
            found.ends,
            found.lengths,
        )
        found.trust[:] = np.inf, 0
        return found.first(total)
