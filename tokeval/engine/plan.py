"""The plan of a run: everything that decides its figures, and nothing that does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tokeval import __version__
from tokeval.corpus.source import Corpus, Piece, open_corpus
from tokeval.errors import UsageError, suggest
from tokeval.metrics.select import select
from tokeval.signature import digest
from tokeval.tokenizers.load import Spec, check_name


@dataclass(frozen=True)
class Plan:
    """What is to be computed.

    Attributes:
        tokenizers: name and spec of each, in the order given.
        corpora: resolved corpora, in the order given.
        metrics: metric names with parameters, in the order of the table; empty for the default set.
        baseline, pivot: what relative metrics refer to.
        words: the word segmenter.
        seed: of everything that is drawn at random.
    """

    tokenizers: tuple[tuple[str, Spec], ...]
    corpora: tuple[Corpus, ...]
    metrics: tuple[str, ...] = ()
    baseline: str | None = None
    pivot: str | None = None
    words: str = "whitespace"
    seed: int = 0

    @property
    def digest(self) -> str:
        """A short hash of the plan: a checkpoint or cache of another plan is another digest."""
        return digest(__version__, repr(self))


@dataclass(frozen=True)
class Shard:
    """A part of one corpus, the unit that a worker takes."""

    corpus: int
    pieces: tuple[Piece, ...]


def make_plan(
    tokenizers: Mapping[str, str | Spec],
    corpora: Mapping[str, str],
    *,
    metrics: Sequence[str] = (),
    baseline: str | None = None,
    pivot: str | None = None,
    text_column: str = "text",
    slice_by: Sequence[str] | None = None,
    id_column: str | None = None,
    words: str = "whitespace",
    limit: int | None = None,
    seed: int = 0,
) -> Plan:
    """Check a request and resolve its corpora, reading no text yet.

    Raises:
        UsageError: nothing to compare, or an unknown name. CorpusError: a corpus that cannot be read.
    """
    from tokeval.tokenizers.load import parse_spec

    if not tokenizers:
        raise UsageError("no tokenizer was named", hint="add -t NAME=SPEC, for instance -t gpt2=tokenizer.json")
    if not corpora:
        raise UsageError("no corpus was named", hint="add -c NAME=PATH, for instance -c mine=corpus.parquet")
    if baseline is not None and baseline not in tokenizers:
        raise UsageError(f"the baseline {baseline!r} is no tokenizer of this run", hint=suggest(baseline, tokenizers))
    if limit is not None and limit < 1:
        raise UsageError(f"--limit is {limit}, it must be 1 or more")
    from tokeval.corpus.units import SEGMENTERS, segmenter_name

    if words not in SEGMENTERS:
        raise UsageError(f"there is no word segmenter {words!r}", hint=suggest(words, SEGMENTERS))
    segmenter_name(words)  # its library must be there
    select(metrics, baseline=baseline is not None, pivot=pivot is not None)
    opened = tuple(
        open_corpus(
            check_name(name),
            location,
            text_column=text_column,
            slice_by=None if slice_by is None else tuple(slice_by),
            id_column=id_column,
            limit=limit,
        )
        for name, location in corpora.items()
    )
    specs = tuple(
        (check_name(name), spec if isinstance(spec, Spec) else parse_spec(spec)) for name, spec in tokenizers.items()
    )
    return Plan(specs, opened, tuple(metrics), baseline, pivot, words, seed)


def make_shards(plan: Plan, parts: int) -> list[Shard]:
    """Cut every corpus into at most `parts` shards of about equal numbers of rows."""
    shards = []
    for index, corpus in enumerate(plan.corpora):
        rows = sum(piece.rows for piece in corpus.pieces)
        groups: list[list[Piece]] = [[] for _ in range(parts)]
        done = 0
        for piece in corpus.pieces:
            groups[min(parts - 1, done * parts // rows)].append(piece)
            done += piece.rows
        shards += [Shard(index, tuple(group)) for group in groups if group]
    return shards
