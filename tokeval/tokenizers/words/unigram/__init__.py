"""Unigram behind a split at white space: each word's best segmentation, by itself."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tokeval.arrow import Int64, UInt8
from tokeval.tokenizers.fast import NoFastPathError
from tokeval.tokenizers.modelproto import NORMAL, UNUSED, USER_DEFINED, Model
from tokeval.tokenizers.trie import Symbols, Trie, wide_trie_of
from tokeval.tokenizers.words.memo import Encoded, fallback_of
from tokeval.tokenizers.words.normal import Mapped, as_hugging_face, as_sentencepiece, character_map
from tokeval.tokenizers.words.points import Points, composes

Float64 = npt.NDArray[np.float64]

#: How far below the worst piece the libraries put what is not in the vocabulary.
_PENALTY = 10.0

_NOTHING = np.zeros(0, np.uint32), np.zeros(1, np.uint8), np.zeros(0, np.uint8)


class Unigram:
    """A compiled Viterbi over a trie of the pieces, behind the reference's own normalisation."""

    punctuation = han = lead = False
    avoid: tuple[str, ...] = ()

    def __init__(self, trie: tuple[Trie, Symbols], scores: Float64, unknown: int) -> None:
        self._trie, self._letters = trie
        self._scores = scores
        self._unknown, self._penalty = unknown, float(self._scores.min()) - _PENALTY
        self._points: Points | None = None
        self._mapped: Mapped = _NOTHING
        self._fallback = np.zeros(0, np.int64)
        self._single = False  # Hugging Face's sums are of 64 bits
        self.spans = True

    def with_points(self, normalize: Callable[[str], str]) -> Unigram:
        """Hugging Face's, behind a normaliser that is asked about each code point."""
        self._points = Points(normalize, None, composes)
        return self

    def with_map(self, blob: bytes) -> Unigram:
        """Hugging Face's, behind a character map."""
        self._mapped = as_hugging_face(blob)
        return self

    def behind_spaces(self, avoid: tuple[str, ...]) -> Unigram:
        """The one whose word marks are what its normaliser leaves of spaces, which only the library can tell from them.

        Args:
            avoid: what parts words in another way, if it is in a text.
        """
        self.spans, self.avoid = False, avoid
        return self

    @classmethod
    def of_model(cls, model: Model, unknown: int) -> Unigram:
        """SentencePiece's: sums are of 32 bits there, so chunks come with how far theirs may be off.

        Raises:
            NoFastPathError: the model may look across white space.
            TokenizerError: there are too many pieces.
        """
        normal = [score for _, score, kind in model.pieces if kind == NORMAL]
        check_spaces(model)
        if not model.spaces_are_plain or max(normal) > 0:
            raise NoFastPathError("a Unigram model whose words are not a mark and what is behind it")
        known = character_map(model.character_map)
        mapped, others = as_sentencepiece(known, model.symbols)
        pieces = [
            "" if kind not in (NORMAL, USER_DEFINED) or text in others else text for text, _, kind in model.pieces
        ]
        scores = np.array([score for _, score, _ in model.pieces], np.float64)
        made = cls(wide_trie_of(pieces), scores, unknown)
        made._mapped, made._single, made.spans, made.avoid = mapped, True, False, (*others, *known.arising(others))
        made._fallback = fallback_of(model)
        made._penalty = float(np.float32(min(normal)) - np.float32(_PENALTY))
        for number, (text, _, kind) in enumerate(model.pieces):
            if kind == USER_DEFINED:
                made._scores[number] = len(text.encode()) * max(normal) - 0.1
        return made

    def encode(self, data: UInt8, begins: Int64, ends: Int64, spans: bool) -> Encoded:
        """See `ChunkEncoder`."""
        from tokeval.tokenizers.words.unigram import kernels

        table = np.zeros(0, np.uint8), np.zeros(0, np.uint8), np.zeros((0, 4), np.int32)
        how = kernels.LONGEST if self._single else kernels.SHORTEST
        if self._points is not None:
            self._points.learn(data, begins, ends)
            table, how = (self._points.flags, self._points.counts, self._points.points), kernels.POINTS
        found = Encoded.room(4 * (int((ends - begins).sum()) + len(begins)) + 20, len(begins), spans)
        total = kernels.unigram(
            data,
            (begins, ends),
            how,
            table,
            self._mapped,
            self._trie,
            self._letters,
            self._scores,
            self._unknown,
            self._penalty,
            self._fallback,
            (found.ids, found.starts, found.ends),
            found.lengths,
            found.trust,
        )
        if not self._single:
            found.trust[:] = np.inf, 0
        return found.first(total)


def check_spaces(model: Model) -> None:
    """Raises `NoFastPathError` if a piece has a space mark behind other text, or spaces are none by themselves."""
    normal = {text for text, _, kind in model.pieces if kind == NORMAL}
    if "▁" not in normal:
        raise NoFastPathError("a model without a piece for the space")
    across = [text for text, _, kind in model.pieces if "▁" in (text if kind == USER_DEFINED else text.lstrip("▁"))]
    if across:
        raise NoFastPathError(f"pieces that cross a space, such as {across[0]!r}")
    if any(kind == UNUSED for _, _, kind in model.pieces):
        raise NoFastPathError("pieces that are marked as unused")
