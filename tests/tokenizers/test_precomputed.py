"""`precomputed:`: tokens by document id, by slice and id, or by text; whole files, and files that contradict."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.engine.conftest import run_plan, write_texts
from tests.engine.test_on_error import figures
from tokeval import compare, load_tokenizer
from tokeval.arrow import hash_texts, id_buffers
from tokeval.corpus.units import count_units
from tokeval.engine.plan import make_plan
from tokeval.engine.segmentation import compare_segmentation
from tokeval.errors import NotSupportedError, TokenizerError
from tokeval.schema import IDS, SPANS, Batch
from tokeval.testing import CHECKS, run_check
from tokeval.tokenizers.base import Spans, Tokenizer
from tokeval.tokenizers.hard import hard_strings

TEXTS = list(dict.fromkeys(["one two", "zwei — drei", "", "四", "one", "three", *hard_strings()]))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_texts(tmp_path / "corpus.parquet", 600)


def write(path: Path, columns: dict[str, Any]) -> str:
    pq.write_table(pa.table(columns), path)
    return f"precomputed:{path}"


def byte_tokens(texts: list[str]) -> dict[str, Any]:
    """What `bytes:` makes of texts, as columns of a file."""
    rows = [list(text.encode()) for text in texts]
    return {"ids": pa.array(rows, pa.list_(pa.uint32())), "ends": [list(range(1, len(row) + 1)) for row in rows]}


def of_corpus(corpus: Path, path: Path, *names: str, keys: tuple[str, ...] = ("language", "id"), **more: Any) -> str:
    """A file of the bytes of a corpus's documents, in another order, with the columns that are named."""
    table = pq.read_table(corpus)
    table = table.filter(table["text"].is_valid())
    made = byte_tokens(table["text"].to_pylist())
    made["tokens"] = [len(row) for row in made["ends"]]
    columns = {**{name: table[name] for name in keys}, **{name: made[name] for name in names}, **more}
    shuffled = pa.table(columns).take(np.random.default_rng(3).permutation(len(table)))
    pq.write_table(shuffled, path)
    return f"precomputed:{path}"


# --- conformance


class ById(Tokenizer):
    """A file asked by ids, every text being its own id, so that the suite can ask it."""

    library = "test/1"

    def __init__(self, spec: str) -> None:
        self.inner = load_tokenizer(spec)
        self.capabilities, self.fingerprint = self.inner.capabilities, self.inner.fingerprint

    def encode_batch(self, texts: pa.Array) -> pa.Array:
        return self.spans_batch(texts).ids

    def spans_batch(self, texts: pa.Array) -> Spans:
        texts = texts.cast(pa.large_string())
        kept = texts.filter(texts.is_valid())
        units, words = count_units(kept)
        codes = np.arange(len(kept), dtype=np.int32) % 2
        batch = Batch(kept, ("a", "b"), codes * 0, hash_texts(kept), True, units, words, ("language",), kept)
        found = self.inner.spans_batch(self.inner.asked(batch))
        rows = iter(found.ids.to_pylist())
        lists = [next(rows) if known else None for known in texts.is_valid().to_pylist()]
        return Spans(pa.array(lists, pa.list_(pa.uint32())), found.starts, found.ends)


@pytest.mark.parametrize("check", CHECKS)
def test_found_by_text_it_keeps_its_promises(check: str, tmp_path: Path) -> None:
    run_check(check, load_tokenizer(write(tmp_path / "t.parquet", {"text": TEXTS, **byte_tokens(TEXTS)})))


@pytest.mark.parametrize("check", CHECKS)
def test_found_by_id_it_keeps_its_promises(check: str, tmp_path: Path) -> None:
    columns = {"language": ["a"] * len(TEXTS), "id": TEXTS, **byte_tokens(TEXTS)}
    run_check(check, ById(write(tmp_path / "t.parquet", columns)))


# --- three kinds of files


