"""The paired test of a figure against its baseline, from the sums per bucket that a run keeps."""

from __future__ import annotations

from tokeval.gate.baseline import Baseline
from tokeval.gate.relative import PairedTest
from tokeval.results.draws import Draws, sums_of
from tokeval.results.store import Results, Row


def paired_test(results: Results) -> PairedTest:
    """The test of figures of a run, with the run's seed."""
    own, seed = sums_of(results), results.about.seed

    def test(row: Row, base: Row, baseline: Baseline) -> tuple[float, float, float] | str:
        if own is None or baseline.sums is None:
            return f"there are no sums per bucket beside {'the results' if own is None else baseline.name}"
        return Draws(baseline.sums, own, [(base, row)], seed).test(base, row)

    return test
