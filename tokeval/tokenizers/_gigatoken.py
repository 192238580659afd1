"""gigatoken as the fast path of byte-level and byte-fallback BPE, over Arrow buffers without a copy."""

from __future__ import annotations

import json
import re
from binascii import b2a_base64
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tokeval.arrow import text_buffers
from tokeval.tokenizers.fast import Found, NoFastPathError

#: What gigatoken's caches grow by for each byte of text, at most about (2.8 measured on 204 languages).
_GROWTH = 3


class Gigatoken:
    """One instance for one thread (the library serialises threads that share one)."""

    def __init__(self, build: Callable[[Any], Any], shift: int = 0, avoid: Iterable[str] = ()) -> None:
        try:
            import awkward
            import gigatoken
        except ImportError as error:
            raise NoFastPathError("gigatoken is not installed") from error
        from importlib.metadata import version

        self.name = f"gigatoken/{version('gigatoken')}"
        self._awkward = awkward
        self._shift, self._fed = np.uint32(shift), 0
        literals = sorted(re.escape(literal) for literal in avoid)
        self._avoid = "|".join(literals)
        try:
            self._tokenizer = build(gigatoken)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # the library's panics are no `Exception`
            line = str(error).strip().partition("\n")[0]
            raise NoFastPathError(f"{self.name} does not load it: {line[:120]}") from error

    def encode(self, texts: pa.Array, spans: bool) -> Found:
        """Ids; rows that hold a text to be avoided are left to the reference."""
        unsure = None
        if self._avoid:
            import pyarrow.compute as pc

            holds = pc.match_substring_regex(texts, self._avoid).to_numpy(zero_copy_only=False)
            if holds.any():
                unsure = np.flatnonzero(holds)
                texts = pc.if_else(pa.array(holds), pa.scalar("", pa.large_string()), texts)
        data, offsets = text_buffers(texts)
        self._fed += int(offsets[-1] - offsets[0])
        contents, index = self._awkward.contents, self._awkward.index
        rows = contents.ListOffsetArray(
            index.Index64(offsets),
            contents.NumpyArray(data, parameters={"__array__": "char"}),
            parameters={"__array__": "string"},
        )
        layout = self._tokenizer.encode_batch(self._awkward.Array(rows), parallel=False).layout
        found = np.asarray(layout.offsets.data, np.int64)
        ids = np.asarray(layout.content.data, np.uint32)[found[0] : found[-1]]
        return Found(ids + self._shift if self._shift else ids, found - found[0], unsure=unsure)

    def held(self) -> int:
        """By how much the caches may have grown."""
        return self._fed * _GROWTH


def json_source(content: dict[str, Any]) -> str:
    """A parsed tokenizer.json as `from_json` takes it; special tokens are left out, so that their text is ordinary."""
    added = [token for token in content.get("added_tokens") or [] if not token.get("special")]
    bare = content | {"added_tokens": added, "post_processor": None, "truncation": None, "padding": None}
    return json.dumps(bare)


def from_json(source: str) -> Gigatoken:
    """From what `json_source` made, once for the instances of all threads."""
    return Gigatoken(lambda library: library.Tokenizer.from_json(source))


def from_sentencepiece(model: bytes, literals: Iterable[str]) -> Gigatoken:
    """From a SentencePiece BPE model with byte fallback; texts with one of its literals go to the reference."""
    return Gigatoken(lambda library: library.Tokenizer.from_sentencepiece(model), avoid=literals)


def ranks_source(ranks: Mapping[bytes, int]) -> bytes:
    """Ranks as a file in tiktoken's form, as `from_ranks` takes it."""
    rows = sorted((rank, token) for token, rank in ranks.items() if token)
    return b"".join(b2a_base64(token, newline=False) + b" %d\n" % rank for rank, token in rows)


def from_ranks(source: bytes, scheme: str, shift: int = 0) -> Gigatoken:
    """From what `ranks_source` made and gigatoken's name of the pattern; ids are shifted by `shift`."""
    import tempfile

    def build(library: Any) -> Any:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "ranks.tiktoken"
            path.write_bytes(source)
            return library.Tokenizer.from_tiktoken(path, pretokenizer=scheme, special_tokens={})

    return Gigatoken(build, shift=shift)


def ranks_json(ranks: Mapping[bytes, int], pattern: str) -> dict[str, Any]:
    """A tokenizer.json equal to a rank file: every split of a token into two others is a merge, in order of rank."""
    from tokeval.tokenizers.bytelevel import spelled

    merges = []
    for token, _ in sorted(ranks.items(), key=lambda item: item[1]):
        parts = [(token[:k], token[k:]) for k in range(1, len(token))]
        known = sorted((ranks[a], ranks[b], a, b) for a, b in parts if a in ranks and b in ranks)
        merges += [[spelled(a), spelled(b)] for _, _, a, b in known]
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    model = {
        "type": "BPE",
        "ignore_merges": True,
        "vocab": {spelled(token): rank for token, rank in ranks.items()},
        "merges": merges,
    }
    return {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, level]},
        "decoder": level,
        "model": model,
    }
