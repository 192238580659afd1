"""Spans of tokens that spell a text's normal form: what the library's normaliser does to words, learnt word by word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tokeval.arrow import Int64, UInt8, UInt32, id_buffers, stretches, text_buffers
from tokeval.tokenizers.base import Spans

Int32 = npt.NDArray[np.int32]

#: Bytes of the forms that are kept; past it, all are forgotten.
_KEPT = 1 << 20


@dataclass(frozen=True)
class Normal:
    """How a library normalises, where the tokens of a text spell its normal form.

    Attributes:
        ask: from texts to the bytes of their normal forms, as ids, and the stretch of the text that each comes from.
        trims: whether the library leaves spaces at the ends of a token out of what it covers.
    """

    ask: Callable[[pa.Array], Spans]
    trims: bool


@dataclass(frozen=True)
class _Known:
    """Words with their normal forms: form i is `data[offsets[i]:offsets[i + 1]]`, and so are `starts` and `ends`."""

    words: pa.Array
    offsets: Int64
    data: UInt32
    starts: Int32
    ends: Int32

    def and_of(self, words: pa.Array, asked: Spans) -> _Known:
        """These, and what the library said of others."""
        data, offsets = id_buffers(asked.ids)
        return _Known(
            pa.concat_arrays([self.words, words]),
            np.concatenate((self.offsets, offsets[1:] + self.offsets[-1])),
            np.concatenate((self.data, data)),
            np.concatenate((self.starts, asked.starts)),
            np.concatenate((self.ends, asked.ends)),
        )


def _nothing() -> _Known:
    empty = np.zeros(0, np.int32)
    return _Known(pa.array([], pa.large_string()), np.zeros(1, np.int64), np.zeros(0, np.uint32), empty, empty)


class Forms:
    """The words met so far that a library's normaliser changes. Several threads may use it at once.

    A word, which is what lies between spaces, is normalised by itself as in a text: no normal form of Unicode joins a
    space with what follows it, or moves anything across one.
    """

    def __init__(self, normal: Normal) -> None:
        self._normal = normal
        self._known = _nothing()

    def spans(
        self, texts: pa.Array, offsets: Int64, data: UInt8, cuts: Int64
    ) -> tuple[Int32, Int32, npt.NDArray[np.bool_]]:
        """The byte range of the text that each token covers, as the library has it.

        Args:
            texts: n documents, `large_string` without nulls.
            offsets: n + 1 positions into the tokens.
            data: what the tokens spell.
            cuts: where each token begins in `data`, and the end.

        Returns:
            Starts and ends, flat, and which documents they were found for, shape (n,).
        """
        from tokeval.tokenizers.forms.kernels import changed_words, lay_spans

        source, places = text_buffers(texts)
        begins = cuts[offsets]
        room = np.count_nonzero(source[places[0] : places[-1]] == 0x20) + len(texts)
        rows, counts = np.empty((room, 4), np.int64), np.empty(len(texts), np.int64)
        rows = rows[: changed_words(source, places, data, begins, rows, counts)]
        known, forms = self._look_up(stretches(source, rows[:, 0], rows[:, 1]).cast(pa.large_string()))
        starts, ends = np.empty(int(offsets[-1]), np.int32), np.empty(int(offsets[-1]), np.int32)
        laid = np.zeros(len(texts), np.bool_)
        lay_spans(
            source,
            places,
            data,
            begins,
            rows,
            counts,
            known,
            forms.offsets,
            forms.data,
            forms.starts,
            forms.ends,
            self._normal.trims,
            offsets,
            cuts,
            starts,
            ends,
            laid,
        )
        return starts, ends, laid

    def _look_up(self, words: pa.Array) -> tuple[Int64, _Known]:
        """Where the form of each word is among those known; the library is asked for those that are not yet."""
        coded, known = words.dictionary_encode(), self._known
        new = coded.dictionary.filter(pc.is_null(pc.index_in(coded.dictionary, known.words)))
        if len(new):
            if len(known.data) > _KEPT:
                known, new = _nothing(), coded.dictionary
            known = self._known = known.and_of(new, self._normal.ask(new))
        found: Int64 = pc.index_in(coded.dictionary, known.words).to_numpy().astype(np.int64)
        return found[coded.indices.to_numpy()], known
