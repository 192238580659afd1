"""`derive:METHOD:SPEC`: another segmentation with the vocabulary, and inside the pre-tokens, of a given tokenizer.

As in Uzan et al. 2024 (greedy by prefix, suffix, longest token; BPE dropout) and Schmidt et al. 2024 (PathPiece).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tokeval import __version__
from tokeval.arrow import Int64, UInt8, UInt32, id_lists, text_array
from tokeval.errors import TokenizerError, UsageError, suggest
from tokeval.signature import digest
from tokeval.tokenizers.base import DECODE, IDS, SPANS, SPECIAL, UNUSED, VOCABULARY, Spans, Tokenizer
from tokeval.tokenizers.bytelevel import byte_lengths, spans_by_length
from tokeval.tokenizers.load import load_tokenizer
from tokeval.tokenizers.trie import Trie, trie_of

METHODS = ("longest-prefix", "longest-suffix", "longest-token", "fewest-tokens", "dropout-P")


class Derived(Tokenizer):
    """A vocabulary that gives its bytes, cut by another method; P of `dropout-P` is from 0 to 1, its seed is 0.

    Only for tokenizers whose tokens' bytes concatenate to the text (`text_prefix`). What the source does before it
    cuts, such as a normalisation, is left out.
    """

    capabilities = frozenset({IDS, DECODE, SPANS, VOCABULARY})
    library = f"tokeval/{__version__}"

    def __init__(self, location: str, revision: str | None = None) -> None:
        method, colon, spec = location.partition(":")
        if not colon or revision is not None:
            raise UsageError(f"derive:{location} is not derive:METHOD:SPEC", hint=f"methods: {', '.join(METHODS)}")
        self._method, self._share = _method(method)
        self._source = load_tokenizer(spec)
        if VOCABULARY not in self._source.capabilities or self._source.text_prefix is None:
            raise TokenizerError(
                f"derive:{location}: the bytes of {spec}'s tokens do not concatenate to the text",
                hint="derive from a byte-level or byte-fallback vocabulary",
            )
        self._table = self._source.vocabulary()
        self.fingerprint = digest(self._source.fingerprint, method)
        self.text_prefix, self.unknown_id = self._source.text_prefix, self._source.unknown_id
        self._lengths = byte_lengths(self._table)
        self._numbers, self._ranks, self._trie = self._pieces()

    def encode_batch(self, texts: pa.Array) -> pa.Array:
        """Ids of each pre-token, one after the other.

        Raises:
            TokenizerError: a byte is in no token of the vocabulary.
        """
        texts = text_array(texts)
        data, cuts, documents = self._pretokens(texts)
        if self._method == "longest-suffix":
            data, cuts = data[::-1].copy(), (cuts[-1] - cuts)[::-1].copy()
        pieces, sizes = self._cut(data, cuts)
        if self._method == "longest-suffix":
            pieces, sizes = pieces[::-1], sizes[::-1]
        ends = np.concatenate(([0], np.cumsum(sizes)))
        valid = texts.is_valid().to_numpy(zero_copy_only=False)
        return id_lists(self._numbers[pieces], ends[documents], valid)

    def decode_batch(self, ids: pa.Array) -> pa.Array:
        """Text by the source's decoder."""
        return self._source.decode_batch(ids)

    def spans_batch(self, texts: pa.Array) -> Spans:
        """Spans from the lengths of the tokens; a dummy space before the text covers nothing."""
        ids = self.encode_batch(texts)
        spans = spans_by_length(ids, self._lengths)
        shift = len(self.text_prefix or b"")
        return Spans(
            ids,
            np.maximum(spans.starts - shift, 0).astype(np.int32),
            np.maximum(spans.ends - shift, 0).astype(np.int32),
        )

    def vocabulary(self) -> pa.Table:
        """The source's."""
        return self._table

    def pretoken_ends(self, text: str) -> list[int]:
        """The source's."""
        return self._source.pretoken_ends(text)

    def _pieces(self) -> tuple[UInt32, Int64, Trie]:
        """Ids and ranks by piece, and the pieces as a byte trie (backwards for suffixes)."""
        found: dict[bytes, tuple[int, float | None]] = {}
        columns = (self._table[name].to_pylist() for name in ("id", "bytes", "kind", "score"))
        for number, data, kind, score in zip(*columns, strict=True):
            if data and kind not in {SPECIAL, UNUSED}:
                found.setdefault(data[::-1] if self._method == "longest-suffix" else data, (number, score))
        if self._method == "dropout" and any(score is None or score < 0 for _, score in found.values()):
            raise TokenizerError(
                "dropout needs the ranks of a vocabulary's merges",
                hint="derive from a rank file (tiktoken:, or mistral: with Tekken)",
            )
        numbers = np.array([number for number, _ in found.values()], np.uint32)
        ranks = np.array([int(score or 0) for _, score in found.values()], np.int64)
        return numbers, ranks, trie_of(list(found))

    def _pretokens(self, texts: pa.Array) -> tuple[UInt8, Int64, Int64]:
        """The bytes to cut, where pre-tokens begin and end in them, and which of these begin each document."""
        prefix = (self.text_prefix or b"").decode()
        parts: list[bytes] = []
        documents = [0]
        for text in texts.to_pylist():
            whole = prefix + text if text else ""
            start = 0
            for end in self._source.pretoken_ends(whole):
                parts.append(whole[start:end].encode())
                start = end
            documents.append(len(parts))
        cuts = np.concatenate(([0], np.cumsum([len(part) for part in parts], dtype=np.int64)))
        data = np.frombuffer(b"".join(parts) or b"\0", np.uint8)[: cuts[-1]]
        return data, cuts, np.array(documents, np.int64)

    def _cut(self, data: UInt8, cuts: Int64) -> tuple[Int64, Int64]:
        from tokeval.tokenizers.derive import kernels
        from tokeval.tokenizers.kernels import whole_hashes

        pieces, sizes = np.empty(len(data), np.int64), np.zeros(len(cuts) - 1, np.int64)
        if self._method in {"longest-prefix", "longest-suffix"}:
            stuck = kernels.longest_starts(data, cuts, self._trie, pieces, sizes)
        elif self._method == "longest-token":
            stuck = kernels.longest_pieces(data, cuts, self._trie, pieces, sizes)
        elif self._method == "fewest-tokens":
            stuck = kernels.fewest_pieces(data, cuts, self._trie, pieces, sizes)
        else:
            seeds = whole_hashes(data, cuts)
            stuck = kernels.merge_with_dropout(data, cuts, self._trie, self._ranks, self._share, seeds, pieces, sizes)
        if stuck >= 0:
            raise TokenizerError(f"{self.spec}: the vocabulary cannot spell the byte 0x{data[stuck]:02X}")
        return pieces[: sizes.sum()], sizes


def _method(name: str) -> tuple[str, float]:
    """The method, and the share of merges that dropout leaves out."""
    if name.startswith("dropout-"):
        try:
            share = float(name.removeprefix("dropout-"))
        except ValueError:
            share = -1.0
        if not 0 <= share <= 1:
            raise UsageError(f"{name!r}: the probability of dropout is a number from 0 to 1")
        return "dropout", share
    if name not in METHODS:
        raise UsageError(f"there is no method {name!r} to derive by", hint=suggest(name, METHODS))
    return name, 0.0
