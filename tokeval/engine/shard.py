"""One shard: its text is read once, encoded once per tokenizer, and folded into states that merge."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tokeval.corpus.reader import Intake, read_piece
from tokeval.corpus.samples import Samples
from tokeval.corpus.spoken import Spoken
from tokeval.engine.plan import Plan, Shard
from tokeval.metrics.base import Accumulator, Measure, Metric, View
from tokeval.metrics.select import accumulators_of, measures_of, needs_of, select
from tokeval.metrics.sums import Sums
from tokeval.schema import Batch, Encoding, TokenizerFacts
from tokeval.tokenizers.encode import Encoder
from tokeval.tokenizers.load import load_tokenizer

#: Called with the bytes of text that one tokenizer has just got through.
Progress = Callable[[str, int], None]


@dataclass
class TokenizerState:
    """All states of one tokenizer over a part of one corpus."""

    facts: TokenizerFacts
    sums: Sums
    others: dict[str, Accumulator]

    def merge(self, other: TokenizerState) -> TokenizerState:
        """A new state that holds both."""
        others = {name: mine.merge(other.others[name]) for name, mine in self.others.items()}
        return TokenizerState(self.facts, self.sums.merge(other.sums), others)


@dataclass
class ShardState:
    """What was read of a corpus, and every tokenizer's states over it."""

    corpus: int
    intake: Intake = field(default_factory=Intake)
    tokenizers: dict[str, TokenizerState] = field(default_factory=dict)
    has_ids: bool = False
    samples: Samples = field(default_factory=Samples)
    spoken: Spoken = field(default_factory=Spoken)

    def merge(self, other: ShardState) -> ShardState:
        """A new state that holds both parts."""
        merged = {name: state.merge(other.tokenizers[name]) for name, state in self.tokenizers.items()}
        samples, spoken = self.samples.merge(other.samples), self.spoken.merge(other.spoken)
        return ShardState(self.corpus, self.intake.merge(other.intake), merged, self.has_ids, samples, spoken)


@dataclass(frozen=True)
class Workers:
    """What a worker holds between shards: the loaded tokenizers and what is to be computed with them."""

    encoders: Mapping[str, Encoder]
    metrics: Sequence[Metric]
    load_ns: Mapping[str, int] = field(default_factory=dict)

    @property
    def timed(self) -> bool:
        """Whether speed is to be measured."""
        return any(kind.timed for kind in accumulators_of(self.metrics))

    def baseline_first(self, plan: Plan) -> list[tuple[str, Encoder]]:
        """The encoders by name, the baseline's before those that are held against it."""
        return sorted(self.encoders.items(), key=lambda item: item[0] != plan.baseline)


def load_workers(plan: Plan) -> Workers:
    """Load the plan's tokenizers and metrics."""
    metrics = select(plan.metrics, baseline=plan.baseline is not None, pivot=plan.pivot is not None)
    needs = needs_of(metrics)
    encoders, load_ns = {}, {}
    for name, spec in plan.tokenizers:
        begun = time.perf_counter_ns()
        encoders[name] = Encoder(name, load_tokenizer(spec), spans="spans" in needs, round_trip="decode" in needs)
        load_ns[name] = time.perf_counter_ns() - begun
    return Workers(encoders, metrics, load_ns)


def run_shard(plan: Plan, shard: Shard, workers: Workers, progress: Progress | None = None) -> ShardState:
    """Scan a shard once and fold every batch into fresh states.

    Raises:
        CorpusError: a file cannot be read to its end. TokenizerError: a tokenizer failed.
    """
    columns = plan.corpora[shard.corpus].columns
    measures, kinds = measures_of(workers.metrics), accumulators_of(workers.metrics)
    result = ShardState(shard.corpus, has_ids=columns.id is not None)
    for name, encoder in workers.encoders.items():
        facts = encoder.facts
        sums = Sums([m for m in measures if _can(m, facts)])
        others = {kind.name: kind() for kind in kinds if kind.needs <= facts.capabilities}
        result.tokenizers[name] = TokenizerState(facts, sums, others)
    for piece in shard.pieces:
        for batch in read_piece(piece, columns, result.intake, words=plan.words):
            size = int(batch.units["bytes"].sum())
            result.samples.update(batch)
            result.spoken.update(batch)
            baseline = None
            for name, encoder in workers.baseline_first(plan):
                view = look(batch, name, encoder, plan, workers, baseline)
                baseline = view.encoding if name == plan.baseline else baseline
                state = result.tokenizers[name]
                state.sums.update(view)
                for accumulator in state.others.values():
                    accumulator.update(view)
                if progress is not None:
                    progress(name, size)
    return result


def look(batch: Batch, name: str, encoder: Encoder, plan: Plan, workers: Workers, baseline: Encoding | None) -> View:
    """A batch as a tokenizer sees it, beside the baseline's encoding (its own, if it is the baseline)."""
    encoding = encoder.encode(batch.texts)
    clock = {**encoder.time(batch.texts), "load": workers.load_ns[name], "loads": 1} if workers.timed else {}
    beside = encoding if name == plan.baseline else baseline
    return View(batch, encoding, baseline=beside, byte_ids=lambda: encoder.byte_ids, clock=clock)


def _can(measure: Measure, facts: TokenizerFacts) -> bool:
    return measure.capability is None or measure.capability in facts.capabilities
