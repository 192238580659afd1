"""Several runs as one: the tokenizers side by side, where their figures were made alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pyarrow as pa

from tokeval import signature
from tokeval.errors import ResultsError
from tokeval.results.about import TokenizerAbout
from tokeval.results.store import Results

_KEY = ("corpus", "slice", "metric")

Key = tuple[str, str, str]


def merge(runs: Mapping[str, Results]) -> tuple[Results, list[str]]:
    """One table of all runs, and a line for every metric that had to be left out.

    A metric stays where every run's signatures agree in all but the tokenizer; the first run decides. A tokenizer
    that several runs name alike is shown once if it is the same, else with its run's name.

    Args:
        runs: results by the name of their run, in the order of the table.

    Raises:
        ResultsError: no figure is comparable across all runs; the message names what differs.
    """
    first_name, first = next(iter(runs.items()))
    known = _signatures(first)
    excluded: dict[str, str] = {}
    for name, run in runs.items():
        mine = _signatures(run)
        for key in {**known, **mine}:
            differs = _difference(key, known.get(key), mine.get(key))
            if differs:
                excluded.setdefault(key[2], f"{key[2]}: {first_name} and {name} {differs}")
    names = _names(runs)
    tables = [_renamed(run, names[name], set(excluded)) for name, run in runs.items()]
    table = pa.concat_tables(tables)
    if not table.num_rows:
        reason = next(iter(excluded.values()), "there are no figures")
        raise ResultsError(
            f"the runs have no comparable figures: {reason}",
            hint="compare all tokenizers on the same corpus, with the same options and version",
        )
    tokenizers = {new: run.about.tokenizers[old] for name, run in runs.items() for old, new in names[name].items()}
    kept = [info for info in first.about.metrics if info.name not in excluded]
    about = replace(
        first.about,
        tokenizers=tokenizers,
        metrics=kept,
        corpora={
            corpus: replace(mine, skipped=_skipped(corpus, runs, names)) for corpus, mine in first.about.corpora.items()
        },
        warnings=[f"{name}: {warning}" for name, run in runs.items() for warning in run.about.warnings],
    )
    beside = {
        kind: pa.concat_tables([_renamed_column(run.beside[kind], names[name]) for name, run in runs.items()])
        for kind in first.beside
        if all(_alike(run.beside.get(kind), first.beside[kind]) for run in runs.values())
    }
    return Results(table, about, beside), list(excluded.values())


def _skipped(corpus: str, runs: Mapping[str, Results], names: Mapping[str, Mapping[str, str]]) -> dict[str, int]:
    """How many documents of a corpus each tokenizer of the merged table leaves out."""
    found = {name: run.about.corpora[corpus].skipped for name, run in runs.items() if corpus in run.about.corpora}
    return {names[run][old]: count for run, mine in found.items() for old, count in mine.items() if old in names[run]}


def _signatures(run: Results) -> dict[Key, str]:
    """The signature of each figure of the first tokenizer that has it."""
    columns = [run.table[name].to_pylist() for name in (*_KEY, "signature")]
    found: dict[Key, str] = {}
    for corpus, name, metric, text in zip(*columns, strict=True):
        found.setdefault((corpus, name, metric), text)
    return found


def _difference(key: Key, a: str | None, b: str | None) -> str:
    """In which words the runs differ at a figure, or nothing."""
    if a is None or b is None:
        return f"do not both have it on {key[0]}, slice {key[1]}"
    # what a tokenizer leaves out is told beside it
    parts = signature.differing(a, b, ignore=(*signature.COMPARED, "skipped"))
    told = ", ".join(f"{part} ({left or 'none'}, {right or 'none'})" for part, (left, right) in parts.items())
    return f"differ in {told}" if told else ""


def _names(runs: Mapping[str, Results]) -> dict[str, dict[str, str]]:
    """By run, the name in the merged table of each of its tokenizers that is not there yet."""
    taken: dict[str, TokenizerAbout] = {}
    made: dict[str, dict[str, str]] = {}
    for name, run in runs.items():
        made[name] = {}
        for tokenizer, about in run.about.tokenizers.items():
            if tokenizer in taken and taken[tokenizer].fingerprint == about.fingerprint:
                continue
            new = tokenizer if tokenizer not in taken else f"{tokenizer} ({name})"
            taken[new] = about
            made[name][tokenizer] = new
    return made


def _renamed(run: Results, names: Mapping[str, str], excluded: set[str]) -> pa.Table:
    keep = [metric not in excluded for metric in run.table["metric"].to_pylist()]
    table = run.table.replace_schema_metadata(None).filter(pa.array(keep, pa.bool_()))
    return _renamed_column(table, names)


def _renamed_column(table: pa.Table, names: Mapping[str, str]) -> pa.Table:
    index = table.column_names.index("tokenizer")
    new = [names.get(name) for name in table["tokenizer"].to_pylist()]
    here = pa.array([name is not None for name in new], pa.bool_())
    column = pa.array([name for name in new if name is not None], pa.string())
    field = table.schema.field(index)
    return table.filter(here).set_column(index, field, column.cast(field.type))


def _alike(table: pa.Table | None, other: pa.Table) -> bool:
    return table is not None and "tokenizer" in table.column_names and table.schema.equals(other.schema)
