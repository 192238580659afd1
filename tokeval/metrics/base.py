"""What a metric is: a declaration, the measures and accumulators it needs, and a function from states to figures."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Protocol, Self, TypeVar

from tokeval.arrow import Int64, UInt8
from tokeval.schema import Batch, Encoding, Figure, MetricInfo, Once, TokenizerFacts

if TYPE_CHECKING:
    import pyarrow as pa

    from tokeval.metrics.linguistic.material import Loaded
    from tokeval.metrics.sums import Sums

A = TypeVar("A", bound="Accumulator")

#: Why a tokenizer whose tokens were made beforehand has no figure of other texts.
FIXED = "its tokens are known for the documents alone"


@dataclass
class View(Once):
    """One batch as one tokenizer sees it; what several measures share is computed once and kept.

    Attributes:
        baseline: the baseline tokenizer's encoding of the same batch, where the run has one.
        byte_ids: asks for a flag per id, 1 where the token is no text by itself; None without a vocabulary.
        clock: nanoseconds that parts of the work took, where speed is measured.
        skipped: by slice, how many documents the tokenizer could not encode, and the sum of their keys modulo 2^64;
            the batch is without them.
        wanted: names of the measures that will be asked for, so that what they share can be done in one go.
    """

    batch: Batch
    encoding: Encoding
    #: Encodes other texts with the same tokenizer (perturbed ones, prefixes); may mark some as failed.
    encode: Callable[[pa.Array], Encoding] | None = None
    #: Of everything that is drawn; and what is dear is done on a share of 2^-thinning of the documents.
    seed: int = 0
    thinning: int = 0
    baseline: Encoding | None = None
    byte_ids: Callable[[], UInt8] | None = None
    clock: Mapping[str, int] = field(default_factory=dict)
    skipped: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    wanted: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Measure:
    """A per-document int64 count that is summed by slice and bucket.

    Attributes:
        name: how ratios refer to it.
        compute: from a view to an int64 array of shape (documents,), or one per row where there are `rows`.
        capabilities: what the tokenizer must declare for it.
        version: counted up when its meaning changes, so that sums kept from earlier runs are not taken for it.
        relative: whether it counts against the run's baseline, so that it holds for that baseline only.
        encodes: whether it needs the tokens of texts that are not the corpus's.
        rows: from a view to the positions of the few documents that it counts anything in; None for all of them.
    """

    name: str
    compute: Callable[[View], Int64]
    capabilities: tuple[str, ...] = ()
    version: int = 1
    relative: bool = False
    encodes: bool = False
    rows: Callable[[View], Int64] | None = None

    def lacking(self, facts: TokenizerFacts) -> str | None:
        """Why a tokenizer has no such count, or None."""
        missing = next((name for name in self.capabilities if name not in facts.capabilities), None)
        if missing is not None:
            return f"the tokenizer does not declare {missing}"
        return FIXED if self.encodes and facts.fixed else None


class Accumulator(ABC):
    """A mergeable state. A fresh one is the identity; `merge` is associative and commutative, and changes neither."""

    name: ClassVar[str]
    #: What a view must carry for it: `spans`, `decode`. A tokenizer that does not declare it is passed over.
    needs: ClassVar[frozenset[str]] = frozenset()
    #: Counted up when the meaning of the state changes, so that states kept from earlier runs are not taken for it.
    version: ClassVar[int] = 1
    #: Whether a state may be kept for later runs (a measured time may not).
    cached: ClassVar[bool] = True
    #: Whether the view must carry a clock.
    timed: ClassVar[bool] = False

    @abstractmethod
    def update(self, view: View) -> None:
        """Fold a batch in."""

    @abstractmethod
    def merge(self, other: Self) -> Self:
        """A new state that holds both."""

    @abstractmethod
    def state(self) -> pa.Table:
        """The state as an Arrow table, exactly."""

    @classmethod
    @abstractmethod
    def from_state(cls, table: pa.Table) -> Self:
        """The accumulator that `state` was taken from."""


class Tools(Protocol):
    """What a metric may ask of a tokenizer itself, beside its states over the corpus."""

    def spans(self, texts: pa.Array) -> Encoding:
        """Encode texts of the metric's own, with the byte range of each token where the tokenizer declares spans.

        Texts that it fails on may be marked in `failed`, where the user wants such left out.
        """

    def vocabulary(self) -> pa.Table:
        """One row per id, sorted: `id`, `piece`, `bytes`, `kind`, `score`."""


@dataclass(frozen=True)
class Scored:
    """One tokenizer's merged states over one corpus, and the tokenizer itself where it is at hand."""

    facts: TokenizerFacts
    sums: Sums
    others: Mapping[str, Accumulator]
    tools: Tools | None = None


@dataclass(frozen=True)
class Context(Once):
    """What a metric computes from: the states of every tokenizer of the run over one corpus.

    Attributes:
        tokenizer: the one to compute for.
        scored: all tokenizers' states by name, in the order given.
        slices: the corpus's slices, sorted; the pool `all` is not among them.
        has_ids: whether documents are parallel by id.
        baseline, pivot: the tokenizer and the slice that relative metrics refer to, if named.
        corpus: its name.
        seed: of everything that is drawn at random.
        material: what was read for metrics that hold tokens against a lexicon or the like, if anything.
    """

    tokenizer: str
    scored: Mapping[str, Scored]
    slices: tuple[str, ...]
    has_ids: bool
    baseline: str | None = None
    pivot: str | None = None
    corpus: str = ""
    seed: int = 0
    material: Loaded | None = None

    @property
    def mine(self) -> Scored:
        """The states of the tokenizer to compute for."""
        return self.scored[self.tokenizer]

    def state(self, kind: type[A]) -> A:
        """What an accumulator of the metric's holds of that tokenizer."""
        made = self.mine.others[kind.name]
        assert isinstance(made, kind)
        return made


@dataclass(frozen=True)
class Metric:
    """A named figure: its declaration and how it comes about.

    Attributes:
        info: name, unit, direction, definition, source.
        compute: from a context (and the metric's parameters) to figures, one per slice.
        measures: the measures whose sums it needs.
        accumulators: the other accumulators that it needs.
        default: whether it is computed when the user names no metric.
        needs: the option that it cannot do without (`baseline`, `pivot`, `lexicon`, `gold`, `lexical-decision`).
        words: whether it depends on where words are, so that its signature names the segmenter.
        macro: whether a mean over slices says something.
        signed: whether equal signatures mean equal figures; measured speed has no signature.
    """

    info: MetricInfo
    compute: Callable[..., Iterable[Figure]]
    measures: tuple[Measure, ...] = ()
    accumulators: tuple[type[Accumulator], ...] = ()
    default: bool = True
    needs: str | None = None
    words: bool = False
    macro: bool = True
    signed: bool = True

    @property
    def name(self) -> str:
        """The metric's name in the table, with the parameters that differ from the default."""
        return self.info.name