def test_ids_ends_and_counts_by_text(tmp_path: Path) -> None:
    texts = ["héllo", "", "ab c"]
    columns = {"text": texts, "ids": [[5, 6], [], [7, 8, 9]], "ends": [[3, 6], [], [1, 2, 4]]}
    tokenizer = load_tokenizer(write(tmp_path / "full.parquet", columns))
    assert tokenizer.capabilities == {IDS, SPANS}
    batch = pa.array(["ab c", None, "héllo", "", "héllo"], pa.large_string())
    assert tokenizer.encode_batch(batch).to_pylist() == [[7, 8, 9], None, [5, 6], [], [5, 6]]
    found = tokenizer.spans_batch(batch)
    assert found.starts.tolist() == [0, 1, 2, 0, 3, 0, 3]
    assert found.ends.tolist() == [1, 2, 4, 3, 6, 3, 6]
    counted = load_tokenizer(write(tmp_path / "counts.parquet", {"text": texts, "tokens": [2, 0, 3]}))
    assert counted.capabilities == frozenset()
    assert [len(row) for row in counted.encode_batch(pa.array(texts)).to_pylist()] == [2, 0, 3]
    with pytest.raises(TokenizerError, match="does not hold the document 'other'"):
        counted.encode_batch(pa.array(["other"]))
    assert pickle.loads(pickle.dumps(counted)).fingerprint == counted.fingerprint


ALL_FAMILIES = ("size", "fairness", "information", "fidelity", "numbers", "robustness", "code")


@pytest.mark.parametrize("columns", [("ids", "ends"), ("ids",), ("ends",), ("tokens",), ("ids", "ends", "tokens")])
def test_figures_equal_those_of_the_tokenizer_or_are_not_applicable(
    columns: tuple[str, ...], corpus: Path, tmp_path: Path
) -> None:
    """Ids repeat in every language: found by language and id, the figures are those of `bytes:` itself."""
    spec = of_corpus(corpus, tmp_path / "made.parquet", *columns)
    table = compare({"bytes": "bytes:", "made": spec}, {"c": str(corpus)}, metrics=ALL_FAMILIES).to_pylist()
    real, made = ({(r["metric"], r["slice"]): r for r in table if r["tokenizer"] == name} for name in ("bytes", "made"))
    ok = set()
    for key, row in real.items():
        if (found := made.get(key)) is None or found["status"] == "not_applicable":
            assert found is None or found["reason"], key
            continue
        ok.add(key[0])
        for name in ("value", "n", "numerator", "denominator", "ci_low", "ci_high", "status"):
            assert found[name] == row[name], (key, name)
    assert {"tokens", "bytes_per_token"} <= ok
    assert ("vocabulary_used" in ok) == ("ids" in columns)
    assert ("single_token_word_rate" in ok) == ("ends" in columns)
    assert not [metric for metric in ok if "stability" in metric or "inflation" in metric or "round" in metric]


def test_ids_that_are_unique_need_no_slice_column(tmp_path: Path) -> None:
    corpus = tmp_path / "c.parquet"
    table = {"id": [10, 11, 12, 13], "language": ["a", "b", "a", "b"], "text": ["one", "two", "six", "ten"]}
    pq.write_table(pa.table(table), corpus)
    spec = write(tmp_path / "t.parquet", {"id": ["13", "12", "11", "10"], "tokens": [1, 2, 3, 4]})
    found = compare({"t": spec}, {"c": str(corpus)}, metrics=["tokens"]).to_pylist()
    assert {row["slice"]: row["value"] for row in found if row["slice"] != "macro"} == {"all": 10, "a": 6, "b": 4}


def test_several_slice_columns(tmp_path: Path) -> None:
    corpus = tmp_path / "c.parquet"
    columns = {"id": ["x"] * 3, "language": ["a", "a", None], "domain": ["news", "law", "law"]}
    pq.write_table(pa.table({**columns, "text": ["one", "two", "six"]}), corpus)
    spec = write(tmp_path / "t.parquet", {**columns, "tokens": [1, 2, 3]})
    options = {"metrics": ["tokens"], "slice_by": ["language", "domain"]}
    found = compare({"t": spec}, {"c": str(corpus)}, **options).to_pylist()  # type: ignore[arg-type]
    assert [row["value"] for row in found if row["slice"] in ("a/news", "a/law", "(none)/law")] == [3, 2, 1]
    partly = write(tmp_path / "p.parquet", {"id": ["x"], "language": ["a"], "tokens": [1]})
    with pytest.raises(TokenizerError, match="two of c have the id 'x'") as caught:
        compare({"t": partly}, {"c": str(corpus)}, **options)  # type: ignore[arg-type]
    assert "`language`, `domain`" in str(caught.value.hint)


