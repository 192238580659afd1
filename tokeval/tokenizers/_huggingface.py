"""Hugging Face `tokenizers`: a `tokenizer.json`, older files, a folder of these, or a repository on the hub."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cached_property, partial
from itertools import chain
from typing import TYPE_CHECKING, Any
from unicodedata import category

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tokeval.arrow import Int64, id_buffers, id_lists, ragged_ids, text_array, text_buffers
from tokeval.errors import NotSupportedError, TokenizerError, first_line
from tokeval.schema import BYTE, DECODE, IDS, SPANS, SPECIAL, VOCABULARY, Spelling
from tokeval.tokenizers.base import QUEUED, Spans, Tokenizer, kinds_of, vocabulary_table, without_panic
from tokeval.tokenizers.bytelevel import alphabet, pattern_ends
from tokeval.tokenizers.fast import FastPath, NoFastPathError
from tokeval.tokenizers.forms import Normal
from tokeval.tokenizers.hf_files import find
from tokeval.tokenizers.hf_pieces import put, scheme_of, spelled_pieces
from tokeval.tokenizers.parts import Parts, Pieces, parts_of, pieces_of
from tokeval.tokenizers.spelling import of_json, parts_words, types_of

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Library

    from tokeval.tokenizers._gigatoken import Source
    from tokeval.tokenizers.words.memo import ChunkEncoder


class HuggingFace(Tokenizer):
    """A `tokenizer.json`; truncation, padding and added tokens such as BOS are switched off.

    One that is `sparing` loads of a large Unigram what the texts at hand need (see `parts`), and does not decode.
    """

    capabilities = frozenset({IDS, DECODE, SPANS, VOCABULARY})
    long_text = QUEUED
    accelerated = "gigatoken (BPE), memoised words (BPE over characters, WordPiece, Unigram)"
    spares = True

    def __init__(self, location: str, revision: str | None = None, sparing: bool = False) -> None:
        import tokenizers

        source = find(location, revision)
        self._json = source.content
        self._sparing = sparing
        self._parts: Parts | None = None
        self._pieces: Pieces | None = None
        if sparing:
            with suppress(Exception):  # the library says what is wrong with the whole
                self._parts = parts_of(self._json, lambda content: _load(json.dumps(content)))
        if self._parts is not None:
            self.capabilities = self.capabilities - {DECODE}
            self._tokenizer, self._numbers = self._parts.least()
            self._pieces = self._parts.pieces
        else:
            try:
                self._tokenizer = _load(source.text or json.dumps(self._json))
            except Exception as error:  # the library raises bare Exception
                raise TokenizerError(f"{source.origin} does not load: {first_line(error)}") from error
        self.fingerprint = source.fingerprint
        self.library = f"tokenizers/{tokenizers.__version__}"
        # older files leave the type of the model out
        self._kind = type(self._tokenizer.model).__name__
        self.slow = self._kind == "Unigram"
        if self.slow:
            self._pieces = self._pieces or pieces_of(self._json["model"]["vocab"])
            self._json["model"]["vocab"] = []
        self.unknown_id = self._find_unknown()
        if not sparing:
            self.wait()

    def wait(self) -> None:
        """Ask the library about a letter; where it is sparing, forget what the vocabulary and the spelling are from."""
        if self._parts:
            self._parts.holding([""])  # what is wrong with them is said here, not where a text may be refused
        self.text_prefix = self._find_prefix()
        if self._sparing:
            _ = self.entries, self._spelling
            self._json["model"] = {**self._json["model"], "vocab": [], "merges": []}

    @without_panic
    def encode_batch(self, texts: pa.Array) -> pa.Array:
        """Ids by the library's own batch call, on all cores."""
        texts = text_array(texts)
        rows = texts.to_pylist()
        given = [row for row in rows if row is not None]
        library, numbers = self._for(given)
        found = iter(library.encode_batch_fast(given, add_special_tokens=False))
        lists = [[] if row is None else next(found).ids for row in rows]
        return _numbered(ragged_ids(lists, texts.is_valid()), numbers)

    @without_panic
    def decode_batch(self, ids: pa.Array) -> pa.Array:
        """Text by the library's decoder, special tokens kept."""
        if self._parts is not None:
            raise NotSupportedError(f"{self.spec or 'a Unigram'} was loaded to encode few texts")
        rows = ids.to_pylist()
        found = iter(self._tokenizer.decode_batch([r for r in rows if r is not None], skip_special_tokens=False))
        return pa.array([None if row is None else next(found) for row in rows], pa.large_string())

    def decoded_alone(self) -> pa.Array | None:
        """Asked of the library where it looks at each token alone, and at whether it is first.

        So does WordPiece's decoder, and the library where none is declared.
        """
        declared = self._json.get("decoder")
        if declared and declared.get("type") != "WordPiece":
            return super().decoded_alone()
        ids = range(max(self._tokenizer.get_vocab().values(), default=-1) + 1)
        first = self._tokenizer.decode_batch([[i] for i in ids], skip_special_tokens=False)
        before = next((i for i in ids if first[i]), None)
        if before is None:
            return None
        pairs = self._tokenizer.decode_batch([[before, i] for i in ids], skip_special_tokens=False)
        texts = [*first, *(pair.removeprefix(first[before]) for pair in pairs)]
        return pa.array(texts, pa.large_string()).cast(pa.large_binary())

    @without_panic
    def spans_batch(self, texts: pa.Array) -> Spans:
        """Spans from the library's offsets, which count code points of the original text."""
        texts = text_array(texts)
        library, numbers = self._for([text for text in texts.to_pylist() if text is not None])
        kept = pc.utf8_ltrim(texts, self._dropped) if self._dropped else texts
        spans = _spans(library, kept)
        if kept is not texts:
            less = pc.subtract(pc.binary_length(texts), pc.binary_length(kept)).fill_null(0).to_numpy()
            less = np.repeat(less, np.diff(spans.ids.offsets.to_numpy())).astype(np.int32)
            spans = replace(spans, starts=spans.starts + less, ends=spans.ends + less)
        return replace(spans, ids=_numbered(spans.ids, numbers))

    @cached_property
    def _dropped(self) -> str:
        """What a character map drops: where a text begins with some of it, the library's offsets are off by as much."""
        if "Precompiled" not in types_of(self._json.get("normalizer")):
            return ""
        normalize = self._tokenizer.normalizer.normalize_str
        unseen = (chr(point) for point in range(0x20000) if category(chr(point)) in ("Cc", "Cf"))
        return "".join(one for one in unseen if normalize(f"a{one}b") == "ab")

    def _for(self, texts: list[str]) -> tuple[Library, Int64 | None]:
        """The library's tokenizer for some texts, and the number of each of its ids where they are not their own."""
        return self._parts.holding(texts) if self._parts else (self._tokenizer, None)

    def normal(self) -> Normal | None:
        """Asked of the library with a token for each byte, for byte-level BPE after NFC."""
        if (
            types_of(self._json.get("normalizer")) != ["NFC"]
            or self.text_prefix != b""
            or "ByteLevel" not in self._scheme
        ):
            return None
        from tokenizers import Tokenizer, models, pre_tokenizers

        each = Tokenizer(models.BPE(dict(alphabet()), []))
        each.normalizer = self._tokenizer.normalizer
        each.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
        after = self._json.get("post_processor") or {}
        return Normal(partial(_spans, each), bool(after.get("trim_offsets")))

    def fast_path(self) -> FastPath:
        """Use memoised words where words are parted at white space, gigatoken for other BPE."""
        if self._kind == "BPE" and self._sparing:
            raise NoFastPathError("it was loaded for few texts")
        if self._kind == "BPE" and not parts_words(self._json):
            from tokeval.tokenizers import _gigatoken

            return _gigatoken.from_json(self._fast_source)
        from tokeval.tokenizers.words.memo import MemoWords

        return MemoWords(self, self._chunk_encoder)

    @cached_property
    def _fast_source(self) -> Source:
        from tokeval.tokenizers._gigatoken import json_source

        def ask(declared: Mapping[str, Any], text: str) -> list[str]:
            small = {"type": "BPE", "vocab": {}, "merges": []}
            splitter = _load(json.dumps({"model": small, "pre_tokenizer": declared})).pre_tokenizer
            return [piece for piece, _ in splitter.pre_tokenize_str(text)]

        bytewise = "ByteLevel" in types_of(self._json.get("pre_tokenizer"))
        return json_source(self._json, bytewise=bytewise, ask=ask)

    @cached_property
    def _chunk_encoder(self) -> ChunkEncoder:
        from tokeval.tokenizers.words.declared import chunk_encoder

        return chunk_encoder(self._json, self._tokenizer, self.unknown_id, self._pieces, self._parts)

    def pretoken_ends(self, text: str) -> list[int]:
        """Where the declared pre-tokenizer cuts; before each run of spaces where none is declared."""
        if self._tokenizer.pre_tokenizer is None:
            return pattern_ends(" *[^ ]+| +", text)
        return [end for _, (_, end) in self._tokenizer.pre_tokenizer.pre_tokenize_str(text)]

    def literals(self) -> list[str]:
        """The added tokens, special or not."""
        return [str(token.get("content", "")) for token in self._json.get("added_tokens") or []]

    def vocabulary(self) -> pa.Table:
        """Every id, added tokens included, with its bytes by the declared decoder."""
        # the library's own list of them is a copy: half as much time and memory again
        if self._pieces is None:
            listed = self._json["model"]["vocab"]
            numbers = np.fromiter(listed.values(), np.int64, len(listed))
            pieces = pa.array(listed, pa.large_string())
        else:  # of equal ones the last counts
            every = np.zeros(len(self._pieces.texts), np.int64)
            codes = self._pieces.texts.dictionary_encode().indices.to_numpy()
            every[codes] = np.arange(len(codes))
            numbers = every[: codes.max(initial=-1) + 1]
            pieces = self._pieces.texts.take(pa.array(numbers))
        added = self._tokenizer.get_added_tokens_decoder()
        if self._parts:
            added = {int(self._numbers[i]): token for i, token in added.items()}
        own = ~np.isin(numbers, list(added))
        numbers = np.concatenate((numbers[own], np.fromiter(added, np.int64, len(added))))
        contents = pa.array([token.content for token in added.values()], pa.large_string())
        order = np.argsort(numbers)
        numbers = numbers[order]
        pieces = pa.concat_arrays([pieces.filter(pa.array(own)), contents]).take(pa.array(order))
        data, byte = spelled_pieces(pieces, self._json["model"], self._scheme)
        whole = np.isin(numbers, list(added))
        data = put(data, whole, pieces.cast(pa.large_binary()).filter(pa.array(whole)))
        special = [i for i, token in added.items() if token.special]
        special += [self.unknown_id] if self.unknown_id is not None else []
        kinds = kinds_of(len(numbers), {BYTE: byte & ~whole, SPECIAL: np.isin(numbers, special)})
        scores = pa.nulls(len(numbers), pa.float64())
        if self._pieces is not None:
            have = numbers < len(self._pieces.scores)
            known = np.zeros(len(numbers))
            known[have] = self._pieces.scores[numbers[have]]
            scores = pa.array(known, mask=~have)
        return vocabulary_table(numbers, pieces, data, kinds, scores)

    def spelling(self) -> Spelling:
        """From the declared decoder and pre-tokenizer; merges of a BPE as the file lists them."""
        return self._spelling

    @cached_property
    def _spelling(self) -> Spelling:
        return of_json(self._json["model"], self._scheme)

    @cached_property
    def _scheme(self) -> set[str]:
        return scheme_of(self._json, self._kind)

    def _find_unknown(self) -> int | None:
        model = self._json["model"]
        if isinstance(model.get("unk_id"), int):
            return int(model["unk_id"])
        token = model.get("unk_token")
        found = self._tokenizer.token_to_id(token) if isinstance(token, str) else None
        return None if found is None else int(found)

    def _find_prefix(self) -> bytes | None:
        """What the tokens spell before the text and decoding takes off; asked of the library with one letter.

        None where decoding does not put together what tokens spell, as where no decoder is declared: then the library
        puts a space between tokens.
        """
        try:
            library, _ = self._for(["a"])
            ids = library.encode("a", add_special_tokens=False).ids
            pieces = [library.id_to_token(i) or "" for i in ids]
            data, _ = spelled_pieces(pa.array(pieces, pa.large_string()), self._json["model"], self._scheme)
            spelled = b"".join(data.to_pylist())
            decoded, twice = (library.decode(some, skip_special_tokens=False) for some in (ids, ids * 2))
        except Exception:  # such as a WordPiece without [UNK]: then nothing is assumed
            return None
        prefix = spelled.removesuffix(b"a")
        if decoded != "a" or spelled not in {b"a", b" a"} or "WordPiece" in self._scheme:
            return None
        return prefix if twice.encode() == (spelled * 2).removeprefix(prefix) else None


