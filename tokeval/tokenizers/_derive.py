"""`derive:METHOD:SPEC`: another segmentation with the vocabulary, and inside the pre-tokens, of a given tokenizer.

As in Uzan et al. 2024 (greedy by prefix, suffix, longest token; BPE dropout) and Schmidt et al. 2024 (PathPiece).
"""

from __future__ import annotations

import re
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tokeval import __version__
from tokeval.arrow import Int64, UInt8, UInt32, id_lists, row_hashes, text_array
from tokeval.errors import TokenizerError, UsageError, suggest
from tokeval.schema import BYTE, DECODE, IDS, SPANS, SPECIAL, UNUSED, VOCABULARY
from tokeval.signature import digest
from tokeval.tokenizers.base import QUEUED, Spans, Tokenizer
from tokeval.tokenizers.bytelevel import byte_lengths, spans_by_length
from tokeval.tokenizers.load import load_tokenizer
from tokeval.tokenizers.trie import Trie, trie_of

METHODS = ("longest-prefix", "longest-suffix", "longest-token", "fewest-tokens", "dropout-P", "dropout-P-seed-N")

UInt64 = npt.NDArray[np.uint64]

_DROPOUT = re.compile(r"dropout-(?P<share>[0-9.]+(?:e-?[0-9]+)?)(?:-seed-(?P<seed>[0-9]{1,18}))?")


