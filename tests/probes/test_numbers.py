"""Numbers and operators: a truth table by hand, an oracle, and what is known of real tokenizers."""

from __future__ import annotations

import unicodedata
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import regex
import unicodedata2
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import ROOT
from tests.oracles import numbers as oracle
from tests.probes.helpers import BPE, Write, figures, pieces, view_of
from tokeval.metrics.numbers import kernels as k
from tokeval.metrics.numbers.digits import RANGES
from tokeval.metrics.numbers.measures import scores
from tokeval.metrics.numbers.patterns import CutPatterns


def totals(texts: list[str], tokens: list[list[tuple[int, int]]], unknown: int | None = None) -> dict[str, int]:
    made = scores(view_of(texts, tokens, unknown))
    n, o = made.numbers.sum(axis=1), made.operators.sum(axis=1)
    return {
        "numbers": int(n[k.NUMBERS : k.NUMBERS + 10].sum()),
        "tokens": int(n[k.TOKENS : k.TOKENS + 10].sum()),
        "digits": int(n[k.DIGITS : k.DIGITS + 10].sum()),
        "hits_right": int(n[k.HITS_RIGHT]),
        "hits_left": int(n[k.HITS_LEFT]),
        "bounds": int(n[k.BOUNDS]),
        "longer": int(n[k.LONGER]),
        "singles": int(n[k.SINGLES]),
        "wholes": int(n[k.WHOLES]),
        "uncovered": int(n[k.UNCOVERED]),
        "unknown": int(n[k.UNKNOWN]),
        "operators": int(o[k.OPERATORS]),
        "isolated": int(o[k.ISOLATED]),
        "operators_left_out": int(o[k.OPERATORS_LEFT_OUT]),
    }


#: Tokens, then by hand: numbers, digits, tokens on them, hits from the right and from the left (each twice the cuts
#: that agree), boundaries (made plus those of the groups), numbers in single digits, whole ones (of two digits up).
TRUTH = [
    (("7",), 1, 1, 1, 0, 0, 0, 0, 0),
    ((" 7",), 1, 1, 1, 0, 0, 0, 0, 0),
    (("42",), 1, 2, 1, 0, 0, 0, 0, 1),
    (("4", "2"), 1, 2, 2, 0, 0, 1, 1, 0),
    (("123",), 1, 3, 1, 0, 0, 0, 0, 1),
    (("12", "3"), 1, 3, 2, 0, 0, 1, 0, 0),
    (("1", "23"), 1, 3, 2, 0, 0, 1, 0, 0),
    (("1", "2", "3"), 1, 3, 3, 0, 0, 2, 1, 0),
    (("1234",), 1, 4, 1, 0, 0, 1, 0, 1),
    (("1", "234"), 1, 4, 2, 2, 0, 2, 0, 0),
    (("123", "4"), 1, 4, 2, 0, 2, 2, 0, 0),
    (("12", "34"), 1, 4, 2, 0, 0, 2, 0, 0),
    (("1", "2", "3", "4"), 1, 4, 4, 2, 2, 4, 1, 0),
    (("123", "45"), 1, 5, 2, 0, 2, 2, 0, 0),
    (("12", "345"), 1, 5, 2, 2, 0, 2, 0, 0),
    (("123", "456"), 1, 6, 2, 2, 2, 2, 0, 0),
    (("12", "34", "56"), 1, 6, 3, 0, 0, 3, 0, 0),
    (("1", "234", "567"), 1, 7, 3, 4, 0, 4, 0, 0),
    (("123", "456", "7"), 1, 7, 3, 0, 4, 4, 0, 0),
    (("1234567",), 1, 7, 1, 0, 0, 2, 0, 1),
    (("12", "345", "678"), 1, 8, 3, 4, 0, 4, 0, 0),
    (("123", "456", "789"), 1, 9, 3, 4, 4, 4, 0, 0),
    (("123", "456", "789", "0"), 1, 10, 4, 0, 6, 6, 0, 0),
    (("1", "234", "567", "890"), 1, 10, 4, 6, 0, 6, 0, 0),
    ((" 12", "3"), 1, 3, 2, 0, 0, 1, 0, 0),
    (("a12b",), 1, 2, 1, 0, 0, 0, 0, 1),
    (("a1", "2b"), 1, 2, 2, 0, 0, 1, 1, 0),
    (("1", ",", "234"), 2, 4, 2, 0, 0, 0, 0, 1),
    (("1,2",), 2, 2, 2, 0, 0, 0, 0, 0),
    (("3", ".", "14"), 2, 3, 2, 0, 0, 0, 0, 1),
    (("3.1", "4"), 2, 3, 3, 0, 0, 1, 1, 0),
    (("2024", "-", "01", "-", "02"), 3, 8, 3, 0, 0, 1, 0, 3),
    (("2024-", "01-", "02"), 3, 8, 3, 0, 0, 1, 0, 3),
    (("12 ", "34"), 2, 4, 2, 0, 0, 0, 0, 2),
    (("٣٤٥",), 1, 3, 1, 0, 0, 0, 0, 1),
    (("٣", "٤", "٥"), 1, 3, 3, 0, 0, 2, 1, 0),
    (("१२", "३४"), 1, 4, 2, 0, 0, 2, 0, 0),
    (("1", "२", "٣"), 1, 3, 3, 0, 0, 2, 1, 0),
    (("𝟏𝟐𝟑",), 1, 3, 1, 0, 0, 0, 0, 1),
    (("x²",), 0, 0, 0, 0, 0, 0, 0, 0),
    (("½", "Ⅳ", "三"), 0, 0, 0, 0, 0, 0, 0, 0),
    (("no", " digits"), 0, 0, 0, 0, 0, 0, 0, 0),
    (("v2", ".", "0"), 2, 2, 2, 0, 0, 0, 0, 0),
    (("1", "e", "10"), 2, 3, 2, 0, 0, 0, 0, 1),
    (("０１２",), 1, 3, 1, 0, 0, 0, 0, 1),
]


