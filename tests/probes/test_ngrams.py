"""Bigram and trigram efficiency: an oracle, a bounded state, and a sample that is the same on every shard."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracles import ngrams as oracle
from tests.probes.helpers import Write, batch_of, figures
from tokeval.metrics.base import View
from tokeval.metrics.ngrams.figures import efficiency
from tokeval.metrics.ngrams.kernels import context_hash
from tokeval.metrics.ngrams.state import Bigrams, Ngrams, Trigrams, order_by
from tokeval.schema import Encoding, TokenizerFacts

FACTS = TokenizerFacts(capabilities=frozenset({"ids"}))
WIDTHS = {1: Bigrams, 2: Trigrams}


def sampled(context: int, level: int) -> bool:
    """Whether a context belongs to the sample of share 2^-level."""
    return int(context_hash(np.uint64(context))) < 1 << (64 - level)


def view_of(documents: list[list[int]], slices: list[str] | None = None) -> View:
    flat = np.array([i for ids in documents for i in ids], np.uint32)
    offsets = np.concatenate(([0], np.cumsum([len(ids) for ids in documents]))).astype(np.int64)
    return View(batch_of([str(k) for k in range(len(documents))], slices), Encoding(flat, offsets, FACTS))


def counted(state: Ngrams, documents: list[list[int]], slices: list[str] | None = None) -> Ngrams:
    state.update(view_of(documents, slices))
    return state


def value(state: Ngrams, slices: tuple[str, ...] = ("all",)) -> float | None:
    (above,), (below,) = efficiency(*state.groups([slices]))
    return above / below if below else None


documents = st.lists(st.lists(st.integers(0, 6), max_size=30), min_size=1, max_size=6)


def test_by_hand() -> None:
    # 1 is followed by 2, 2, 3: H = 0.918 bits of 1; 2 by 1, 1 (seen twice: left out)
    made = value(counted(Bigrams(), [[1, 2, 1, 2], [1, 3]]))
    assert made == pytest.approx(0.9182958340544896)
    # one successor counts 0
    assert value(counted(Bigrams(), [[5, 6], [5, 6], [5, 6]])) == 0.0
    # never across documents
    assert value(counted(Bigrams(), [[1], [2], [1], [2]])) is None


@pytest.mark.parametrize("width", WIDTHS)
@given(documents)
def test_equals_the_oracle(width: int, rows: list[list[int]]) -> None:
    made, wanted = value(counted(WIDTHS[width](), rows)), oracle.efficiency(rows, width)
    assert made == (None if wanted is None else pytest.approx(wanted, rel=1e-12))


@pytest.mark.parametrize("width", WIDTHS)
@given(documents, st.integers(1, 40), st.randoms(use_true_random=False))
def test_shards_and_order_do_not_change_a_bit(width: int, rows: list[list[int]], cap: int, random: object) -> None:
    kind = WIDTHS[width]
    names = [f"s{k % 2}" for k in range(len(rows))]
    whole = counted(kind(cap), rows, names)
    parts = [counted(kind(cap), [ids], [name]) for ids, name in zip(rows, names, strict=True)]
    random.shuffle(parts)  # type: ignore[attr-defined]
    merged = parts[0]
    for part in parts[1:]:
        merged = merged.merge(part)
    merged = merged.merge(kind(cap))
    assert merged.level == whole.level
    assert merged.state().equals(whole.state())
    assert whole.state().num_rows <= cap
    again = kind.from_state(whole.state())
    assert again.level == whole.level
    assert again.state().equals(whole.state())
    assert value(again, ("s0", "s1")) == value(whole, ("s0", "s1"))


@pytest.mark.parametrize("width", WIDTHS)
def test_the_sample_is_exact_on_its_contexts_and_as_large_as_fits(width: int) -> None:
    random = np.random.default_rng(3)
    rows = [random.integers(0, 60, 200).tolist() for _ in range(30)]
    full, small = counted(WIDTHS[width](), rows), counted(WIDTHS[width](500), rows)
    assert full.level == 0
    assert small.level > 0

    def keep(context: tuple[int, ...], level: int = small.level) -> bool:
        packed = context[0] if width == 1 else context[0] << 32 | context[1]
        return sampled(packed, level)

    assert value(small) == pytest.approx(oracle.efficiency(rows, width, keep), rel=1e-12)
    entries = oracle.successors(rows, width)
    fits = [sum(len(s) for c, s in entries.items() if keep(c, level)) <= 500 for level in range(small.level + 1)]
    assert fits == [False] * small.level + [True]


def test_the_share_is_stated(write_corpus: Write) -> None:
    found = figures(write_corpus(text=["the cat sat on the mat"] * 5), ["predictability"])
    assert found["bigram_sample_share", "all"]["value"] == 1.0
    assert found["trigram_sample_share", "all"]["value"] == 1.0


def test_what_cannot_be_counted_says_so(write_corpus: Write) -> None:
    assert (
        figures(write_corpus(text=["a b"]), ["predictability"], "words:")["bigram_efficiency", "all"]["status"]
        == "not_applicable"
    )
    row = figures(write_corpus(text=["a"]), ["predictability"], "bytes:")["bigram_efficiency", "all"]
    assert (row["status"], row["value"]) == ("undefined", None)


@pytest.mark.parametrize("kinds", [3_000, 15_000, 20_000, 20_001])
def test_a_table_that_grows_thins_its_sample_no_earlier_than_the_cap_asks_for(kinds: int) -> None:
    pairs = np.arange(kinds, dtype=np.int64)
    documents = [[int(pair), int(pair) + 1] for pair in pairs]
    made = counted(Bigrams(cap=20_000), documents)
    assert made.level == (kinds > 20_000)
    assert made.state().num_rows == (kinds if kinds <= 20_000 else sum(sampled(int(p), 1) for p in pairs))


@given(st.lists(st.tuples(*[st.sampled_from([0, 1, 5, 1 << 11, 1 << 33, (1 << 64) - 1]) | st.integers(0, 9)] * 2)))
def test_the_order_of_entries_is_that_of_a_sort_by_comparing(rows: list[tuple[int, int]]) -> None:
    heads, tails = (np.array(column, np.uint64) for column in (zip(*rows, strict=True) if rows else ([], [])))
    assert order_by(tails, heads).tolist() == np.lexsort((tails, heads)).tolist()
