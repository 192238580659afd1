"""The paired test of a figure against its baseline, from the sums per bucket that a run keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tokeval.gate.baseline import Baseline
from tokeval.gate.figures import Row
from tokeval.gate.relative import Difference, PairedTest
from tokeval.results.store import Results
from tokeval.results.sums import NAME, Sums

if TYPE_CHECKING:
    from tokeval.arrow import Int64
    from tokeval.metrics.uncertainty import Floats


def sums_of(results: Results) -> Sums | None:
    """The sums per bucket of a run, where it kept them."""
    table = results.beside.get(NAME)
    return None if table is None else Sums.of(table)


def paired_test(results: Results) -> PairedTest:
    """The test of figures of a run: both sides see the same draws of buckets of documents, so they are paired."""
    own, seed = sums_of(results), results.about.seed

    def test(row: Row, base: Row, baseline: Baseline) -> Difference | str:
        import numpy as np

        from tokeval.metrics.uncertainty import difference, filled

        if own is None or baseline.sums is None:
            return f"there are no sums per bucket beside {'the results' if own is None else baseline.name}"
        here, there = _sums(own, row), _sums(baseline.sums, base)
        if here is None or there is None:
            return f"{row['metric']} is no ratio of sums over documents"
        buckets = filled(np.concatenate([here, there]))
        value = row["value"] - base["value"]
        found = difference(_drawn(here, seed), _drawn(there, seed), value, buckets)
        return "there are too few documents" if found is None else Difference(value, *found)

    return test


def _sums(sums: Sums, row: Row) -> Int64 | None:
    return sums.get(row["tokenizer"], row["corpus"], row["slice"], row["metric"])


def _drawn(sums: Int64, seed: int) -> Floats:
    """The ratio in every draw, NaN where there is nothing to divide by."""
    import numpy as np

    from tokeval.metrics.uncertainty import resample

    above, below = resample(sums, seed)
    drawn: Floats = np.divide(above, below, out=np.full_like(above, np.nan), where=below.astype(np.bool_))
    return drawn
