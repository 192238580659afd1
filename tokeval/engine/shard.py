"""One shard: its text is read once, encoded once per tokenizer, and folded into states that merge."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tokeval.corpus.places import describe, persist
from tokeval.corpus.reader import Intake, read_piece
from tokeval.corpus.samples import Samples
from tokeval.corpus.spoken import Spoken
from tokeval.engine.plan import SKIP, Plan, Shard
from tokeval.errors import CorpusError, IncompleteRunError, TokenizerError
from tokeval.metrics.base import Accumulator, Measure, Metric, View
from tokeval.metrics.measures import DOCUMENTS
from tokeval.metrics.select import accumulators_of, measures_of, needs_of
from tokeval.metrics.skipped import Skipped
from tokeval.metrics.sums import Sums
from tokeval.schema import DECODE, SPANS, Batch, Encoding, TokenizerFacts
from tokeval.tokenizers.encode import Encoder
from tokeval.tokenizers.fast import share_checked
from tokeval.tokenizers.load import load_tokenizer

#: Called after each batch and tokenizer: the tokenizer, the bytes of text, and the seconds that they took it.
#: From worker threads, so it must guard what it changes.
Progress = Callable[[str, int, float], None]


@dataclass(frozen=True)
class Wanted:
    """What is to be computed of one tokenizer: the measures to sum and the other accumulators."""

    measures: tuple[Measure, ...]
    kinds: tuple[type[Accumulator], ...]

    def __bool__(self) -> bool:
        return bool(self.measures or self.kinds)


#: What is to be computed, by tokenizer; one that is not named is passed over.
Todo = Mapping[str, Wanted]


@dataclass
class TokenizerState:
    """All states of one tokenizer over a part of one corpus.

    Attributes:
        dropped: whether its fast path disagreed with the reference, so that the run has to be done again without.
    """

    facts: TokenizerFacts
    sums: Sums
    others: dict[str, Accumulator]
    dropped: bool = False

    def absorb(self, other: TokenizerState) -> None:
        """Take in what another one holds, using it up: what is merged goes at once."""
        self.sums = self.sums.merge(other.sums)
        for name in self.others:
            self.others[name] = self.others[name].merge(other.others.pop(name))
        self.dropped = self.dropped or other.dropped


@dataclass
class ShardState:
    """What was read of a corpus, and every tokenizer's states over it."""

    corpus: int
    intake: Intake = field(default_factory=Intake)
    tokenizers: dict[str, TokenizerState] = field(default_factory=dict)
    has_ids: bool = False
    samples: Samples = field(default_factory=Samples)
    spoken: Spoken = field(default_factory=Spoken)

    def absorb(self, other: ShardState) -> ShardState:
        """Take in what another one holds, using that up: it may not be looked at again. Returns itself."""
        for name, mine in self.tokenizers.items():
            mine.absorb(other.tokenizers.pop(name))
        self.intake = self.intake.merge(other.intake)
        self.samples, self.spoken = self.samples.merge(other.samples), self.spoken.merge(other.spoken)
        return self


@dataclass(frozen=True)
class Workers:
    """What a worker holds between shards: the loaded tokenizers and what is to be computed with them."""

    encoders: Mapping[str, Encoder]
    metrics: Sequence[Metric]
    load_ns: Mapping[str, int] = field(default_factory=dict)
    baseline: str | None = None
    seed: int = 0
    #: By corpus: how far what is dear is thinned out.
    thinning: Sequence[int] = ()
    #: Whether a document that a tokenizer cannot encode is left out of its figures, and counted.
    skip: bool = False

    @property
    def timed(self) -> bool:
        """Whether speed is to be measured."""
        return any(kind.timed for kind in accumulators_of(self.metrics))


