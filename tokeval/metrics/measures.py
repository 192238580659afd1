"""The built-in measures: what is counted in each document."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tokeval.arrow import Int64
from tokeval.metrics.base import Measure, View


def _unit(name: str) -> Callable[[View], Int64]:
    return lambda view: view.batch.units[name]


def _tokens(view: View) -> Int64:
    return np.diff(view.encoding.offsets)


def _unknown_tokens(view: View) -> Int64:
    from tokeval.metrics.kernels import count_equal

    out = np.zeros(len(view.batch), np.int64)
    unknown = view.encoding.facts.unknown_id
    if unknown is not None:
        count_equal(view.encoding.ids, view.encoding.offsets, np.uint32(unknown), out)
    return out


def _round_trips(view: View) -> Int64:
    assert view.encoding.round_trip is not None
    return view.encoding.round_trip


DOCUMENTS = Measure("documents", lambda view: np.ones(len(view.batch), np.int64))
BYTES = Measure("bytes", _unit("bytes"))
CHARS = Measure("chars", _unit("chars"))
LINES = Measure("lines", _unit("lines"))
WORDS = Measure("words", _unit("words"))
UNSEGMENTED_CHARS = Measure("unsegmented_chars", _unit("unsegmented_chars"))
VISIBLE_CHARS = Measure("visible_chars", _unit("visible_chars"))
TOKENS = Measure("tokens", _tokens)
UNKNOWN_TOKENS = Measure("unknown_tokens", _unknown_tokens, capability="vocabulary")
ROUND_TRIPS = Measure("round_trips", _round_trips, capability="decode")
