"""Bad input: every figure that cannot be has a status and a reason, never a number."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import tokeval
from tokeval.corpus.units import count_units
from tokeval.errors import CorpusError, UsageError

Rows = list[dict[str, Any]]
Write = Callable[..., Path]


def run(corpus: Path, *metrics: str, tokenizer: str = "bytes:", **options: Any) -> Rows:
    return tokeval.compare({"t": tokenizer}, {"c": str(corpus)}, metrics=metrics, **options).to_pylist()


def only(rows: Rows, metric: str, name: str = "all") -> dict[str, Any]:
    (row,) = [r for r in rows if r["metric"] == metric and r["slice"] == name and r["tokenizer"] == "t"]
    return row


def parallel(write: Write, **slices: list[str]) -> Path:
    rows = [(s, str(i), text) for s, texts in slices.items() for i, text in enumerate(texts)]
    return write("c", language=[r[0] for r in rows], id=[r[1] for r in rows], text=[r[2] for r in rows])


def test_one_slice_only(write_corpus: Write) -> None:
    rows = run(parallel(write_corpus, x=["a b", "c"]), "fairness", "size", pivot="x")
    for metric in ("gini", "gini_per_byte", "premium_max", "premium_min", "overlap_jsd"):
        row = only(rows, metric)
        assert (row["status"], row["reason"]) == ("undefined", "fewer than two slices"), metric
    assert not [row for row in rows if row["slice"] == "macro"]


def test_a_pivot_that_is_not_there(write_corpus: Write) -> None:
    rows = run(parallel(write_corpus, x=["a b", "c"], y=["d", "e"]), "fairness", pivot="nope")
    for metric, name in (("premium", "x"), ("premium", "macro"), ("premium_max", "all"), ("premium_min", "all")):
        row = only(rows, metric, name)
        assert (row["status"], row["reason"]) == ("undefined", "the corpus has no slice 'nope'")
    assert only(rows, "gini")["status"] == "ok"


def test_ids_that_repeat_within_a_slice(write_corpus: Write) -> None:
    corpus = write_corpus("c", language=["x", "x", "y"], id=["1", "1", "1"], text=["a", "b", "c"])
    rows = run(corpus, "fairness", pivot="x")
    for metric, name in (("premium", "x"), ("gini", "all"), ("gini_per_byte", "all"), ("premium_max", "all")):
        row = only(rows, metric, name)
        assert (row["status"], row["reason"]) == ("undefined", "1 ids repeat within the slice x")


@pytest.mark.parametrize("ids", [["1", "2", None, None] * 2, [1.0, 2.0, math.nan, math.nan] * 2])
def test_rows_without_an_id_are_parallel_to_none(ids: list[Any], write_corpus: Write) -> None:
    """Not even to those of the same text, such as a line of boilerplate; nor does that text repeat an id."""
    texts = ["abcd", "ab", "OK", "OK", "ab", "a", "OK", "no"]
    rows = run(write_corpus("c", language=["x"] * 4 + ["y"] * 4, id=ids, text=texts), "fairness", pivot="x")
    premium, gini = only(rows, "premium", "y"), only(rows, "gini")
    assert (premium["numerator"], premium["denominator"], premium["n"]) == (3, 6, 2)
    assert (gini["value"], gini["n"]) == (pytest.approx(1 / 6), 2)


def test_a_slice_whose_ids_repeat_leaves_the_others_their_premium(write_corpus: Write) -> None:
    corpus = write_corpus("c", language=[*"axxyz"], id=["1", "1", "1", "1", "1"], text=["abc", "a", "b", "cd", "efgh"])
    rows = run(corpus, "fairness", pivot="y")
    row = only(rows, "premium", "x")
    assert (row["status"], row["reason"], row["value"]) == ("undefined", "1 ids repeat within the slice x", None)
    values = {name: only(rows, "premium", name)["value"] for name in ("a", "y", "z", "macro")}
    assert values == {"a": 1.5, "y": 1.0, "z": 2.0, "macro": 1.5}
    assert (only(rows, "premium_max")["value"], only(rows, "premium_max")["reference"]) == (2.0, "z")
    assert only(rows, "gini")["reason"] == "1 ids repeat within the slice x"  # over ids present in all


def test_no_ids_at_all(write_corpus: Write) -> None:
    corpus = write_corpus("c", language=["x", "y"], text=["a", "b"])
    for row in run(corpus, "gini", "gini_per_byte", "premium", "premium_max", pivot="x"):
        assert row["status"] == "not_applicable" and "no id column" in row["reason"]


def test_slices_with_no_words_and_documents_of_white_space(write_corpus: Write) -> None:
    rows = run(parallel(write_corpus, x=[" \t\n", "\u3000"], y=["", ""], z=["a b", "c"]), "size", "fidelity")
    for name in ("x", "y"):
        assert only(rows, "words", name)["value"] == 0
        for metric in ("tokens_per_word", "pieces_per_word", "single_token_word_rate", "continued_word_rate"):
            row = only(rows, metric, name)
            assert (row["status"], row["reason"], row["value"]) == ("undefined", "no words", None)
    assert only(rows, "bytes_per_token", "y")["reason"] == "no tokens"
    assert only(rows, "split_char_rate", "y")["reason"] == "no chars"
    assert only(rows, "whitespace_loss_rate", "x")["value"] == 0
    assert only(rows, "whitespace_loss_rate", "y")["reason"] == "no white space"
    assert only(rows, "character_error_rate")["reason"] == "no characters that did not come back"
    # the mean over slices is over those that have a figure, and says how many
    assert only(rows, "tokens_per_word", "macro")["denominator"] == 1
    assert only(rows, "bytes_per_token", "macro")["denominator"] == 2


def test_a_baseline_that_produced_no_tokens(write_corpus: Write) -> None:
    corpus = parallel(write_corpus, x=[" ", "\n"], y=["a", "b b"])
    table = tokeval.compare(
        {"t": "bytes:", "base": "words:"}, {"c": str(corpus)}, metrics=["nsl", "nsl_document_mean"], baseline="base"
    )
    rows = table.to_pylist()
    assert only(rows, "nsl", "x")["reason"] == "no tokens of the baseline"
    assert only(rows, "nsl_document_mean", "x")["reason"] == "no documents with tokens of the baseline"
    assert only(rows, "nsl", "y")["value"] == pytest.approx(4 / 3)
    assert only(rows, "nsl_document_mean", "y")["value"] == pytest.approx((1 + 1.5) / 2)
    assert only(rows, "nsl", "y")["reference"] == "base"


@pytest.mark.parametrize(
    ("alpha", "value"),
    [("0", 1.0), ("1", -(0.5 * math.log2(0.5) + 0.5 * math.log2(0.25)) / math.log2(3)), ("inf", 1 / math.log2(3))],
)
def test_the_limits_of_alpha(write_corpus: Write, alpha: str, value: float) -> None:
    rows = run(write_corpus("c", text=["aabc"]), f"renyi_efficiency:alpha={alpha}")
    row = only(rows, f"renyi_efficiency:alpha={alpha}")
    assert row["value"] == pytest.approx(value)
    assert f"parameters:alpha={float(alpha)}" in row["signature"]


@pytest.mark.parametrize(("alpha", "limit"), [("500", "inf"), ("1000000.5", "inf"), ("1.00000000001", "1")])
def test_an_alpha_near_a_limit(write_corpus: Write, alpha: str, limit: str) -> None:
    corpus = write_corpus("c", text=["the quick brown fox jumps over the lazy dog"])
    near, at = (f"renyi_efficiency:alpha={order}" for order in (alpha, limit))
    rows = run(corpus, near, at)
    assert only(rows, near)["value"] == pytest.approx(only(rows, at)["value"], rel=0.01 if limit == "inf" else 1e-9)


@pytest.mark.parametrize("alpha", ["-1", "nan"])
def test_an_alpha_that_is_none(write_corpus: Write, alpha: str) -> None:
    (row,) = run(write_corpus("c", text=["aabc"]), f"renyi_efficiency:alpha={alpha}")
    assert row["status"] == "undefined" and "must be 0 or more" in row["reason"]


def test_one_observed_type(write_corpus: Write) -> None:
    rows = run(write_corpus("c", text=["aaaa"]), "information")
    for metric in ("renyi_efficiency", "shannon_efficiency"):
        assert only(rows, metric)["reason"] == "one observed type: log2 of 1 is 0"
    assert only(rows, "renyi_efficiency_vocab")["value"] == 0
    assert only(rows, "token_entropy")["value"] == 0
    assert math.copysign(1, only(rows, "token_entropy")["value"]) == 1  # not -0.0
    assert only(rows, "percentile_frequency")["value"] == 1


def test_a_vocabulary_of_one_type(write_corpus: Write) -> None:
    from tests.metrics.runs import Row, batch_of, context_of, figures, fold, metrics_on_text
    from tokeval.tokenizers.encode import Encoder
    from tokeval.tokenizers.load import load_tokenizer

    metrics = metrics_on_text("information")
    scored = fold([batch_of([Row("x", "1", "aa")])], *(Encoder("t", load_tokenizer("bytes:")),) * 2, metrics)
    small = replace(scored, facts=replace(scored.facts, vocabulary_size=1))
    found = figures(metrics, context_of(small, scored, None))
    for metric in ("renyi_efficiency_vocab", "shannon_efficiency_vocab"):
        figure = found[metric, "x", None]
        assert (figure.value, figure.reason) == (None, "one type in the vocabulary: log2 of 1 is 0")


def test_no_tokens_at_all(write_corpus: Write) -> None:
    for row in run(write_corpus("c", text=["", ""]), "information"):
        expected = ("ok", None) if row["metric"] == "vocabulary_size" else ("undefined", "no tokens")
        assert (row["status"], row["reason"]) == expected, row["metric"]


def test_a_tokenizer_without_decode_spans_or_vocabulary(write_corpus: Write) -> None:
    corpus = parallel(write_corpus, x=["a b", "c"], y=["d", "e"])
    rows = run(corpus, "fidelity", "size", "information", "overlap_jsd", tokenizer="words:")
    for metric in ("round_trip_rate", "round_trip_rate_nfc", "character_error_rate", "whitespace_loss_rate"):
        row = only(rows, metric)
        assert (row["status"], row["reason"]) == ("not_applicable", "the tokenizer does not declare decode")
    for metric in ("byte_token_rate", "unknown_token_rate", "unknown_char_rate"):  # nothing is known of its UNK
        row = only(rows, metric)
        assert (row["status"], row["reason"]) == ("not_applicable", "the tokenizer does not declare vocabulary")
    for metric in ("token_entropy", "renyi_efficiency", "vocabulary_utilization", "overlap_jsd"):
        assert "cannot be counted" in only(rows, metric)["reason"]
    assert only(rows, "pieces_per_word")["value"] == 1
    bare = run(corpus, "shannon_efficiency_vocab", tokenizer="chars:")
    assert only(bare, "shannon_efficiency_vocab")["status"] == "not_applicable"


def test_white_space_words_are_refused_for_scripts_without_spaces(write_corpus: Write) -> None:
    rows = run(parallel(write_corpus, th=["ภาษาไทย"], en=["hello world"]), "size")
    for metric in ("words", "tokens_per_word", "pieces_per_word", "single_token_word_rate"):
        assert only(rows, metric, "th")["status"] == "not_applicable"
        assert only(rows, metric, "en")["status"] == "ok"
        assert only(rows, metric)["status"] == "not_applicable"
    # the pool has no figure, so the mean over the slices that have one is the headline
    assert only(rows, "tokens_per_word", "macro")["value"] == 11 / 2


def test_no_slice_may_be_called_macro(write_corpus: Write) -> None:
    with pytest.raises(CorpusError, match="'macro', the name of the mean over slices"):
        run(write_corpus("c", language=["macro"], text=["a"]), "size")


def test_icu_cuts_words_where_white_space_cannot(write_corpus: Write) -> None:
    pytest.importorskip("icu4py")
    corpus = parallel(write_corpus, th=["ภาษาไทย hello, you"], ja=["東京都に住む。"], en=["don't, 3.14"], bo=["བོད་སྐད་"])
    rows = run(corpus, "words", "tokens_per_word", "single_token_word_rate", words="icu")
    # ภาษา ไทย hello you
    assert only(rows, "words", "th")["value"] == 4
    assert only(rows, "words", "en")["value"] == 2
    assert only(rows, "words", "ja")["value"] >= 3
    assert only(rows, "words", "bo")["status"] == "not_applicable"  # ICU has no Tibetan dictionary
    assert "words:icu(icu4py/" in only(rows, "words", "th")["signature"]
    auto = run(corpus, "words", words="auto")
    # ภาษา ไทย hello, you: white space where it separates words
    assert only(auto, "words", "th")["value"] == 4
    assert "words:auto(icu4py/" in only(auto, "words", "th")["signature"]


def test_equal_signatures_mean_equal_figures_whatever_cuts_the_words(write_corpus: Write) -> None:
    pytest.importorskip("icu4py")
    texts = [f"well-known re-do {k}: don't, x.y/z mother-in-law" for k in range(20)]
    corpus = parallel(write_corpus, en=texts, python=[f"a_b = x.y{k} - 1\n\tc-=d.e" for k in range(20)])
    families = "size", "fairness", "information", "fidelity", "predictability", "numbers", "code", "robustness"
    seen: dict[str, tuple[str, object]] = {}
    for words in ("whitespace", "icu", "auto"):
        for row in run(corpus, *families, words=words, pivot="en", baseline="t"):
            figure = row["metric"], [row[key] for key in ("value", "ci_low", "ci_high", "n", "status")]
            assert seen.setdefault(row["signature"], figure) == figure, words


def test_auto_cuts_only_the_words_that_need_it() -> None:
    pytest.importorskip("icu4py")
    import pyarrow as pa

    texts = ["re-do 🙂ภาษาไทย! x.y", "plain re-do"]
    array = pa.array(texts, pa.large_string())
    for segmenter, wanted in (
        ("auto", [["re-do", "ภาษา", "ไทย", "x.y"], ["plain", "re-do"]]),
        ("icu", [["re", "do", "ภาษา", "ไทย", "x.y"], ["plain", "re", "do"]]),
    ):
        units, words = count_units(array, segmenter)
        data = [text.encode() for text in texts]
        found = [
            [data[i][words.starts[k] : words.ends[k]].decode() for k in range(words.offsets[i], words.offsets[i + 1])]
            for i in range(2)
        ]
        assert found == wanted
        assert units["words"].tolist() == [len(part) for part in wanted]
        assert units["unsegmented_chars"].tolist() == [0, 0]


def test_without_icu_auto_gives_no_wrong_figure_and_icu_says_what_to_install(
    write_corpus: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tokeval.corpus.units.icu_installed", lambda: False)
    corpus = parallel(write_corpus, th=["ภาษาไทย"], en=["hello world"])
    rows = run(corpus, "words", words="auto")
    assert only(rows, "words", "th")["status"] == "not_applicable"
    assert "words:auto(whitespace)" in only(rows, "words", "en")["signature"]
    with pytest.raises(Exception, match="needs an optional library") as caught:
        run(corpus, "words", words="icu")
    assert caught.value.hint == 'pip install "tokeval[icu]"'  # type: ignore[attr-defined]


def test_unknown_parameters_and_metrics_are_refused(write_corpus: Write) -> None:
    corpus = write_corpus("c", text=["a"])
    for name, message in (
        ("renyi_efficiency:beta=2", "no parameter 'beta'"),
        ("renyi_efficiency:alpha=x", "no value for alpha"),
        ("fertilty", "no metric 'fertilty'"),
        ("nsl_document_mean", "needs a baseline"),
    ):
        with pytest.raises(UsageError, match=message):
            run(corpus, name)