def _load(text: str) -> Library:
    """A tokenizer of the library that encodes all of a text and nothing else."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(text)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    # text that looks like a special token is ordinary text
    tokenizer.encode_special_tokens = True
    return tokenizer


def _numbered(ids: pa.Array, numbers: Int64 | None) -> pa.Array:
    """Lists of ids with other numbers in their place."""
    if numbers is None:
        return ids
    flat, offsets = id_buffers(ids)
    return id_lists(numbers[flat].astype(np.uint32), offsets, ids.is_valid().to_numpy(zero_copy_only=False))


def _spans(tokenizer: Library, texts: pa.Array) -> Spans:
    """Ids and spans by a tokenizer of the library."""
    from tokeval.tokenizers.kernels import points_to_bytes

    texts = text_array(texts)
    rows = texts.to_pylist()
    found = iter(tokenizer.encode_batch([r for r in rows if r is not None], add_special_tokens=False))
    encodings = [None if row is None else next(found) for row in rows]
    ids = ragged_ids([e.ids if e else [] for e in encodings], texts.is_valid())
    points = chain.from_iterable(chain.from_iterable(e.offsets for e in encodings if e))
    pairs = np.fromiter(points, np.int64, 2 * len(ids.values)).reshape(-1, 2)
    data, offsets = text_buffers(texts)
    id_offsets = ids.offsets.to_numpy().astype(np.int64)
    starts, ends = np.zeros(len(pairs), np.int32), np.zeros(len(pairs), np.int32)
    points_to_bytes(data, offsets, id_offsets, pairs[:, 0], starts)
    points_to_bytes(data, offsets, id_offsets, pairs[:, 1], ends)
    return Spans(ids, starts, ends)