@pytest.mark.parametrize("row", TRUTH, ids=lambda row: "|".join(row[0]))
def test_truth_table(row: tuple) -> None:
    text, spans = pieces(*row[0])
    made = totals([text], [spans])
    names = ("numbers", "digits", "tokens", "hits_right", "hits_left", "bounds", "singles", "wholes")
    assert [made[name] for name in names] == list(row[1:])


#: Tokens, operators, those alone in their tokens.
OPERATORS = [
    (("1", "+", "2"), 1, 1),
    (("1", " +", " 2"), 1, 1),
    (("1+", "2"), 1, 0),
    (("a", " <=", " b"), 1, 1),
    (("a", " <", "=", " b"), 1, 1),
    (("a", "<=b"), 1, 0),
    (("x", "+=", "1"), 1, 1),
    (("f", "->", "g"), 1, 1),
    (("well", "-", "known"), 0, 0),
    (("and", "/", "or"), 0, 0),
    (("3", " ×", " 4", " =", " 12"), 2, 2),
    (("5", "−", "3"), 1, 1),
    (("8÷", "2"), 1, 0),
    (("<b", ">"), 2, 1),
    (("a", " = \n", "b"), 1, 1),
]


@pytest.mark.parametrize("row", OPERATORS, ids=lambda row: "|".join(row[0]))
def test_operators(row: tuple) -> None:
    text, spans = pieces(*row[0])
    made = totals([text], [spans])
    assert (made["operators"], made["isolated"]) == row[1:]


def test_what_is_left_out_is_counted_with_its_reason() -> None:
    uncovered = totals(["a 123 b 45"], [[(0, 1), (2, 4), (8, 10)]])
    assert (uncovered["numbers"], uncovered["uncovered"], uncovered["digits"]) == (1, 1, 2)
    text, spans = pieces("12?", " 34")
    unknown = totals([text], [spans], unknown=0)
    assert (unknown["numbers"], unknown["unknown"]) == (1, 1)


