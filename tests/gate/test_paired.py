"""The paired test on sums made by hand."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tests.gate.made import results, row
from tokeval.gate.baseline import Baseline, write_sums
from tokeval.gate.paired import paired_test
from tokeval.results.draws import sums_of
from tokeval.results.paired import between
from tokeval.results.store import Results, parse_parquet
from tokeval.results.sums import Sums, sums_table
from tokeval.schema import BUCKETS, MACRO

HERE, THERE = row("premium", "a", "x", 1.1), row("premium", "a", "x", 1.0)
KEY = ("a", "c", "x", "premium")


def table(above: int, below: int, *, buckets: int = BUCKETS) -> pa.Table:
    """Sums that differ from bucket to bucket, in so many of them."""
    noise = np.arange(BUCKETS) % 7
    filled = np.arange(BUCKETS) < buckets
    return sums_table([(KEY, np.stack([(above + noise) * filled, (below + noise) * filled]).astype(np.int64))])


def run(sums: pa.Table | None) -> Results:
    made = results([HERE])
    return made if sums is None else Results.of(made.table, {"sums": sums})


def paired(mine: pa.Table | None, theirs: pa.Table | None) -> tuple[float, float, float] | str:
    baseline = Baseline.of("old", [THERE], None if theirs is None else Sums.of(theirs))
    return paired_test(run(mine))(HERE, THERE, baseline)


def test_a_difference_in_every_bucket_is_significant() -> None:
    found = paired(table(110, 100), table(100, 100))
    assert not isinstance(found, str)
    low, high, p = found
    assert 0 < low < 0.1 < high
    assert p < 1e-9


def test_no_difference_is_not() -> None:
    found = paired_test(run(table(100, 100)))(THERE, THERE, Baseline.of("old", [THERE], Sums.of(table(100, 100))))
    assert found == (0.0, 0.0, 1.0)


@pytest.mark.parametrize(
    ("mine", "theirs", "why"),
    [
        (None, table(1, 1), "there are no sums per bucket beside the results"),
        (table(1, 1), None, "there are no sums per bucket beside old"),
        (sums_table([]), table(1, 1), "no sums by bucket are kept for this figure"),
        (table(1, 1), sums_table([]), "no sums by bucket are kept for this figure"),
        (table(11, 10, buckets=1), table(10, 10, buckets=1), "too few documents for an interval"),
    ],
)
def test_where_there_is_no_test_it_says_why(mine: pa.Table | None, theirs: pa.Table | None, why: str) -> None:
    assert paired(mine, theirs) == why


def test_the_sums_behind_some_figures_are_kept_and_those_of_others_left_out() -> None:
    others = [("b", "c", "x", "premium"), elsewhere := ("a", "c", "y", "premium")]
    ones = sums_table((key, np.ones((2, BUCKETS), np.int64)) for key in others)
    both = Sums.of(pa.concat_tables([table(110, 100), ones]))
    gini = row("gini", "a", "x", 1.0)  # no ratio, so there are no sums
    kept = Sums.of(parse_parquet(write_sums([gini, HERE], both), "x"))
    assert set(kept.rows) == {KEY}
    assert np.array_equal(kept.get(*KEY), both.get(*KEY))
    mean = Sums.of(parse_parquet(write_sums([row("premium", "a", MACRO, 1.1)], both), "x"))
    assert set(mean.rows) == {KEY, elsewhere}


def test_a_run_without_sums_has_none() -> None:
    assert sums_of(run(None)) is None
    assert sums_of(run(table(1, 1))) is not None


@pytest.mark.parametrize("buckets", [BUCKETS, 5])
def test_the_gate_and_diff_say_the_same_of_a_difference(buckets: int) -> None:
    after = run(table(110, 100, buckets=buckets))
    before = Results.of(results([THERE]).table, {"sums": table(100, 100, buckets=buckets)})
    (item,) = between(before, after, "a", "a")
    assert item.p is not None
    assert paired(table(110, 100, buckets=buckets), table(100, 100, buckets=buckets)) == (
        item.ci_low,
        item.ci_high,
        item.p,
    )


def test_the_mean_over_slices_is_drawn_from_the_slices_that_have_a_figure() -> None:
    shift = np.arange(BUCKETS) % 7

    def sums(*above: int) -> pa.Table:
        below = np.full(BUCKETS, 100, np.int64)
        counts = {name: np.stack([part + shift, below]) for name, part in zip(("x", "y", "all"), above, strict=True)}
        counts["z"] = np.stack([below, np.zeros(BUCKETS, np.int64)])
        return sums_table([(("a", "c", name, "premium"), made) for name, made in counts.items()])

    def side(base: float, table: pa.Table) -> Results:
        rows = [row("premium", "a", name, base) for name in ("x", "y", "all", "macro")]
        rows.append(row("premium", "a", "z", None, status="undefined"))
        return Results.of(results(rows).table, {"sums": table})

    # the pool goes the other way, and a mean that took it in, or the slice without a figure, would be another
    found = between(side(1.0, sums(100, 100, 150)), side(1.1, sums(110, 110, 50)), "a", "a")
    by_slice = {item.slice: item for item in found}
    mean, part = by_slice["macro"], by_slice["x"]
    assert mean.ci_low is not None
    assert (mean.ci_low, mean.ci_high, mean.p) == (part.ci_low, part.ci_high, part.p)
    assert by_slice["z"].reason == "a: undefined"
