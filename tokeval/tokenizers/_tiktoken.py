"""tiktoken: encoding names through its own cache, and rank files whose pattern is known, never guessed."""

from __future__ import annotations

import hashlib
from binascii import a2b_base64
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from tokeval.arrow import ragged_ids, text_array, text_buffers
from tokeval.errors import TokenizerError, suggest
from tokeval.schema import BYTE, DECODE, IDS, SPANS, SPECIAL, VOCABULARY, Spelling
from tokeval.signature import digest
from tokeval.tokenizers.base import QUEUED, Spans, Tokenizer, kinds_of, vocabulary_table, without_panic
from tokeval.tokenizers.bytelevel import USED_BYTES, byte_lengths, is_byte, pattern_ends, printables, spans_by_length
from tokeval.tokenizers.fast import FastPath, NoFastPathError
from tokeval.tokenizers.hard import hard_strings
from tokeval.tokenizers.limits import check_lines
from tokeval.tokenizers.load import require_file
from tokeval.tokenizers.spelling import of_ranks

if TYPE_CHECKING:
    import tiktoken

    from tokeval.tokenizers._gigatoken import Source

_GPT2 = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"
_CL100K = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]"
    r"|\s+(?!\S)|\s"
)
_LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
_QWEN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
_O200K = "|".join(
    [
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    ]
)


#: `tiktoken:FILE@pattern=TEXT`: a file with the pattern.
GIVEN = "pattern="

#: pattern -> gigatoken's name for it
_SCHEMES = {_GPT2: "gpt2", _CL100K: "cl100k", _O200K: "o200k"}


@dataclass(frozen=True)
class _Known:
    """A published encoding: its pattern, the SHA-256 of its rank file ("" for a pattern of many), its specials."""

    pattern: str
    sha256: str
    special: tuple[tuple[str, int], ...] = ()


_END = "<|endoftext|>"
_KNOWN = {
    "r50k_base": _Known(_GPT2, "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930", ((_END, 50256),)),
    "p50k_base": _Known(_GPT2, "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069", ((_END, 50256),)),
    "cl100k_base": _Known(
        _CL100K,
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
        (
            (_END, 100257),
            ("<|fim_prefix|>", 100258),
            ("<|fim_middle|>", 100259),
            ("<|fim_suffix|>", 100260),
            ("<|endofprompt|>", 100276),
        ),
    ),
    "o200k_base": _Known(
        _O200K,
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
        ((_END, 199999), ("<|endofprompt|>", 200018)),
    ),
    "whisper": _Known(_GPT2, "b34b360dbb493e781e479794586d661700670d65564001f23024971d1f2fa126", ()),
    "qwen": _Known(_QWEN, ""),
    "llama3": _Known(_LLAMA3, "82e9d31979e92ab929cd544440f129d9ecd797b69e327f80f17e1c50d5551b55", ()),
}