def test_empty_spans_count_for_nothing() -> None:
    assert totals(["12"], [[(0, 0), (0, 1), (1, 1), (1, 2)]])["tokens"] == 2


def test_pieces_of_a_digit_are_tokens_but_no_cuts() -> None:
    view = view_of(["٣٤"], [[(0, 2)]])
    halves = view.encoding
    halves = type(halves)(
        np.arange(4, dtype=np.uint32), np.array([0, 4]), halves.facts, np.arange(4, dtype=np.int32),
        np.arange(1, 5, dtype=np.int32),
    )  # fmt: skip
    made = scores(type(view)(view.batch, halves)).numbers.sum(axis=1)
    assert (made[k.TOKENS + 1], made[k.SINGLES], made[k.BOUNDS]) == (4, 1, 1)


alphabet = st.sampled_from([*"0123456789", "٣", "९", "𝟘", " ", "a", "+", "=", "<", "-", "×", "\u3000", "é"])


@st.composite
def tokenized(draw: st.DrawFn) -> tuple[str, list[tuple[int, int]]]:
    text = "".join(draw(st.lists(alphabet, max_size=40)))
    at = sorted(draw(st.sets(st.integers(0, len(text)), max_size=12)) | {0, len(text)})
    spans = [(a, b) for a, b in pairwise(at) if a < b]
    return text, [span for span in spans if draw(st.integers(0, 9)) > 0]


@given(st.lists(tokenized(), min_size=1, max_size=4))
def test_scores_equal_the_oracle(documents: list[tuple[str, list[tuple[int, int]]]]) -> None:
    texts, tokens = [d[0] for d in documents], [d[1] for d in documents]
    made = totals(texts, tokens)
    wanted: dict[str, int] = {}
    for text, spans in documents:
        for name, count in oracle.scores(text, spans).items():
            wanted[name] = wanted.get(name, 0) + count
    assert {name: count for name, count in made.items() if count} == {n: c for n, c in wanted.items() if c}


@given(st.lists(tokenized(), min_size=1, max_size=4))
def test_cut_patterns_equal_the_oracle(documents: list[tuple[str, list[tuple[int, int]]]]) -> None:
    state = CutPatterns()
    state.update(view_of([d[0] for d in documents], [d[1] for d in documents]))
    wanted: dict[int, dict[tuple[int, ...], int]] = {}
    for text, spans in documents:
        for span in oracle.numbers(text):
            length = span[1] - span[0]
            if length > 1 and oracle.covered(span, spans):
                counts = wanted.setdefault(length, {})
                key = tuple(oracle.cuts(span, spans))
                counts[key] = counts.get(key, 0) + 1
    made = state.counts(["all"])
    assert {n: sorted(c) for n, c in made.items()} == {n: sorted(c.values()) for n, c in wanted.items()}


