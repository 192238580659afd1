"""What a tokenizer's file declares of words and merges, in the one form that vocabulary analysis reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from tokeval.schema import BPE, BY_PREFIX, BY_SPACE, BY_SPACE_AFTER, BY_SUFFIX, NORMAL, UNDECLARED, UNUSED, Spelling
from tokeval.tokenizers import modelproto

if TYPE_CHECKING:
    import pyarrow as pa

_MODELS = {modelproto.UNIGRAM: "unigram", modelproto.BPE: BPE, modelproto.WORD: "word", modelproto.CHAR: "char"}


def of_json(model: Mapping[str, Any], scheme: set[str]) -> Spelling:
    """The spelling of a tokenizer.json.

    Args:
        model: its `model`.
        scheme: the types of its decoders, or of its pre-tokenizers where it has none.
    """
    suffix = model.get("end_of_word_suffix")
    kind = str(model.get("type") or _kind_by_keys(model)).lower()
    if "WordPiece" in scheme:
        return Spelling(BY_PREFIX, model.get("continuing_subword_prefix") or "##", kind)
    words = BY_SUFFIX if suffix else BY_SPACE if scheme & {"ByteLevel", "Metaspace"} else UNDECLARED
    merges = model.get("merges")
    if not isinstance(merges, list):
        return Spelling(words, suffix or "", kind)
    ranks = ranks_of(merges)
    return Spelling(words, suffix or "", kind, lambda left, right: ranks.get((left, right)))


def ranks_of(merges: Iterable[Any]) -> dict[tuple[str, str], float]:
    """The rank of each pair that a tokenizer.json merges, in either of its forms; of equal pairs the last counts."""
    pairs = (merge.split(" ") if isinstance(merge, str) else merge for merge in merges)
    return {(left, right): float(rank) for rank, (left, right) in enumerate(pairs)}


def _kind_by_keys(model: Mapping[str, Any]) -> str:
    """The kind of a model that does not name it, as older files do not."""
    if "merges" in model:
        return BPE
    if "max_input_chars_per_word" in model:
        return "wordpiece"
    return "unigram" if isinstance(model.get("vocab"), list) else ""


def types_of(node: object) -> list[str]:
    """The `type` names in a declaration, sequences opened; Replace of ▁ counts as Metaspace."""
    if not isinstance(node, dict):
        return []
    if node.get("type") == "Sequence":
        parts = node.get("decoders") or node.get("pretokenizers") or node.get("normalizers") or []
        return [name for part in parts for name in types_of(part)]
    if node.get("type") == "Replace" and node.get("pattern") == {"String": "▁"}:
        return ["Metaspace"]
    return [str(node.get("type"))]


def parts_words(content: Mapping[str, Any]) -> bool:
    """Whether a tokenizer.json parts words at white space, and normalises single characters at most."""
    splitters, normalizers = (types_of(content.get(part)) for part in ("pre_tokenizer", "normalizer"))
    return {*normalizers} <= {"NFC", "NFKC", "Lowercase"} and splitters in (
        ["Whitespace"],
        ["WhitespaceSplit"],
        ["BertPreTokenizer"],
    )


def of_ranks(ranks: Mapping[bytes, int]) -> Spelling:
    """The spelling of a vocabulary of byte strings with ranks: neighbours merge where the two together have one."""

    def rank(left: str, right: str) -> float | None:
        return ranks.get((left + right).encode("latin-1"))

    return Spelling(BY_SPACE, model=BPE, rank=rank, bytewise=True)


def of_model(model: modelproto.Model, vocabulary: pa.Table) -> Spelling:
    """The spelling of a SentencePiece model.

    Args:
        model: what the file declares.
        vocabulary: its pieces, kinds and scores; in a BPE the higher score merges first.
    """
    words = BY_SPACE_AFTER if model.space_after else BY_SPACE
    kind = _MODELS.get(model.kind, "")
    if kind != BPE:
        return Spelling(words, model=kind)
    rows = zip(*(vocabulary[name].to_pylist() for name in ("piece", "score", "kind")), strict=True)
    scores = {piece: score for piece, score, kind in rows if kind in {NORMAL, UNUSED}}

    def rank(left: str, right: str) -> float | None:
        score = scores.get(left + right)
        return None if score is None else -score

    return Spelling(words, model=kind, rank=rank)
