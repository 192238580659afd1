"""Fast paths: who may stand in for the reference library, and when it is dropped. No figure depends on them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tokeval.arrow import (
    Int64,
    Number,
    UInt8,
    UInt32,
    byte_array,
    id_buffers,
    id_lists,
    positions,
    rows_of,
    text_array,
    text_buffers,
    texts_of,
)
from tokeval.errors import TokenizerError
from tokeval.tokenizers.forms import Forms
from tokeval.tokenizers.hard import hard_strings, in_context

if TYPE_CHECKING:
    from tokeval.tokenizers.base import Tokenizer

#: Memory that all caches of a run may take together unless told otherwise, in bytes.
CACHE_BYTES = 1 << 30
#: What the caches of one instance may hold, however many there are: with less it is built again every few batches.
_LEAST_CACHE = 32 << 20

#: Documents longer than this are drawn into the sample more rarely, so that checking costs a bounded share.
_LONG = 4096


def share_checked(documents: int) -> float:
    """The share of a corpus of so many documents that is checked while running: about 1,024, at least one in 256."""
    return max(1 / 256, min(1.0, 1024 / max(1, documents)))


@dataclass(frozen=True)
class Found:
    """What a fast path made of some texts.

    Attributes:
        ids, offsets: flat token ids, and n + 1 positions into them, the first 0.
        starts, ends: the UTF-8 byte range of each token in its document, where the path knows it.
        unsure: rows that only the reference can do (their ids are empty), as indices; None where there are none.
    """

    ids: UInt32
    offsets: Int64
    starts: npt.NDArray[np.int32] | None = None
    ends: npt.NDArray[np.int32] | None = None
    unsure: Int64 | None = None


class FastPath(Protocol):
    """A faster way to the same ids. An instance serves one thread at a time and need not be picklable."""

    #: Who does it: `name/version`.
    name: str

    def encode(self, texts: pa.Array, spans: bool) -> Found:
        """Ids of a `large_string` array without nulls; byte ranges too if `spans` and the path knows them."""

    def held(self) -> int:
        """An upper estimate of the bytes that its caches hold."""


class NoFastPathError(Exception):
    """This tokenizer has no fast path; the message says why."""


@dataclass
class Accelerator:
    """The fast path of one tokenizer: instances for threads to borrow, checked against the reference.

    Attributes:
        name: what the user calls the tokenizer.
        share: of the documents, how many are checked while running (0 to 1).
        cache_bytes: what the caches of all its instances may hold together; an instance that has less than
            `_LEAST_CACHE` of it keeps them.
        path: who does it, or "" where nothing stands in.
        reason: why nothing stands in, or why it was dropped.
        dropped: whether it disagreed while running: everything it did is to be done again.
        checked: documents compared while running.
    """

    name: str
    tokenizer: Tokenizer
    share: float = 1.0
    cache_bytes: int = CACHE_BYTES
    path: str = ""
    reason: str = ""
    dropped: bool = False
    checked: int = 0
    _idle: list[FastPath] = field(default_factory=list)
    _built: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Build the first instance and hold it against the reference on hard strings."""
        try:
            first = self.tokenizer.fast_path()
        except (NoFastPathError, TokenizerError) as error:  # the latter of vocabularies that are too large for it
            self.reason = str(error)
            return
        texts = self._hard
        try:
            differs = self._difference(first.encode(texts, True), texts, np.arange(len(texts)))
        except Exception as error:  # a fast path that fails on hard strings is none
            differs = f"{type(error).__name__}"
        if differs is None:
            self.path, self._idle, self._built = first.name, [first], 1
        else:
            self.reason = f"{first.name} does not agree with {self.tokenizer.library}: {differs}"

    def encode(self, texts: pa.Array, spans: bool, groups: npt.NDArray[np.int32] | None = None) -> Found | None:
        """What the fast path makes of the texts, or None: then the reference has to do them.

        Args:
            texts: `large_string` without nulls.
            spans: whether byte ranges are wanted.
            groups: the slice of each text; of each slice at least one text is checked, if it is not long.
        """
        if not self.path:
            return None
        instance = self._take()
        try:
            found = instance.encode(texts, spans)
        except Exception as error:
            self._drop(f"it failed: {type(error).__name__}")
            return None
        rows = self._sample(texts, groups)
        differs = self._difference(found, texts, rows)
        if differs is not None:
            self._drop(differs)
            return None
        self._give_back(instance, len(rows))
        return found

    def spans(self, texts: pa.Array, ids: UInt32, offsets: Int64) -> Found | None:
        """The byte range of each token, of texts whose normal form the tokens spell; see `Tokenizer.normal`.

        Texts are left open whose tokens spell something else; None: the reference has to do all.
        """
        forms = self._forms if self.path else None
        if forms is None:
            return None
        found = self._by_forms(forms, texts, ids, offsets)
        differs = self._difference(found, texts, self._sample(texts, None))
        if differs is not None:
            self._drop(f"by normal forms, {differs}")
            return None
        return found

    def _by_forms(self, forms: Forms, texts: pa.Array, ids: UInt32, offsets: Int64) -> Found:
        starts, ends, laid = forms.spans(texts, offsets, *spelled_by(self.tokenizer.spelled, ids))
        return Found(ids, offsets, starts, ends, np.flatnonzero(~laid))

    @cached_property
    def _forms(self) -> Forms | None:
        """What finds spans by normal forms, if it finds the reference's in the hard strings."""
        normal = self.tokenizer.normal()
        if normal is None:
            return None
        forms, texts = Forms(normal), self._hard
        found = self._by_forms(forms, texts, *id_buffers(self.tokenizer.encode_batch(texts)))
        return forms if self._difference(found, texts, np.arange(len(texts))) is None else None

    def decode(self, ids: UInt32, offsets: Int64) -> pa.Array | None:
        """The texts of some rows of ids, put together from those of single ids.

        Null where what is put together is no text, which the reference has to decode; None: it has to decode all.
        """
        alone = self._alone if self.path else None
        if alone is None:
            return None
        made = put_together(alone, ids, offsets)
        rows = np.intersect1d(self._sample(made, None), np.flatnonzero(made.is_valid()))
        some = id_lists(*rows_of(ids, offsets, rows))
        if len(rows) and not text_array(self.tokenizer.decode_batch(some)).equals(made.take(pa.array(rows))):
            self._drop("what it decodes differs")
            return None
        return made

    @cached_property
    def _alone(self) -> pa.Array | None:
        """What single ids spell, if putting that together is what the reference does with the hard strings."""
        alone = self.tokenizer.decoded_alone()
        if alone is None:
            return None
        ids = self.tokenizer.encode_batch(self._hard)
        made = put_together(alone, *id_buffers(ids))
        theirs = text_array(self.tokenizer.decode_batch(ids))
        return alone if made.drop_null().equals(theirs.filter(made.is_valid())) else None

    @cached_property
    def _hard(self) -> pa.Array:
        """The hard strings, and the tokenizer's own literals in context."""
        literals = list(self.tokenizer.literals())[:64]
        return pa.array([*hard_strings(), *in_context(literals)], pa.large_string())

    def record(self) -> dict[str, object]:
        """For the run record: path, documents checked, and why there is none."""
        return {"path": self.path or None, "checked": self.checked, "dropped": self.dropped, "reason": self.reason}

    def _take(self) -> FastPath:
        with self._lock:
            if self._idle:
                return self._idle.pop()
            self._built += 1
        return self.tokenizer.fast_path()

    def _give_back(self, instance: FastPath, checked: int) -> None:
        with self._lock:
            self.checked += checked
            least = min(self.cache_bytes, _LEAST_CACHE)
            if self.path and instance.held() <= max(least, self.cache_bytes // max(1, self._built)):
                self._idle.append(instance)
            else:
                self._built -= 1

    def _drop(self, differs: str) -> None:
        with self._lock:
            if self.path:
                self.reason = f"{self.path} was dropped while running: {differs}"
            self.path, self.dropped = "", True
            self._idle.clear()

    def _sample(self, texts: pa.Array, groups: npt.NDArray[np.int32] | None) -> npt.NDArray[np.int64]:
        """Rows to check: drawn by a hash of the text, so that no sharding or order changes the draw."""
        from tokeval.tokenizers.kernels import text_hashes

        if self.share <= 0 and groups is None:
            return np.zeros(0, np.int64)
        data, offsets = text_buffers(texts)
        lengths = np.diff(offsets)
        hashes = np.empty(len(texts), np.uint64)
        text_hashes(data, offsets, hashes)
        draw = hashes.astype(np.float64) / 2.0**64
        chosen = draw * np.maximum(lengths, _LONG) < self.share * _LONG
        if groups is not None and len(groups):
            short = np.flatnonzero(lengths <= _LONG)
            present, first = np.unique(groups[short], return_index=True)
            chosen[short[first[~np.isin(present, groups[chosen])]]] = True
        rows: npt.NDArray[np.int64] = np.flatnonzero(chosen)
        return rows

    def _difference(self, found: Found, texts: pa.Array, rows: npt.NDArray[np.int64]) -> str | None:
        """Where the fast path and the reference part, in words; None if they agree on all these rows."""
        if found.unsure is not None and len(rows):
            rows = np.setdiff1d(rows, found.unsure)
        if not len(rows):
            return None
        subset = texts.take(pa.array(rows))
        where = positions(found.offsets, rows)
        spans_agree = True
        try:
            if found.starts is None or found.ends is None:
                ids, offsets = id_buffers(self.tokenizer.encode_batch(subset))
            else:
                spans = self.tokenizer.spans_batch(subset)
                ids, offsets = id_buffers(spans.ids)
                starts, ends = found.starts[where], found.ends[where]
                spans_agree = np.array_equal(starts, spans.starts) and np.array_equal(ends, spans.ends)
        except Exception as error:  # then the reference has to say on which document
            return f"the reference fails where it does not: {type(error).__name__}"
        same_lengths = np.array_equal(np.diff(offsets), np.diff(found.offsets)[rows])
        if same_lengths and np.array_equal(found.ids[where], ids):
            return None if spans_agree else "token spans differ"
        for k, row in enumerate(rows):
            mine = found.ids[found.offsets[row] : found.offsets[row + 1]]
            if not np.array_equal(mine, ids[offsets[k] : offsets[k + 1]]):
                text = subset[k].as_py()
                return f"{text[:40]!r} gives {len(mine)} tokens, the reference {offsets[k + 1] - offsets[k]}"
        return None


def put_together(alone: pa.Array, ids: UInt32, offsets: Int64) -> pa.Array:
    """The texts of rows of ids, of what single ids spell at the beginning and elsewhere; see `decoded_alone`."""
    which = ids.astype(np.int64) + len(alone) // 2
    which[offsets[:-1][np.diff(offsets) > 0]] -= len(alone) // 2
    data, cuts = spelled_by(alone, which)
    return texts_of(byte_array(data, np.ascontiguousarray(cuts[offsets])))


def spelled_by(pieces: pa.Array, which: npt.NDArray[np.integer]) -> tuple[UInt8, Int64]:
    """Some of a `large_binary` array, one after the other, and where each begins, and the end."""
    return text_buffers(pieces.take(pa.array(which)))


def spliced(found: Found, theirs: Found) -> Found:
    """Put what the reference made of the unsure rows, of which there are some, in their places."""
    rows = found.unsure
    if rows is None:
        return found
    counts = np.diff(found.offsets)
    counts[rows] = np.diff(theirs.offsets)
    places, cuts = found.offsets[rows], theirs.offsets
    starts = ends = None
    if found.starts is not None and found.ends is not None and theirs.starts is not None and theirs.ends is not None:
        starts = _between(found.starts, places, theirs.starts, cuts)
        ends = _between(found.ends, places, theirs.ends, cuts)
    ids = _between(found.ids, places, theirs.ids, cuts)
    return Found(ids, np.concatenate(([0], np.cumsum(counts))), starts, ends)


def _between(
    mine: npt.NDArray[Number], places: Int64, theirs: npt.NDArray[Number], offsets: Int64
) -> npt.NDArray[Number]:
    """An array with the rows of another one inserted before some places."""
    gaps = np.split(theirs, offsets[1:-1])
    parts = np.split(mine, places)
    return np.concatenate([*chain.from_iterable(zip(parts, gaps, strict=False)), parts[-1]])