def test_the_table_of_digits_is_that_of_unicode() -> None:
    ours = {point for first, last in RANGES for point in range(first, last + 1)}
    assert all(last - first + 1 == 10 * ((last - first + 1) // 10) for first, last in RANGES)
    assert {p for p in range(0x110000) if unicodedata.category(chr(p)) == "Nd"} <= ours
    assert ours == {p for p in range(0x110000) if unicodedata2.category(chr(p)) == "Nd"}


def test_a_text_of_ten_megabytes_of_digits_is_linear(write_corpus: Write) -> None:
    found = figures(write_corpus(text=["7" * 10_000_000]), ["numbers"], "bytes:")
    assert found["tokens_per_digit", "all"]["value"] == 1.0
    assert found["numbers:10+", "all"]["value"] == 1.0


def test_no_digits_is_undefined_and_says_so(write_corpus: Write) -> None:
    found = figures(write_corpus(text=["no digits here", "a"]), ["numbers"])
    for name in ("tokens_per_digit", "digit_group_f1_left", "single_digit_rate", "number_split_entropy"):
        row = found[name, "all"]
        assert (row["status"], row["value"]) == ("undefined", None), name
        assert row["reason"], name
    assert found["numbers", "all"]["value"] == 0.0
    for name in ("tokens_per_digit:7", "number_split_entropy:7"):
        assert found[name, "all"]["reason"] == "no numbers of 7 digits"


def test_figures_of_lengths_have_signatures_of_their_own(write_corpus: Write) -> None:
    found = figures(write_corpus(text=["1 22 333"]), ["tokens_per_digit"])
    lengths = [*range(1, 10), "10+"]
    assert {name for name, _ in found} == {"tokens_per_digit", *(f"tokens_per_digit:{n}" for n in lengths)}
    assert len({row["signature"] for row in found.values()}) == len(found)


def test_the_probe_corpus_is_what_its_script_makes() -> None:
    import runpy

    script = runpy.run_path(str(ROOT / "corpora" / "build_probes.py"))
    assert script["main"](["--check"]) == 0
    lengths = {len(n) for text in script["build_table"]()["text"].to_pylist() for n in regex.findall(r"\d+", text)}
    assert set(range(1, 21)) <= lengths


def test_entropy_of_the_figure_equals_the_oracle(write_corpus: Write) -> None:
    import tokeval

    texts = [f"{n} and {n * 7919}" for n in range(1, 400)]
    tokenizer = tokeval.load_tokenizer(BPE)
    spans = tokenizer.spans_batch(texts)
    rows = spans.ids.offsets.to_numpy()
    patterns = []
    for row, text in enumerate(texts):
        tokens = list(zip(spans.starts[rows[row] : rows[row + 1]], spans.ends[rows[row] : rows[row + 1]], strict=True))
        for span in oracle.numbers(text):
            if span[1] - span[0] > 1:
                patterns.append((span[1] - span[0], tuple(oracle.cuts(span, tokens))))
    wanted = oracle.split_entropy(patterns)
    found = figures(write_corpus(text=texts), ["number_split_entropy"])
    assert found["number_split_entropy", "all"]["value"] == pytest.approx(wanted, rel=1e-12)


@pytest.mark.real_data
def test_known_rules_of_gpt2_cl100k_and_llama2(data: Path) -> None:
    folder, corpus = data / "tokenizers", ROOT / "corpora" / "probes.parquet"
    llama = figures(corpus, ["numbers"], str(folder / "llama-2/tokenizer.model"))
    cl100k = figures(corpus, ["numbers"], str(folder / "cl100k_base/cl100k_base.tiktoken"))
    gpt2 = figures(corpus, ["numbers"], str(folder / "gpt2-hf"))

    def value(found: dict, name: str) -> float:
        return found[name, "integers"]["value"]

    # Llama-2: every digit alone
    assert value(llama, "single_digit_rate") == 1.0
    assert value(llama, "tokens_per_digit") == 1.0
    assert value(llama, "number_split_entropy") == 0.0
    # cl100k: groups of up to three from the left, one rule for each length
    assert value(cl100k, "digit_group_f1_left") == 1.0
    assert value(cl100k, "digit_group_f1_right") < 0.5
    assert value(cl100k, "number_split_entropy") == 0.0
    assert [value(cl100k, f"tokens_per_digit:{n}") for n in (1, 2, 3, 6, 9)] == [1, 1 / 2, 1 / 3, 1 / 3, 1 / 3]
    # GPT-2: no rule
    assert value(gpt2, "number_split_entropy") > 2
    assert all(value(gpt2, f"number_split_entropy:{n}") > 1 for n in [*range(3, 10), "10+"])
    assert max(value(gpt2, "digit_group_f1_left"), value(gpt2, "digit_group_f1_right")) < 0.5
    for found in (llama, cl100k, gpt2):
        assert found["numbers_left_out", "all"]["value"] == 0.0
