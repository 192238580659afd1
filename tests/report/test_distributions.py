"""Frequencies by rank, and what a run of `tokeval vocab` adds to the page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from tests.report.made import results, row, small
from tokeval.report import charts
from tokeval.report.distributions import frequencies, lengths, scripts
from tokeval.report.html import render
from tokeval.report.values import grids
from tokeval.results.store import Results
from tokeval.schema import ALL


def ranked(**more: Any) -> pa.Table:
    """Two tokenizers' frequencies."""
    rows = []
    for name, counts in (("alpha", [60, 30, 9, 1]), ("be|ta", [50, 50])):
        for rank, count in enumerate(counts, 1):
            rows.append({"tokenizer": name, "corpus": "demo", "slice": ALL, "rank": rank, "count": count})
            rows[-1] |= {"share": count / 100, **more}
    return pa.Table.from_pylist(rows)


def tokens() -> pa.Table:
    """A vocabulary.parquet of two tokenizers, one of them unknown to the results."""
    return pa.table(
        {
            "tokenizer": pa.array(["alpha"] * 5 + ["other"]).dictionary_encode(),
            "kind": pa.array(["text", "text", "text", "special", "text", "text"]).dictionary_encode(),
            "script": pa.array(["Latin", "Latin", "Cyrillic", None, "Common", "Latin"]).dictionary_encode(),
            "byte_length": pa.array([1, 2, 20, 9, 2, 1], pa.int32()),
        }
    )


def with_tables(**tables: pa.Table) -> Results:
    return replace(small(), beside={**small().beside, **tables})


def test_the_table_behind_the_curves() -> None:
    found = frequencies(with_tables(frequencies=ranked()), "demo")
    assert found is not None
    assert found.header == ["rank 1", "distinct tokens"]
    assert found.rows == [("alpha", ["60 %", "4"]), ("be|ta", ["50 %", "2"])]
    assert [name for name, _ in found.drawn] == ["alpha", "be|ta"]
    assert "alpha: rank 1 60 %" in found.drawn[0][1]


@pytest.mark.parametrize("table", [None, ranked().select(["tokenizer"]), ranked(corpus="else"), ranked().slice(0, 0)])
def test_nothing_is_drawn_of_what_is_not_there(table: pa.Table | None) -> None:
    made = small() if table is None else with_tables(frequencies=table)
    assert frequencies(made, "demo") is None
    assert 'id="c0-frequencies"' not in render(made)["report.html"].decode()


def test_a_vocabulary_beside_the_results() -> None:
    made = with_tables(vocabulary=tokens())
    by_length, by_script = lengths(made), scripts(made)
    assert by_length is not None
    assert by_script is not None
    shown = dict(zip(by_length.header, by_length.rows[0][1], strict=True))
    assert {k: v for k, v in shown.items() if v != "0"} == {"1": "25 %", "2": "50 %", "17+": "25 %"}
    assert [name for name, _ in by_length.rows] == ["alpha"]
    assert by_script.rows[0][1][0] == "40 %"
    assert set(by_script.header) == {"Latin", "Common", "Cyrillic", "not text"}
    assert "alpha Latin 40 %" in by_script.drawn[0][1]
    assert 'id="vocabularies"' in render(made)["report.html"].decode()


def test_the_figures_of_a_vocabulary_run_say_the_same() -> None:
    figures = {"tokens_by_script": {"Latin": 2, "Cyrillic": 1, "Common": 1, "not text": 1}}
    figures["tokens_by_bytes"] = {"1": 1, "2": 2, "17+": 1}
    rows = [
        row("alpha", part, metric, float(count))
        for metric, parts in figures.items()
        for part, count in {**parts, ALL: sum(parts.values())}.items()
    ]
    run = results(rows, ["alpha"], corpus="vocabulary")
    beside = with_tables(vocabulary=tokens())
    for of in (lengths, scripts):
        first, second = of(run), of(beside)
        assert first is not None
        assert second is not None
        assert first.rows == second.rows


def test_more_than_twelve_are_in_the_table_alone() -> None:
    names = [f"t{i:02d}" for i in range(15)]
    table = pa.Table.from_pylist(
        [
            {"tokenizer": n, "corpus": "demo", "slice": ALL, "rank": k, "count": 1, "share": 0.5}
            for n in names
            for k in (1, 2)
        ]
    )
    made = results([row(n, ALL, "bytes_per_token", 2.0) for n in names], names, beside={"frequencies": table})
    found = frequencies(made, "demo")
    assert found is not None
    assert (len(found.drawn), len(found.rows)) == (12, 15)
    assert "The first 12 of 15 are drawn" in render(made)["report.html"].decode()


@pytest.mark.parametrize("there", [charts.LENGTHS, charts.LENGTHS[:2], charts.LENGTHS[1:2], ()])
def test_lengths_are_drawn_from_the_quantiles_that_are_there(there: tuple[str, ...]) -> None:
    rows = [row("a", ALL, metric, 10.0 * (k + 1)) for k, metric in enumerate(there)]
    made = results([row("a", ALL, "bytes_per_token", 2.0), *rows], ["a"])
    drawn = charts.lengths({grid.info.name: grid for grid in grids(made, "demo")})
    assert bool(drawn) == bool(there)
    if there:
        assert " ".join(f"{charts._SAID[m]} {10 * (k + 1)}" for k, m in enumerate(there)) in drawn
