"""Intervals hold the truth as often as they say, draws are exact, and corrections are Holm's."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tokeval.metrics.uncertainty import DRAWS, difference, draws, filled, holm, intervals, resample
from tokeval.schema import BUCKETS


def test_every_draw_takes_as_many_buckets_as_there_are() -> None:
    weights = draws(3)
    assert weights.shape == (BUCKETS, DRAWS)
    assert (weights.sum(axis=0) == BUCKETS).all()
    assert abs(weights.mean() - 1) < 1e-12
    assert not np.array_equal(weights, draws(4))


def test_the_draws_of_a_seed_never_change() -> None:
    assert draws(0)[:8, 0].astype(int).tolist() == FIRST_OF_SEED_0


FIRST_OF_SEED_0 = [1, 1, 1, 1, 2, 0, 0, 2]


@pytest.mark.parametrize("largest", [1, 2**20, 2**44, 2**46, 2**53])
def test_drawn_sums_are_exact_below_two_to_the_53(largest: int) -> None:
    rng = np.random.default_rng(1)
    sums = rng.integers(0, largest, (3, BUCKETS), endpoint=True)
    drawn = resample(sums, 0)
    weights = draws(0).astype(np.int64)
    for row in range(3):
        for draw in range(0, DRAWS, 97):
            exact = sum(int(s) * int(w) for s, w in zip(sums[row], weights[:, draw], strict=True))
            assert drawn[row, draw] == float(exact)


def test_intervals_hold_the_truth_in_95_percent_of_1000_simulated_corpora() -> None:
    rng = np.random.default_rng(20)
    hits, corpora = 0, 1000
    for _ in range(corpora):
        documents = int(rng.integers(150, 1500))
        words = rng.geometric(0.05, documents)
        tokens = words + rng.poisson(0.6 * words * rng.gamma(4, 0.25, documents))
        buckets = rng.integers(0, BUCKETS, documents)
        sums = np.zeros((2, BUCKETS), np.int64)
        np.add.at(sums[0], buckets, tokens)
        np.add.at(sums[1], buckets, words)
        drawn = resample(sums, 0)
        ((low, high),) = [ci for ci in intervals((drawn[0] / drawn[1])[None], [filled(sums)]) if ci]
        hits += low <= 1.6 <= high
    assert 0.93 <= hits / corpora <= 0.97


def test_paired_intervals_and_p_values_keep_their_level() -> None:
    rng = np.random.default_rng(7)
    rejected, corpora = 0, 1000
    for _ in range(corpora):
        documents = int(rng.integers(60, 600))
        words = rng.geometric(0.05, documents)
        a, b = (words + rng.poisson(0.6 * words) for _ in range(2))
        buckets = rng.integers(0, BUCKETS, documents)
        sums = np.zeros((3, BUCKETS), np.int64)
        for row, values in enumerate((a, b, words)):
            np.add.at(sums[row], buckets, values)
        drawn = resample(sums, 0)
        value = b.sum() / words.sum() - a.sum() / words.sum()
        made = difference(drawn[1] / drawn[2], drawn[0] / drawn[2], value, filled(sums))
        assert made is not None
        low, high, p = made
        assert (p < 0.05) == (not low <= 0 <= high)
        rejected += p < 0.05
    assert 0.03 <= rejected / corpora <= 0.07


def test_a_difference_of_nothing_has_p_1_and_one_that_every_document_tells_that_of_a_sign_test() -> None:
    same = np.full(DRAWS, 0.5)
    assert difference(same, same, 0.0, 100) == (0.0, 0.0, 1.0)
    assert difference(same + 1, same, 1.0, 100) == (1.0, 1.0, 2.0**-99)
    assert difference(same + 1, same, 1.0, 6) == (1.0, 1.0, 2.0**-5)
    assert difference(same + 1, same, 1.0, 5) is None  # 2 to the -4 is above 0.05
    assert difference(same + 1, same, 1.0, 2) is None


def test_too_few_documents_have_no_interval() -> None:
    values = np.linspace(0, 1, DRAWS)[None]
    assert intervals(values, [1]) == [None]
    assert difference(values[0], values[0] * 2, 0.1, 1) is None
    mostly_undefined = np.where(np.arange(DRAWS) < 600, np.nan, 1.0)[None]
    assert intervals(mostly_undefined, [9]) == [None]


def test_intervals_from_few_documents_hold_the_truth_as_often_or_are_not_given() -> None:
    rng = np.random.default_rng(3)
    for documents in range(2, 12):
        hits = []
        for _ in range(400):
            words = rng.geometric(0.05, documents)
            sums = np.zeros((2, BUCKETS), np.int64)
            buckets = rng.permutation(BUCKETS)[:documents]
            sums[0, buckets], sums[1, buckets] = words + rng.poisson(0.6 * words * rng.gamma(4, 0.25, documents)), words
            drawn = resample(sums, 0)
            (ci,) = intervals(np.divide(*drawn, out=np.full(DRAWS, np.nan), where=drawn[1] > 0)[None], [documents])
            hits += [ci[0] <= 1.6 <= ci[1]] if ci else []
        assert (len(hits) > 0) == (documents >= 6), documents
        assert not hits or np.mean(hits) > 0.92, documents


def test_few_buckets_widen_the_interval() -> None:
    values = np.linspace(0, 1, DRAWS)[None]
    (few,), (many,) = intervals(values, [6]), intervals(values, [250])
    assert few and many
    assert few[1] - few[0] > many[1] - many[0] >= 0.94


def test_the_t_of_few_buckets_is_close_to_the_tables() -> None:
    # two-sided 5 % points of Student's t: 2.776 at 4 degrees, 2.262 at 9, 2.045 at 29
    for freedom, point in ((4, 2.776), (9, 2.262), (29, 2.045)):
        drawn = np.array([point, -point] * (DRAWS // 2)) / point
        made = difference(drawn, np.zeros(DRAWS), point, freedom + 1)
        assert made is not None
        error = math.sqrt((freedom + 1) / freedom)
        scaled = difference(drawn / error, np.zeros(DRAWS), point, freedom + 1)
        assert scaled is not None and scaled[2] == pytest.approx(0.05, rel=0.02)


def test_holm_is_holm() -> None:
    # worked by hand: sorted 0.005·4, 0.01·3, 0.03·2, 0.04·1, made monotone
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.9, 0.8]) == [1.0, 1.0]
