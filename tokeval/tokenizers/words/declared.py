"""Which compiled encoder does what a tokenizer.json declares, where that is known never to look across a space."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tokeval.tokenizers.fast import NoFastPathError
from tokeval.tokenizers.parts import Parts, Pieces
from tokeval.tokenizers.spelling import parts_words, types_of
from tokeval.tokenizers.trie import wide_trie_of

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Library

    from tokeval.tokenizers.words.memo import ChunkEncoder
    from tokeval.tokenizers.words.unigram import Unigram


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
    if pieces is not None and not model.get("byte_fallback"):
        made = _unigram(content, library, unknown, pieces, parts)
        if made is not None:
            return made
    raise NoFastPathError(f"a {kind} that may look across white space")


def _unigram(
    content: Mapping[str, Any], library: Library, unknown: int | None, pieces: Pieces, parts: Parts | None
) -> Unigram | None:
    """Of one that parts words at white space, or at the single spaces that its normaliser leaves between words."""
    normalizer, avoid = content.get("normalizer") or {}, None
    if types_of(content.get("pre_tokenizer")) != ["WhitespaceSplit", "Metaspace"]:
        first = _before_spaces(normalizer)
        if first is None or not _marks_words(content.get("pre_tokenizer") or {}):
            return None
        normalizer, avoid = first, _not_spaces(library.normalizer.normalize_str)
    if normalizer and not {*types_of(normalizer)} <= {"Precompiled", "NFKC", "NFC"}:
        return None
    if unknown is None:
        raise NoFastPathError("a Unigram without its unknown token")
    from tokeval.tokenizers.words.unigram import Unigram

    made = Unigram(parts.trie if parts else wide_trie_of(pieces.texts), pieces.scores, unknown)
    if normalizer.get("type") == "Precompiled":
        made.with_map(b64decode(normalizer["precompiled_charsmap"]))
    else:
        made.with_points(library.normalizer.normalize_str if normalizer else str)
    return made if avoid is None else made.behind_spaces(avoid)


def _before_spaces(normalizer: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The character map, {} for none, of a normaliser that then leaves single spaces, and none at the end."""
    steps = list(normalizer.get("normalizers") or [])
    first = steps.pop(0) if steps and steps[0].get("type") == "Precompiled" else {}
    strip = [step for step in steps if step.get("type") == "Strip" and step.get("strip_right")]
    runs = [step for step in steps if step.get("pattern") == {"Regex": " {2,}"} and step.get("content") in (" ", "▁")]
    return first if len(strip) == len(runs) == 1 and len(steps) == 2 else None


def _marks_words(splitter: Mapping[str, Any]) -> bool:
    """Whether a pre-tokenizer puts a mark before the text where there is none, and cuts before each mark."""
    before = splitter.get("prepend_scheme", "always" if splitter.get("add_prefix_space") else "never")
    parts = splitter.get("type") == "Metaspace" and splitter.get("split", True) and splitter.get("replacement") == "▁"
    return parts and before != "never"


def _not_spaces(normalize: Callable[[str], str]) -> tuple[str, ...]:
    """The mark itself, and all white space that is no space when it has been normalised."""
    spaces = [chr(point) for point in range(0x3001) if chr(point).isspace()]
    return ("▁", *(space for space in spaces if normalize(f"a{space}b") not in ("a b", "a▁b")))
