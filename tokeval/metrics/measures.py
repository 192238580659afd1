"""The built-in measures: what is counted in each document."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import numpy as np

from tokeval.arrow import Int64, text_buffers
from tokeval.metrics.base import Measure, View
from tokeval.schema import DECODE, SPANS, VOCABULARY, Changed

#: Ratios per document are added as whole numbers of 2^-30, the nearest, so that no order of adding changes the sum.
FIXED_ONE = 1 << 30


def _unit(name: str) -> Callable[[View], Int64]:
    return lambda view: view.batch.units[name]


def _tokens(view: View) -> Int64:
    tokens: Int64 = view.once("tokens", lambda v: np.diff(v.encoding.offsets))
    return tokens


def _zeros(view: View) -> Int64:
    return np.zeros(len(view.batch), np.int64)


def _unknown_tokens(view: View) -> Int64:
    from tokeval.metrics.kernels import count_equal

    out, unknown = _zeros(view), view.encoding.facts.unknown_id
    if unknown is not None:
        count_equal(view.encoding.ids, view.encoding.offsets, np.uint32(unknown), out)
    return out


def _unknown_chars(view: View) -> Int64:
    from tokeval.metrics.kernels import covered_chars

    out, unknown, encoding = _zeros(view), view.encoding.facts.unknown_id, view.encoding
    if unknown is not None:
        texts = text_buffers(view.batch.texts)
        covered_chars(*texts, encoding.ids, encoding.starts, encoding.ends, encoding.offsets, np.uint32(unknown), out)
    return out


def _byte_tokens(view: View) -> Int64:
    from tokeval.metrics.kernels import count_flagged

    assert view.byte_ids is not None
    out = _zeros(view)
    count_flagged(view.encoding.ids, view.encoding.offsets, view.byte_ids(), out)
    return out


def _word_cover(view: View) -> tuple[Int64, Int64, Int64]:
    """Pieces of words, words of one piece, words of several; each per document."""
    from tokeval.metrics.kernels import cover_words, word_pieces

    words, encoding = view.batch.words, view.encoding
    pieces = np.empty(len(words.starts), np.int32)
    cover_words(encoding.starts, encoding.ends, encoding.offsets, words.starts, words.ends, words.offsets, pieces)
    total, single, continued = _zeros(view), _zeros(view), _zeros(view)
    word_pieces(pieces, words.offsets, total, single, continued)
    return total, single, continued


def _split(view: View) -> tuple[Int64, Int64]:
    """Code points that several tokens share, and code points of two bytes or more; each per document."""
    from tokeval.metrics.kernels import split_chars

    split, multibyte, encoding = _zeros(view), _zeros(view), view.encoding
    texts = text_buffers(view.batch.texts)
    split_chars(*texts, encoding.starts, encoding.ends, encoding.offsets, split, multibyte)
    return split, multibyte


def _part(name: str, compute: Callable[[View], tuple[Int64, ...]], index: int) -> Callable[[View], Int64]:
    def part(view: View) -> Int64:
        counts: tuple[Int64, ...] = view.once(name, compute)
        return counts[index]

    return part


def _round_trips(view: View) -> Int64:
    assert view.encoding.round_trip is not None
    return view.encoding.round_trip


def _changed(view: View) -> Changed:
    assert view.encoding.changed is not None
    return view.encoding.changed


def _round_trips_nfc(view: View) -> Int64:
    changed, out = _changed(view), _round_trips(view).copy()
    pairs = zip(changed.rows.tolist(), changed.decoded.to_pylist(), strict=True)
    same = [row for row, text in pairs if _nfc(text) == _nfc(view.batch.texts[row].as_py())]
    out[same] = 1
    return out


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _changed_chars(view: View) -> Int64:
    return np.where(_round_trips(view) == 0, view.batch.units["chars"], 0)


def _edits(view: View) -> Int64:
    from tokeval.metrics.kernels import edit_distances

    changed, out = _changed(view), _zeros(view)
    edit_distances(*text_buffers(view.batch.texts), changed.rows, *text_buffers(changed.decoded), out)
    return out


def _lost_spaces(view: View) -> Int64:
    from tokeval.metrics.kernels import lost_spaces

    changed, out = _changed(view), _zeros(view)
    lost_spaces(*text_buffers(view.batch.texts), changed.rows, *text_buffers(changed.decoded), out)
    return out


def _spaces(view: View) -> Int64:
    from tokeval.metrics.kernels import count_spaces

    out = _zeros(view)
    count_spaces(*text_buffers(view.batch.texts), out)
    return out


def _baseline_documents(view: View) -> Int64:
    assert view.baseline is not None
    return (np.diff(view.baseline.offsets) > 0).astype(np.int64) * FIXED_ONE


def _baseline_ratios(view: View) -> Int64:
    assert view.baseline is not None
    below = np.diff(view.baseline.offsets)
    return np.where(below > 0, (_tokens(view) * FIXED_ONE + below // 2) // np.maximum(below, 1), 0)


DOCUMENTS = Measure("documents", lambda view: np.ones(len(view.batch), np.int64))
BYTES = Measure("bytes", _unit("bytes"))
CHARS = Measure("chars", _unit("chars"))
LINES = Measure("lines", _unit("lines"))
WORDS = Measure("words", _unit("words"))
UNSEGMENTED_CHARS = Measure("unsegmented_chars", _unit("unsegmented_chars"))
VISIBLE_CHARS = Measure("visible_chars", _unit("visible_chars"))
TOKENS = Measure("tokens", _tokens)
WORD_PIECES = Measure("word_pieces", _part("words", _word_cover, 0), (SPANS,))
SINGLE_TOKEN_WORDS = Measure("single_token_words", _part("words", _word_cover, 1), (SPANS,))
CONTINUED_WORDS = Measure("continued_words", _part("words", _word_cover, 2), (SPANS,))
UNKNOWN_TOKENS = Measure("unknown_tokens", _unknown_tokens, (VOCABULARY,))
UNKNOWN_CHARS = Measure("unknown_chars", _unknown_chars, (SPANS, VOCABULARY), version=2)
BYTE_TOKENS = Measure("byte_tokens", _byte_tokens, (VOCABULARY,))
SPLIT_CHARS = Measure("split_chars", _part("split", _split, 0), (SPANS,))
MULTIBYTE_CHARS = Measure("multibyte_chars", _part("split", _split, 1), (SPANS,))
ROUND_TRIPS = Measure("round_trips", _round_trips, (DECODE,))
ROUND_TRIPS_NFC = Measure("round_trips_nfc", _round_trips_nfc, (DECODE,))
CHANGED_CHARS = Measure("characters that did not come back", _changed_chars, (DECODE,))
EDITS = Measure("edits", _edits, (DECODE,))
LOST_SPACES = Measure("lost_spaces", _lost_spaces, (DECODE,))
SPACES = Measure("white space", _spaces)
BASELINE_DOCUMENTS = Measure("documents with tokens of the baseline", _baseline_documents, relative=True)
BASELINE_RATIOS = Measure("baseline_ratios", _baseline_ratios, version=2, relative=True)
