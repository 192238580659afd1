"""Two versions of one tokenizer: what became of its ids, and of how it cuts text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tokeval.engine.segmentation import Changes, compare_segmentation
from tokeval.errors import NotSupportedError
from tokeval.schema import SPANS, SPECIAL, UNUSED, VOCABULARY
from tokeval.tokenizers.base import Tokenizer
from tokeval.tokenizers.load import declared as declared_by
from tokeval.tokenizers.load import load_tokenizer, parse_spec


@dataclass(frozen=True)
class Token:
    """An entry of a vocabulary: its id, its bytes, and whether it is special or unused."""

    id: int
    bytes: bytes
    kind: str

    @property
    def text(self) -> str:
        """Its bytes for a reader; what is not UTF-8 as `<0xNN>`."""
        from tokeval.tokenizers.bytelevel import printable

        return printable(self.bytes)


@dataclass(frozen=True)
class Moved:
    """A token that both versions have, under different ids."""

    token: Token
    new_id: int


@dataclass(frozen=True)
class Vocabularies:
    """What became of the ids.

    Attributes:
        old_size, new_size: entries of each version.
        moved: tokens under another id, by old id.
        added, removed: tokens that only one version has, by id.
        redefined: old ids that now stand for another token, or for none: sequences of old ids decode differently.
    """

    old_size: int
    new_size: int
    moved: Sequence[Moved]
    added: Sequence[Token]
    removed: Sequence[Token]
    redefined: Sequence[tuple[Token, Token | None]]


@dataclass(frozen=True)
class Review:
    """A tokenizer's change.

    Attributes:
        old, new: the specs; `same` says that their fingerprints are equal.
        vocabularies: what became of the ids, or None where a version does not declare its vocabulary.
        changes: what became of the segmentation, by corpus.
    """

    old: str
    new: str
    same: bool
    vocabularies: Vocabularies | None
    changes: Mapping[str, Changes] = field(default_factory=dict)

    @property
    def findings(self) -> dict[str, int]:
        """How much changed, by what a gate can ask for: ids, vocabulary, decoding, segmentation."""
        ids = self.vocabularies
        return {
            "ids": len(ids.redefined) if ids else 0,
            "vocabulary": len(ids.added) + len(ids.removed) if ids else 0,
            "decoding": sum(change.decoded_differently or 0 for change in self.changes.values()),
            "segmentation": sum(change.changed for change in self.changes.values()),
        }


def review(
    old: str, new: str, corpora: Mapping[str, str] | None = None, *, examples: int = 10, limit: int | None = None
) -> Review:
    """Compare two versions of a tokenizer, on their vocabularies and on corpora.

    Args:
        old: spec string of the version before.
        new: spec string of the version after.
        corpora: paths by name; none leaves out what needs text.
        examples: how many of the documents that changed most are kept per corpus.
        limit: read no more than the first so many rows of each corpus.

    Raises:
        TokevalError: a tokenizer or a corpus cannot be read, or neither vocabulary nor text can be compared.
    """
    for spec in (old, new):
        known = declared_by(parse_spec(spec))
        if known is not None and not known & {VOCABULARY, SPANS}:
            raise NotSupportedError(f"{spec} cannot be compared: it declares neither a vocabulary nor spans")
    first, second = load_tokenizer(old), load_tokenizer(new)
    declared = VOCABULARY in first.capabilities & second.capabilities
    if not declared and not corpora:
        raise NotSupportedError(
            "the two cannot be compared by their vocabularies: one does not declare it", hint="add -c NAME=PATH"
        )
    vocabularies = _compare_vocabularies(first, second) if declared else None
    changes = {
        name: compare_segmentation(name, place, first, second, examples=examples, limit=limit)
        for name, place in (corpora or {}).items()
    }
    return Review(old, new, first.fingerprint == second.fingerprint, vocabularies, changes)


def _compare_vocabularies(old: Tokenizer, new: Tokenizer) -> Vocabularies:
    # Two files of one format spell a token alike, marks such as ## included; across formats only the bytes are common.
    by_piece = type(old) is type(new)
    before, after = _identities(old, by_piece), _identities(new, by_piece)
    ids_after = {identity: token.id for identity, token in after.items()}
    by_id = {token.id: (identity, token) for identity, token in after.items()}
    moved: list[Moved] = []
    removed: list[Token] = []
    redefined: list[tuple[Token, Token | None]] = []
    for identity, token in before.items():
        if identity not in ids_after:
            removed.append(token)
        elif ids_after[identity] != token.id:
            moved.append(Moved(token, ids_after[identity]))
        there = by_id.get(token.id)
        if there is None or there[0] != identity:
            redefined.append((token, there[1] if there else None))
    added = [token for identity, token in after.items() if identity not in before]
    return Vocabularies(len(before), len(after), moved, added, removed, redefined)


def _identities(tokenizer: Tokenizer, by_piece: bool) -> dict[tuple[object, ...], Token]:
    """Every entry by what makes it the same token in another version; equal ones are told apart by their order."""
    table = tokenizer.entries.sort_by("id")
    seen: Counter[tuple[object, ...]] = Counter()
    found: dict[tuple[object, ...], Token] = {}
    for number, piece, data, kind in zip(*(table[c].to_pylist() for c in _COLUMNS), strict=True):
        spelled = data if data is not None else piece.encode()
        named = kind if kind in {SPECIAL, UNUSED} else "text"
        identity = (named, spelled, piece if by_piece else None)
        found[(*identity, seen[identity])] = Token(number, spelled, kind)
        seen[identity] += 1
    return found


_COLUMNS = ("id", "piece", "bytes", "kind")


def broken(review: Review, kinds: Iterable[str]) -> list[str]:
    """Those of the kinds of change that occurred."""
    return [kind for kind in kinds if review.findings[kind]]
