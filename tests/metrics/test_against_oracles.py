"""Every figure of random corpora against plain Python, and the same bits for any sharding and order."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tokeval
from tests.conftest import ROOT
from tests.oracles import metrics as oracle
from tests.oracles.metrics import Document
from tokeval.engine.figures import make_tables
from tokeval.engine.local import run
from tokeval.engine.plan import make_plan
from tokeval.engine.shard import load_workers
from tokeval.engine.work import Work

DEMO = ROOT / "corpora" / "tokenizers"
SPECS = {"bytes": "bytes:", "chars": "chars:", "bpe": str(DEMO / "demo-bpe.json"), "words": "words:"}

TEXT = st.text(st.sampled_from("abcdeé üñ \n\tЖдя12.,ाक"), max_size=25)


@st.composite
def corpora(draw: st.DrawFn) -> list[Document]:
    """A corpus of up to three slices with the same ids, some missing."""
    documents = []
    for name in draw(st.lists(st.sampled_from(["deu", "eng", "fin"]), min_size=1, max_size=3, unique=True)):
        ids = draw(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=8, unique=True))
        documents += [Document(i, name, draw(TEXT)) for i in ids]
    return documents


def write(documents: Sequence[Document], path: Path, row_group_size: int | None = None) -> str:
    rows = {name: [getattr(d, name) for d in documents] for name in ("id", "slice", "text")}
    pq.write_table(pa.table(rows).rename_columns(["id", "language", "text"]), path, row_group_size=row_group_size)
    return str(path)


def figures(table: pa.Table) -> dict[tuple[str, str, str], Any]:
    return {(r["tokenizer"], r["slice"], r["metric"]): r for r in table.to_pylist()}


def encoder(spec: str) -> oracle.Encode:
    tokenizer = tokeval.load_tokenizer(spec)
    return lambda text: tokenizer.encode_batch(pa.array([text], pa.large_string())).to_pylist()[0]


ENCODERS = {name: encoder(spec) for name, spec in SPECS.items()}


@given(corpora())
@settings(max_examples=25)
def test_figures_equal_plain_python(documents: list[Document]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write(documents, Path(folder) / "c.parquet")
        found = figures(tokeval.compare(SPECS, {"c": path}, baseline="bpe", pivot="eng"))
    names = sorted({d.slice for d in documents})
    for tokenizer, encode in ENCODERS.items():
        for name in ["all", *names]:
            members = [d for d in documents if name in ("all", d.slice)]
            expected = oracle.size(members, encode)
            expected["nsl"] = oracle.nsl(members, encode, ENCODERS["bpe"])
            if name != "all" and len(names) > 1 and "eng" in names:
                expected["premium"] = oracle.premium(documents, encode, name, "eng")
            if tokenizer != "words":
                counts = oracle.frequencies(members, encode)
                expected["renyi_efficiency"] = oracle.renyi_efficiency(counts, 2.5)
                expected["vocabulary_used"] = float(len(counts)) if counts else None
            if tokenizer == "bytes":
                expected["vocabulary_utilization"] = len(counts) / 256 if counts else None
                tokens = sum(counts.values())
                expected["unknown_token_rate"] = 0.0 if tokens else None
            if tokenizer in ("bytes", "chars", "bpe"):
                expected["round_trip_rate"] = 1.0
            for metric, value in expected.items():
                row = found[tokenizer, name, metric]
                if value is None:
                    assert (row["value"], row["status"]) == (None, "undefined"), (tokenizer, name, metric)
                    assert row["reason"]
                elif metric == "renyi_efficiency":
                    assert row["value"] == pytest.approx(value, rel=1e-12, abs=1e-12)
                else:
                    assert row["value"] == value, (tokenizer, name, metric)
        gini = found[tokenizer, "all", "gini"]
        assert gini["value"] == oracle.gini(documents, encode)
        assert (gini["status"] == "ok") == (gini["value"] is not None)


@given(corpora(), st.randoms(use_true_random=False), st.sampled_from([1, 2, 7]), st.integers(1, 5))
@settings(max_examples=20)
def test_shards_and_order_do_not_change_a_bit(documents: list[Document], random: Any, parts: int, group: int) -> None:
    shuffled = list(documents)
    random.shuffle(shuffled)
    with tempfile.TemporaryDirectory() as folder:
        tables = []
        for rows, shards, size in ((documents, 1, None), (shuffled, parts, group)):
            path = write(rows, Path(folder) / "c.parquet", size)
            plan = make_plan(SPECS, {"c": path}, baseline="bpe", pivot="eng")
            workers = load_workers(plan)
            tables.append(make_tables(plan, workers, run(Work(plan, workers, parts=shards)))[0])
    assert parquet_bytes(tables[0]) == parquet_bytes(tables[1])


def parquet_bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return bytes(sink.getvalue().to_pybytes())


def test_a_rate_of_unknown_tokens(tmp_path: Path) -> None:
    documents = [Document("1", "eng", "the station"), Document("2", "eng", "the 🜁🜂 station")]
    spec = str(DEMO / "demo-unigram.model")
    encode = encoder(spec)
    ids = [i for d in documents for i in encode(d.text)]
    assert 0 in ids  # <unk>
    row = figures(tokeval.compare({"u": spec}, {"c": write(documents, tmp_path / "c.parquet")}))
    assert row["u", "all", "unknown_token_rate"]["value"] == ids.count(0) / len(ids)
    assert row["u", "all", "round_trip_rate"]["value"] == 0.5


def test_words_are_not_counted_where_there_are_no_spaces(tmp_path: Path) -> None:
    documents = [Document("1", "jpn", "吾輩は猫である"), Document("1", "eng", "I am a cat")]
    found = figures(tokeval.compare({"b": "bytes:"}, {"c": write(documents, tmp_path / "c.parquet")}))
    for name in ("all", "jpn"):
        for metric in ("words", "tokens_per_word"):
            row = found["b", name, metric]
            assert (row["value"], row["status"]) == (None, "not_applicable")
            assert "without spaces" in row["reason"]
    assert found["b", "eng", "words"]["value"] == 4


def test_ids_decide_whether_slices_are_parallel(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["a", "b"], "language": ["eng", "deu"]}), tmp_path / "n.parquet")
    found = figures(tokeval.compare({"b": "bytes:"}, {"c": str(tmp_path / "n.parquet")}, pivot="eng"))
    assert found["b", "all", "gini"]["status"] == "not_applicable"
    assert found["b", "deu", "premium"]["status"] == "not_applicable"
    one = write([Document("1", "eng", "a")], tmp_path / "one.parquet")
    found = figures(tokeval.compare({"b": "bytes:"}, {"c": one}, pivot="eng"))
    assert found["b", "all", "gini"]["status"] == "undefined"
    twice = [Document("1", "eng", "a"), Document("1", "eng", "b"), Document("1", "deu", "c")]
    found = figures(tokeval.compare({"b": "bytes:"}, {"c": write(twice, tmp_path / "t.parquet")}, pivot="eng"))
    assert "repeat" in found["b", "deu", "premium"]["reason"]
    absent = figures(tokeval.compare({"b": "bytes:"}, {"c": write(twice[1:], tmp_path / "a.parquet")}, pivot="fra"))
    assert "no slice 'fra'" in absent["b", "deu", "premium"]["reason"]


def test_a_baseline_without_tokens_is_undefined(tmp_path: Path) -> None:
    path = write([Document("1", "eng", "")], tmp_path / "c.parquet")
    row = figures(tokeval.compare({"b": "bytes:", "c": "chars:"}, {"c": path}, baseline="b"))["c", "all", "nsl"]
    assert (row["value"], row["status"]) == (None, "undefined")


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0, 2.0, float("inf")])
def test_orders_of_renyi(tmp_path: Path, alpha: float) -> None:
    documents = [Document("1", "eng", "abracadabra"), Document("2", "eng", "aab")]
    path = write(documents, tmp_path / "c.parquet")
    row = figures(tokeval.compare({"b": "bytes:"}, {"c": path}, metrics=[f"renyi_efficiency:alpha={alpha}"]))
    counts = oracle.frequencies(documents, ENCODERS["bytes"])
    assert len(row) == 2
    for found in row.values():
        assert found["value"] == pytest.approx(oracle.renyi_efficiency(counts, alpha), abs=1e-12)
