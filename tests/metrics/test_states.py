"""The accumulators by themselves: counts that outgrow their width, samples that do not depend on order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.metrics.runs import Row, batch_of
from tests.oracles.text_metrics import levenshtein
from tokeval.arrow import text_array, text_buffers
from tokeval.corpus import spoken
from tokeval.metrics import kernels
from tokeval.metrics.alignment import Alignment
from tokeval.metrics.base import Accumulator, Measure, View
from tokeval.metrics.frequencies import Frequencies
from tokeval.metrics.lengths import Lengths
from tokeval.metrics.speed import Timings
from tokeval.metrics.sums import Sums
from tokeval.schema import Encoding, TokenizerFacts

FACTS = TokenizerFacts(10, None, frozenset({"ids"}))


def view(slices: list[str], tokens: list[list[int]], ids: list[str] | None = None) -> View:
    rows = [Row(s, i, "t") for s, i in zip(slices, ids or map(str, range(len(slices))), strict=True)]
    offsets = np.concatenate(([0], np.cumsum([len(t) for t in tokens]))).astype(np.int64)
    flat = np.concatenate([np.zeros(0, np.uint32), *(np.array(t, np.uint32) for t in tokens)]).astype(np.uint32)
    return View(batch_of(rows), Encoding(flat, offsets, FACTS))


@pytest.mark.parametrize("times", [1, 65535, 65536, 65537, 200_000])
def test_counts_are_exact_beyond_16_bits(times: int) -> None:
    counted = Frequencies()
    counted.update(view(["x"], [[3] * times + [12]]))
    counted.update(view(["x"], [[3, 4]]))
    assert counted.by_id(["x"]).tolist() == [0, 0, 0, times + 1, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    assert [part.tolist() for part in counted.seen("x")] == [[3, 4, 12], [times + 1, 1, 1]]
    assert [len(part) for part in counted.seen("y")] == [0, 0]


@given(
    st.lists(
        st.lists(st.sampled_from([1, -1, 5, (1 << 31) - 1, -(1 << 31), 1 << 31, -(1 << 40), 1 << 58]), max_size=4),
        min_size=1,
        max_size=4,
    )
)
def test_sums_are_exact_whatever_room_they_take(batches: list[list[int]]) -> None:
    """In any order and through merge and state; what is added last is on top of what outgrew its width before."""
    queue: list[int] = []
    plain = Measure("plain", lambda view: np.array(queue, np.int64))
    whole, merged = Sums([plain]), Sums([plain])
    for batch in batches:
        queue[:] = batch
        part, seen = Sums([plain]), view(["x"] * len(batch), [[]] * len(batch), ["same"] * len(batch))
        part.update(seen)
        whole.update(seen)
        merged = merged.merge(Sums.from_state(part.state(), [plain]))
    total = sum(sum(batch) for batch in batches)
    for made in (whole, merged, Sums.from_state(whole.state())):
        assert made.total("plain", ["x"]) == total
    assert merged.state().equals(whole.state()) or not any(batches)


def test_counts_are_exact_beyond_24_bits_and_through_merge_and_state() -> None:
    table = pa.table(
        {
            "slice": pa.array(["x", "x"]).dictionary_encode(),
            "id": np.array([1, 7], np.uint32),
            "count": np.array([(1 << 24) - 2, (1 << 40) + 5], np.int64),
        }
    )
    counted = Frequencies.from_state(table)
    assert counted.state().equals(table)
    counted.update(view(["x"], [[1, 1, 1, 7]]))
    assert counted.by_id(["x"])[[1, 7]].tolist() == [(1 << 24) + 1, (1 << 40) + 6]
    assert [part.tolist() for part in counted.seen("x")] == [[1, 7], [(1 << 24) + 1, (1 << 40) + 6]]
    doubled = counted.merge(counted)
    assert doubled.by_id(["x"])[[1, 7]].tolist() == [(1 << 25) + 2, (1 << 41) + 12]
    assert counted.by_id(["x"])[[1, 7]].tolist() == [(1 << 24) + 1, (1 << 40) + 6]


def test_frequencies_of_every_type_take_three_bytes_each() -> None:
    counted = Frequencies()
    width = 1 << 16
    for _ in range(3):
        counted.update(view(["x"], [list(range(width))]))
    row = counted._rows["x"]
    assert row.low.nbytes + row.high.nbytes <= 3 * width


IDS = st.lists(st.tuples(st.sampled_from("xy"), st.integers(0, 400)), min_size=30, max_size=120, unique=True)


@given(IDS, st.randoms(use_true_random=False), st.integers(1, 5))
def test_a_sample_of_ids_depends_on_the_ids_alone(rows: list[tuple[str, int]], rng: object, parts: int) -> None:
    def state(order: list[tuple[str, int]], parts: int) -> pa.Table:
        merged = Alignment(cap=20)
        for k in range(parts):
            part = Alignment(cap=20)
            mine = order[k::parts]
            if mine:
                part.update(view([s for s, _ in mine], [[0] * (i % 7) for _, i in mine], [str(i) for _, i in mine]))
            merged = merged.merge(Alignment.from_state(part.state()))
        return merged.state()

    shuffled = list(rows)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    whole = state(rows, 1)
    assert whole.equals(state(shuffled, parts), check_metadata=True)
    assert whole.num_rows <= 20
    kept = {s: set(k) for s, k in _keys(whole).items()}
    for name, other in (("x", "y"), ("y", "x")):
        shared = {i for s, i in rows if s == name} & {i for s, i in rows if s == other}
        hashes = {i: int(batch_of([Row("x", str(i), "t")]).keys[0]) for i in shared}
        for h in hashes.values():  # an id is kept in both slices or in none
            assert (h in kept.get(name, set())) == (h in kept.get(other, set()))


def _keys(table: pa.Table) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for row in table.to_pylist():
        found.setdefault(row["slice"], []).append(row["key"])
    return found


@given(st.lists(st.tuples(st.sampled_from("xyz"), st.integers(1, 9)), min_size=1, max_size=60), st.data())
def test_the_kept_documents_depend_on_the_documents_alone(rows: list[tuple[str, int]], data: st.DataObject) -> None:
    documents = [Row(s, str(k), "w " * n) for k, (s, n) in enumerate(rows)]
    before, spoken.WORDS = spoken.WORDS, 60
    try:
        whole = spoken.Spoken()
        whole.update(batch_of(documents))
        order = data.draw(st.permutations(documents))
        cut = data.draw(st.integers(0, len(order)))
        halves = [spoken.Spoken(), spoken.Spoken()]
        for half, part in zip(halves, (order[:cut], order[cut:]), strict=True):
            for row in part:
                half.update(batch_of([row]))
        merged = halves[0].merge(spoken.Spoken.from_state(halves[1].state()))
        assert merged.texts() == whole.texts()
        assert spoken.Spoken.from_state(whole.state()).texts() == whole.texts()
        kept = sum(len(text.split()) for _, texts in whole.texts().values() for text in texts.to_pylist())
        assert kept <= 60
        for level, texts in whole.texts().values():
            if level == 0:
                continue
            assert len(texts) < len(documents)
    finally:
        spoken.WORDS = before


def test_a_long_document_is_kept_up_to_its_first_words() -> None:
    text = "é " * (spoken.WORDS_OF_DOCUMENT + 50)
    kept = spoken.Spoken()
    kept.update(batch_of([Row("x", "1", text)]))
    assert kept.texts()["x"][1].to_pylist() == [text[: 2 * spoken.WORDS_OF_DOCUMENT - 1]]


@pytest.mark.parametrize("kind", [Sums, Frequencies, Alignment, Lengths, Timings])
def test_a_fresh_state_is_the_identity_and_merge_leaves_its_arguments_alone(kind: type[Accumulator]) -> None:
    full, measures = kind(), ()
    if kind is Sums:
        from tokeval.metrics.measures import TOKENS

        measures = (TOKENS,)
        full = Sums(measures)
    full.update(view(["x", "y"], [[1, 2], [3]]))
    before = full.state()
    for merged in (full.merge(kind()), kind().merge(full)):
        assert merged.state().equals(before)
    twice = full.merge(full)
    assert full.state().equals(before)
    assert not twice.state().equals(before)
    assert kind.from_state(before).state().equals(before, check_metadata=True)


def test_long_documents_have_exact_quantiles() -> None:
    lengths = [0, 5, 5, 16383, 16384, 40000, 100_000]
    counted = Lengths()
    for length in lengths:
        counted.update(view(["x"], [[0] * length]))
    for share, wanted in ((0.5, 16383), (0.57, 16383), (0.58, 16384), (1.0, 100_000), (0.01, 0)):
        assert counted.quantile(["x"], share) == wanted
    assert counted.quantile(["y"], 0.5) is None
    assert Lengths.from_state(counted.state()).quantile(["x"], 1.0) == 100_000


@given(st.lists(st.tuples(st.text("abc 一", max_size=200), st.text("abc 一", max_size=200)), min_size=1, max_size=4))
def test_edit_distances_of_long_texts(pairs: list[tuple[str, str]]) -> None:
    left, right = (text_array(list(side)) for side in zip(*pairs, strict=True))
    out = np.zeros(len(pairs), np.int64)
    kernels.edit_distances(*text_buffers(left), np.arange(len(pairs)), *text_buffers(right), out)
    assert out.tolist() == [levenshtein(a, b) for a, b in pairs]


def test_a_batch_that_is_a_slice_of_a_larger_array() -> None:
    texts = text_array(["zz", "aé b", "c"]).slice(1)
    out = np.zeros(2, np.int64)
    kernels.count_spaces(*text_buffers(texts), out)
    assert out.tolist() == [1, 0]


def test_ids_beyond_the_declared_vocabulary_are_counted() -> None:
    counted = Frequencies()
    first = view(["x"], [[1]])
    counted.update(replace(first, encoding=replace(first.encoding, facts=replace(FACTS, vocabulary_size=2))))
    counted.update(view(["x"], [[99]]))
    assert counted.counts(["x"]).tolist() == [1, 1]
