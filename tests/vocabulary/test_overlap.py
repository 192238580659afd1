"""Overlap of vocabularies, and the tree drawn of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracles import vocabulary as oracle
from tests.vocabulary.made import vocabulary
from tokeval.report.dendrogram import draw, draw_svg, linkage
from tokeval.schema import Spelling
from tokeval.vocabulary import overlap as module
from tokeval.vocabulary.analysis import analyze
from tokeval.vocabulary.figures import overlap_figures

SETS = st.lists(st.sets(st.binary(min_size=1, max_size=2), max_size=8), min_size=2, max_size=4)


@pytest.mark.parametrize("chunk", [1 << 18, 2])
@given(sets=SETS)
def test_as_the_oracle_in_any_number_of_ranges(chunk: int, sets: list[set[bytes]]) -> None:
    keys = [module.keys_of(vocabulary(*(sorted(s) or [b""]))) for s in sets]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CHUNK", chunk)
        found = module.overlap(keys)
    jaccard, core, alone = oracle.overlap(sets)
    assert (found.core, found.unique.tolist()) == (core, alone)
    for (a, b), expected in jaccard.items():
        union = int(found.union[a, b])
        assert (found.common[a, b] / union if union else 1.0) == expected


def test_special_and_unused_tokens_are_left_out() -> None:
    tables = [analyze(vocabulary("a", "<s>", kinds={1: "special"}), Spelling()).tokens for _ in range(2)]
    found = module.overlap([module.keys_of(table) for table in tables])
    assert found.sizes.tolist() == [1, 1]
    rows = {(t, m, f.reference): f.value for t, m, f in overlap_figures(["x", "y"], found)}
    assert rows["x", "overlap_jaccard", "y"] == 1
    assert rows["x", "core_tokens", None] == 1
    assert rows["y", "unique_tokens", None] == 0


def test_linkage_of_a_known_matrix() -> None:
    distance = np.array([[0, 2, 6, 10], [2, 0, 5, 9], [6, 5, 0, 4], [10, 9, 4, 0]]) / 10
    assert [(a, b, round(h, 6), n) for a, b, h, n in linkage(distance)] == [
        (0, 1, 0.2, 2),
        (2, 3, 0.4, 2),
        (4, 5, 0.75, 4),
    ]


@given(st.integers(1, 6), st.randoms(use_true_random=False))
def test_the_tree_names_every_leaf_once(count: int, random: object) -> None:
    points = np.array([random.random() for _ in range(count)])  # type: ignore[attr-defined]
    merges = linkage(abs(points[:, None] - points[None, :]))
    assert len(merges) == count - 1
    names = [f"<{i}>" for i in range(count)]
    text = draw(names, merges)
    assert [text.count(name) for name in names] == [1] * count
    assert len(text.splitlines()) == count
    assert all(f"&lt;{i}&gt;" in draw_svg(names, merges) for i in range(count))
