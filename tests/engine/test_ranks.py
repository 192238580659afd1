"""The table of frequencies by rank: what it holds equals a count by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tokeval.engine.plan import make_plan
from tokeval.engine.ranks import chosen_ranks
from tokeval.engine.run import run_plan


def test_counts_by_rank_are_those_of_a_count_by_hand(write_corpus: Callable[..., Path]) -> None:
    texts = ["abracadabra", "alakazam", "hocus pocus", "açaí"]
    path = write_corpus(text=texts, language=["x", "y", "x", "y"])
    plan = make_plan({"b": "bytes:", "w": "words:"}, {"mine": str(path)})
    table = run_plan(plan)[0].beside["frequencies"]
    counts = sorted(Counter(byte for text in texts for byte in text.encode()).values(), reverse=True)
    rows = table.to_pylist()
    assert {row["tokenizer"] for row in rows} == {"b"}  # ids of words stand for no tokens
    assert [(r["rank"], r["count"]) for r in rows] == [(k, counts[k - 1]) for k in chosen_ranks(len(counts))]
    assert all(r["share"] == r["count"] / sum(counts) and r["slice"] == "all" for r in rows)
    assert rows[-1]["rank"] == len(counts)


def test_without_frequencies_there_are_no_rows(write_corpus: Callable[..., Path]) -> None:
    plan = make_plan({"b": "bytes:"}, {"mine": str(write_corpus(text=["a"]))}, metrics=["tokens"])
    assert run_plan(plan)[0].beside["frequencies"].num_rows == 0


@given(st.integers(0, 3_000_000))
def test_ranks_are_few_and_hold_both_ends_and_powers_of_ten(most: int) -> None:
    ranks = chosen_ranks(most)
    assert ranks == sorted(set(ranks))
    assert set(ranks) <= set(range(1, most + 1)) or most == 0
    if most:
        assert ranks[0] == 1
        assert ranks[-1] == most
    assert {10**k for k in range(7) if 10**k <= most} <= set(ranks)
    assert len(ranks) <= 60
