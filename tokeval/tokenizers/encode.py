"""A batch encoded once, with what the metrics asked for: spans and round trip."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from functools import cached_property
from time import perf_counter_ns

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tokeval.arrow import (
    Int64,
    UInt8,
    UInt32,
    id_buffers,
    id_lists,
    is_text,
    padded,
    positions,
    rows_of,
    text_array,
    text_buffers,
)
from tokeval.errors import TokenizerError, TokevalError, first_line
from tokeval.schema import BYTE, DECODE, SPANS, SPECIAL, VOCABULARY, Changed, Encoding, TokenizerFacts
from tokeval.tokenizers.base import Tokenizer
from tokeval.tokenizers.fast import CACHE_BYTES, Accelerator, Found, spliced


@dataclass
class Encoder:
    """A tokenizer at work: `encode_batch` plus spans and round trip, by the cheapest way that is exact.

    Several threads may call `encode` at once, after one has called `prepare`.

    Attributes:
        name: what the user calls the tokenizer.
        spans, round_trip: what is wanted, where the tokenizer declares it.
        accelerate: whether a fast path may stand in for the reference library.
        share: of the documents, how many are checked against the reference while a fast path runs (0 to 1).
        cache_bytes: what the caches of fast paths may hold.
    """

    name: str
    tokenizer: Tokenizer
    spans: bool = False
    round_trip: bool = False
    accelerate: bool = True
    share: float = 1.0
    cache_bytes: int = CACHE_BYTES

    def clone(self) -> Encoder:
        """An encoder for a further thread; the tokenizer and what was derived from it are shared."""
        _ = self.facts
        if VOCABULARY in self.tokenizer.capabilities:
            _ = self._spellings
        return copy.copy(self)

    def without_round_trip(self) -> Encoder:
        """An encoder for other texts than the corpus's, sharing all that is loaded; nobody asks what comes back."""
        made = self.clone()
        made.round_trip = False
        return made

    def wanting_spans(self) -> Encoder:
        """An encoder that gives spans alone, sharing all that is loaded."""
        made = self.clone()
        made.spans, made.round_trip = True, False
        return made

    @cached_property
    def facts(self) -> TokenizerFacts:
        """The tokenizer's constant facts, asked once."""
        return self.tokenizer.facts()

    @cached_property
    def accelerator(self) -> Accelerator | None:
        """The fast path, checked on hard strings; None where the reference was asked for."""
        if not self.accelerate:
            return None
        return Accelerator(self.name, self.tokenizer, self.share, self.cache_bytes)

    @property
    def path(self) -> str:
        """The fast path that stands in for the reference, with its version; empty where none does."""
        return self.accelerator.path if self.accelerator is not None else ""

    def prepare(self) -> Encoder:
        """Do now what is done once: facts, vocabulary, fast path. Returns itself."""
        _ = self.facts, self.accelerator
        if VOCABULARY in self.tokenizer.capabilities and (self.spans or self.round_trip):
            _ = self._spellings
        return self

    def encode(self, texts: pa.Array, groups: npt.NDArray[np.int32] | None = None) -> Encoding:
        """Encode a `large_string` array without nulls, or what the tokenizer's `asked` gave for documents.

        Spans come from the tokens' bytes where they concatenate to the text (checked per document), elsewhere from
        the library's offsets; the round trip likewise from that equality, elsewhere from the library's decode.

        Args:
            texts: the documents.
            groups: the slice of each, so that a fast path is checked in each.

        Raises:
            TokenizerError: the adapter broke its contract, or failed on a document.
        """
        try:
            return self._encode(texts, groups)
        except TokevalError:
            raise
        except Exception as error:  # libraries raise what they like
            raise self._on_a_document(texts, error) from error

    def encode_some(self, texts: pa.Array) -> Encoding:
        """Encode texts that are no documents; those that the tokenizer fails on have no tokens and are marked.

        Raises:
            TokenizerError: it fails on the texts, though on none of them by itself.
        """
        try:
            return self.encode(texts)
        except TokenizerError:
            kept = self.encodable(texts)
            if kept.all():
                raise
        found = self.encode(texts.filter(pa.array(kept)))
        counts = np.zeros(len(texts), np.int64)
        counts[kept] = np.diff(found.offsets)
        offsets = np.concatenate(([0], np.cumsum(counts)))
        return replace(found, offsets=offsets, round_trip=None, changed=None, failed=~kept)

    def encodable(self, texts: pa.Array) -> npt.NDArray[np.bool_]:
        """Which of the texts the reference can encode, each by itself, shape (n,)."""
        found = np.ones(len(texts), np.bool_)
        parts = [(0, len(texts))]
        while parts:  # halves of halves, as those that fail are few
            start, stop = parts.pop()
            try:
                self.tokenizer.encode_batch(texts.slice(start, stop - start))
            except Exception:
                middle = (start + stop) // 2
                if middle == start:
                    found[start] = False
                else:
                    parts += [(start, middle), (middle, stop)]
        return found

    def _encode(self, texts: pa.Array, groups: npt.NDArray[np.int32] | None) -> Encoding:
        can = self.tokenizer.capabilities
        spans, round_trip = self.spans and SPANS in can, self.round_trip and DECODE in can
        found = self.accelerator.encode(texts, spans, groups) if self.accelerator is not None else None
        if found is None and spans and VOCABULARY not in can:  # the library's offsets are all there is
            found = self._by_offsets(texts)
        elif found is None:
            found = Found(*id_buffers(self._ids(texts)))
        elif found.unsure is not None:
            found = self._completed(texts, found)
        if not (spans or round_trip):
            return Encoding(found.ids, found.offsets, self.facts)
        starts, ends = np.empty(len(found.ids), np.int32), np.empty(len(found.ids), np.int32)  # all will be written
        lead = np.full(len(texts), -1, np.int64)
        if VOCABULARY in can:
            self._align(texts, found.ids, found.offsets, starts, ends, lead)
        if spans:
            rows = np.flatnonzero(lead < 0)
            self._fill_spans(texts, found, rows, starts, ends)
            self._part_marks(texts, found, rows, starts, ends)
        trip = self._round_trip(texts, found, lead) if round_trip else (None, None)
        return Encoding(found.ids, found.offsets, self.facts, starts if spans else None, ends if spans else None, *trip)

    def _by_offsets(self, texts: pa.Array) -> Found:
        spans = self.tokenizer.spans_batch(texts)
        return Found(*id_buffers(self._checked(spans.ids, len(texts))), spans.starts, spans.ends)

    def _completed(self, texts: pa.Array, found: Found) -> Found:
        """The fast path's ids with the reference's in the rows that it left open."""
        rest = texts.take(pa.array(found.unsure))
        return spliced(found, Found(*id_buffers(self._ids(rest))) if found.starts is None else self._by_offsets(rest))

    def time(self, texts: pa.Array) -> dict[str, int]:
        """Nanoseconds of encoding the texts once more on the reference and the fast path, and of decoding them."""
        begun = perf_counter_ns()
        ids = self.tokenizer.encode_batch(texts)
        took = {"encode": perf_counter_ns() - begun}
        if self.accelerator is not None and self.accelerator.path:
            begun = perf_counter_ns()
            self.accelerator.encode(texts, False)
            took["fast"] = perf_counter_ns() - begun
        if DECODE in self.tokenizer.capabilities:
            begun = perf_counter_ns()
            self.tokenizer.decode_batch(ids)
            took["decode"] = perf_counter_ns() - begun
        return took

    @property
    def vocabulary(self) -> pa.Table:
        """The tokenizer's vocabulary, asked once."""
        return self.tokenizer.entries

    @cached_property
    def byte_ids(self) -> UInt8:
        """A flag per id: 1 for a declared byte token and for bytes that are not UTF-8 by themselves."""
        table = self.vocabulary
        ids = table["id"].to_numpy()
        byte, special = (pc.equal(table["kind"], kind).to_numpy() for kind in (BYTE, SPECIAL))
        flags = np.zeros(int(ids.max()) + 1 if len(ids) else 0, np.uint8)
        flags[ids] = byte | ~special & ~is_text(*text_buffers(table["bytes"].combine_chunks()))
        return flags

    def _ids(self, texts: pa.Array) -> pa.Array:
        """The reference's ids."""
        return self._checked(self.tokenizer.encode_batch(texts), len(texts))

    def _on_a_document(self, texts: pa.Array, error: Exception) -> TokenizerError:
        """The error of the first document that fails by itself."""
        line = f"{type(error).__name__}: {first_line(error)}"
        for row in np.flatnonzero(~self.encodable(texts))[:1]:
            text = (texts.field("text") if pa.types.is_struct(texts.type) else texts)[int(row)].as_py()
            return TokenizerError(
                f"the tokenizer {self.name!r} fails on the document {text[:60]!r} ({len(text):,} characters): {line}",
                hint="`tokeval compare --on-error skip` leaves such documents out of its figures, and counts them",
            )
        return TokenizerError(f"the tokenizer {self.name!r} fails on a batch of {len(texts):,} documents: {line}")

    def _checked(self, ids: pa.Array, rows: int) -> pa.Array:
        if isinstance(ids, pa.ChunkedArray):
            ids = ids.combine_chunks()
        if len(ids) != rows or ids.type != pa.list_(pa.uint32()) or ids.null_count:
            raise TokenizerError(
                f"the tokenizer {self.name!r} gave {len(ids)} rows of {ids.type} with {ids.null_count} nulls"
                f" for {rows} texts",
                hint="encode_batch must return list<uint32>, one row per text",
            )
        return ids

    @cached_property
    def _spellings(self) -> tuple[npt.NDArray[np.uint64], UInt8]:
        """The bytes of every id, dense: a `spelling_table` and its data. Special tokens spell 0xFF, as no text does."""
        from tokeval.tokenizers.kernels import spelling_table

        data, offsets = text_buffers(self.tokenizer.spelled)
        table = np.zeros((len(offsets) - 1, 2), np.uint64)
        spelling_table(data, offsets, table)
        return table, data

    def _align(
        self,
        texts: pa.Array,
        flat: npt.NDArray[np.uint32],
        offsets: Int64,
        starts: npt.NDArray[np.int32],
        ends: npt.NDArray[np.int32],
        lead: Int64,
    ) -> None:
        from tokeval.tokenizers.kernels import align

        data, cuts = text_buffers(texts)
        align(padded(data, cuts), cuts, flat, offsets, *self._spellings, starts, ends, lead)

    def _fill_spans(
        self, texts: pa.Array, found: Found, rows: Int64, starts: npt.NDArray[np.int32], ends: npt.NDArray[np.int32]
    ) -> None:
        """The spans of the documents whose tokens do not spell them."""
        if not len(rows):
            return
        where = positions(found.offsets, rows)
        if found.starts is not None and found.ends is not None:
            starts[where], ends[where] = found.starts[where], found.ends[where]
            return
        rest = texts.take(pa.array(rows))
        by_forms = self.accelerator.spans(rest, *rows_of(found.ids, found.offsets, rows)) if self.accelerator else None
        if by_forms is not None and by_forms.starts is not None and by_forms.ends is not None:
            starts[where], ends[where] = by_forms.starts, by_forms.ends
            rows, rest = rows[by_forms.unsure], rest.take(pa.array(by_forms.unsure))
            if not len(rows):
                return
            where = positions(found.offsets, rows)
        spans = self.tokenizer.spans_batch(rest)
        if not np.array_equal(np.diff(id_buffers(spans.ids)[1]), np.diff(found.offsets)[rows]):
            raise TokenizerError(
                f"the tokenizer {self.name!r} gave other tokens with offsets than without",
                hint="report it to the library's makers; leave out metrics on words meanwhile",
            )
        starts[where], ends[where] = spans.starts, spans.ends

    def _part_marks(
        self, texts: pa.Array, found: Found, rows: Int64, starts: npt.NDArray[np.int32], ends: npt.NDArray[np.int32]
    ) -> None:
        from tokeval.tokenizers.kernels import part_marks

        if len(rows) and self._marks.any():
            part_marks(*text_buffers(texts), rows, found.ids, found.offsets, self._marks, starts, ends)

    @cached_property
    def _marks(self) -> npt.NDArray[np.bool_]:
        """Whether a token spells one space, by id."""
        if VOCABULARY not in self.tokenizer.capabilities:
            return np.zeros(0, np.bool_)
        marks: npt.NDArray[np.bool_] = pc.equal(self.tokenizer.spelled, b" ").to_numpy(zero_copy_only=False)
        return marks

    def _round_trip(self, texts: pa.Array, found: Found, lead: Int64) -> tuple[Int64, Changed]:
        prefix = self.tokenizer.text_prefix
        came_back = (lead == len(prefix)).astype(np.int64) if prefix is not None else np.zeros(len(texts), np.int64)
        rows = np.flatnonzero(came_back == 0)
        decoded = text_array([])
        if len(rows):
            ids, offsets = rows_of(found.ids, found.offsets, rows)
            decoded = self._decoded(ids, offsets)
            equal = pc.equal(decoded, texts.take(pa.array(rows))).to_numpy(zero_copy_only=False)
            came_back[rows] = equal
            rows, decoded = rows[~equal], decoded.filter(pa.array(~equal))
        return came_back, Changed(rows, decoded)

    def _decoded(self, ids: UInt32, offsets: Int64) -> pa.Array:
        """The text of each row of ids: put together where that is all there is to it, else the library's."""
        made = self.accelerator.decode(ids, offsets) if self.accelerator is not None else None
        if made is None:
            return text_array(self.tokenizer.decode_batch(id_lists(ids, offsets)))
        if not made.null_count:
            return made
        rest = np.flatnonzero(made.is_null().to_numpy(zero_copy_only=False))
        theirs = text_array(self.tokenizer.decode_batch(id_lists(*rows_of(ids, offsets, rest))))
        return pc.replace_with_mask(made, made.is_null(), theirs)
