"""What flows between the parts: a batch of text, its encoding, a figure, and the result table's columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pyarrow as pa

    from tokeval.arrow import Int64, UInt32

#: Documents fall into this many buckets by a stable hash of their key; the bootstrap draws buckets.
BUCKETS = 256

#: The slice that pools every document of a corpus.
ALL = "all"

#: The row that is the unweighted mean over the slices that have a figure; like `all`, no slice may be called so.
MACRO = "macro"

#: The name of a slice whose value is null.
NO_VALUE = "(none)"

#: What an adapter may declare. `ids` says that equal ids mean equal tokens, so that they can be counted.
IDS, DECODE, SPANS, VOCABULARY = "ids", "decode", "spans", "vocabulary"
CAPABILITIES = (IDS, DECODE, SPANS, VOCABULARY)

#: Kinds of a vocabulary entry.
NORMAL, BYTE, SPECIAL, UNUSED = "normal", "byte", "special", "unused"

#: Which way a metric is better.
HIGHER, LOWER, NEITHER = "higher", "lower", "neither"


def bucket_of(keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.int32]:
    """The bucket, 0 to BUCKETS - 1, of documents with these keys."""
    return (keys >> np.uint64(64 - (BUCKETS - 1).bit_length())).astype(np.int32)


class Status(StrEnum):
    """Why a figure has, or has not, a value."""

    OK = "ok"
    UNDEFINED = "undefined"
    NOT_APPLICABLE = "not_applicable"
    ERROR = "error"


@dataclass(frozen=True)
class Words:
    """Where the words of a batch lie: byte ranges within each document.

    Attributes:
        starts, ends: byte positions relative to the document's first byte, one per word.
        offsets: n + 1 positions into `starts`; document i owns words `offsets[i]` to `offsets[i + 1]`.
    """

    starts: npt.NDArray[np.int32]
    ends: npt.NDArray[np.int32]
    offsets: Int64

    def only(self, kept: npt.NDArray[np.bool_]) -> Words:
        """Those of the documents that are marked."""
        counts, all_of = np.diff(self.offsets), slice(self.offsets[0], self.offsets[-1])
        inside = np.repeat(kept, counts)
        offsets = np.concatenate(([0], np.cumsum(counts[kept], dtype=np.int64)))
        return Words(self.starts[all_of][inside], self.ends[all_of][inside], offsets)


class Once:
    """What keeps values that were computed from it, for several that ask for the same."""

    def once(self, name: str, compute: Callable[[Self], Any]) -> Any:
        """The value of `compute(self)`, computed at the first call for `name`."""
        kept = self.__dict__.setdefault("_kept", {})  # not set as an attribute, which what is frozen would refuse
        if name not in kept:
            kept[name] = compute(self)
        return kept[name]


@dataclass(frozen=True)
class Batch(Once):
    """Some documents of a corpus; nulls have been taken out and counted. All tokenizers share what is computed once.

    Attributes:
        texts: `large_string` array of n documents, valid UTF-8.
        slices: the names of the slices that occur, and `codes`, one index into them per document.
        keys: 64-bit stable hashes of the documents' ids, or of their texts where there is no id column.
        has_ids: whether `keys` come from an id column (only then are slices parallel).
        units: per-document int64 counts by name: bytes, chars, lines, words, unsegmented_chars, visible_chars.
        words: where the words lie.
        columns: the columns whose values, joined by `/`, name the slices.
        ids: the documents' ids as text, null where a row has none; None without an id column.
    """

    texts: pa.Array
    slices: tuple[str, ...]
    codes: npt.NDArray[np.int32]
    keys: npt.NDArray[np.uint64]
    has_ids: bool
    units: Mapping[str, Int64]
    words: Words
    columns: tuple[str, ...] = ()
    ids: pa.Array | None = None

    def __len__(self) -> int:
        return len(self.texts)

    def only(self, kept: npt.NDArray[np.bool_]) -> Batch:
        """The documents that are marked, with every slice's name, also of one that has none left."""
        return Batch(
            self.texts.take(np.flatnonzero(kept)),
            self.slices,
            self.codes[kept],
            self.keys[kept],
            self.has_ids,
            {name: values[kept] for name, values in self.units.items()},
            self.words.only(kept),
            self.columns,
            None if self.ids is None else self.ids.take(np.flatnonzero(kept)),
        )

    @property
    def buckets(self) -> npt.NDArray[np.int32]:
        """The bucket, 0 to BUCKETS - 1, of each document."""
        return bucket_of(self.keys)


@dataclass(frozen=True)
class Changed:
    """The documents that decoding did not give back: their positions in the batch, sorted, and what came instead."""

    rows: Int64
    decoded: pa.Array


