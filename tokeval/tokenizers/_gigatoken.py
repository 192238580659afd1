"""gigatoken as the fast path of byte-level and byte-fallback BPE, over Arrow buffers without a copy."""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from tokeval.arrow import Int64, UInt8, UInt32, text_buffers
from tokeval.errors import first_line
from tokeval.tokenizers.base import without_panic
from tokeval.tokenizers.bytelevel import alphabet, spelled
from tokeval.tokenizers.fast import Found, NoFastPathError
from tokeval.tokenizers.parting import CLASSES, Asked, Parting, parting_of, parts_points

#: What gigatoken's caches grow by for each byte of text, at most about (2.8 measured on 204 languages).
_GROWTH = 3

#: What makes an added token take in spaces beside it, or be one only between other words.
_TAKING = ("lstrip", "rstrip", "single_word")


class Gigatoken:
    """One instance for one thread (the library serialises threads that share one)."""

    def __init__(
        self,
        build: Callable[[Any], Any],
        shift: int = 0,
        avoid: Iterable[str] = (),
        known: int | None = None,
        parting: Parting | None = None,
    ) -> None:
        try:
            import awkward
            import gigatoken
        except ImportError as error:
            raise NoFastPathError("gigatoken is not installed") from error
        from importlib.metadata import version

        self.name = f"gigatoken/{version('gigatoken')}"
        self._awkward = awkward
        self._shift, self._known, self._fed = np.uint32(shift), known, 0
        self._parting = parting
        literals = sorted(re.escape(literal) for literal in avoid)
        self._avoid = "|".join(literals)
        try:
            self._tokenizer = without_panic(build)(gigatoken)
        except Exception as error:  # the library raises what it likes
            line = first_line(error)
            raise NoFastPathError(f"{self.name} does not load it: {line[:120]}") from error

    def encode(self, texts: pa.Array, spans: bool) -> Found:
        """Ids; rows that hold a text to be avoided, or a byte without a token, are left to the reference."""
        unsure = np.zeros(0, np.int64)
        if self._avoid:
            import pyarrow.compute as pc

            holds = pc.match_substring_regex(texts, self._avoid).to_numpy(zero_copy_only=False)
            if holds.any():
                unsure = np.flatnonzero(holds)
                texts = pc.if_else(pa.array(holds), pa.scalar("", pa.large_string()), texts)
        data, offsets = text_buffers(texts)
        self._fed += int(offsets[-1] - offsets[0])
        rows = None
        if self._parting is not None:
            offsets, rows = self._parting.cut(data, offsets)
        ids, found = self._encode(data, offsets)
        if rows is not None:
            found = found[rows]
        if self._known is not None and ids.max(initial=0) >= self._known:
            foreign = np.unique(np.searchsorted(found, np.flatnonzero(ids >= self._known), "right") - 1)
            ids, found = _without(ids, found, foreign)
            unsure = np.union1d(unsure, foreign)
        return Found(ids + self._shift if self._shift else ids, found, unsure=unsure if len(unsure) else None)

    @without_panic
    def _encode(self, data: UInt8, offsets: Int64) -> tuple[UInt32, Int64]:
        contents, index = self._awkward.contents, self._awkward.index
        rows = contents.ListOffsetArray(
            index.Index64(offsets),
            contents.NumpyArray(data, parameters={"__array__": "char"}),
            parameters={"__array__": "string"},
        )
        layout = self._tokenizer.encode_batch(self._awkward.Array(rows), parallel=False).layout
        found = np.asarray(layout.offsets.data, np.int64)
        return np.asarray(layout.content.data, np.uint32)[found[0] : found[-1]], found - found[0]

    def held(self) -> int:
        """By how much the caches may have grown."""
        return self._fed * _GROWTH


def _without(ids: UInt32, offsets: Int64, rows: Int64) -> tuple[UInt32, Int64]:
    """Ids and offsets with some rows made empty."""
    counts = np.diff(offsets)
    kept = np.ones(len(counts), np.bool_)
    kept[rows] = False
    return ids[np.repeat(kept, counts)], np.concatenate(([0], np.cumsum(counts * kept)))


@dataclass(frozen=True)
class Source:
    """A tokenizer.json for gigatoken.

    Attributes:
        data: of the file.
        known: if not None, this id and those above it stand for bytes that the tokenizer has no token for.
        avoid: added tokens that take in what is around them, which is the library's own affair, or that a parting cuts.
        parting: what the tokenizer does to a text before what the library knows.
    """

    data: bytes
    known: int | None = None
    avoid: tuple[str, ...] = ()
    parting: Parting | None = None


def json_source(content: dict[str, Any], *, bytewise: bool = True, ask: Asked | None = None) -> Source:
    """A parsed tokenizer.json as `from_json` takes it; special tokens are left out, so that their text is ordinary.

    Training leaves out bytes that it did not meet unless it is told otherwise. What is `bytewise`, in the byte
    alphabet, gets tokens for them, as gigatoken wants all. With `ask`, which asks the defining library, what parts
    single characters first, such as digits, is done beforehand.

    Raises:
        NoFastPathError: gigatoken would cut the text by a pattern where the file has none.
    """
    before, parting = content.get("pre_tokenizer") or {}, None
    if ask is not None and bytewise and not content.get("normalizer"):
        before, parting = _parted(before, ask)
    if before.get("type") == "ByteLevel" and not before.get("use_regex", True):
        raise NoFastPathError("a ByteLevel that cuts the text nowhere")
    added = [token for token in content.get("added_tokens") or [] if not token.get("special")]
    avoid = tuple(
        token["content"]
        for token in added
        if any(token.get(taking) for taking in _TAKING) or (parting is not None and parting.parts(token["content"]))
    )
    bare = content | {
        "pre_tokenizer": before or None,
        "added_tokens": added,
        "post_processor": None,
        "truncation": None,
        "padding": None,
    }
    vocabulary = content["model"]["vocab"]
    missing = [letter for letter in alphabet() if letter not in vocabulary] if bytewise else []
    if not missing:
        return Source(_written(bare), avoid=avoid, parting=parting)
    known = 1 + max([*vocabulary.values(), *(token["id"] for token in added)], default=0)
    more = {letter: known + k for k, letter in enumerate(missing)}
    bare["model"] = content["model"] | {"vocab": vocabulary | more}
    return Source(_written(bare), known, avoid, parting)


def _written(content: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(content)  # of a vocabulary of 50,000 and its merges in 0.01 s; json takes 0.09
    except TypeError as error:  # such as a number of more than 64 bits, which json reads
        raise NoFastPathError(f"its file cannot be written anew: {error}") from error


def _parted(before: dict[str, Any], ask: Asked) -> tuple[dict[str, Any], Parting | None]:
    """What is left of a sequence of pre-tokenizers when those that part single characters have been at work."""
    steps = before.get("pretokenizers") or []
    # a ByteLevel that adds a space would add one to each part
    if before.get("type") != "Sequence" or len(steps) < 2 or any(step.get("add_prefix_space") for step in steps):
        return before, None
    first = next((k for k, step in enumerate(steps) if not parts_points(step)), len(steps))
    if not 0 < first < min(len(steps), CLASSES):
        return before, None
    rest = steps[first] if first == len(steps) - 1 else before | {"pretokenizers": steps[first:]}
    return rest, parting_of(steps[:first], ask)


def from_json(source: Source) -> Gigatoken:
    """From what `json_source` made, once for the instances of all threads."""
    return Gigatoken(
        lambda library: library.Tokenizer.from_json(source.data),
        avoid=source.avoid,
        known=source.known,
        parting=source.parting,
    )


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
