"""From merged states to the result table."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache

import pyarrow as pa

from tokeval import __version__, signature
from tokeval.arrow import Int64
from tokeval.corpus.units import segmenter_name
from tokeval.engine.intervals import with_intervals
from tokeval.engine.plan import Plan
from tokeval.engine.shard import ShardState, Workers
from tokeval.engine.tools import EncoderTools
from tokeval.errors import CorpusError
from tokeval.metrics.base import Context, Metric, Scored
from tokeval.metrics.linguistic.material import Loaded
from tokeval.metrics.robustness.measures import failures
from tokeval.metrics.skipped import Skipped
from tokeval.results.about import About, CorpusAbout, TokenizerAbout
from tokeval.results.sums import Key, sums_table
from tokeval.schema import ALL, Figure, Status, result_schema


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
    rows: list[tuple[object, ...]] = []
    sums: list[tuple[Key, Int64]] = []
    for index, state in sorted(states.items()):
        if not state.intake.documents:
            raise CorpusError(f"the corpus {plan.corpora[index].name!r} has no text: every document is null")
    for name, _ in plan.tokenizers:
        for index, state in sorted(states.items()):
            context = _context(plan, workers, name, index, state, material)
            found = [(metric, list(metric.compute(context))) for metric in workers.metrics]
            for metric, figures in with_intervals(found, plan.seed):
                sign = _signer(plan, index, state, name, metric)
                for figure, ci in figures:
                    rows.append(_row(plan, index, name, metric, figure, ci, sign(figure)))
                    if figure.resampled is not None and figure.resampled.statistic is None:
                        key = (figure.tokenizer or name, plan.corpora[index].name, figure.slice, metric.name)
                        sums.append((key, figure.resampled.sums))
    schema = result_schema()
    material.check(frozenset(name for name, encoder in workers.encoders.items() if encoder.facts.yardstick))
    about = _about(plan, workers, states, (*warnings, *material.warnings))
    columns = {name: [row[at] for row in rows] for at, name in enumerate(schema.names)}
    pooled = {metric for metric, part in zip(columns["metric"], columns["slice"], strict=True) if part == ALL}
    # a summary shows the pool, so that a metric without one has no place in it
    about.metrics[:] = [replace(info, headline=info.headline and info.name in pooled) for info in about.metrics]
    table = pa.Table.from_pydict(columns, schema=schema.with_metadata(about.to_metadata()))
    return table, sums_table(sums)


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


def _row(
    plan: Plan, index: int, name: str, metric: Metric, figure: Figure, ci: tuple[float, float] | None, signed: str
) -> tuple[object, ...]:
    """A row of the result table, its columns in order."""
    return (
        figure.tokenizer or name,
        plan.corpora[index].name,
        figure.slice,
        metric.name,
        figure.value if figure.status is Status.OK else None,
        metric.info.unit,
        *(ci or (None, None)),
        figure.n,
        figure.numerator,
        figure.denominator,
        figure.reference,
        str(figure.status),
        figure.reason,
        signed,
    )


def _signer(plan: Plan, index: int, state: ShardState, name: str, metric: Metric) -> Callable[[Figure], str]:
    """A function that signs the figures of a metric; what they have in common is written once."""
    facts = state.tokenizers[name].facts
    parameters = ",".join(f"{key}={value}" for key, value in metric.info.parameters.items())

    @cache
    def head(owner: str | None) -> str:
        return signature.write(
            {
                "tokeval": __version__,
                "metric": f"{metric.info.name.partition(':')[0]}.{metric.info.version}",
                "parameters": parameters or None,
                "words": segmenter_name(plan.words) if metric.words else None,
                "tokenizer": owner or facts.fingerprint,
                "library": None if owner else facts.library,
                "corpus": state.intake.fingerprint,
                "skipped": skipped_by(state).get(name),
                "slices": ",".join(plan.corpora[index].columns.slices) or "none",
            }
        )

    baseline = state.tokenizers[plan.baseline].facts.fingerprint if plan.baseline else None
    tail = signature.write(
        {
            "baseline": baseline if metric.needs == "baseline" else None,
            "pivot": plan.pivot if metric.needs == "pivot" else None,
            "seed": plan.seed,
        }
    )

    def sign(figure: Figure) -> str:
        if not metric.signed:
            return ""
        reference = figure.reference if metric.pairs else None
        return "|".join(
            (
                head(figure.tokenizer),
                signature.write({"slice": figure.slice, "other": reference, **figure.signed}),
                tail,
            )
        )

    return sign


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
    kinds = {name: mine.others.get(Skipped.name) for name, mine in state.tokenizers.items()}
    return {name: kind.total for name, kind in kinds.items() if isinstance(kind, Skipped) and kind.total}


def skipped_lines(plan: Plan, states: Mapping[int, ShardState]) -> list[str]:
    """What was skipped, a line for each tokenizer and corpus."""
    lines = []
    for index, state in sorted(states.items()):
        corpus = plan.corpora[index].name
        lines += [
            f"{name} fails on {count:,} of the {state.intake.documents:,} documents of {corpus};"
            " its figures leave them out"
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


def plan_record(plan: Plan) -> dict[str, object]:
    """The plan as JSON values, for run.json."""
    record: dict[str, object] = json.loads(json.dumps(asdict(plan), default=str))
    return record
