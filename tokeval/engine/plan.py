"""The plan of a run: everything that decides its figures, and nothing that does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tokeval import __version__
from tokeval.corpus.source import Corpus, Piece, open_corpus
from tokeval.corpus.units import SEGMENTERS, segmenter_name
from tokeval.errors import UsageError, suggest
from tokeval.metrics.base import Metric
from tokeval.metrics.linguistic.material import BYTE, IDEAL, Material, material
from tokeval.metrics.select import select
from tokeval.signature import digest
from tokeval.tokenizers.fast import CACHE_BYTES
from tokeval.tokenizers.load import Spec, check_name, parse_spec, places_of, trusting

#: Text of a shard in bytes, about: what is done again after a crash.
SHARD_BYTES = 256 << 20

#: What becomes of a run when a tokenizer fails on a document.
STOP, SKIP = "stop", "skip"


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
        material: lexicons, gold files and the like, by language.
        on_error: `stop`, or `skip`: leave the document out of that tokenizer's figures, and count it.
        reference: names of the tokenizers that run without a fast path; not in the digest, as no figure depends on it.
        cache_bytes: what the caches of all fast paths may hold together in one worker; not in the digest either.
    """

    tokenizers: tuple[tuple[str, Spec], ...]
    corpora: tuple[Corpus, ...]
    metrics: tuple[str, ...] = ()
    baseline: str | None = None
    pivot: str | None = None
    words: str = "whitespace"
    seed: int = 0
    material: Material = field(default_factory=Material)
    on_error: str = STOP
    reference: tuple[str, ...] = field(default=(), repr=False)
    cache_bytes: int = field(default=CACHE_BYTES, repr=False)

    @property
    def digest(self) -> str:
        """A short hash of the plan: a checkpoint or cache of another plan is another digest."""
        return digest(__version__, repr(self))

    @property
    def chosen(self) -> list[Metric]:
        """The metrics, in the order of the table."""
        given = self.material.given
        return select(self.metrics, baseline=self.baseline is not None, pivot=self.pivot is not None, given=given)


@dataclass(frozen=True)
class Shard:
    """A part of one corpus, the unit that is done, or not done, when a run stops."""

    corpus: int
    number: int
    pieces: tuple[Piece, ...]

    @property
    def bytes(self) -> int:
        """Its text, about."""
        return sum(piece.bytes for piece in self.pieces)


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
    accelerate: bool = True,
    cache_mb: int | None = None,
    on_error: str = STOP,
    trust_remote_code: bool = False,
    lexicons: Mapping[str, str | Sequence[str]] | None = None,
    gold: Mapping[str, str] | None = None,
    lexical_decision: Mapping[str, str] | None = None,
    decision_columns: Mapping[str, str] | None = None,
) -> Plan:
    """Check a request and resolve its corpora, reading no text yet.

    Raises:
        UsageError: nothing to compare, or an unknown name. CorpusError: a corpus that cannot be read.
    """
    if not tokenizers:
        raise UsageError("no tokenizer was named", hint="add -t NAME=SPEC, for instance -t gpt2=tokenizer.json")
    if not corpora:
        raise UsageError("no corpus was named", hint="add -c NAME=PATH, for instance -c mine=corpus.parquet")
    if baseline is not None and baseline not in tokenizers:
        raise UsageError(f"the baseline {baseline!r} is no tokenizer of this run", hint=suggest(baseline, tokenizers))
    if cache_mb is not None and cache_mb < 1:
        raise UsageError(f"--cache-mb is {cache_mb}, it must be 1 or more")
    if seed < 0:
        raise UsageError(f"--seed is {seed}, it must be 0 or more")
    if pivot == "":
        raise UsageError("the pivot has no name", hint="name a slice, for instance --pivot eng_Latn")
    if on_error not in (STOP, SKIP):
        raise UsageError(f"--on-error is {on_error!r}", hint=suggest(on_error, (STOP, SKIP)))
    if words not in SEGMENTERS:
        raise UsageError(f"there is no word segmenter {words!r}", hint=suggest(words, SEGMENTERS))
    segmenter_name(words)  # its library must be there
    named = material(lexicons, gold, lexical_decision, decision_columns)
    for yardstick in (IDEAL, BYTE) if gold else ():
        if yardstick in tokenizers:
            raise UsageError(f"with --gold, {yardstick!r} is the name of a yardstick", hint="give it another name")
    reference = () if accelerate else tuple(tokenizers)
    cache_bytes = CACHE_BYTES if cache_mb is None else cache_mb << 20
    plan = Plan((), (), tuple(metrics), baseline, pivot, words, seed, named, on_error, reference, cache_bytes)
    _ = plan.chosen  # what cannot be is said before a corpus is opened, which may be far away
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
    if trust_remote_code:
        specs = tuple((name, trusting(spec)) for name, spec in specs)
    return replace(plan, tokenizers=specs, corpora=opened)


def inputs_of(plan: Plan) -> list[Path]:
    """The files here that a plan reads, as far as it names them."""
    material = plan.material
    specs = [spec for pairs in (material.gold, material.decisions) for _, spec in pairs]
    specs += [spec for _, several in material.lexicons for spec in several]
    named = [place for _, spec in plan.tokenizers for place in places_of(spec)]
    named += [part for spec in specs for part in (spec, spec.partition(":")[2])]  # a path, or KIND:PATH
    named += [file.path for corpus in plan.corpora for file in corpus.files]
    return [path for path in map(Path, named) if path.is_file()]


def make_shards(plan: Plan, *, parts: int | None = None, shard_bytes: int = SHARD_BYTES) -> list[Shard]:
    """Cut every corpus into shards of about `shard_bytes` of text, or into at most `parts` of about equal size.

    A piece is never cut, so a shard is at least one row group.
    """
    shards = []
    for index, corpus in enumerate(plan.corpora):
        weights = [piece.bytes or piece.rows for piece in corpus.pieces]
        total = sum(weights)
        wanted = parts or max(1, -(-total // shard_bytes))
        groups: list[list[Piece]] = [[] for _ in range(wanted)]
        done = 0
        for piece, weight in zip(corpus.pieces, weights, strict=True):
            groups[min(wanted - 1, done * wanted // total)].append(piece)
            done += weight
        full = [group for group in groups if group]
        shards += [Shard(index, number, tuple(group)) for number, group in enumerate(full)]
    return shards
