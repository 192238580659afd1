"""What kind of file this is, told from its bytes: so that a wrong file is named, not guessed at."""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path

from tokeval.tokenizers.limits import read_json

#: kind -> what a person calls it
NAMES = {
    "hf": "a Hugging Face tokenizer.json",
    "sentencepiece": "a SentencePiece model",
    "tiktoken": "a tiktoken rank file",
    "rwkv": "an RWKV vocabulary",
    "tekken": "a Tekken vocabulary of mistral-common",
    "lfs": "a Git LFS pointer, not the file itself",
    "pickle": "a Python pickle, which is never loaded",
    "parquet": "a Parquet file",
    "archive": "a compressed archive",
    "json": "JSON, but not a tokenizer.json",
    "broken-json": "broken or truncated JSON",
    "deep-json": "JSON that is nested too deep",
    "text": "plain text",
    "empty": "an empty file",
    "binary": "binary data of no known tokenizer format",
}

_HINTS = {
    "lfs": "fetch the real file with `git lfs pull`",
    "tekken": "try mistral:PATH",
    "rwkv": "try rwkv:PATH",
    "parquet": "try precomputed:PATH if it holds token ids, or -c for a corpus",
    "hf": "try hf:PATH",
    "sentencepiece": "try sentencepiece:PATH",
    "tiktoken": "try tiktoken:PATH",
}

#: Files of tokenizers that lie in no single one: what they are together, and what to do.
_TOGETHER = {
    ("encoder_bpe_40000.json", "vocab_40000.bpe"): (
        "GPT-1's vocabulary and merges, in which nothing tells how it cleans and cuts text",
        "copy them to vocab.json and merges.txt, with a tokenizer_config.json of"
        ' {"tokenizer_class": "OpenAIGPTTokenizer"}, and write transformers:FOLDER for what transformers makes of them',
    ),
    ("kokler.json", "ekler.json", "bpe_tokenler.json"): (
        "the dictionaries of a Turkish tokenizer of roots and affixes, whose rules are code",
        "install its package, wrap it in a class with encode_batch, and write python:MODULE:CLASS",
    ),
}

#: What the library writes first into a tokenizer.json.
_HF_HEAD = re.compile(rb'\s*\{\s*"version"\s*:\s*"1\.0"\s*,\s*"(truncation|padding|added_tokens)"\s*:')

#: `id literal length`, the literal a Python string or bytes constant
_RWKV_LINE = re.compile(rb"""\d+ b?(?:'.*'|".*") \d+""")


def sniff(path: Path, *, by_head: bool = False) -> str:
    """The kind of the file, a key of `NAMES`.

    Args:
        path: the file.
        by_head: whether its beginning may do for JSON, which is parsed else; it can be broken further on.

    Raises:
        TokenizerError: it is JSON, and larger than what is read (see `limits`).
    """
    with path.open("rb") as stream:
        head = stream.read(4096)
    if not head:
        return "empty"
    if head.startswith(b"version https://git-lfs"):
        return "lfs"
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")):
        return "archive"
    if head[:1] == b"\x80" and head[1:2] in {b"\x02", b"\x03", b"\x04", b"\x05"}:
        return "pickle"
    if by_head and _HF_HEAD.match(head):
        return "hf"
    if head.lstrip()[:1] in {b"{", b"["}:
        return _sniff_json(path)
    first = head.partition(b"\n")[0]
    if _is_rank_line(first):
        return "tiktoken"
    if _RWKV_LINE.fullmatch(first.rstrip()):
        return "rwkv"
    # ModelProto: field 1 (pieces), length-delimited, holding a SentencePiece message whose first field is a string
    if head[:1] == b"\x0a" and len(head) > 3 and head[2:3] == b"\x0a":
        return "sentencepiece"
    try:
        head[: len(head) - 4 or None].decode()
    except UnicodeDecodeError:
        return "binary"
    return "text" if b"\x00" not in head else "binary"


def describe(path: Path) -> tuple[str, str | None]:
    """What the file looks like, in words, and a hint what to do."""
    together = part_of(path)
    if together is not None:
        return together
    kind = sniff(path)
    return NAMES[kind], _HINTS.get(kind)


def part_of(path: Path) -> tuple[str, str] | None:
    """Of which tokenizer in several files the path is one, or the folder of them: what it is, and a hint; else None."""
    for names, described in _TOGETHER.items():
        folder = path if path.is_dir() else path.parent
        if (path.is_dir() or path.name in names) and all((folder / name).is_file() for name in names):
            return described
    return None


def _sniff_json(path: Path) -> str:
    try:
        content = read_json(path)
    except ValueError:
        return "broken-json"
    except RecursionError:
        return "deep-json"
    if isinstance(content, dict) and isinstance(content.get("model"), dict):
        return "hf"
    if isinstance(content, dict) and "config" in content and "vocab" in content:
        return "tekken"
    return "json"


def _is_rank_line(line: bytes) -> bool:
    token, _, rank = line.strip().partition(b" ")
    try:
        base64.b64decode(token, validate=True)
    except binascii.Error:
        return False
    return bool(token) and rank.isdigit()
