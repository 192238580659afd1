"""Small vocabularies and tokenizer files for the tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from tokeval.tokenizers.base import vocabulary_table

BYTE_ALPHABET = {0x20: "Ġ", 0x0A: "Ċ"}


def vocabulary(*tokens: bytes | str, kinds: dict[int, str] | None = None, pieces: list[str] | None = None) -> pa.Table:
    """A vocabulary of these tokens, ids from 0; text is encoded, kinds are normal unless given."""
    data = [token.encode() if isinstance(token, str) else token for token in tokens]
    spelled = pieces or [value.decode("utf-8", "backslashreplace") for value in data]
    named = [(kinds or {}).get(i, "normal") for i in range(len(data))]
    return vocabulary_table(list(range(len(data))), spelled, data, named, [None] * len(data))


def bpe_json(path: Path, vocab: dict[str, int], merges: list[str], **changes: Any) -> Path:
    """A byte-level BPE tokenizer.json with GPT-2's pre-tokenizer."""
    content: dict[str, Any] = {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        "post_processor": None,
        "decoder": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        "model": {"type": "BPE", "unk_token": None, "byte_fallback": False, "vocab": vocab, "merges": merges},
    }
    content |= changes
    path.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
    return path


def small_bpe(path: Path, **changes: Any) -> Path:
    """A BPE with ` the` behind a space, `zq` that no merges build, `oth` shadowed by none, and a special token."""
    vocab = {piece: i for i, piece in enumerate("abehotzqĠ.1")}
    for piece in ("th", "Ġth", "Ġthe", "zq", "12"):
        vocab[piece] = len(vocab)
    vocab["2"] = len(vocab)
    special = {"id": len(vocab), "content": "<|end|>", "special": True}
    special |= {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    changes.setdefault("added_tokens", [special])
    return bpe_json(path, vocab, ["t h", "Ġ th", "Ġth e", "1 2"], **changes)
