"""The accumulator's contract: identity, merge, state, for every accumulator there is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from tests.conftest import ROOT
from tokeval.corpus.reader import Intake, read_piece
from tokeval.corpus.source import open_corpus
from tokeval.metrics.base import Accumulator, View
from tokeval.metrics.select import accumulators_of, all_metrics, measures_of
from tokeval.metrics.sums import Sums
from tokeval.tokenizers.encode import Encoder
from tokeval.tokenizers.load import load_tokenizer

METRICS = list(all_metrics().values())
MAKERS: dict[str, Callable[[], Accumulator]] = {
    "sums": lambda: Sums(measures_of(METRICS)),
    **{kind.name: kind for kind in accumulators_of(METRICS)},
}


@pytest.fixture(scope="module")
def views() -> list[View]:
    corpus = open_corpus("demo", Path(ROOT / "corpora" / "demo.parquet"), limit=200)
    intake = Intake()
    batches = [b for piece in corpus.pieces for b in read_piece(piece, corpus.columns, intake, 4000)]
    encoder = Encoder(
        "bpe", load_tokenizer(str(ROOT / "corpora/tokenizers/demo-bpe.json")), spans=True, round_trip=True
    )
    assert len(batches) > 5
    clock = {"encode": 5, "decode": 7, "load": 11, "loads": 1}
    encodings = [(batch, encoder.encode(batch.texts)) for batch in batches]
    beside = {"byte_ids": lambda: encoder.byte_ids, "clock": clock}
    return [View(batch, found, encoder.encode, baseline=found, **beside) for batch, found in encodings]


def folded(make: Callable[[], Accumulator], views: list[View]) -> Accumulator:
    made = make()
    for view in views:
        made.update(view)
    return made


def same(a: Accumulator, b: Accumulator) -> bool:
    return bool(a.state().equals(b.state()))


@pytest.mark.parametrize("name", MAKERS)
def test_contract(name: str, views: list[View]) -> None:
    make = MAKERS[name]
    whole = folded(make, views)
    assert whole.state().num_rows or name == "depths"  # the demo holds no source files
    a, b, c = folded(make, views[:2]), folded(make, views[2:3]), folded(make, views[3:])
    before = [part.state() for part in (a, b, c)]
    for merged in (a.merge(b).merge(c), a.merge(b.merge(c)), c.merge(a).merge(b), folded(make, views[::-1])):
        assert same(merged, whole)
    assert same(whole.merge(make()), whole)
    assert same(make().merge(whole), whole)
    for part, state in zip((a, b, c), before, strict=True):
        assert part.state().equals(state), "merge changed its argument"


@pytest.mark.parametrize("name", MAKERS)
def test_state_round_trips_through_ipc(name: str, views: list[View]) -> None:
    whole = folded(MAKERS[name], views)
    sink = pa.BufferOutputStream()
    table = whole.state()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    back = type(whole).from_state(pa.ipc.open_stream(sink.getvalue()).read_all())
    assert same(back, whole)
    assert same(back.merge(MAKERS[name]()), whole)
    empty = MAKERS[name]()
    assert same(type(empty).from_state(empty.state()), empty)
