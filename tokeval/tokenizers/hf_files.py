"""Where a Hugging Face tokenizer comes from: a tokenizer.json, an older pair or list of files, a folder, the hub."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from tokeval.errors import TokenizerError
from tokeval.signature import digest, file_digest
from tokeval.tokenizers.bytelevel import bytes_of_alphabet
from tokeval.tokenizers.limits import check_entries, check_json, parse_json, read_json, read_lines
from tokeval.tokenizers.load import refuse_revision, require_file

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")

#: The files of a byte-level BPE before tokenizer.json, in the names of the hub and of GPT-2.
_PAIRS = (("vocab.json", "merges.txt"), ("encoder.json", "vocab.bpe"))


@dataclass(frozen=True)
class Source:
    """A tokenizer's content, its fingerprint, and the text of the file where it is that of a tokenizer.json."""

    origin: str
    content: dict[str, Any]
    fingerprint: str
    text: str = ""


def find(location: str, revision: str | None) -> Source:
    """The content behind a location and a revision.

    Args:
        location: a file, a folder, or the name of a repository on the hub.
        revision: for the hub a branch, tag or commit; for a vocab.txt `cased` or `uncased`; else nothing.

    Raises:
        TokenizerError: it is not there, not what it should be, or too large.
    """
    path = Path(location)
    if not path.exists() and _HUB_ID.fullmatch(location) and not path.suffix:
        from tokeval.tokenizers._hub import download

        path, commit = download(location, revision)
        source = _read_json(path)
        return replace(source, origin=f"{location}@{commit}", fingerprint=f"{source.fingerprint}@{commit[:12]}")
    if path.is_dir():
        path, pair = _inside(path)
        if pair is not None:
            refuse_revision("hf", location, revision)
            return _byte_level(path, pair)
    if path.name == "vocab.txt" and path.is_file():
        return _word_pieces(path, revision)
    for vocabulary, merges in _PAIRS:
        if path.name == vocabulary and path.with_name(merges).is_file():
            refuse_revision("hf", location, revision)
            return _byte_level(path, path.with_name(merges))
    refuse_revision("hf", location, revision)
    return _read_json(path)


def _inside(folder: Path) -> tuple[Path, Path | None]:
    """The tokenizer's file in a folder, and the merges that go with it."""
    if (folder / "tokenizer.json").is_file():
        return folder / "tokenizer.json", None
    for vocabulary, merges in _PAIRS:
        if (folder / vocabulary).is_file() and (folder / merges).is_file():
            return folder / vocabulary, folder / merges
    if (folder / "vocab.txt").is_file():
        return folder / "vocab.txt", None
    return folder / "tokenizer.json", None


def _read_json(path: Path) -> Source:
    data = check_json(path) if path.is_file() else b""
    try:
        text = data.decode("utf-8-sig")
        content: dict[str, Any] = parse_json(data)
        vocabulary = content["model"].get("vocab")
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        require_file(str(path), {"hf"}, "a Hugging Face tokenizer.json")  # says what it looks like
        raise
    if not isinstance(vocabulary, dict | list):
        raise TokenizerError(f"{path} has no vocabulary")
    check_entries(path, len(vocabulary))
    if isinstance(vocabulary, dict):
        _check_ids(path, vocabulary)
    return Source(str(path), content, file_digest(path), text)


def _check_ids(path: Path, vocabulary: dict[str, Any]) -> None:
    kinds = set(map(type, vocabulary.values())) - {int, bool}
    if kinds or (vocabulary and not 0 <= min(vocabulary.values()) <= max(vocabulary.values()) < 1 << 32):
        raise TokenizerError(f"{path}: an id is not a number from 0 to 2^32 - 1")
    if len(set(vocabulary.values())) < len(vocabulary):
        number, _ = Counter(vocabulary.values()).most_common(1)[0]
        twice = [piece for piece, i in vocabulary.items() if i == number][:2]
        raise TokenizerError(f"{path}: the id {number} is given twice, to {twice[0]!r} and to {twice[1]!r}")


def _byte_level(vocabulary: Path, merges: Path) -> Source:
    """A vocabulary and its merges as GPT-2 has them."""
    try:
        pieces = read_json(vocabulary)
        lines = read_lines(merges)
        written = pa.array(pieces, pa.large_string()) if isinstance(pieces, dict) else None
    except (ValueError, RecursionError) as error:
        raise TokenizerError(f"{vocabulary} or {merges.name} beside it is broken") from error
    if not pieces or written is None:
        raise TokenizerError(f"{vocabulary} is not a vocabulary of pieces and ids")
    check_entries(vocabulary, len(pieces))
    _check_ids(vocabulary, pieces)
    spelled = zip(pieces, bytes_of_alphabet(written)[1].tolist(), strict=True)
    foreign = [piece for piece, inside in spelled if not inside and not piece.startswith("<")]
    if foreign or any(piece.endswith("</w>") and piece != "</w>" for piece in pieces):
        raise TokenizerError(
            f"{vocabulary} is not byte-level, so its pre-tokenizer cannot be told",
            hint="convert it to a tokenizer.json, which states it, or try transformers: with the folder",
        )
    body = lines[1:] if lines[0].startswith("#version") else lines
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    content: dict[str, Any] = {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": level,
        "post_processor": None,
        "decoder": level,
        "model": {"type": "BPE", "vocab": pieces, "merges": [line for line in body if line]},
    }
    return Source(str(vocabulary), content, digest(vocabulary.read_bytes(), merges.read_bytes()))


def _word_pieces(path: Path, revision: str | None) -> Source:
    """BERT's list of pieces, one per line; whether it lowers case the list does not say, so it has to be told."""
    cased = {"cased": True, "uncased": False}.get(revision or "")
    beside = path.with_name("tokenizer_config.json")
    if cased is None and revision is None and beside.is_file():
        lowers = read_json(beside).get("do_lower_case")
        cased = None if lowers is None else not lowers
    if cased is None:
        raise TokenizerError(
            f"{path} does not say whether it lowers case", hint=f"write hf:{path}@cased or hf:{path}@uncased"
        )
    pieces = [line.rstrip("\r") for line in read_lines(path)]
    pieces = pieces[:-1] if pieces and not pieces[-1] else pieces
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    if "[UNK]" not in vocabulary:
        raise TokenizerError(f"{path} is not BERT's: it has no [UNK]")
    content: dict[str, Any] = {
        "version": "1.0",
        "added_tokens": [
            {
                "id": vocabulary[piece],
                "content": piece,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": True,
            }
            for piece in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
            if piece in vocabulary
        ],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": not cased,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": None,
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": vocabulary,
        },
    }
    return Source(str(path), content, file_digest(path, "cased" if cased else "uncased"))
