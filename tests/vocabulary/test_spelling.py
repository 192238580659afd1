"""What tokenizer files declare of words and merges."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vocabulary.made import small_bpe
from tokeval.schema import BPE, BY_SPACE, BY_SPACE_AFTER, UNDECLARED, Spelling
from tokeval.tokenizers.load import load_tokenizer
from tokeval.tokenizers.spelling import of_json, of_ranks
from tokeval.vocabulary.analysis import analyze


def test_a_byte_level_bpe(tmp_path: Path) -> None:
    spelling = load_tokenizer(f"hf:{small_bpe(tmp_path / 'tokenizer.json')}").spelling()
    assert (spelling.words, spelling.model) == (BY_SPACE, BPE)
    assert spelling.rank is not None
    assert (spelling.rank("t", "h"), spelling.rank("Ġ", "th"), spelling.rank("h", "t")) == (0, 1, None)


def test_older_files_name_no_model() -> None:
    assert of_json({"vocab": {}, "merges": [["a", "b"]]}, {"ByteLevel"}).model == BPE
    assert of_json({"vocab": {}, "max_input_chars_per_word": 100}, {"WordPiece"}).model == "wordpiece"
    assert of_json({"vocab": [["a", -1.0]]}, {"Metaspace"}).model == "unigram"
    assert of_json({"vocab": {}}, set()) == Spelling(UNDECLARED)


def test_ranks_merge_where_the_two_have_one() -> None:
    spelling = of_ranks({b"\xc3": 0, b"\xa9": 1, b"\xc3\xa9": 2})
    assert spelling.rank is not None
    assert (spelling.rank("\xc3", "\xa9"), spelling.rank("\xa9", "\xc3")) == (2, None)


@pytest.mark.parametrize(("model_type", "suffix"), [("bpe", False), ("unigram", True), ("bpe", True), ("char", False)])
def test_a_sentencepiece_model_says_its_kind_and_its_side(model_type: str, suffix: bool, tmp_path: Path) -> None:
    import sentencepiece

    text = tmp_path / "text"
    text.write_text("the cat sat on the mat and the dog sat on the log\n" * 30)
    sentencepiece.SentencePieceTrainer.train(
        input=str(text),
        model_prefix=str(tmp_path / "m"),
        model_type=model_type,
        vocab_size=20,
        hard_vocab_limit=False,
        treat_whitespace_as_suffix=suffix,
        minloglevel=2,
    )
    tokenizer = load_tokenizer(f"sentencepiece:{tmp_path / 'm.model'}")
    spelling = tokenizer.spelling()
    assert spelling.model == model_type
    assert spelling.words == (BY_SPACE_AFTER if suffix else BY_SPACE)
    assert (spelling.rank is not None) == (model_type == "bpe")
    answers = analyze(tokenizer.vocabulary(), spelling, tokenizer.encode_batch).tokens["reach"].to_pylist()
    assert answers.count("reachable") >= 10


def test_an_adapter_that_says_nothing_declares_nothing() -> None:
    assert load_tokenizer("bytes:").spelling() == Spelling()
