"""Unreachable, honestly: only what no context produces and what merges cannot build."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vocabulary.made import bpe_json, small_bpe
from tokeval.schema import BPE, Spelling
from tokeval.tokenizers.base import Tokenizer
from tokeval.tokenizers.load import load_tokenizer
from tokeval.vocabulary.analysis import analyze
from tokeval.vocabulary.merging import merged
from tokeval.vocabulary.reach import Encode, completions


def reach(spec: str) -> dict[str, str]:
    tokenizer = load_tokenizer(spec)
    table = analyze(tokenizer.vocabulary(), tokenizer.spelling(), tokenizer.encode_batch).tokens
    return dict(zip(table["piece"].to_pylist(), table["reach"].to_pylist(), strict=True))


def test_a_token_that_needs_a_space_before_it_is_reachable(tmp_path: Path) -> None:
    found = reach(f"hf:{small_bpe(tmp_path / 'tokenizer.json')}")
    assert found["Ġthe"] == "reachable"
    assert found["Ġth"] == "reachable"  # only with other letters than e behind it


def test_what_no_merge_builds_is_unreachable(tmp_path: Path) -> None:
    found = reach(f"hf:{small_bpe(tmp_path / 'tokenizer.json')}")
    assert found["zq"] == "unreachable"
    assert found["<|end|>"] == "not tested"
    assert {p for p, answer in found.items() if answer == "unreachable"} == {"zq"}


def test_what_the_pre_tokenizer_forbids_is_not_called_unreachable(tmp_path: Path) -> None:
    vocab = {p: i for i, p in enumerate(["a", ".", "a."])}
    found = reach(f"hf:{bpe_json(tmp_path / 'tokenizer.json', vocab, ['a .'])}")
    assert found["a."] == "not produced"


def test_an_added_token_that_repeats_a_base_token(tmp_path: Path) -> None:
    added = {"id": 0, "content": "a", "special": False}
    added |= {"single_word": False, "lstrip": False, "rstrip": False, "normalized": True}
    path = small_bpe(tmp_path / "tokenizer.json", added_tokens=[added])
    tokenizer = load_tokenizer(f"hf:{path}")
    assert tokenizer.vocabulary().num_rows == len(json.loads(path.read_text("utf-8"))["model"]["vocab"])
    assert reach(f"hf:{path}")["a"] == "reachable"


def test_word_pieces(tmp_path: Path) -> None:
    content = {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {p: i for i, p in enumerate(["[UNK]", "a", "q", "##a", "##b", "A", "宮", "##宮"])},
        },
    }
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
    found = reach(f"hf:{path}")
    assert found["##b"] == found["a"] == found["宮"] == "reachable"
    assert found["A"] == "unreachable"  # the normaliser lowers every letter
    assert found["##宮"] == "unreachable"  # ideographs are words by themselves
    assert found["[UNK]"] == "not tested"


def test_a_text_that_the_tokenizer_refuses_is_passed_over() -> None:
    from tests.vocabulary.made import vocabulary
    from tokeval.errors import TokenizerError

    def encode(texts: pa.Array) -> pa.Array:
        rows = []
        for text in texts.to_pylist():
            if set(text) - set("ab"):
                raise TokenizerError("unknown character")
            rows.append([0 if c == "a" else 1 for c in text])
        return pa.array(rows, pa.list_(pa.uint32()))

    table = analyze(vocabulary("a", "b", "c", "ab"), Spelling(model="longest match"), encode).tokens
    assert table["reach"].to_pylist() == ["reachable", "reachable", "unreachable", "unreachable"]


def test_what_the_text_of_another_token_shows_is_reachable() -> None:
    from tests.vocabulary.made import vocabulary

    def encode(texts: pa.Array) -> pa.Array:  # digits are 9, but where there is a 9
        rows = [[2 if c.isdigit() and "9" not in text else int(c == "b") for c in text] for text in texts.to_pylist()]
        return pa.array(rows, pa.list_(pa.uint32()))

    table = analyze(vocabulary("a", "b", "9", "c"), Spelling(model="longest match"), encode).tokens
    assert table["reach"].to_pylist() == ["reachable", "reachable", "reachable", "unreachable"]


def test_every_byte_of_a_byte_level_vocabulary() -> None:
    found = reach("bytes:")
    never = {f"<0x{v:02X}>" for v in (0xC0, 0xC1, *range(0xF5, 0x100))}
    assert {piece for piece, answer in found.items() if answer == "unreachable"} == never
    assert {piece for piece, answer in found.items() if answer == "reachable"} == set(found) - never


@given(st.sampled_from(["é", "日", "🙂", "я€"]), st.data())
def test_completions_hold_the_bytes(text: str, data: st.DataObject) -> None:
    whole = text.encode()
    start = data.draw(st.integers(0, len(whole) - 1))
    stop = data.draw(st.integers(start + 1, len(whole)))
    found = list(completions(whole[start:stop]))
    assert found
    assert all(whole[start:stop] in candidate.encode() for candidate in found)
    assert found == list(completions(whole[start:stop]))


@given(
    st.lists(st.text("abc", min_size=2, max_size=3), max_size=8, unique=True), st.text("abc", min_size=1, max_size=7)
)
def test_merging_as_the_library_does(products: list[str], word: str) -> None:
    import tokenizers
    from tokenizers import models

    vocab = {c: i for i, c in enumerate("abc")}
    merges: list[tuple[str, str]] = []
    for made in products:
        for left, right in ((made[:k], made[k:]) for k in range(1, len(made))):
            if left in vocab and right in vocab and made not in vocab:
                vocab[made] = len(vocab)
                merges.append((left, right))
    ranks = {pair: float(k) for k, pair in enumerate(merges)}
    spelling = Spelling(model=BPE, rank=lambda a, b: ranks.get((a, b)))
    library = tokenizers.Tokenizer(models.BPE(vocab, merges)).encode(word).tokens
    assert merged(word.encode(), word, spelling) == library
    assert all((a, b) not in ranks for a, b in pairwise(library))


@pytest.mark.real_data
@pytest.mark.parametrize(
    "spec",
    [
        "hf:bert-base-uncased-json/tokenizer.json",
        "hf:clip-json/tokenizer.json",
        "hf:pythia-12b/tokenizer.json",
        "sentencepiece:albert-v2/spiece.model",
        "sentencepiece:llama-2/tokenizer.model",
    ],
)
@pytest.mark.exhaustive
def test_no_unreachable_token_is_in_real_text(spec: str, data: Path) -> None:
    import numpy as np
    import pyarrow.parquet as pq

    backend, _, place = spec.partition(":")
    tokenizer = load_tokenizer(f"{backend}:{data / 'tokenizers' / place}")
    table = analyze(tokenizer.vocabulary(), tokenizer.spelling(), tokenizer.encode_batch).tokens
    texts = pq.read_table(data / "corpora" / "flores200_dev.parquet", columns=["text"])["text"].combine_chunks()
    used = set(np.unique(tokenizer.encode_batch(texts[::5]).values.to_numpy()).tolist())
    answers = zip(table["id"].to_pylist(), table["reach"].to_pylist(), strict=True)
    assert [i for i, answer in answers if answer == "unreachable" and i in used] == []


@pytest.mark.real_data
def test_known_truths(data: Path) -> None:
    found = reach(f"sentencepiece:{data / 'tokenizers' / 'llama-2' / 'tokenizer.model'}")
    assert found["<0x41>"] == "unreachable"  # A has a token of its own
    assert found["<0xE2>"] == "reachable"
    assert found["▁the"] == found["A"] == "reachable"


def unigram_json(path: Path, prepend: str = "always", fallback: bool = False) -> Path:
    """A Unigram with words, parts of words, and pieces that no text produces."""
    pieces = ["▁a", "▁the", "the", "b", "ing", "▁", "a", "t", "h", "e", "▁a▁b", "theb", "q"]
    scores = [-1.0, -2.0, -3.0, -2.5, -3.5, -4.0, -4.5, -5.0, -5.0, -5.0, -9.0, -99.0, -3.0]
    space = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": prepend, "split": True}
    if fallback:
        pieces += [f"<0x{value:02X}>" for value in range(256)]
        scores += [-50.0] * 256
    content = {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": {"type": "NFKC"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, space]},
        "decoder": space,
        "model": {
            "type": "Unigram",
            "unk_id": 0,
            "byte_fallback": fallback,
            "vocab": [["<unk>", 0.0], *zip(pieces, scores, strict=True)],
        },
    }
    path.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
    return path


def test_a_word_that_only_the_beginning_of_a_text_makes_is_reachable(tmp_path: Path) -> None:
    spec = f"hf:{unigram_json(tmp_path / 'tokenizer.json', prepend='first')}"
    ids = load_tokenizer(spec).encode_batch(pa.array(["the", " the"], pa.large_string())).to_pylist()
    assert ids == [[2], [3]]
    assert reach(spec)["▁the"] == "reachable"


def test_a_byte_piece_that_is_typed_is_reachable(tmp_path: Path) -> None:
    """A Unigram takes it for a piece like any other."""
    spec = f"hf:{unigram_json(tmp_path / 'tokenizer.json', fallback=True)}"
    tokenizer = load_tokenizer(spec)
    number = tokenizer.vocabulary()["piece"].to_pylist().index("<0x61>")
    assert number in tokenizer.encode_batch(pa.array(["<0x61>"], pa.large_string())).to_pylist()[0]
    assert reach(spec)["<0x61>"] == "reachable"  # though a has a token of its own


def test_a_fast_path_changes_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tokeval.engine.vocab as engine

    spec = f"hf:{unigram_json(tmp_path / 'tokenizer.json')}"
    looked: list[int] = []
    quick = engine._quick

    @contextmanager
    def watched(name: str, tokenizer: Tokenizer) -> Iterator[Encode]:
        with quick(name, tokenizer) as look:
            looked.append(len(look(pa.array(["the"], pa.large_string()))[0]))
            yield look

    monkeypatch.setattr(engine, "_quick", watched)
    tables = {}
    for many in (1, 1 << 16):
        monkeypatch.setattr(engine, "_MANY", many)
        engine.vocab({"made": spec}, tokens=lambda name, spec, table, many=many: tables.update({many: table}))
    assert looked == [1]  # the first alone, and it could tell
    assert tables[1].equals(tables[1 << 16])
    answers = dict(zip(tables[1]["piece"].to_pylist(), tables[1]["reach"].to_pylist(), strict=True))
    assert {piece for piece, answer in answers.items() if answer == "unreachable"} == {"▁a▁b", "theb"}


def test_that_nothing_produces_a_token_is_for_the_library_to_say(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(f"hf:{unigram_json(tmp_path / 'tokenizer.json')}")

    def no_ids(texts: pa.Array) -> pa.Array:
        return pa.array([[]] * len(texts), pa.list_(pa.uint32()))

    given = tokenizer.vocabulary(), tokenizer.spelling(), tokenizer.encode_batch
    assert analyze(*given, nullcontext(no_ids)).tokens.equals(analyze(*given).tokens)
