"""The language of a token's use."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tokeval.vocabulary.usage import usage, use_figures


def counted(rows: list[tuple[str, int, int]]) -> pa.Table:
    return pa.table(
        {
            "slice": pa.array([s for s, _, _ in rows], pa.string()).dictionary_encode(),
            "id": pa.array([i for _, i, _ in rows], pa.uint32()),
            "count": pa.array([c for _, _, c in rows], pa.int64()),
        }
    )


def test_rates_not_counts_decide() -> None:
    # b is ten times as long as a: id 1 is as common in both, id 2 much more common in a
    rows = [("a", 1, 10), ("a", 2, 50), ("a", 9, 40), ("b", 1, 100), ("b", 2, 60), ("b", 9, 840)]
    found = usage(np.array([1, 2, 9, 11]), counted(rows)).columns.to_pylist()
    assert found[0] == {"uses": 110, "use_slice": None, "use_count": None, "use_share": None}
    assert (found[1]["use_slice"], found[1]["use_count"], found[1]["uses"]) == ("a", 50, 110)
    assert found[1]["use_share"] == 0.5 / (0.5 + 0.06)
    assert found[2]["use_slice"] == "b"
    assert found[3] == {"uses": 0, "use_slice": None, "use_count": None, "use_share": None}


def test_too_few_uses_give_no_answer_and_are_counted() -> None:
    found = usage(np.array([1, 2]), counted([("a", 1, 4), ("a", 2, 5)]))
    assert found.columns["use_slice"].to_pylist() == [None, "a"]
    figures = {(m, f.slice): f.value for m, f in use_figures(found)}
    assert figures["tokens_by_language_of_use", "a"] == 1
    assert figures["tokens_without_language_of_use", "all"] == 0.5


def test_no_use_at_all() -> None:
    assert usage(np.array([1]), counted([])).columns["uses"].to_pylist() == [0]
