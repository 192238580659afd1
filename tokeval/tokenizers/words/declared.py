"""Which compiled encoder does what a tokenizer.json declares, where that is known never to look across a space."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tokeval.tokenizers.fast import NoFastPathError
from tokeval.tokenizers.parts import Parts, Pieces
from tokeval.tokenizers.spelling import parts_words, types_of
from tokeval.tokenizers.trie import wide_trie_of

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Library

    from tokeval.tokenizers.words.memo import ChunkEncoder


def chunk_encoder(
    content: Mapping[str, Any],
    library: Library,
    unknown: int | None,
    pieces: Pieces | None,
    parts: Parts | None,
) -> ChunkEncoder:
    """What encodes a word by itself.

    Args:
        content: of the file; of a Unigram without its pieces.
        library: what was made of it.
        unknown: the id of the unknown token.
        pieces: of a Unigram.
        parts: of a Unigram that is loaded in parts.

    Raises:
        NoFastPathError: it may look across white space. TokenizerError: it is too large for a table.
    """
    model, normalizer = content["model"], content.get("normalizer") or {}
    kind, splitters = type(library.model).__name__, types_of(content.get("pre_tokenizer"))
    whole = [token["content"] for token in content.get("added_tokens") or [] if not token.get("special")]
    if whole:
        raise NoFastPathError(f"added tokens that are no special tokens, such as {whole[0]!r}")

    def split(text: str) -> list[str]:
        return [part for part, _ in library.pre_tokenizer.pre_tokenize_str(text)]

    if kind == "BPE" and parts_words(content):
        from tokeval.tokenizers.words.merges.listed import ListedMerges

        return ListedMerges(model, unknown, library.normalizer and library.normalizer.normalize_str, split)
    if kind == "WordPiece" and normalizer.get("type") == "BertNormalizer" and splitters == ["BertPreTokenizer"]:
        if unknown is None:
            raise NoFastPathError("a WordPiece without its unknown token")
        from tokeval.tokenizers.words.wordpiece import WordPiece

        return WordPiece(
            library.get_vocab(with_added_tokens=False),
            unknown,
            model.get("continuing_subword_prefix", "##"),
            int(model.get("max_input_chars_per_word", 100)),
            bool(normalizer.get("handle_chinese_chars", True)),
            library.normalizer.normalize_str,
            split,
        )
    plain = {*types_of(content.get("normalizer"))} <= {"Precompiled", "NFKC", "NFC"} and not model.get("byte_fallback")
    if pieces is not None and plain and splitters == ["WhitespaceSplit", "Metaspace"]:
        if unknown is None:
            raise NoFastPathError("a Unigram without its unknown token")
        from tokeval.tokenizers.words.unigram import Unigram

        made = Unigram(parts.trie if parts else wide_trie_of(pieces.texts), pieces.scores, unknown)
        if normalizer.get("type") == "Precompiled":
            return made.with_map(b64decode(normalizer["precompiled_charsmap"]))
        return made.with_points(library.normalizer.normalize_str if library.normalizer else str)
    raise NoFastPathError(f"a {kind} that may look across white space")
