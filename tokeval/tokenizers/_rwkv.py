"""RWKV world vocabularies: `id literal length` lines, greedy longest match over bytes."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pyarrow as pa

from tokeval import __version__
from tokeval.arrow import id_lists, text_array, text_buffers
from tokeval.errors import TokenizerError
from tokeval.schema import BYTE, DECODE, IDS, SPANS, VOCABULARY, Spelling
from tokeval.signature import file_digest
from tokeval.tokenizers.base import Spans, Tokenizer, kinds_of, vocabulary_table
from tokeval.tokenizers.bytelevel import byte_lengths, is_byte, printables, spans_by_length
from tokeval.tokenizers.limits import read_lines
from tokeval.tokenizers.load import refuse_revision, require_file
from tokeval.tokenizers.trie import trie_of


class Rwkv(Tokenizer):
    """A `rwkv_vocab_*.txt` file; tokeval itself is the library."""

    capabilities = frozenset({IDS, DECODE, SPANS, VOCABULARY})
    library = f"tokeval/{__version__}"
    text_prefix = b""

    def __init__(self, location: str, revision: str | None = None) -> None:
        refuse_revision("rwkv", location, revision)
        path, _ = require_file(location, {"rwkv"}, "an RWKV vocabulary")
        self._bytes = _read(path)
        self.fingerprint = file_digest(path)
        self._numbers, self._trie = np.array(list(self._bytes), np.uint32), trie_of(list(self._bytes.values()))
        self._lengths = byte_lengths(self.entries)

    def encode_batch(self, texts: pa.Array) -> pa.Array:
        """Ids by greedy longest match.

        Raises:
            TokenizerError: a byte is in no token of the vocabulary.
        """
        from tokeval.tokenizers.derive.kernels import longest_starts

        texts = text_array(texts)
        data, offsets = text_buffers(texts)
        pieces, sizes = np.empty(int(offsets[-1] - offsets[0]), np.int64), np.zeros(len(texts), np.int64)
        stuck = longest_starts(data, offsets, self._trie, pieces, sizes)
        if stuck >= 0:
            raise TokenizerError(f"{self.spec}: no token begins with the byte 0x{data[stuck]:02X}")
        ends = np.concatenate(([0], np.cumsum(sizes)))
        return id_lists(self._numbers[pieces[: ends[-1]]], ends, texts.is_valid().to_numpy(zero_copy_only=False))

    def decode_batch(self, ids: pa.Array) -> pa.Array:
        """Bytes to text; what is not UTF-8 becomes U+FFFD."""
        rows = ids.to_pylist()
        decoded = [None if r is None else b"".join(self._bytes[i] for i in r).decode("utf-8", "replace") for r in rows]
        return pa.array(decoded, pa.large_string())

    def spans_batch(self, texts: pa.Array) -> Spans:
        """Spans from the lengths of the tokens."""
        return spans_by_length(self.encode_batch(texts), self._lengths)

    def vocabulary(self) -> pa.Table:
        """Every line of the file."""
        ids = sorted(self._bytes)
        data = pa.array([self._bytes[i] for i in ids], pa.large_binary())
        kinds = kinds_of(len(ids), {BYTE: is_byte(*text_buffers(data))})
        return vocabulary_table(ids, printables(data), data, kinds, [None] * len(ids))

    def spelling(self) -> Spelling:
        """Longest match, and no word mark: the file declares none."""
        return Spelling(model="longest match")


def _read(path: Path) -> dict[int, bytes]:
    """Id to bytes; each literal is read as a constant, and its stated length is checked."""
    found: dict[int, bytes] = {}
    for number, line in enumerate(read_lines(path), 1):
        if not line.strip():
            continue
        first, last = line.find(" "), line.rfind(" ")
        try:
            index, size = int(line[:first]), int(line[last:])
            value = ast.literal_eval(line[first:last].strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
            raise TokenizerError(f"{path}, line {number}: not `id literal length`") from error
        data = value.encode() if isinstance(value, str) else value
        if not isinstance(data, bytes) or len(data) != size or not data:
            raise TokenizerError(f"{path}, line {number}: the literal has not the {size} bytes that the line states")
        if index in found:
            raise TokenizerError(f"{path}, line {number}: the id {index} is given twice")
        if not 0 <= index < 1 << 32:
            raise TokenizerError(f"{path}, line {number}: {index} is no id")
        found[index] = data
    return found