def load_workers(plan: Plan) -> Workers:
    """Load the plan's tokenizers and metrics, and try their fast paths."""
    metrics = plan.chosen
    needs = needs_of(metrics)
    rows = sum(piece.rows for corpus in plan.corpora for piece in corpus.pieces)
    encoders, load_ns = {}, {}
    for name, spec in plan.tokenizers:
        begun = time.perf_counter_ns()
        tokenizer = load_tokenizer(spec)
        load_ns[name] = time.perf_counter_ns() - begun
        encoders[name] = Encoder(
            name,
            tokenizer,
            spans=SPANS in needs,
            round_trip=DECODE in needs,
            accelerate=name not in plan.reference,
            share=share_checked(rows),
            cache_bytes=plan.cache_bytes // len(plan.tokenizers),
        ).prepare()
    thinning = [corpus.thinning for corpus in plan.corpora]
    return Workers(encoders, metrics, load_ns, plan.baseline, plan.seed, thinning, plan.on_error == SKIP)


def everything(workers: Workers) -> Todo:
    """All that the metrics need and the tokenizers declare."""
    measures, kinds = measures_of(workers.metrics), accumulators_of(workers.metrics)
    kinds = [*kinds, Skipped] if workers.skip else kinds
    if kinds and DOCUMENTS not in measures:  # what is kept of earlier runs tells its slices by it
        measures = [DOCUMENTS, *measures]
    return {
        name: Wanted(
            tuple(m for m in measures if m.lacking(encoder.facts) is None),
            tuple(kind for kind in kinds if kind.needs <= encoder.facts.capabilities),
        )
        for name, encoder in workers.encoders.items()
    }


def begin(plan: Plan, corpus: int, workers: Workers, todo: Todo) -> ShardState:
    """Fresh states: the identity of their merge."""
    return ShardState(
        corpus,
        tokenizers={
            name: TokenizerState(
                workers.encoders[name].facts, Sums(wanted.measures), {kind.name: kind() for kind in wanted.kinds}
            )
            for name, wanted in todo.items()
        },
        has_ids=plan.corpora[corpus].columns.id is not None,
    )


def fold(
    state: ShardState,
    batch: Batch,
    workers: Workers,
    progress: Progress | None = None,
    alone: AbstractContextManager[object] | None = None,
) -> None:
    """Encode a batch once per tokenizer and fold it into the states.

    Threads may fold into one state if they share `alone`, a lock; it is held while states change, not while text is
    encoded and measured, which is nearly all of the work.
    """
    size = int(batch.units["bytes"].sum())
    alone = alone or nullcontext()
    with alone:
        state.samples.update(batch)
        state.spoken.update(batch)
    baseline = None
    if workers.baseline is not None and any(mine.sums.relative for mine in state.tokenizers.values()):
        baseline = encode(workers.encoders[workers.baseline], batch, workers.skip)
    for name, mine in state.tokenizers.items():
        clock = time.perf_counter()
        view = look(batch, name, workers, baseline, workers.thinning[state.corpus])
        counted = mine.sums.measured(view)
        with alone:
            mine.sums.add(view, counted)
            for accumulator in mine.others.values():
                accumulator.update(view)
        if progress is not None:
            progress(name, size, time.perf_counter() - clock)


@dataclass(frozen=True)
class Encoded:
    """What a tokenizer made of a batch: the encoding of the documents that are marked in `kept`; None marks all."""

    encoding: Encoding
    kept: npt.NDArray[np.bool_] | None = None

    def of(self, wanted: npt.NDArray[np.bool_] | None) -> Encoding:
        """Ids of the documents of a batch that are wanted (None: all), none for those that could not be encoded."""
        mask = self.kept if self.kept is not None else wanted
        if mask is None:
            return self.encoding
        every = np.ones(len(mask), np.bool_)
        kept, chosen = (every if marked is None else marked for marked in (self.kept, wanted))
        counts = np.zeros(len(mask), np.int64)
        counts[kept] = np.diff(self.encoding.offsets)
        ids = self.encoding.ids[np.repeat(chosen, counts)]
        offsets = np.concatenate(([0], np.cumsum(counts[chosen])))
        return Encoding(ids, offsets, self.encoding.facts)


