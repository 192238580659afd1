"""One shard: its text is read once, encoded once per tokenizer, and folded into states that merge."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tokeval.corpus.reader import Intake, read_piece
from tokeval.corpus.samples import Samples
from tokeval.engine.plan import Plan, Shard
from tokeval.metrics.base import Accumulator, Measure, Metric, View
from tokeval.metrics.select import accumulators_of, measures_of, needs_of, select
from tokeval.metrics.sums import Sums
from tokeval.schema import TokenizerFacts
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

    def merge(self, other: ShardState) -> ShardState:
        """A new state that holds both parts."""
        merged = {name: state.merge(other.tokenizers[name]) for name, state in self.tokenizers.items()}
        samples = self.samples.merge(other.samples)
        return ShardState(self.corpus, self.intake.merge(other.intake), merged, self.has_ids, samples)


@dataclass(frozen=True)
class Workers:
    """What a worker holds between shards: the loaded tokenizers and what is to be computed with them."""

    encoders: Mapping[str, Encoder]
    metrics: Sequence[Metric]


def load_workers(plan: Plan) -> Workers:
    """Load the plan's tokenizers and metrics."""
    metrics = select(plan.metrics, baseline=plan.baseline is not None, pivot=plan.pivot is not None)
    needs = needs_of(metrics)
    encoders = {
        name: Encoder(name, load_tokenizer(spec), spans="spans" in needs, round_trip="decode" in needs)
        for name, spec in plan.tokenizers
    }
    return Workers(encoders, metrics)


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
        for batch in read_piece(piece, columns, result.intake):
            size = int(batch.units["bytes"].sum())
            result.samples.update(batch)
            for name, encoder in workers.encoders.items():
                view = View(batch, encoder.encode(batch.texts))
                state = result.tokenizers[name]
                state.sums.update(view)
                for accumulator in state.others.values():
                    accumulator.update(view)
                if progress is not None:
                    progress(name, size)
    return result


def _can(measure: Measure, facts: TokenizerFacts) -> bool:
    return measure.capability is None or measure.capability in facts.capabilities