class Tiktoken(Tokenizer):
    """A byte-level BPE in tiktoken's form.

    `tiktoken:NAME` is an encoding of tiktoken's own; `tiktoken:FILE` a rank file recognised by its hash;
    `tiktoken:FILE@NAME` one that must be that encoding; `tiktoken:FILE@like-NAME` other ranks with its pattern;
    `tiktoken:FILE@pattern=TEXT` other ranks with the pattern that the text file TEXT holds.
    """

    capabilities = frozenset({IDS, DECODE, SPANS, VOCABULARY})
    long_text = QUEUED
    accelerated = "gigatoken"
    text_prefix = b""

    def __init__(self, location: str, revision: str | None = None) -> None:
        import tiktoken

        self.library = f"tiktoken/{tiktoken.__version__}"
        self._path = Path(location) if Path(location).exists() else None
        if self._path is not None:
            self._encoding, self.fingerprint = _from_file(location, revision)
        else:
            self._encoding, self.fingerprint = _from_name(location, revision)

    @without_panic
    def encode_batch(self, texts: pa.Array) -> pa.Array:
        """Ids by the library's own call, special tokens being ordinary text."""
        texts = text_array(texts)
        rows = [[] if r is None else self._encoding.encode_ordinary(r) for r in texts.to_pylist()]
        return ragged_ids(rows, texts.is_valid())

    @without_panic
    def decode_batch(self, ids: pa.Array) -> pa.Array:
        """Text; bytes that are not UTF-8 become U+FFFD."""
        rows = ids.to_pylist()
        return pa.array([None if row is None else self._encoding.decode(row) for row in rows], pa.large_string())

    @without_panic
    def spans_batch(self, texts: pa.Array) -> Spans:
        """Spans from the lengths of the tokens, whose bytes concatenate to the text."""
        return spans_by_length(self.encode_batch(texts), self._lengths)

    @cached_property
    def _lengths(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return byte_lengths(self.entries)

    def fast_path(self) -> FastPath:
        """Use gigatoken, told the pattern by its name where the names are equal letter for letter."""
        from tokeval.tokenizers import _gigatoken

        pattern = self._encoding._pat_str
        if pattern in _SCHEMES:
            return _gigatoken.from_ranks(self._fast_source, _SCHEMES[pattern])
        if pattern in (_LLAMA3, _QWEN):
            return _gigatoken.from_json(self._fast_json)
        raise NoFastPathError("gigatoken has no name for its pattern")

    @cached_property
    def _fast_source(self) -> bytes:
        from tokeval.tokenizers._gigatoken import ranks_source

        known, ranks = _KNOWN.get(self._encoding.name), self._encoding._mergeable_ranks
        # A published file is as it has to be; but gigatoken reads no empty token, as Whisper's has one.
        if self._path is not None and known is not None and known.sha256 and b"" not in ranks:
            return self._path.read_bytes()
        return ranks_source(ranks)

    @cached_property
    def _fast_json(self) -> Source:
        from tokeval.tokenizers._gigatoken import json_source, ranks_json

        return json_source(ranks_json(self._encoding._mergeable_ranks, self._encoding._pat_str))

    def pretoken_ends(self, text: str) -> list[int]:
        """Where the encoding's own pattern cuts."""
        return pattern_ends(self._encoding._pat_str, text)

    def literals(self) -> list[str]:
        """The special tokens."""
        return list(self._encoding._special_tokens)

    def vocabulary(self) -> pa.Table:
        """Ranks by id, then the special tokens."""
        special = {i: piece for piece, i in self._encoding._special_tokens.items()}
        ranks = {i: data for data, i in self._encoding._mergeable_ranks.items() if i not in special}
        data = pa.array([*ranks.values(), *(piece.encode() for piece in special.values())], pa.large_binary())
        last = np.arange(len(data)) >= len(ranks)
        kinds = kinds_of(len(data), {BYTE: is_byte(*text_buffers(data)), SPECIAL: last})
        ids = np.array([*ranks, *special], np.int64)
        return vocabulary_table(ids, printables(data), data, kinds, pa.array(ids.astype(np.float64), mask=last))

    def spelling(self) -> Spelling:
        """Every published pattern puts the space before its word; neighbours merge where their bytes have a rank."""
        return of_ranks(self._encoding._mergeable_ranks)


def _from_file(location: str, revision: str | None) -> tuple[tiktoken.Encoding, str]:
    import tiktoken

    path, _ = require_file(location, {"tiktoken"}, "a tiktoken rank file")
    content = check_lines(path)
    sha256 = hashlib.sha256(content).hexdigest()
    if revision is not None and revision.startswith(GIVEN):
        return _with_pattern(path, _ranks(path, content), sha256, Path(revision.removeprefix(GIVEN)))
    name = revision or next((n for n, known in _KNOWN.items() if known.sha256 == sha256), None)
    if name is None:
        raise TokenizerError(
            f"{path} is none of the rank files that tokeval knows, so its pattern cannot be told",
            hint=f"write tiktoken:{path}@like-NAME with NAME one of {', '.join(_KNOWN)}, or @{GIVEN}FILE",
        )
    like = name.startswith("like-")
    known = _KNOWN.get(name.removeprefix("like-"))
    if known is None:
        raise TokenizerError(f"there is no known pattern {name!r}", hint=suggest(name, _KNOWN))
    if not like and not known.sha256:
        raise TokenizerError(
            f"of {name} only the pattern is known, so {path} cannot be told to be it",
            hint=f"write tiktoken:{path}@like-{name}",
        )
    if not like and known.sha256 != sha256:
        raise TokenizerError(
            f"{path} is not {name}: its SHA-256 begins with {sha256[:12]}, not {known.sha256[:12]}",
            hint=f"if only the pattern is the same, write tiktoken:{path}@like-{name}",
        )
    ranks = _ranks(path, content)
    if like:
        _check_ranks(path, ranks)
    special = {} if like else dict(known.special)
    encoding = tiktoken.Encoding(name, pat_str=known.pattern, mergeable_ranks=ranks, special_tokens=special)
    return encoding, digest(bytes.fromhex(sha256), name)


def _ranks(path: Path, content: bytes) -> dict[bytes, int]:
    """The ranks of a file with a token in base 64 and its rank per line."""
    try:
        pairs = [line.split() for line in content.splitlines() if line]
        ranks = {a2b_base64(token): int(rank) for token, rank in pairs}
    except ValueError as error:
        raise TokenizerError(f"{path} is no rank file: {error}") from error
    if len(ranks) < len(pairs):
        raise TokenizerError(f"{path} is no rank file: it has {len(pairs) - len(ranks)} tokens twice")
    return ranks


def _with_pattern(path: Path, ranks: dict[bytes, int], sha256: str, place: Path) -> tuple[tiktoken.Encoding, str]:
    """An encoding of a rank file and a pattern from a file of its own, which must leave out no text."""
    import regex
    import tiktoken

    try:
        pattern = place.read_text("utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise TokenizerError(f"the pattern {place} cannot be read: {error}") from error
    _check_ranks(path, ranks)
    try:
        if any(not found[0] for text in ("", *hard_strings()) for found in regex.finditer(pattern, text)):
            raise ValueError("it matches empty text")  # the library panics there
        encoding = tiktoken.Encoding("given", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    except (ValueError, regex.error) as error:
        line = str(error).strip().rpartition("\n")[2]
        raise TokenizerError(f"{place} holds no pattern that tiktoken can use: {line}") from error
    for text in hard_strings():  # the library drops what a pattern does not match
        if encoding.decode_bytes(encoding.encode_ordinary(text)) != text.encode():
            raise TokenizerError(f"the pattern of {place} leaves out text, such as some of {text[:30]!r}")
    return encoding, digest(bytes.fromhex(sha256), GIVEN, pattern)


def _check_ranks(path: Path, ranks: dict[bytes, int]) -> None:
    if not ranks or max(ranks.values()) != len(ranks) - 1:
        last = max(ranks.values(), default="none")
        raise TokenizerError(f"the ranks of {path} have holes: {len(ranks)} tokens, last rank {last}")
    if len(set(ranks.values())) < len(ranks):
        raise TokenizerError(f"{len(ranks) - len(set(ranks.values()))} tokens of {path} have the rank of another")
    absent = [byte for byte in USED_BYTES if bytes([byte]) not in ranks]
    if absent:  # the library fails on text with such a byte
        raise TokenizerError(f"{path} has no token for {len(absent)} single bytes, such as 0x{absent[0]:02X}")


def _from_name(name: str, revision: str | None) -> tuple[tiktoken.Encoding, str]:
    import tiktoken

    names = tiktoken.list_encoding_names()
    if name not in names or revision is not None:
        raise TokenizerError(f"there is no file and no tiktoken encoding {name!r}", hint=suggest(name, names))
    try:
        encoding = tiktoken.get_encoding(name)
    except Exception as error:  # whatever the library's HTTP client raises
        raise TokenizerError(
            f"tiktoken cannot get {name!r}: {type(error).__name__}",
            hint="set TIKTOKEN_CACHE_DIR to a folder that holds it, or name the .tiktoken file",
        ) from error
    if name in _KNOWN:
        return encoding, digest(bytes.fromhex(_KNOWN[name].sha256), name)
    ranks = sorted((rank, data) for data, rank in encoding._mergeable_ranks.items())
    return encoding, digest(encoding._pat_str, *(data for _, data in ranks))