def encode(encoder: Encoder, batch: Batch, skip: bool) -> Encoded:
    """Encode a batch; with `skip`, without the documents on which the tokenizer fails.

    Raises:
        TokenizerError: it fails on a document, or on the batch though on none of its documents.
    """
    asked = encoder.tokenizer.asked(batch)
    try:
        return Encoded(encoder.encode(asked, batch.codes))
    except TokenizerError:
        kept = encoder.encodable(asked) if skip else None
        if kept is None or kept.all():
            raise
    return Encoded(encoder.encode(asked.filter(pa.array(kept)), batch.codes[kept]), kept)


def look(batch: Batch, name: str, workers: Workers, beside: Encoded | None, thinning: int) -> View:
    """A batch as a tokenizer sees it, beside the baseline's encoding where that is wanted."""
    encoder = workers.encoders[name]
    known = beside if name == workers.baseline else None
    mine = known or encode(encoder, batch, workers.skip)
    encoding, baseline = mine.encoding, beside.of(mine.kept) if beside is not None else None
    skipped = {}
    if mine.kept is not None:
        lost = ~mine.kept
        for code in np.unique(batch.codes[lost]).tolist():
            keys = batch.keys[lost & (batch.codes == code)]
            skipped[batch.slices[code]] = len(keys), int(keys.sum(dtype=np.uint64))
        batch = batch.only(mine.kept)
    clock = {}
    if workers.timed and not encoder.facts.fixed:
        clock = {**encoder.time(batch.texts), "load": workers.load_ns[name], "loads": 1}
    other = encoder.without_round_trip()
    return View(
        batch,
        encoding,
        encode=other.encode_some if workers.skip else other.encode,
        seed=workers.seed,
        thinning=thinning,
        baseline=baseline,
        byte_ids=lambda: encoder.byte_ids,
        clock=clock,
        skipped=skipped,
    )


def run_shard(
    plan: Plan, shard: Shard, workers: Workers, progress: Progress | None = None, todo: Todo | None = None
) -> ShardState:
    """Scan a shard once, in this thread, and fold every batch into fresh states.

    Raises:
        CorpusError: a file cannot be read to its end. TokenizerError: a tokenizer failed.
        IncompleteRunError: a file is no longer what it was when the run began.
    """
    result = begin(plan, shard.corpus, workers, everything(workers) if todo is None else todo)
    try:
        for piece in shard.pieces:
            for batch in read_piece(piece, plan.corpora[shard.corpus].columns, result.intake, words=plan.words):
                fold(result, batch, workers, progress)
    except CorpusError:
        check_unchanged(plan, shard)  # a file that was written over reads as a damaged one
        raise
    check_unchanged(plan, shard)
    note_dropped(result, workers)
    return result


def note_dropped(state: ShardState, workers: Workers) -> None:
    """Say in the states which fast paths disagreed with their reference."""
    for name, mine in state.tokenizers.items():
        accelerator = workers.encoders[name].accelerator
        mine.dropped = mine.dropped or (accelerator is not None and accelerator.dropped)


def check_unchanged(plan: Plan, shard: Shard) -> None:
    """See that the shard's files are still those that the plan was made from.

    Raises:
        IncompleteRunError: one was written again, or has gone.
    """
    found = {file.path: file for file in plan.corpora[shard.corpus].files}
    for path in dict.fromkeys(piece.path for piece in shard.pieces):
        try:
            now = persist(lambda path=path: describe(path), path)  # type: ignore[misc]
        except CorpusError as error:
            raise _changed(path, "has gone") from error
        if now != found[path]:
            raise _changed(path, "was written again")


def _changed(path: str, what: str) -> IncompleteRunError:
    return IncompleteRunError(
        f"the corpus changed during the run: {path} {what}",
        hint="nothing of it was kept in the results; run again once the corpus stays as it is",
    )