def test_ids_that_repeat_are_an_error(corpus: Path, tmp_path: Path) -> None:
    without = write(tmp_path / "t.parquet", {"id": [f"d{i}" for i in range(150)], "tokens": [1] * 150})
    with pytest.raises(TokenizerError, match=r"two of c have the id 'd\d+'$") as caught:
        compare({"t": without}, {"c": str(corpus)})
    assert caught.value.hint == "add the slice column to the file: `language`"
    sliced = of_corpus(corpus, tmp_path / "s.parquet", "tokens")
    with pytest.raises(TokenizerError, match=r"two of c have the id 'd\d+'$") as caught:
        compare({"t": sliced}, {"c": str(corpus)}, slice_by=())
    assert "--slice-by" in str(caught.value.hint)
    double = write_texts(tmp_path / "double.parquet", 40, copies=2)
    with pytest.raises(TokenizerError, match=r"two of c have the id 'd\d' in 'eng_Latn'"):
        compare({"t": sliced}, {"c": str(double)})


def test_by_text_where_the_corpus_has_no_ids(corpus: Path, tmp_path: Path) -> None:
    texts = tmp_path / "texts.parquet"
    pq.write_table(pq.read_table(corpus).select(["language", "text"]), texts)
    spec = of_corpus(corpus, tmp_path / "t.parquet", "ids", "ends", keys=("language", "id", "text"))
    pair = {"bytes": "bytes:", "made": spec}
    table = compare(pair, {"c": str(texts)}, metrics=["size"])
    assert [r["value"] for r in figures(table, "made")] == [r["value"] for r in figures(table, "bytes")]
    only_ids = of_corpus(corpus, tmp_path / "i.parquet", "tokens")
    with pytest.raises(TokenizerError, match="the corpus has no id column"):
        compare({"made": only_ids}, {"c": str(texts)})
    with pytest.raises(TokenizerError, match="by their id, and no other text"):
        load_tokenizer(only_ids).encode_batch(pa.array(["a"]))


# --- engines


def test_any_sharding_gives_the_same_table(corpus: Path, tmp_path: Path) -> None:
    spec = of_corpus(corpus, tmp_path / "t.parquet", "ids", "ends")
    plan = make_plan({"made": spec, "bytes": "bytes:"}, {"c": str(corpus)}, baseline="made")
    whole = run_plan(plan, jobs=1)[0]
    assert run_plan(plan, jobs=3, shard_bytes=1000)[0].equals(whole, check_metadata=True)
    assert run_plan(plan, cache=tmp_path / "cache")[0].equals(whole, check_metadata=True)
    assert run_plan(plan, cache=tmp_path / "cache")[0].equals(whole, check_metadata=True)