@dataclass(frozen=True)
class Encoding:
    """What one tokenizer made of a batch.

    Attributes:
        ids, offsets: flat token ids, and n + 1 positions into them.
        starts, ends: for each token the UTF-8 byte range of its document that it covers; None without spans.
        round_trip: per document 1 if decoding gave the text back byte for byte, else 0; None without decode.
        changed: the documents with a 0 there; None without decode.
        failed: marks the texts that the tokenizer fails on, which have no tokens; None where it encoded all.
        facts: what is constant for the tokenizer (vocabulary size, unknown id).
    """

    ids: UInt32
    offsets: Int64
    facts: TokenizerFacts
    starts: npt.NDArray[np.int32] | None = None
    ends: npt.NDArray[np.int32] | None = None
    round_trip: Int64 | None = None
    changed: Changed | None = None
    failed: npt.NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class TokenizerFacts:
    """What metrics may know of a tokenizer beside its output.

    Attributes:
        vocabulary_size: number of ids defined, special and unused ones included; None if not declared.
        unknown_id: the id that stands for text outside the vocabulary; None if there is none.
        capabilities: what the adapter declares: decode, spans, vocabulary.
        fingerprint: short hash of the defining file and the adapter's parameters.
        library: name and version of the library that defines the tokenizer, `name/version`.
        yardstick: whether it is a measure to hold others against (bytes, characters, words), never the best.
        fixed: whether it knows the tokens of given documents alone, and can encode no other text.
    """

    vocabulary_size: int | None = None
    unknown_id: int | None = None
    capabilities: frozenset[str] = frozenset()
    fingerprint: str = ""
    library: str = ""
    yardstick: bool = False
    fixed: bool = False


#: How a vocabulary says where words begin and end; see `Spelling`.
BY_SPACE, BY_SPACE_AFTER, BY_PREFIX, BY_SUFFIX, UNDECLARED = "space", "space_after", "prefix", "suffix", "undeclared"


#: The model of a vocabulary whose tokens are built by merges; any other name stands for itself.
BPE = "bpe"


@dataclass(frozen=True)
class Spelling:
    """How a vocabulary is written, as its file declares it: what the tokens' bytes alone do not tell.

    Attributes:
        words: `space`: a token whose bytes begin with a space begins a word (Ġ, ▁), any other is inside;
            `space_after`: one whose bytes end with a space ends a word; `prefix`: a piece that begins with `mark` is
            inside (##); `suffix`: a piece that ends with `mark` ends a word (</w>); `undeclared`.
        mark: the mark of `prefix` and `suffix`.
        model: `bpe`, `unigram`, `wordpiece`, ...; empty if not declared.
        rank: for BPE, the rank at which two neighbours merge, the lower the earlier, None where they never do;
            it takes pieces as the file has them, or bytes as Latin-1 text where `bytewise`. None for other models.
        bytewise: whether merging starts from a token's bytes, not from the characters of its piece.
    """

    words: str = UNDECLARED
    mark: str = ""
    model: str = ""
    rank: Callable[[str, str], float | None] | None = None
    bytewise: bool = False


@dataclass(frozen=True)
class Resampled:
    """What the bootstrap draws from: sums by bucket, and how a figure comes from them.

    Attributes:
        sums: int64 of shape (k, BUCKETS); a ratio has its numerator first, then its denominator.
        statistic: from weighted sums, float64 of shape (k, draws), to values of shape (draws,), NaN where undefined;
            None for a ratio.
    """

    sums: Int64
    statistic: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]] | None = None


@dataclass(frozen=True)
class Figure:
    """One figure of one tokenizer, before it becomes a row: a metric gives these.

    Attributes:
        resampled: what its interval is drawn from; without it the figure has none (unless `ci` is given).
        signed: further parts of its signature, such as the share of a sample.
        tokenizer: the yardstick that it is a figure of, where that is no tokenizer of the run.
    """

    slice: str
    value: float | None
    n: int
    numerator: float | None = None
    denominator: float | None = None
    ci: tuple[float, float] | None = None
    reference: str | None = None
    status: Status = Status.OK
    reason: str | None = None
    resampled: Resampled | None = None
    signed: Mapping[str, object] = field(default_factory=dict)
    tokenizer: str | None = None


@dataclass(frozen=True)
class MetricInfo:
    """What a reader needs to know of a metric; travels with the result table.

    Attributes:
        name: as in the table's metric column.
        unit: `tokens/word`, `bytes/token`, `count`, `1`, ...
        direction: `higher`, `lower` or `neither` is better.
        definition: the formula in words.
        source: citation.
        misleads: when the figure misleads.
        headline: whether summary tables show it.
        pairs: whether its rows are pairs of slices or of tokenizers, the other one in `reference`; such have no mean
            over slices and no place in a grid.
    """

    name: str
    family: str
    unit: str
    direction: str
    definition: str
    source: str = ""
    misleads: str = ""
    headline: bool = False
    version: int = 1
    parameters: Mapping[str, float | int | str] = field(default_factory=dict)
    pairs: bool = False


def result_schema() -> pa.Schema:
    """The columns of `results.parquet`, one row per figure."""
    import pyarrow as pa

    text, number = pa.string(), pa.float64()
    return pa.schema(
        [
            pa.field("tokenizer", text, nullable=False),
            pa.field("corpus", text, nullable=False),
            pa.field("slice", text, nullable=False),
            pa.field("metric", text, nullable=False),
            pa.field("value", number),
            pa.field("unit", text, nullable=False),
            pa.field("ci_low", number),
            pa.field("ci_high", number),
            pa.field("n", pa.int64(), nullable=False),
            pa.field("numerator", number),
            pa.field("denominator", number),
            pa.field("reference", text),
            pa.field("status", text, nullable=False),
            pa.field("reason", text),
            pa.field("signature", text, nullable=False),
        ]
    )
