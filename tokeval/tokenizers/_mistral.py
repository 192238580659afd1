"""The tokenizer files that mistral-common ships: SentencePiece models and Tekken vocabularies."""

from __future__ import annotations

import importlib.resources
import json
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa

from tokeval.arrow import ragged_ids, text_array, text_buffers
from tokeval.errors import TokenizerError, suggest
from tokeval.schema import BYTE, DECODE, IDS, SPANS, SPECIAL, VOCABULARY, Spelling
from tokeval.signature import file_digest
from tokeval.tokenizers._sentencepiece import SentencePiece
from tokeval.tokenizers.base import QUEUED, Spans, Tokenizer, kinds_of, vocabulary_table, without_panic
from tokeval.tokenizers.bytelevel import byte_lengths, is_byte, pattern_ends, printables, spans_by_length
from tokeval.tokenizers.fast import FastPath, NoFastPathError
from tokeval.tokenizers.load import refuse_revision, require_file
from tokeval.tokenizers.spelling import of_ranks

#: The pattern of the files that mistral-common ships; gigatoken knows it as nemotron.
_PATTERN = "|".join(
    [
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*",
        r"\p{N}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    ]
)

CAPABILITIES = frozenset({IDS, DECODE, SPANS, VOCABULARY})
LONG_TEXT = QUEUED
ACCELERATED = "gigatoken (Tekken), memoised words (SentencePiece)"


def load(location: str, revision: str | None = None) -> Tokenizer:
    """A shipped file by its name (`tekken_240911`, `tokenizer.model.v1`, ...), or a file of the same kinds."""
    refuse_revision("mistral", location, revision)
    path = Path(location)
    if not path.is_file():
        shipped = shipped_files()
        if location not in shipped:
            raise TokenizerError(f"mistral-common ships no {location!r}", hint=suggest(location, shipped))
        path = shipped[location]
    _, kind = require_file(str(path), {"sentencepiece", "tekken"}, "a tokenizer file of mistral-common")
    return SentencePiece(str(path)) if kind == "sentencepiece" else Tekken(path)


def shipped_files() -> dict[str, Path]:
    """The files that the installed mistral-common carries, by name without `.json`."""
    folder = Path(str(importlib.resources.files("mistral_common"))) / "data"
    files = [*folder.glob("*.model.*"), *folder.glob("tekken*.json")]
    return {path.name.removesuffix(".json"): path for path in sorted(files)}


class Tekken(Tokenizer):
    """A Tekken vocabulary: a byte-level BPE whose ids follow the special tokens."""

    capabilities = CAPABILITIES
    accelerated = ACCELERATED
    long_text = LONG_TEXT
    text_prefix = b""

    def __init__(self, path: Path) -> None:
        import mistral_common
        from mistral_common.tokens.tokenizers.tekken import SpecialTokenPolicy, Tekkenizer

        self._tekken = Tekkenizer.from_file(path)
        self._pattern = json.loads(path.read_bytes())["config"]["pattern"]
        self._keep = SpecialTokenPolicy.KEEP
        self.fingerprint = file_digest(path)
        self.library = f"mistral_common/{mistral_common.__version__}"

    @without_panic
    def encode_batch(self, texts: pa.Array) -> pa.Array:
        """Ids by the library's own call, one text at a time, without BOS and EOS."""
        texts = text_array(texts)
        rows = [[] if r is None else self._tekken.encode(r, bos=False, eos=False) for r in texts.to_pylist()]
        return ragged_ids(rows, texts.is_valid())

    @without_panic
    def decode_batch(self, ids: pa.Array) -> pa.Array:
        """Text by the library's decoder, special tokens kept."""
        rows = ids.to_pylist()
        decoded = [None if row is None else self._tekken.decode(row, self._keep) for row in rows]
        return pa.array(decoded, pa.large_string())

    @without_panic
    def spans_batch(self, texts: pa.Array) -> Spans:
        """Spans from the lengths of the tokens, whose bytes concatenate to the text."""
        return spans_by_length(self.encode_batch(texts), self._lengths)

    @cached_property
    def _lengths(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return byte_lengths(self.entries)

    def fast_path(self) -> FastPath:
        """Use gigatoken, where the file's pattern is the one that it knows as nemotron."""
        from tokeval.tokenizers import _gigatoken

        if self._pattern != _PATTERN:
            raise NoFastPathError("gigatoken has no name for its pattern")
        return _gigatoken.from_ranks(self._fast_source, "nemotron", shift=self._tekken.num_special_tokens)

    @cached_property
    def _fast_source(self) -> bytes:
        from tokeval.tokenizers._gigatoken import ranks_source

        first = self._tekken.num_special_tokens
        ranks = {self._tekken.id_to_byte_piece(i, self._keep): i - first for i in range(first, self._tekken.n_words)}
        return ranks_source(ranks)

    def pretoken_ends(self, text: str) -> list[int]:
        """Where the file's own pattern cuts."""
        return pattern_ends(self._pattern, text)

    def vocabulary(self) -> pa.Table:
        """The special tokens, then the ranks."""
        first, size = self._tekken.num_special_tokens, self._tekken.n_words
        ids = list(range(size))
        data = [self._tekken.id_to_byte_piece(i, self._keep) for i in ids]
        spelled = pa.array(data, pa.large_binary())
        kinds = kinds_of(size, {BYTE: is_byte(*text_buffers(spelled)), SPECIAL: np.arange(size) < first})
        scores = [None if i < first else float(i - first) for i in ids]
        return vocabulary_table(ids, printables(spelled), spelled, kinds, scores)

    def spelling(self) -> Spelling:
        """The pattern puts the space before its word; neighbours merge where their bytes have a rank."""
        first = self._tekken.num_special_tokens
        return of_ranks({self._tekken.id_to_byte_piece(i, self._keep): i for i in range(first, self._tekken.n_words)})
