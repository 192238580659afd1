"""Intervals as they come with the figures of a run."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.engine.conftest import run_plan
from tokeval.engine.plan import make_plan


def test_an_interval_holds_its_figure_also_where_draws_are_folded_at_0(tmp_path: Path) -> None:
    """Two slices of nearly equal length in all, whose documents differ: nearly all draws are less equal."""
    sizes = [10 + 7 * k % 31 for k in range(40)]
    texts = {"a": sizes, "b": [*sizes[1:], sizes[0] + 1]}
    rows = [(name, k, "x" * size) for name, each in texts.items() for k, size in enumerate(each)]
    languages, ids, text = zip(*rows, strict=True)
    pq.write_table(pa.table({"language": languages, "id": ids, "text": text}), tmp_path / "c.parquet")
    metrics = ["gini", "tokens", "bytes_per_token", "premium"]
    plan = make_plan({"t": "chars:"}, {"c": str(tmp_path / "c.parquet")}, metrics=metrics, pivot="a")
    found = run_plan(plan)[0].to_pylist()
    gini = next(row for row in found if row["metric"] == "gini")
    assert 0 < gini["value"] < 0.001 < gini["ci_high"]
    known = [row for row in found if row["ci_low"] is not None]
    assert {row["slice"] for row in known} == {"all", "macro", "a", "b"}
    assert all(row["ci_low"] <= row["value"] <= row["ci_high"] for row in known)
