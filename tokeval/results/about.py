"""What a result table says of itself: tokenizers, corpora, metric definitions; kept in its Parquet metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property

from tokeval.errors import ResultsError
from tokeval.schema import MetricInfo

_KEY = b"tokeval"


@dataclass(frozen=True)
class TokenizerAbout:
    """One tokenizer of a run."""

    spec: str
    fingerprint: str
    library: str
    vocabulary_size: int | None
    yardstick: bool = False


@dataclass(frozen=True)
class CorpusAbout:
    """One corpus of a run: what was read of it, and what was left out.

    Attributes:
        nulls: null texts by slice.
        skipped: documents that a tokenizer could not encode, by tokenizer; one that could encode all is not named.
    """

    fingerprint: str
    documents: int
    bytes: int
    slices: int
    slice_by: list[str]
    nulls: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)

    @property
    def read(self) -> bool:
        """Whether there was any text; the figures of vocabularies need none."""
        return bool(self.documents or self.nulls)


@dataclass(frozen=True)
class About:
    """All that a reader of the table needs beside its rows; `warnings` say what went otherwise than planned."""

    version: str
    tokenizers: dict[str, TokenizerAbout]
    corpora: dict[str, CorpusAbout]
    metrics: list[MetricInfo]
    baseline: str | None = None
    pivot: str | None = None
    words: str = "whitespace"
    seed: int = 0
    warnings: list[str] = field(default_factory=list)

    def rivals(self, corpus: str) -> tuple[str, ...]:
        """The tokenizers that are held against each other on a corpus: no yardsticks, none that left documents out."""
        skipped = self.corpora[corpus].skipped if corpus in self.corpora else {}
        return tuple(name for name, t in self.tokenizers.items() if not t.yardstick and name not in skipped)

    def metric(self, name: str) -> MetricInfo | None:
        """A metric's definition by its name in the table."""
        return next((info for info in self.metrics if info.name == name), None)

    @cached_property
    def paired(self) -> frozenset[str]:
        """The metrics whose figures are of pairs, the other one in `reference`."""
        return frozenset(info.name for info in self.metrics if info.pairs)

    def to_metadata(self) -> dict[bytes, bytes]:
        """As Parquet key-value metadata, the same bytes for the same run."""
        return {_KEY: json.dumps(asdict(self), ensure_ascii=False, default=dict).encode()}

    @classmethod
    def from_metadata(cls, metadata: Mapping[bytes, bytes] | None) -> About:
        """Read back what `to_metadata` wrote.

        Raises:
            ResultsError: the metadata are not there, or not tokeval's.
        """
        try:
            content = json.loads((metadata or {})[_KEY])
            return cls(
                **{
                    **content,
                    "tokenizers": {k: TokenizerAbout(**v) for k, v in content["tokenizers"].items()},
                    "corpora": {k: CorpusAbout(**v) for k, v in content["corpora"].items()},
                    "metrics": [MetricInfo(**v) for v in content["metrics"]],
                }
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ResultsError(
                "the table does not say how it was made", hint="is it a results.parquet of `tokeval compare`?"
            ) from error
