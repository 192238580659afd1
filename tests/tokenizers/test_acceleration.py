"""Acceleration never changes a number: checks, a planted disagreement, threads, bounded caches, the run record."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tokenizers import makers
from tokeval import load_tokenizer
from tokeval.arrow import id_buffers, positions
from tokeval.engine.plan import make_plan
from tokeval.engine.run import run_plan
from tokeval.tokenizers import _huggingface
from tokeval.tokenizers.encode import Encoder
from tokeval.tokenizers.fast import Accelerator, FastPath, Found, share_checked, spliced

TEXTS = [f"{line} {k} {line[k % 20 :]}" for k in range(300) for line in makers.CORPUS[:5]]


class Planted:
    """A fast path that drops the last token of texts that hold a given one."""

    name = "planted/1"

    def __init__(self, inner: FastPath, marker: str) -> None:
        self.inner, self.marker = inner, marker

    def encode(self, texts: pa.Array, spans: bool) -> Found:
        found = self.inner.encode(texts, spans)
        rows = [k for k, text in enumerate(texts.to_pylist()) if self.marker in text]
        ids = found.ids.copy()
        for row in rows:
            ids[found.offsets[row + 1] - 1] ^= 1
        return Found(ids, found.offsets, unsure=found.unsure)

    def held(self) -> int:
        return self.inner.held()


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def with_marker(marker: str) -> None:
        real = _huggingface.HuggingFace.fast_path
        monkeypatch.setattr(_huggingface.HuggingFace, "fast_path", lambda self: Planted(real(self), marker))

    return with_marker


@pytest.fixture
def bytelevel(tmp_path: Path) -> Path:
    return makers.write_hf(tmp_path / "bytelevel", "bytelevel")


def corpus(folder: Path, rows: int = 6_000) -> Path:
    texts = [f"{TEXTS[k % len(TEXTS)]} item {k}" for k in range(rows)]
    for k in range(7, rows, 1000):  # one string in a thousand
        texts[k] += " zebra"
    path = folder / "corpus.parquet"
    table = pa.table({"text": texts, "language": [f"l{k % 5}" for k in range(rows)], "id": list(range(rows))})
    pq.write_table(table, path, row_group_size=1000)
    return path


def test_a_planted_disagreement_is_caught_and_the_figures_are_the_references(
    tmp_path: Path, bytelevel: Path, plant: Callable[[str], None]
) -> None:
    where = {"c": str(corpus(tmp_path))}
    reference = run_plan(make_plan({"t": str(bytelevel)}, where, accelerate=False))[0].table
    plant("zebra")
    results, record = run_plan(make_plan({"t": str(bytelevel)}, where))
    table = results.table
    assert table.equals(reference)
    assert record["accelerations"]["t"]["dropped"] is True
    assert "zebra" in record["warnings"][0] or "tokens" in record["warnings"][0]
    about = json.loads(table.schema.metadata[b"tokeval"])
    assert about["warnings"] == record["warnings"]


@pytest.mark.parametrize("baseline", [None, "bytes", "t"])
def test_only_a_dropped_paths_tokenizer_is_done_again(
    tmp_path: Path, bytelevel: Path, plant: Callable[[str], None], baseline: str | None
) -> None:
    """All are where it is the baseline; what an earlier run kept of a dropped path is not used either."""
    where, tokenizers = {"c": str(corpus(tmp_path))}, {"t": str(bytelevel), "bytes": "bytes:"}
    reference = run_plan(make_plan(tokenizers, where, accelerate=False, baseline=baseline))[0].table
    plan = make_plan(tokenizers, where, baseline=baseline)
    run_plan(replace(plan, metrics=("tokens",)), cache=tmp_path / "cache")
    plant("zebra")
    scanned: dict[str, int] = {}

    def progress(name: str, size: int, seconds: float) -> None:
        scanned[name] = scanned.get(name, 0) + size

    results, record = run_plan(plan, progress=progress, cache=tmp_path / "cache", output=tmp_path / "out")
    assert record["accelerations"]["t"]["dropped"] is True
    assert results.table.equals(reference)
    assert scanned["t"] == 2 * scanned["bytes"] or (baseline == "t" and scanned["t"] == scanned["bytes"])
    again = run_plan(plan, cache=tmp_path / "cache")[0].table
    assert again.equals(reference)


def test_what_a_path_did_before_it_was_caught_is_never_taken_again(
    tmp_path: Path, bytelevel: Path, plant: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An earlier run did not meet the error in its sample, and kept what the path made."""
    where, cache = {"c": str(corpus(tmp_path))}, tmp_path / "cache"
    plan = make_plan({"t": str(bytelevel)}, where, metrics=["tokens", "round_trip_rate"])
    reference = run_plan(replace(plan, reference=("t",)))[0].table
    plant("zebra")
    with monkeypatch.context() as unlucky:
        unlucky.setattr(Accelerator, "_sample", lambda *_: np.zeros(0, np.int64))
        wrong = run_plan(replace(plan, metrics=("round_trip_rate",)), cache=cache)[0].table
    assert not wrong.equals(run_plan(replace(plan, metrics=("round_trip_rate",), reference=("t",)))[0].table)
    caught, record = run_plan(replace(plan, metrics=("tokens",)), cache=cache)
    assert record["accelerations"]["t"]["dropped"] is True
    told: list[str] = []
    again, record = run_plan(plan, cache=cache, progress=lambda name, size, seconds: told.append(name))
    assert again.table.equals(reference)
    assert told  # what it had kept is computed again
    assert "in an earlier run" in record["accelerations"]["t"]["reason"]
    assert record["warnings"] == [
        "t: planted/1 disagreed with the reference in an earlier run; the reference did it all"
    ]
    assert caught.about.warnings


