"""The samples of a corpus: the same for any order, sharding and batch size; kept by checkpoints and caches."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from tokeval.corpus.samples import SAMPLE_CHARS, Samples
from tokeval.engine.plan import make_plan
from tokeval.engine.run import run_plan

TEXTS = ["", " \n", "猫が座る。", "one two", "x" * 1000, "<b>", "naïve", "a b c"]


def samples_of(path: Path, **options: object) -> list[dict[str, object]]:
    plan = make_plan({"b": "bytes:", "w": "words:"}, {"mine": str(path)})
    return run_plan(plan, **options)[0].beside["samples"].to_pylist()


@pytest.fixture
def columns() -> dict[str, list[str]]:
    return {
        "id": [f"id-{i % 40}" for i in range(120)],
        "language": [f"l{i // 40}" for i in range(120)],
        "text": [TEXTS[(i * 7) % len(TEXTS)] + (str(i) if i % 5 else "") for i in range(120)],
    }


@pytest.mark.parametrize("order", range(4))
def test_any_order_and_sharding(order: int, columns: dict[str, list[str]], write_corpus: Callable[..., Path]) -> None:
    expected = samples_of(write_corpus("a", **columns), jobs=1)
    rows = list(range(120))
    random.Random(order).shuffle(rows)
    mixed = write_corpus(
        "b", row_group_size=7 + order, **{name: [values[i] for i in rows] for name, values in columns.items()}
    )
    assert samples_of(mixed, jobs=1 + order % 3, parts=1 + order * 3) == expected


def test_what_is_shown(columns: dict[str, list[str]], write_corpus: Callable[..., Path]) -> None:
    rows = samples_of(write_corpus("a", **columns))
    assert [(r["slice"], r["tokenizer"]) for r in rows] == [(f"l{i}", t) for t in ("b", "w") for i in range(3)]
    for found in rows:
        text = str(found["text"])
        assert text in {kept[:SAMPLE_CHARS] for kept in columns["text"]}
        assert text.strip()
        if found["tokenizer"] == "b":
            assert found["ids"] == list(text.encode())
            assert found["starts"] == list(range(len(text.encode())))


def test_a_cached_run_shows_the_same(
    columns: dict[str, list[str]], write_corpus: Callable[..., Path], tmp_path: Path
) -> None:
    path = write_corpus("a", **columns)
    first = samples_of(path, cache=tmp_path / "cache")
    assert samples_of(path, cache=tmp_path / "cache") == first
    assert samples_of(path) == first


def test_merging() -> None:
    rows = [{"slice": s, "key": k, "text": t} for s, k, t in (("a", 2, "x"), ("b", 2**64 - 1, "y"), ("a", 2, "w"))]
    one, two = (
        Samples.from_state(pa.Table.from_pylist(part, Samples().state().schema)) for part in (rows[:2], rows[2:])
    )
    assert one.merge(two).state().equals(two.merge(one).state())
    assert one.merge(Samples()).state().equals(one.state())
    assert one.merge(two).state()["text"].to_pylist() == ["w", "y"]
    assert one.state()["text"].to_pylist() == ["x", "y"]
    assert Samples.from_state(one.state()).state().equals(one.state())
