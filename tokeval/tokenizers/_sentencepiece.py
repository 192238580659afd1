"""SentencePiece `.model` files: BPE and Unigram, with byte fallback or without."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tokeval.arrow import UInt32, id_lists, text_array
from tokeval.aside import aside
from tokeval.errors import TokenizerError
from tokeval.schema import BYTE, DECODE, IDS, SPANS, SPECIAL, UNUSED, VOCABULARY, Spelling
from tokeval.signature import file_digest
from tokeval.tokenizers.base import QUEUED, Spans, Tokenizer, kinds_of, vocabulary_table
from tokeval.tokenizers.bytelevel import byte_of_fallback, pattern_ends
from tokeval.tokenizers.fast import FastPath, NoFastPathError
from tokeval.tokenizers.limits import check_entries, limit
from tokeval.tokenizers.load import refuse_revision, require_file
from tokeval.tokenizers.modelproto import BPE, CONTROL, UNIGRAM, UNKNOWN, USER_DEFINED, Model, count_pieces, read_model
from tokeval.tokenizers.modelproto import BYTE as _BYTE
from tokeval.tokenizers.modelproto import UNUSED as _UNUSED
from tokeval.tokenizers.spelling import of_model

if TYPE_CHECKING:
    from tokeval.tokenizers.words.memo import ChunkEncoder


class SentencePiece(Tokenizer):
    """A `.model` file read by the sentencepiece library; while that loads, one that is `sparing` is ready for use."""

    capabilities = frozenset({IDS, DECODE, SPANS, VOCABULARY})
    long_text = QUEUED
    spares = True
    accelerated = "memoised words, gigatoken (other BPE with byte fallback)"

    def __init__(self, location: str, revision: str | None = None, sparing: bool = False) -> None:
        import sentencepiece

        refuse_revision("sentencepiece", location, revision)
        path, _ = require_file(location, {"sentencepiece"}, "a SentencePiece model")
        data = path.read_bytes()
        if data.count(b"\n") > limit("TOKEVAL_MAX_VOCABULARY"):  # the byte that begins a piece
            check_entries(path, count_pieces(data))
        self._path = path
        # while the library loads it holds nobody up
        self._loading = aside(sentencepiece.SentencePieceProcessor, model_file=str(path))
        self.fingerprint = file_digest(path)
        self.library = f"sentencepiece/{sentencepiece.__version__}"
        try:
            _ = self.entries
        except Exception:  # the library says what is broken
            sparing = False
        if not sparing:
            self.wait()

    def wait(self) -> None:
        """Take over what the library loaded."""
        try:
            self._processor = self._loading.result()
        except Exception as error:  # RuntimeError, OSError or a protobuf error, as the release has it
            raise TokenizerError(f"{self._path} does not load as a SentencePiece model, or is cut short") from error
        self.unknown_id = int(self._processor.unk_id())
        spelled = b"".join(_spell(self._processor.id_to_piece(i)) for i in self._processor.encode("a"))
        # asked of the library with one letter: does decoding take off the dummy space?
        round_trip = self._processor.decode(self._processor.encode("a")) == "a"
        self.text_prefix = spelled.removesuffix(b"a") if round_trip and spelled in {b"a", b" a"} else None

    def encode_batch(self, texts: pa.Array) -> pa.Array:
        """Ids by the library's own batch call, on all cores."""
        texts = text_array(texts)
        rows = ["" if row is None else row for row in texts.to_pylist()]
        return _lists(self._processor.encode(rows, return_type="numpy"), texts)

    def decode_batch(self, ids: pa.Array) -> pa.Array:
        """Text by the library's decoder."""
        rows = ids.to_pylist()
        found = iter(self._processor.decode([row for row in rows if row is not None]))
        return pa.array([None if row is None else next(found) for row in rows], pa.large_string())

    def spans_batch(self, texts: pa.Array) -> Spans:
        """Spans from the library's offsets; the bytes of a fallen-back character are shared out one by one."""
        texts = text_array(texts)
        rows = [b"" if row is None else row.encode() for row in texts.to_pylist()]
        found = self._processor.encode(rows, return_type="offset_mapping")
        ids = _lists([np.asarray(row["ids"], np.int32) for row in found], texts)
        pairs = [pair for row in found for pair in _share_bytes(row["pieces"], row["offsets"])]
        table = np.array(pairs, np.int32).reshape(-1, 2)
        return Spans(ids, table[:, 0].copy(), table[:, 1].copy())

    def fast_path(self) -> FastPath:
        """Use memoised words where no piece crosses a space, else gigatoken, which reads BPE with byte fallback."""
        from tokeval.tokenizers.words.memo import MemoWords

        try:
            return MemoWords(self, self._chunk_encoder)
        except NoFastPathError:
            if self._model.kind != BPE:
                raise
        from tokeval.tokenizers import _gigatoken

        return _gigatoken.from_sentencepiece(self._path.read_bytes(), self._avoid)

    @cached_property
    def _avoid(self) -> list[str]:
        """What gigatoken leaves to the library: the literals, and what a user-defined one may arise from."""
        from tokeval.tokenizers.words.normal import character_map

        return [*self.literals(), *character_map(self._model.character_map).arising(self._model.symbols)]

    @cached_property
    def _chunk_encoder(self) -> ChunkEncoder:
        from tokeval.tokenizers.words.merges import Merges
        from tokeval.tokenizers.words.unigram import Unigram

        if self._model.kind == BPE:
            return Merges(self._model, int(self._processor.unk_id()))
        if self._model.kind == UNIGRAM:
            return Unigram.of_model(self._model, int(self._processor.unk_id()))
        raise NoFastPathError("a model that is neither BPE nor Unigram")

    def literals(self) -> list[str]:
        """Unknown, control symbols and user-defined pieces."""
        return [text for text, _, kind in self._model.pieces if kind in {UNKNOWN, CONTROL, USER_DEFINED}]

    @cached_property
    def _model(self) -> Model:
        return read_model(self._path.read_bytes())

    def pretoken_ends(self, text: str) -> list[int]:
        """Before each run of spaces, which belongs to the word behind it."""
        return pattern_ends(" *[^ ]+| +", text)

    def vocabulary(self) -> pa.Table:
        """Every piece with its bytes, kind and score."""
        texts, scores, numbers = zip(*self._model.pieces, strict=True)
        types = np.array(numbers)
        special, unused = np.isin(types, [UNKNOWN, CONTROL]), types == _UNUSED
        pieces = pa.array(texts, pa.large_string())
        data = pc.if_else(pa.array(special), pieces, pc.replace_substring(pieces, "▁", " ")).cast(pa.large_binary())
        fallback = np.zeros(len(texts), np.bool_)
        values = []
        for k in np.flatnonzero((types == _BYTE) | unused).tolist():
            value = byte_of_fallback(texts[k])
            if value is not None:
                fallback[k] = True
                values.append(bytes([value]))
        data = pc.replace_with_mask(data, pa.array(fallback), pa.array(values, pa.large_binary()))
        kinds = kinds_of(len(texts), {BYTE: fallback, UNUSED: unused, SPECIAL: special})
        return vocabulary_table(np.arange(len(texts)), pieces, data, kinds, pa.array(scores, pa.float64()))

    def spelling(self) -> Spelling:
        """From the trainer's record in the file: the model's kind, and on which side of a word its space stands."""
        return of_model(self._model, self.entries)


def _spell(piece: str) -> bytes:
    value = byte_of_fallback(piece)
    return piece.replace("▁", " ").encode() if value is None else bytes([value])


def _share_bytes(pieces: list[bytes], offsets: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Give each byte token its own byte: the library gives the whole character to the last, nothing to the others."""
    shared = list(offsets)
    pending: list[int] = []
    for k, (start, end) in enumerate(offsets):
        value = byte_of_fallback(pieces[k].decode())
        if value is None or value & 0xC0 != 0x80:  # no byte, or the first of a character
            pending = []
        if value is None:
            continue
        pending.append(k)
        if end > start:
            if end - start == len(pending):
                for j, index in enumerate(pending):
                    shared[index] = (start + j, start + j + 1)
            pending = []
    return shared


def _lists(rows: list[np.ndarray[tuple[int], np.dtype[np.int32]]], texts: pa.Array) -> pa.Array:
    offsets = np.concatenate(([0], np.cumsum([len(row) for row in rows], dtype=np.int64)))
    flat: UInt32 = np.concatenate(rows).astype(np.uint32) if rows else np.zeros(0, np.uint32)
    return id_lists(flat, offsets, texts.is_valid().to_numpy(zero_copy_only=False))