def test_the_planted_disagreement_would_change_figures(
    tmp_path: Path, bytelevel: Path, plant: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the check the double gives other figures, so the test above can fail."""
    where = {"c": str(corpus(tmp_path))}
    reference = run_plan(make_plan({"t": str(bytelevel)}, where, accelerate=False))[0].table
    plant("zebra")
    monkeypatch.setattr(Accelerator, "_difference", lambda *_: None)
    results, record = run_plan(make_plan({"t": str(bytelevel)}, where))
    table = results.table
    assert not table.equals(reference)
    assert record["accelerations"]["t"]["path"] == "planted/1"


def test_a_path_that_errs_on_a_hard_string_is_never_used(bytelevel: Path, plant: Callable[[str], None]) -> None:
    plant("don't")
    accelerator = Accelerator("t", load_tokenizer(str(bytelevel)))
    assert not accelerator.path
    assert not accelerator.dropped
    assert "does not agree" in accelerator.reason


WORDS = ["words", "words-fused", "words-bare", "words-lower"]


@pytest.mark.parametrize(
    "kind",
    [
        "bytelevel",
        "met",
        "digits",
        "fallback",
        "wordpiece",
        "wordpiece-cased",
        "unigram",
        "metaspace",
        *makers.MAPPED,
        *WORDS,
    ],
)
def test_fast_and_reference_give_the_same_encoding(tmp_path: Path, kind: str) -> None:
    tokenizer = load_tokenizer(str(makers.write_hf(tmp_path, kind)))
    texts = pa.array(TEXTS, pa.large_string())
    fast = Encoder("t", tokenizer, spans=True, round_trip=True).prepare()
    slow = Encoder("t", tokenizer, spans=True, round_trip=True, accelerate=False).prepare()
    a, b = fast.encode(texts), slow.encode(texts)
    for field in ("ids", "offsets", "starts", "ends", "round_trip"):
        assert np.array_equal(getattr(a, field), getattr(b, field)), field
    assert slow.accelerator is None


def test_a_byte_level_that_cuts_nowhere_has_no_fast_path(tmp_path: Path) -> None:
    """gigatoken cuts by GPT-2's pattern all the same, and no hard string need hold a merge that crosses such a cut."""
    content = json.loads(makers.hf_json("bytelevel"))
    content["pre_tokenizer"]["use_regex"] = False
    vocabulary = content["model"]["vocab"]
    content["model"] |= {"merges": [["q", "7"]], "vocab": vocabulary | {"q7": max(vocabulary.values()) + 1}}
    (tmp_path / "tokenizer.json").write_text(json.dumps(content))
    encoder = Encoder("it", load_tokenizer(str(tmp_path)), share=0.0).prepare()
    assert len(encoder.encode(pa.array(["q7"], pa.large_string())).ids) == 1
    assert encoder.accelerator is not None
    assert encoder.accelerator.reason == "a ByteLevel that cuts the text nowhere"


@pytest.mark.parametrize("taking", ["lstrip", "rstrip", "single_word"])
def test_texts_with_an_added_token_that_takes_in_what_is_around_it_go_to_the_reference(
    tmp_path: Path, taking: str
) -> None:
    content = json.loads(makers.hf_json("bytelevel"))
    size = max(content["model"]["vocab"].values()) + 1
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized", "special"), False)
    content["added_tokens"].append({"id": size, "content": "[X]", **flags, taking: True})
    (tmp_path / "tokenizer.json").write_text(json.dumps(content))
    encoder = Encoder("it", load_tokenizer(str(tmp_path)), share=0.0).prepare()
    texts = pa.array(["the dog", "the [X] dog", "a[X]", "[X]\n\n b", "x [X] [X] y"], pa.large_string())
    assert encoder.accelerator is not None
    assert encoder.accelerator.path.startswith("gigatoken")
    found = encoder.accelerator.encode(texts, False)
    assert found is not None
    assert found.unsure is not None
    assert found.unsure.tolist() == [1, 2, 3, 4]
    expected, offsets = id_buffers(encoder.tokenizer.encode_batch(texts))
    ours = encoder.encode(texts)
    assert ours.ids.tolist() == expected.tolist()
    assert ours.offsets.tolist() == offsets.tolist()


def test_only_rows_with_a_byte_that_has_no_token_are_left_open(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(str(makers.write_hf(tmp_path, "met")))
    accelerator = Accelerator("t", tokenizer)
    assert accelerator.path.startswith("gigatoken/")
    texts = pa.array(["the dog", "", "a \x01 dog", "敏捷", "\U0001f98a\U0001f98a", "    dog"], pa.large_string())
    found = accelerator.encode(texts, spans=False)
    assert found is not None
    assert found.unsure is not None
    assert found.unsure.tolist() == [2, 4]
    ids = [found.ids[a:b].tolist() for a, b in pairwise(found.offsets.tolist())]
    expected = tokenizer.encode_batch(texts).to_pylist()
    assert ids == [[] if row in (2, 4) else expected[row] for row in range(len(texts))]


LETTERS = st.one_of(st.sampled_from("aeo 12\t\n\x01\u00a0\u2028\u3000▁ﬁ½é\u0301\u200b"), st.characters(codec="utf-8"))


@given(texts=st.lists(st.text(LETTERS, max_size=40), max_size=8))
@pytest.mark.parametrize(
    "kind",
    ["bytelevel", "met", "digits", "fallback", "wordpiece", "wordpiece-cased", "unigram", *makers.MAPPED, *WORDS],
)
def test_any_text_in_any_batch(
    kind: str, texts: list[str], tmp_path_factory: pytest.TempPathFactory, cache: dict[str, tuple[Encoder, Encoder]]
) -> None:
    if kind not in cache:
        tokenizer = load_tokenizer(str(makers.write_hf(tmp_path_factory.mktemp(kind), kind)))
        cache[kind] = (
            Encoder("t", tokenizer, spans=True, share=0.0).prepare(),
            Encoder("t", tokenizer, spans=True, accelerate=False).prepare(),
        )
    fast, slow = cache[kind]
    batch = pa.array(texts, pa.large_string())
    a, b = fast.encode(batch), slow.encode(batch)
    assert np.array_equal(a.ids, b.ids)
    assert np.array_equal(a.offsets, b.offsets)
    assert np.array_equal(a.starts, b.starts)
    assert np.array_equal(a.ends, b.ends)
    assert fast.accelerator is not None
    assert fast.accelerator.path, fast.accelerator.reason
    assert not fast.accelerator.dropped


@pytest.fixture(scope="module")
def cache() -> dict[str, tuple[Encoder, Encoder]]:
    return {}


SENTENCEPIECE = ["bpe", "unigram", "symbols", "marks", "kept"]
PARTS = "aeo .(<x>▁é\u0301\u00a0\u3000ﬁ½가ᄀ＜ｘⅹ＞\x01"


@given(texts=st.lists(st.text(st.one_of(st.sampled_from(PARTS), st.characters()), max_size=30)))
@pytest.mark.parametrize("kind", SENTENCEPIECE)
def test_any_text_of_a_sentencepiece_model(
    kind: str, texts: list[str], tmp_path_factory: pytest.TempPathFactory, cache: dict[str, tuple[Encoder, Encoder]]
) -> None:
    texts = [text.encode("utf-8", "replace").decode() for text in texts]
    if kind not in cache:
        tokenizer = load_tokenizer(str(makers.write_sentencepiece(tmp_path_factory.mktemp(kind), kind)))
        cache[kind] = Encoder("t", tokenizer, share=0.0).prepare(), Encoder("t", tokenizer, accelerate=False).prepare()
    fast, slow = cache[kind]
    assert fast.accelerator is not None
    assert fast.accelerator.path == "memoised words", fast.accelerator.reason
    batch = pa.array(texts, pa.large_string())
    a, b = fast.encode(batch), slow.encode(batch)
    assert np.array_equal(a.ids, b.ids)
    assert np.array_equal(a.offsets, b.offsets)


@pytest.mark.parametrize("kind", SENTENCEPIECE)
def test_words_of_any_length(tmp_path: Path, kind: str) -> None:
    """Long ones are merged another way than short ones; a chunk may be all of a text."""
    tokenizer = load_tokenizer(str(makers.write_sentencepiece(tmp_path, kind)))
    fast, slow = Encoder("t", tokenizer, share=0.0).prepare(), Encoder("t", tokenizer, accelerate=False).prepare()
    words = [
        "".join(line for line in makers.CORPUS[:4]).replace(" ", "")[k : k + n] for k in range(9) for n in range(120)
    ]
    batch = pa.array([*words, "a" * 5000, " " * 100, "aa " * 500, " ".join(words[:50])], pa.large_string())
    assert np.array_equal(fast.encode(batch).ids, slow.encode(batch).ids)


def test_near_ties_go_to_the_reference(tmp_path: Path) -> None:
    """Sums of 32 bits depend on all the text before, so a document is not put together from words that are close."""
    from tokeval.tokenizers.words import kernels
    from tokeval.tokenizers.words.memo import ENTRY

    words, rows = np.array([0, 1, 1], np.int32), np.array([0, 2, 3])
    entries = np.zeros(3, ENTRY)
    kernels.keep_learnt(entries, 0, np.array([2, 1]), np.array([[1e-3, 50.0], [1.0, 9000.0]], np.float32))
    offsets, unsure = np.zeros(3, np.int64), np.zeros(2, np.bool_)
    nothing = np.zeros(0, np.int32)
    learnt = np.arange(3 + kernels.PADDING, dtype=np.uint32), nothing, nothing
    out = np.zeros(1 + kernels.PADDING, np.uint32), nothing, nothing
    kernels.gather(words, np.zeros(3, np.int64), np.zeros(3, np.int64), rows, 0, entries, learnt, unsure, offsets, out)
    assert unsure.tolist() == [True, False]
    assert offsets.tolist() == [0, 0, 1]
    assert out[0][0] == 2


@given(rows=st.lists(st.lists(st.integers(0, 10**6), max_size=9)))
def test_decoding_from_the_texts_of_single_ids(
    rows: list[list[int]], tmp_path_factory: pytest.TempPathFactory, wordpiece: list[Accelerator]
) -> None:
    if not wordpiece:
        path = makers.write_hf(tmp_path_factory.mktemp("wordpiece"), "wordpiece")
        wordpiece.append(Accelerator("t", load_tokenizer(str(path)), share=0.0))
    (accelerator,) = wordpiece
    numbers = accelerator.tokenizer.vocabulary()["id"].to_numpy()
    ids = pa.array([[numbers[k % len(numbers)] for k in row] for row in rows], pa.list_(pa.uint32()))
    made = accelerator.decode(*id_buffers(ids))
    assert made is not None
    assert made.to_pylist() == accelerator.tokenizer.decode_batch(ids).to_pylist()


@pytest.fixture(scope="module")
def wordpiece() -> list[Accelerator]:
    return []


@pytest.mark.parametrize("accelerate", [True, False])
@pytest.mark.parametrize("kind", ["words", "words-fused", "words-bare", "words-lower"])
def test_without_a_decoder_text_of_several_tokens_does_not_come_back(
    tmp_path: Path, kind: str, accelerate: bool
) -> None:
    """The library puts a space between tokens then, whatever their bytes would spell together."""
    tokenizer = load_tokenizer(str(makers.write_hf(tmp_path, kind)))
    texts = pa.array(["the", "123", "dog dog", "xq", "", *TEXTS[:50]], pa.large_string())
    decoded = tokenizer.decode_batch(tokenizer.encode_batch(texts)).to_pylist()
    encoder = Encoder("it", tokenizer, round_trip=True, accelerate=accelerate).prepare()
    came_back = encoder.encode(texts).round_trip
    assert came_back is not None
    assert came_back.tolist() == [int(was == text) for was, text in zip(decoded, texts.to_pylist(), strict=True)]
    assert came_back[3] == 0


def test_a_decoder_that_looks_at_its_neighbours_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once if hard strings show it, else while running; then all that was done is done again."""
    tokenizer = load_tokenizer(str(makers.write_hf(tmp_path, "wordpiece")))
    ids, offsets = id_buffers(tokenizer.encode_batch(pa.array(makers.CORPUS, pa.large_string())))
    decode = tokenizer.decode_batch

    def planted(word: str, ids: pa.Array) -> pa.Array:
        return pa.array([text.replace(word, "!") for text in decode(ids).to_pylist()], pa.large_string())

    monkeypatch.setattr(tokenizer, "decode_batch", partial(planted, " "))
    early = Accelerator("t", tokenizer)
    assert early.decode(ids, offsets) is None
    assert not early.dropped
    monkeypatch.setattr(tokenizer, "decode_batch", partial(planted, makers.CORPUS[0].lower()[:12]))
    late = Accelerator("t", tokenizer)
    assert late.decode(ids, offsets) is None
    assert late.dropped


def test_several_threads_share_an_encoder(bytelevel: Path) -> None:
    encoder = Encoder("t", load_tokenizer(str(bytelevel)), spans=True).prepare()
    texts = pa.array(TEXTS, pa.large_string())
    wanted = encoder.encode(texts)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(encoder.encode, [texts] * 8):
            assert np.array_equal(found.ids, wanted.ids)
            assert np.array_equal(found.starts, wanted.starts)
    assert encoder.accelerator is not None
    assert 1 <= encoder.accelerator._built <= 5


def test_a_path_whose_caches_grow_past_the_bound_is_built_anew(bytelevel: Path) -> None:
    encoder = Encoder("t", load_tokenizer(str(bytelevel)), cache_bytes=1000).prepare()
    texts = pa.array(TEXTS, pa.large_string())
    encoder.encode(texts)
    assert encoder.accelerator is not None
    assert encoder.accelerator._idle == []
    again = encoder.encode(texts)
    assert np.array_equal(again.ids, encoder.encode(texts).ids)


def test_many_threads_do_not_build_their_paths_anew_for_every_batch(bytelevel: Path) -> None:
    accelerator = Accelerator("t", load_tokenizer(str(bytelevel)), cache_bytes=256 << 20)
    accelerator._built = 128
    accelerator.encode(pa.array(["word " * 200_000] * 4, pa.large_string()), False)  # 4 MB: 12 MB of caches at most
    assert len(accelerator._idle) == 1


def test_every_slice_is_checked_and_the_draw_does_not_depend_on_the_batch(bytelevel: Path) -> None:
    accelerator = Accelerator("t", load_tokenizer(str(bytelevel)), share=0.1)
    texts = pa.array(TEXTS, pa.large_string())
    whole = accelerator._sample(texts, None)
    parts = np.concatenate([accelerator._sample(texts.slice(k, 100), None) + k for k in range(0, len(texts), 100)])
    assert np.array_equal(whole, parts)
    assert 0.05 < len(whole) / len(texts) < 0.15
    groups = np.arange(len(texts), dtype=np.int32) % 400
    assert set(groups[accelerator._sample(texts, groups)]) == set(groups)


def test_long_documents_are_drawn_by_their_length(bytelevel: Path) -> None:
    accelerator = Accelerator("t", load_tokenizer(str(bytelevel)), share=1.0)
    texts = pa.array([f"{k} " + "word " * 20_000 for k in range(100)], pa.large_string())
    assert len(accelerator._sample(texts, np.zeros(100, np.int32))) < 15


@pytest.mark.parametrize(("rows", "share"), [(0, 1.0), (1024, 1.0), (2048, 0.5), (10**9, 1 / 256)])
def test_the_share_that_is_checked(rows: int, share: float) -> None:
    assert share_checked(rows) == share


def test_splicing_puts_the_references_rows_in_their_places() -> None:
    places = np.array([1, 2, 5], np.int32)
    found = Found(np.array([1, 2, 5], np.uint32), np.array([0, 2, 2, 3, 3]), places, -places, np.array([1, 3]))
    more = np.array([8, 9, 9], np.int32)
    merged = spliced(found, Found(np.array([8, 9, 9], np.uint32), np.array([0, 1, 3]), more, -more))
    assert merged.ids.tolist() == [1, 2, 8, 5, 9, 9]
    assert merged.offsets.tolist() == [0, 2, 3, 4, 6]
    assert merged.starts is not None
    assert merged.ends is not None
    assert merged.starts.tolist() == (-merged.ends).tolist() == [1, 2, 8, 5, 9, 9]
    assert merged.unsure is None
    assert positions(merged.offsets, [2, 0]).tolist() == [3, 0, 1]


def test_the_command_line_with_and_without(tmp_path: Path, bytelevel: Path) -> None:
    place = corpus(tmp_path, 500)
    for folder, option in (("fast", ["--cache-mb", "1"]), ("slow", ["--no-accelerate"])):
        command = ["tokeval", "compare", "-t", f"t={bytelevel}", "-c", f"c={place}", "-o", str(tmp_path / folder)]
        done = subprocess.run([*command, "-q", *option], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    tables = [(tmp_path / folder / "results.parquet").read_bytes() for folder in ("fast", "slow")]
    assert tables[0] == tables[1]
    records = {f: json.loads((tmp_path / f / "run.json").read_text())["accelerations"]["t"] for f in ("fast", "slow")}
    assert records["fast"]["path"].startswith("gigatoken/")
    assert records["fast"]["checked"] == 500
    assert records["slow"] == {"path": None, "checked": 0, "dropped": False, "reason": "not asked for"}


def test_a_cache_of_nothing_is_refused(tmp_path: Path, bytelevel: Path) -> None:
    command = ["tokeval", "compare", "-t", f"t={bytelevel}", "-c", f"c={corpus(tmp_path, 5)}", "--cache-mb", "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--cache-mb is 0" in done.stderr
    assert "Traceback" not in done.stderr
