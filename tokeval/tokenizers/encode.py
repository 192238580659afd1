"""A batch encoded once, with what the metrics asked for: spans and round trip."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from time import perf_counter_ns

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tokeval.arrow import Int64, UInt8, id_buffers, text_array, text_buffers
from tokeval.errors import TokenizerError
from tokeval.schema import Changed, Encoding, TokenizerFacts
from tokeval.tokenizers.base import BYTE, DECODE, SPANS, SPECIAL, VOCABULARY, Tokenizer


@dataclass
class Encoder:
    """A tokenizer at work: `encode_batch` plus spans and round trip, by the cheapest way that is exact."""

    name: str
    tokenizer: Tokenizer
    spans: bool = False
    round_trip: bool = False

    @cached_property
    def facts(self) -> TokenizerFacts:
        """The tokenizer's constant facts, asked once."""
        return self.tokenizer.facts()

    def encode(self, texts: pa.Array) -> Encoding:
        """Encode a `large_string` array without nulls.

        Spans come from the tokens' bytes where they concatenate to the text (checked per document), elsewhere from
        the library's offsets; the round trip likewise from that equality, elsewhere from the library's decode.

        Raises:
            TokenizerError: the adapter broke its contract.
        """
        can = self.tokenizer.capabilities
        spans, round_trip = self.spans and SPANS in can, self.round_trip and DECODE in can
        if spans and VOCABULARY not in can:  # no bytes to lay along the text: the library's offsets are all there is
            found = self.tokenizer.spans_batch(texts)
            ids = self._checked(found.ids, len(texts))
            lead = np.full(len(texts), -1, np.int64)
            trip = self._round_trip(texts, ids, lead) if round_trip else (None, None)
            return Encoding(*id_buffers(ids), self.facts, found.starts, found.ends, *trip)
        ids = self._checked(self.tokenizer.encode_batch(texts), len(texts))
        flat, offsets = id_buffers(ids)
        if not (spans or round_trip):
            return Encoding(flat, offsets, self.facts)
        starts, ends = np.zeros(len(flat), np.int32), np.zeros(len(flat), np.int32)
        lead = np.full(len(texts), -1, np.int64)
        if VOCABULARY in can:
            self._align(texts, flat, offsets, starts, ends, lead)
        if spans:
            self._fill_spans(texts, offsets, lead, starts, ends)
        trip = self._round_trip(texts, ids, lead) if round_trip else (None, None)
        return Encoding(flat, offsets, self.facts, starts if spans else None, ends if spans else None, *trip)

    def time(self, texts: pa.Array) -> dict[str, int]:
        """Nanoseconds of encoding the texts once more on the reference path, and of decoding, where it can."""
        begun = perf_counter_ns()
        ids = self.tokenizer.encode_batch(texts)
        took = {"encode": perf_counter_ns() - begun}
        if DECODE in self.tokenizer.capabilities:
            begun = perf_counter_ns()
            self.tokenizer.decode_batch(ids)
            took["decode"] = perf_counter_ns() - begun
        return took

    @cached_property
    def byte_ids(self) -> UInt8:
        """A flag per id: 1 for a declared byte token and for bytes that are not UTF-8 by themselves."""
        table = self.tokenizer.vocabulary()
        ids = table["id"].to_numpy()
        kinds, spelled = table["kind"].to_pylist(), table["bytes"].to_pylist()
        flags = np.zeros(int(ids.max()) + 1 if len(ids) else 0, np.uint8)
        flags[ids] = [k == BYTE or (k != SPECIAL and not _is_text(b)) for k, b in zip(kinds, spelled, strict=True)]
        return flags

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
    def _token_bytes(self) -> tuple[npt.NDArray[np.uint8], Int64]:
        """The bytes of every id, dense: data and offsets. Special tokens spell 0xFF, which no text holds."""
        table = self.tokenizer.vocabulary()
        ids = table["id"].to_numpy()
        special = pc.equal(table["kind"], SPECIAL)
        data = pc.if_else(special, pa.scalar(b"\xff", pa.large_binary()), table["bytes"]).combine_chunks()
        dense = np.full(int(ids.max()) + 1 if len(ids) else 0, -1, np.int64)
        dense[ids] = np.arange(len(ids))
        rows = data.take(pa.array(dense, mask=dense < 0))
        filled = pc.fill_null(rows, pa.scalar(b"\xff", pa.large_binary()))
        return text_buffers(filled)

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

        align(*text_buffers(texts), flat, offsets, *self._token_bytes, starts, ends, lead)

    def _fill_spans(
        self,
        texts: pa.Array,
        offsets: Int64,
        lead: Int64,
        starts: npt.NDArray[np.int32],
        ends: npt.NDArray[np.int32],
    ) -> None:
        rows = np.flatnonzero(lead < 0)
        if not len(rows):
            return
        found = self.tokenizer.spans_batch(texts.take(pa.array(rows)))
        counts = np.diff(offsets)[rows]
        if not np.array_equal(np.diff(id_buffers(found.ids)[1]), counts):
            raise TokenizerError(
                f"the tokenizer {self.name!r} gave other tokens with offsets than without",
                hint="report it to the library's makers; leave out metrics on words meanwhile",
            )
        # positions of these documents' tokens in the flat arrays
        where = np.repeat(offsets[rows] - np.concatenate(([0], np.cumsum(counts)[:-1])), counts)
        where += np.arange(int(counts.sum()))
        starts[where], ends[where] = found.starts, found.ends

    def _round_trip(self, texts: pa.Array, ids: pa.Array, lead: Int64) -> tuple[Int64, Changed]:
        prefix = self.tokenizer.text_prefix
        came_back = (lead == len(prefix)).astype(np.int64) if prefix is not None else np.zeros(len(texts), np.int64)
        rows = np.flatnonzero(came_back == 0)
        decoded = text_array([])
        if len(rows):
            decoded = text_array(self.tokenizer.decode_batch(ids.take(pa.array(rows))))
            equal = pc.equal(decoded, texts.take(pa.array(rows))).to_numpy(zero_copy_only=False)
            came_back[rows] = equal
            rows, decoded = rows[~equal], decoded.filter(pa.array(~equal))
        return came_back, Changed(rows, decoded)


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