@pytest.mark.filterwarnings("default")  # Ray warns of its own parts
def test_a_cluster_gives_the_same_table(corpus: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    spec = of_corpus(corpus, tmp_path / "t.parquet", "ids", "ends")
    plan = make_plan({"made": spec}, {"c": str(corpus)})
    there = run_plan(plan, engine="ray", jobs=2, shard_bytes=2000)[0]
    assert there.equals(run_plan(plan)[0], check_metadata=True)


def test_samples_and_words_leave_it_out(corpus: Path, tmp_path: Path) -> None:
    from tokeval.engine.run import run_plan

    spec = of_corpus(corpus, tmp_path / "t.parquet", "ids", "ends")
    results, record = run_plan(make_plan({"made": spec, "bytes": "bytes:"}, {"c": str(corpus)}))
    for name in ("samples", "words"):
        assert set(results.beside[name]["tokenizer"].to_pylist()) == {"bytes"}
    assert record["accelerations"]["made"]["path"] is None


def test_two_files_can_be_compared(corpus: Path, tmp_path: Path) -> None:
    spec = of_corpus(corpus, tmp_path / "t.parquet", "ids", "ends")
    changes = compare_segmentation("c", str(corpus), load_tokenizer(spec), load_tokenizer("bytes:"))
    assert changes.documents > 500
    assert changes.changed == 0


def test_it_has_nothing_to_check(tmp_path: Path) -> None:
    from tokeval.engine.check.subject import Subject

    with pytest.raises(NotSupportedError, match="can be tried on none"):
        Subject.load(write(tmp_path / "t.parquet", {"id": ["a"], "tokens": [1]}))


def test_words_alone_are_not_its_documents(corpus: Path, tmp_path: Path) -> None:
    gold, study = tmp_path / "gold.tsv", tmp_path / "study.csv"
    gold.write_text("kitaplar\tkitap lar\n", "utf-8")
    study.write_text("word,lexicality,rt,accuracy\n" + "\n".join(f"w{i},w,{i},{i}" for i in range(9)), "utf-8")
    spec = of_corpus(corpus, tmp_path / "t.parquet", "ids", "ends")
    options = {"gold": {"tur": f"segments:{gold}"}, "lexical_decision": {"tur": str(study)}}
    table = compare({"made": spec}, {"c": str(corpus)}, metrics=["linguistic"], **options).to_pylist()  # type: ignore[arg-type]
    mine = [r for r in table if r["tokenizer"] == "made" and r["metric"] in ("boundary_f1", "cognitive_correlation")]
    assert {(r["status"], r["reason"]) for r in mine} == {
        ("not_applicable", "its tokens are known for the documents alone")
    }
    assert len(mine) == 2


# --- what is missing, and what has changed


def without_some(corpus: Path, path: Path, lost: int) -> str:
    spec = of_corpus(corpus, path, "ids", "ends")
    table = pq.read_table(path)
    some = [bool(text) for text in table["ends"].to_pylist()]
    rows = [i for i in range(len(table)) if not (some[i] and sum(some[: i + 1]) <= lost)]
    pq.write_table(table.take(rows), path)
    return spec


def test_a_missing_document_is_named_or_skipped(corpus: Path, tmp_path: Path) -> None:
    spec = without_some(corpus, tmp_path / "t.parquet", 7)
    with pytest.raises(TokenizerError, match=r"does not hold the document 'd\d+' of '\w+'"):
        compare({"made": spec}, {"c": str(corpus)})
    plan = make_plan({"made": spec, "bytes": "bytes:"}, {"c": str(corpus)}, on_error="skip")
    table, record = run_plan(plan)
    assert record["skipped"] == {"c": {"made": 7}}
    count = {r["tokenizer"]: r["value"] for r in table.to_pylist() if (r["metric"], r["slice"]) == ("documents", "all")}
    assert count["bytes"] - count["made"] == 7
    assert run_plan(plan, jobs=3, shard_bytes=1000)[0].equals(table)


def test_a_row_without_an_id_is_missing(tmp_path: Path) -> None:
    corpus = tmp_path / "c.parquet"
    pq.write_table(pa.table({"id": ["a", None, None], "text": ["one", "two", "three"]}), corpus)
    spec = write(tmp_path / "t.parquet", {"id": ["a", "two", ""], "tokens": [1, 2, 3]})
    with pytest.raises(TokenizerError, match="does not hold the document 'two'"):
        compare({"t": spec}, {"c": str(corpus)})


def sha256(texts: list[str]) -> list[str]:
    return [hashlib.sha256(text.encode()).hexdigest().upper() for text in texts]


@pytest.mark.parametrize("proof", ["text", "sha256"])
def test_a_document_that_changed_is_an_error(proof: str, tmp_path: Path) -> None:
    texts, ids = ["one", "two", ""], ["a", "b", "c"]
    of: dict[str, Callable[[list[str]], list[str]]] = {"text": list, "sha256": sha256}
    spec = write(tmp_path / "t.parquet", {"id": ids, proof: of[proof](texts), "tokens": [1, 2, 0]})
    corpus = tmp_path / "c.parquet"
    pq.write_table(pa.table({"id": ids, "text": texts}), corpus)
    compare({"t": spec}, {"c": str(corpus)})
    pq.write_table(pa.table({"id": ids, "text": ["one", "tvo", ""]}), corpus)
    with pytest.raises(TokenizerError, match="was made from another text of the document 'b'"):
        compare({"t": spec}, {"c": str(corpus)})


def test_ends_behind_the_document_are_an_error(tmp_path: Path) -> None:
    spec = write(tmp_path / "t.parquet", {"id": ["a", "b"], "ends": [[1, 3], [2, 4]]})
    corpus = tmp_path / "c.parquet"
    pq.write_table(pa.table({"id": ["a", "b"], "text": ["one", "two"]}), corpus)
    with pytest.raises(TokenizerError, match="has tokens that end behind the document 'b'"):
        compare({"t": spec}, {"c": str(corpus)})
    assert compare({"t": spec}, {"c": str(corpus)}, on_error="skip").num_rows


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"text": ["a"]}, "needs the column `id` or `text`, and one of"),
        ({"language": ["a"], "ids": [[1]]}, "needs the column `id` or `text`"),
        ({"text": ["a"], "ids": [[1]], "tokens": [2]}, "do not tell the same number"),
        ({"id": ["a"], "ids": [[1]], "ends": [[1, 2]]}, "do not tell the same number"),
        ({"text": ["a"], "ids": [[-1]]}, "lists of numbers from 0"),
        ({"id": ["a"], "ids": ["[1, 2]"]}, "lists of numbers from 0"),
        ({"id": ["a"], "ids": [[1.5]]}, "lists of numbers from 0"),
        ({"id": ["a"], "ends": [["x"]]}, "lists of numbers from 0"),
        ({"id": ["a"], "tokens": ["3"]}, "must be whole numbers, not string"),
        ({"id": ["a"], "tokens": [1.0]}, "must be whole numbers, not double"),
        ({"id": ["a"], "tokens": [-1]}, r"from 0 to 2\^31"),
        ({"id": ["a"], "tokens": [1 << 40]}, r"from 0 to 2\^31"),
        ({"id": ["a"], "tokens": pa.array([None], pa.int64())}, "nulls in tokens"),
        ({"id": ["a"], "ids": [[1, None]]}, "nulls in the lists of ids"),
        ({"text": ["ab"], "ends": [[2, 1]]}, "must rise"),
        ({"id": ["ab"], "ends": [[2, 1]]}, "must rise"),
        ({"text": ["ab"], "ends": [[3]]}, "inside its bytes"),
        ({"text": ["ab"], "ids": pa.array([None], pa.list_(pa.uint32()))}, "nulls in ids"),
        ({"text": ["ab", "ab"], "tokens": [1, 2]}, "has one text in the rows 0 and 1, with other tokens"),
        ({"text": ["ab", "ab"], "ids": [[1], [2]]}, "has one text in the rows 0 and 1, with other tokens"),
    ],
)
def test_files_that_contradict_themselves(tmp_path: Path, columns: dict[str, object], message: str) -> None:
    with pytest.raises(TokenizerError, match=message):
        load_tokenizer(write(tmp_path / "bad.parquet", columns))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"id": ["a", "a"], "tokens": [1, 1]}, "two rows for the document 'a'"),
        ({"id": ["a", "a"], "language": ["x", "x"], "tokens": [1, 1]}, "two rows for the document 'a' of 'x'"),
        ({"id": ["a", None], "tokens": [1, 1]}, "nulls in id"),
    ],
)
def test_keys_that_are_not_keys(tmp_path: Path, columns: dict[str, object], message: str) -> None:
    corpus = tmp_path / "c.parquet"
    pq.write_table(pa.table({"id": ["a"], "language": ["x"], "text": ["one"]}), corpus)
    with pytest.raises(TokenizerError, match=message):
        compare({"t": write(tmp_path / "bad.parquet", columns)}, {"c": str(corpus)})


def test_one_text_twice_with_the_same_tokens_is_fine(tmp_path: Path) -> None:
    spec = write(tmp_path / "t.parquet", {"text": ["ab", "ab"], "ids": [[1, 2], [1, 2]]})
    flat, _ = id_buffers(load_tokenizer(spec).encode_batch(pa.array(["ab"])))
    assert flat.tolist() == [1, 2]
