"""From merged states to the result table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import compress

import numpy as np
import pyarrow as pa

from tokeval import __version__
from tokeval.arrow import Int64
from tokeval.engine.intervals import Draws, with_intervals
from tokeval.engine.plan import Plan
from tokeval.engine.rows import Rows
from tokeval.engine.shard import ShardState, Workers
from tokeval.engine.signing import signer
from tokeval.engine.tools import EncoderTools
from tokeval.errors import CorpusError, suggest
from tokeval.metrics.base import Context, Metric, Scored
from tokeval.metrics.columns import Figures, gathered
from tokeval.metrics.linguistic.material import Loaded
from tokeval.metrics.robustness.measures import failures
from tokeval.metrics.skipped import Skipped
from tokeval.results.about import About, CorpusAbout, TokenizerAbout
from tokeval.results.sums import SumsWriter
from tokeval.schema import ALL


def make_tables(
    plan: Plan,
    workers: Workers,
    states: Mapping[int, ShardState],
    warnings: Sequence[str] = (),
    material: Loaded | None = None,
) -> tuple[pa.Table, pa.Table]:
    """Every figure of the run as the result table, with what a reader needs to know in its metadata; and the sums.

    Rows follow the tokenizers and corpora as given, then the metrics, then the slices (`all` and `macro` first).
    The second table holds numerators and denominators by bucket, from which differences are drawn.

    Raises:
        CorpusError: a corpus without a single document that is not null.
    """
    material = material or Loaded()
    rows, sums, pooled = Rows(), SumsWriter(), set()
    draws = Draws(plan.seed, sums.places)
    for index, state in sorted(states.items()):
        if not state.intake.documents:
            raise CorpusError(f"the corpus {plan.corpora[index].name!r} has no text: every document is null")
    for name, _ in plan.tokenizers:
        for index, state in sorted(states.items()):
            corpus = plan.corpora[index].name
            context = _context(plan, workers, name, index, state, material)
            sign = signer(plan, index, state, name, _skipped(state).get(name))
            for metric in workers.metrics:
                found = gathered(metric.compute(context))
                places = _keep_sums(sums, name, corpus, metric, found)
                figures = with_intervals(metric, found, places, draws)
                rows.add(_owners(name, figures), corpus, metric, figures, sign(metric, figures))
                if ALL in figures.slices:
                    pooled.add(metric.name)
    material.check(frozenset(name for name, encoder in workers.encoders.items() if encoder.facts.yardstick))
    about = _about(plan, workers, states, (*warnings, *material.warnings))
    # a summary shows the pool, so that a metric without one has no place in it
    about.metrics[:] = [replace(info, headline=info.headline and info.name in pooled) for info in about.metrics]
    return rows.table(about.to_metadata()), sums.table()


def _keep_sums(sums: SumsWriter, name: str, corpus: str, metric: Metric, figures: Figures) -> Int64:
    """Note the sums of the ratios among the figures; the places of both parts of each, shape (2, k)."""
    drawn, places = figures.drawn, np.zeros((2, len(figures)), np.int64)
    if figures.parts is not None and drawn.any():
        slices, owners = (list(compress(column, drawn)) for column in (figures.slices, _owners(name, figures)))
        keys = [owners, [corpus] * len(slices), slices, [metric.name] * len(slices)]
        places[:, drawn] = [sums.places(part[drawn]) for part in figures.parts]
        if not metric.info.pairs:  # the keys of sums do not tell pairs apart
            sums.add(keys, *places[:, drawn])
    return places


def _owners(name: str, figures: Figures) -> list[str]:
    return [owner or name for owner in figures.tokenizers]


def _context(plan: Plan, workers: Workers, name: str, index: int, state: ShardState, material: Loaded) -> Context:
    scored = {
        other: Scored(s.facts, s.sums, s.others, EncoderTools(workers.encoders[other], workers.skip))
        for other, s in state.tokenizers.items()
    }
    return Context(
        name,
        scored,
        tuple(state.tokenizers[name].sums.slices),
        state.has_ids,
        plan.baseline,
        plan.pivot,
        plan.corpora[index].name,
        plan.seed,
        material,
    )


def _about(plan: Plan, workers: Workers, states: Mapping[int, ShardState], warnings: Sequence[str]) -> About:
    first = states[min(states)]
    tokenizers = {
        name: TokenizerAbout(
            str(spec),
            state.facts.fingerprint,
            state.facts.library,
            state.facts.vocabulary_size,
            state.facts.yardstick,
        )
        for (name, spec), state in zip(plan.tokenizers, first.tokenizers.values(), strict=True)
    }
    corpora = {
        plan.corpora[index].name: CorpusAbout(
            fingerprint=state.intake.fingerprint,
            documents=state.intake.documents,
            bytes=state.intake.bytes,
            slices=len(next(iter(state.tokenizers.values())).sums.slices),
            slice_by=list(plan.corpora[index].columns.slices),
            nulls=state.intake.nulls,
            skipped=skipped_by(state),
        )
        for index, state in sorted(states.items())
    }
    return About(
        version=__version__,
        tokenizers=tokenizers,
        corpora=corpora,
        metrics=[metric.info for metric in workers.metrics],
        baseline=plan.baseline,
        pivot=plan.pivot,
        words=plan.words,
        seed=plan.seed,
        warnings=list(warnings),
    )


def skipped_by(state: ShardState) -> dict[str, int]:
    """How many documents each tokenizer could not encode; those that could all are left out."""
    return {name: kind.total for name, kind in _skipped(state).items()}


def _skipped(state: ShardState) -> dict[str, Skipped]:
    kinds = {name: mine.others.get(Skipped.name) for name, mine in state.tokenizers.items()}
    return {name: kind for name, kind in kinds.items() if isinstance(kind, Skipped) and kind.total}


def pivot_lines(plan: Plan, states: Mapping[int, ShardState]) -> list[str]:
    """A line for each corpus that has slices and none that is the pivot."""
    lines = []
    for index, state in sorted(states.items()):
        slices = next(iter(state.tokenizers.values())).sums.slices
        if plan.pivot is not None and plan.pivot not in slices and plan.corpora[index].columns.slices:
            hint = suggest(plan.pivot, slices)
            line = f"{plan.corpora[index].name} has no slice {plan.pivot!r} to be the pivot"
            lines.append(line if hint is None else f"{line}; {hint}")
    return lines


def skipped_lines(plan: Plan, states: Mapping[int, ShardState]) -> list[str]:
    """What was skipped, a line for each tokenizer and corpus."""
    lines = []
    for index, state in sorted(states.items()):
        corpus = plan.corpora[index].name
        lines += [
            f"{name} fails on {count:,} of the {state.intake.documents:,} documents of {corpus};"
            " its figures leave them out, and it is held against no other"
            for name, count in skipped_by(state).items()
        ]
        for name, mine in state.tokenizers.items():
            made = failures(mine.sums)
            if made:
                listed = ", ".join(f"{what} {count:,}" for what, count in made.items())
                lines.append(
                    f"{name} fails on texts that robustness made from documents of {corpus} ({listed});"
                    " its figures leave them out"
                )
    return lines