class Derived(Tokenizer):
    """A vocabulary that gives its bytes, cut by another method.

    Only for tokenizers whose tokens' bytes concatenate to the text (`text_prefix`). What the source does before it
    cuts, such as a normalisation, is left out.

    `dropout-P` (Provilkov et al. 2020) is for BPE: at every step each merge that is possible is left out with
    probability P, 0 to 1. What is drawn depends on the document's text, the place in it and the seed (0 unless named),
    so that a word is cut differently where it occurs again, but a document always the same. Looking a word up whole
    before merging (`ignore_merges`) is left out.
    """

    capabilities = frozenset({IDS, DECODE, SPANS, VOCABULARY})
    long_text = QUEUED
    library = f"tokeval/{__version__}"

    def __init__(self, location: str, revision: str | None = None) -> None:
        method, colon, spec = location.partition(":")
        if not colon or revision is not None:
            raise UsageError(f"derive:{location} is not derive:METHOD:SPEC", hint=f"methods: {', '.join(METHODS)}")
        self._method, self._share, self._seed = _method(method)
        self._source = load_tokenizer(spec)
        if VOCABULARY not in self._source.capabilities or self._source.text_prefix is None:
            raise TokenizerError(
                f"derive:{location}: the bytes of {spec}'s tokens do not concatenate to the text",
                hint="derive from a byte-level or byte-fallback vocabulary",
            )
        self._table = self._source.entries
        self.fingerprint = digest(self._source.fingerprint, method)
        self.text_prefix, self.unknown_id = self._source.text_prefix, self._source.unknown_id
        self._lengths = byte_lengths(self._table)
        self._numbers, self._trie = self._pieces()
        if self._method == "dropout":
            self._numbers, *_ = self._merges

    def encode_batch(self, texts: pa.Array) -> pa.Array:
        """Ids of each pre-token, one after the other.

        Raises:
            TokenizerError: a byte is in no token of the vocabulary.
        """
        texts = text_array(texts)
        data, cuts, documents = self._pretokens(texts)
        if self._method == "longest-suffix":
            data, cuts = data[::-1].copy(), (cuts[-1] - cuts)[::-1].copy()
        pieces, sizes = self._cut(data, cuts, documents)
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

    def _pieces(self) -> tuple[UInt32, Trie]:
        """Ids by piece, and the pieces as a byte trie (backwards for suffixes)."""
        found: dict[bytes, int] = {}
        for number, data, _ in self._usable():
            found.setdefault(data[::-1] if self._method == "longest-suffix" else data, number)
        return np.array(list(found.values()), np.uint32), trie_of(list(found))

    def _usable(self) -> list[tuple[int, bytes, str]]:
        """Id, bytes and piece of what text can be cut into; of equal bytes a byte token comes last."""
        columns = (self._table[name].to_pylist() for name in ("id", "bytes", "piece", "kind"))
        rows = [row for row in zip(*columns, strict=True) if row[1] and row[3] not in {SPECIAL, UNUSED}]
        return [row[:3] for row in sorted(rows, key=lambda row: row[3] == BYTE)]

    @cached_property
    def _merges(self) -> tuple[UInt32, Trie, tuple[Int64, Int64, Int64, Int64, Int64]]:
        """Ids by piece, a trie of the pieces that merging begins with, and the pairs that merge with their table."""
        from tokeval.tokenizers.derive.kernels import build_pairs

        spelling, usable = self._source.spelling(), self._usable()
        rank, pieces = spelling.rank, [data.decode("latin-1") if spelling.bytewise else p for _, data, p in usable]
        places = {piece: place for place, piece in reversed(list(enumerate(pieces)))}
        pairs = []
        for place, piece in enumerate(pieces if rank is not None and not spelling.mark else ()):
            for cut in range(1, len(piece)):
                left, right = places.get(piece[:cut]), places.get(piece[cut:])
                if left is not None and right is not None:
                    order = rank(piece[:cut], piece[cut:])  # type: ignore[misc]
                    if order is not None:
                        pairs.append((left, right, order, place))
        if not pairs:
            raise TokenizerError(
                f"dropout needs merges, and {self._source.spec or 'the source'} has none",
                hint="derive from a BPE: a rank file, a tokenizer.json or a SentencePiece model",
            )
        lefts, rights, merged = (np.array([pair[k] for pair in pairs], np.int64) for k in (0, 1, 3))
        _, ranks = np.unique(np.array([pair[2] for pair in pairs], np.float64), return_inverse=True)
        table = np.full(1 << (2 * len(pairs)).bit_length(), -1, np.int64)
        build_pairs(lefts, rights, table)
        first: dict[bytes, int] = {}
        for place, ((_, data, _), piece) in enumerate(zip(usable, pieces, strict=True)):
            if len(piece) == 1 or len(data) == 1:
                first.setdefault(data, place)
        trie = trie_of(list(first), list(first.values()))
        numbers = np.array([number for number, _, _ in usable], np.uint32)
        return numbers, trie, (lefts, rights, ranks.astype(np.int64), merged, table)

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

    def _cut(self, data: UInt8, cuts: Int64, documents: Int64) -> tuple[Int64, Int64]:
        from tokeval.tokenizers.derive import kernels

        pieces, sizes = np.empty(len(data), np.int64), np.zeros(len(cuts) - 1, np.int64)
        if self._method in {"longest-prefix", "longest-suffix"}:
            stuck = kernels.longest_starts(data, cuts, self._trie, pieces, sizes)
        elif self._method == "longest-token":
            stuck = kernels.longest_pieces(data, cuts, self._trie, pieces, sizes)
        elif self._method == "fewest-tokens":
            stuck = kernels.fewest_pieces(data, cuts, self._trie, pieces, sizes)
        else:
            _, trie, pairs = self._merges
            seeds = self._seeds(data, cuts, documents)
            stuck = kernels.merge_with_dropout(data, cuts, trie, *pairs, self._share, seeds, pieces, sizes)
        if stuck >= 0:
            raise TokenizerError(f"{self.spec}: the vocabulary cannot spell the byte 0x{data[stuck]:02X}")
        return pieces[: sizes.sum()], sizes

    def _seeds(self, data: UInt8, cuts: Int64, documents: Int64) -> UInt64:
        """A seed for each pre-token, from its document's text, its place in it, and the tokenizer's seed."""
        counts = np.diff(documents)
        places = np.arange(len(cuts) - 1) - np.repeat(documents[:-1], counts)
        drawn = np.stack([np.repeat(row_hashes(data, cuts[documents]), counts), places.astype(np.uint64)], axis=1)
        salted = np.append(drawn, np.full((len(drawn), 1), self._seed, np.uint64), axis=1)
        made: UInt64 = row_hashes(salted.reshape(-1).view(np.uint8), np.arange(len(drawn) + 1) * 24)
        return made


def _method(name: str) -> tuple[str, float, int]:
    """The method, and of dropout the share of merges that it leaves out, and the seed."""
    if name.startswith("dropout-"):
        match = _DROPOUT.fullmatch(name)
        try:
            share = float(match["share"]) if match else -1.0
        except ValueError:
            share = -1.0
        if match is None or not 0 <= share <= 1:
            raise UsageError(
                f"{name!r}: the probability of dropout is a number from 0 to 1, and a seed a whole number",
                hint="write dropout-0.1 or dropout-0.1-seed-7",
            )
        return "dropout", share, int(match["seed"] or 0)
    if name not in METHODS:
        raise UsageError(f"there is no method {name!r} to derive by", hint=suggest(name, METHODS))
    return name, 0.0, 0
