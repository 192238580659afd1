"""Perturbations, what they do to tokens, and prefixes."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tokeval
from tests.oracles import robustness as oracle
from tests.probes.helpers import BPE, UNIGRAM, WORDPIECE, Write, batch_of, figures
from tokeval.arrow import text_array
from tokeval.errors import CorpusError
from tokeval.metrics.base import View
from tokeval.metrics.robustness.distance.kernels import distances
from tokeval.metrics.robustness.measures import CUTS, LONGEST, _cut_texts, _prefixes, _scores
from tokeval.metrics.robustness.perturb import Disturbed, disturbed, sample
from tokeval.metrics.robustness.tables import PERTURBATIONS, SPACES
from tokeval.tokenizers.encode import Encoder

TEXT = (
    "The quick brown fox jumps over the lazy dog near 1001 old Moulin cafés, and Zoë naïvely asked for more soup. "
    "Die Straße führt über Österreich; l'été dernier il a plu. Москва и Київ. ﬁnally ５ ½ done."
)
TEXTS = [TEXT, TEXT[::-1], "a", "", "  ", "one two\nthree\tfour  five", "🙂 👩‍👩‍👧‍👦 e\u0301", "สวัสดีครับ 你好世界"]
MIXED = [
    f"{a} {b}, {a}{b}! {k}"
    for k, (a, b) in enumerate([("Йогурт", "соняшник"), ("가각힣", "東京タワー"), ("Žluťoučký", "kůň")])
]
NAMES = list(PERTURBATIONS)


def view_of(texts: list[str], tokenizer: str = "bytes:", seed: int = 0, thinning: int = 0) -> View:
    encoder = Encoder("t", tokeval.load_tokenizer(tokenizer), spans=True)
    batch = batch_of(texts)
    return View(batch, encoder.encode(batch.texts), encoder.encode, seed, thinning)


def after(texts: list[str], name: str, seed: int = 0) -> tuple[list[str], Disturbed]:
    made = disturbed(view_of(texts, seed=seed), name)
    return made.texts.to_pylist(), made


@pytest.mark.parametrize("name", NAMES)
def test_a_perturbation_changes_what_it_says_and_is_valid_text(name: str) -> None:
    texts = TEXTS * 3
    new, made = after(texts, name)
    made.texts.validate(full=True)
    assert [a != b for a, b in zip(texts, new, strict=True)] == made.changed.tolist()
    assert made.changed.any()
    assert new[2:5] == texts[2:5] or name in {"case_upper"}  # one character, nothing, white space


def test_whole_word_perturbations_do_what_unicode_says() -> None:
    new = {name: after([TEXT], name)[0][0] for name in ("case_upper", "case_lower", "nfd", "nfkc", "diacritics")}
    assert new["nfd"] == unicodedata.normalize("NFD", TEXT)
    assert new["nfkc"] == unicodedata.normalize("NFKC", TEXT)
    assert new["case_lower"] == TEXT.lower()
    assert (
        new["case_upper"].replace("ẞ", "ß").casefold() == TEXT.replace("ﬁ", "fi").casefold()
        or "QUICK" in new["case_upper"]
    )
    dropped = "".join(c for c in unicodedata.normalize("NFD", TEXT) if not "\u0300" <= c <= "\u036f")
    assert new["diacritics"] == unicodedata.normalize("NFC", dropped)


@pytest.mark.parametrize("name", [n for n, p in PERTURBATIONS.items() if p.edit is not None])
def test_an_edit_touches_one_place_of_a_word(name: str) -> None:
    words = [f"Wordlike{k}boOm" for k in range(400)]
    new, _ = after([" ".join(words)], name)
    pairs = [(a, b) for a, b in zip(words, new[0].split(" "), strict=True) if a != b]
    assert 20 < len(pairs) < 90  # about one in eight of 400
    for old, word in pairs:
        distance = oracle.levenshtein(old, word)
        assert distance <= 2
        if name == "typo_swap":
            assert sorted(old) == sorted(word)
        if name in {"typo_drop", "typo_double", "zero_width"}:
            assert len(word) - len(old) == (-1 if name == "typo_drop" else 1)
            assert distance == 1


@pytest.mark.parametrize("name", SPACES)
def test_only_single_spaces_are_touched(name: str) -> None:
    text = " ".join("abc" for _ in range(300)) + "  x\ny\tz"
    new, _ = after([text], name)
    shown = (
        new[0].replace(SPACES[name].decode(), " ") if name != "space_double" else new[0].replace("abc  abc", "abc abc")
    )
    assert new[0] != text
    assert new[0].endswith("  x\ny\tz")
    assert shown.replace("abc  abc", "abc abc").startswith("abc abc abc")


@given(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=8), st.integers(0, 3), st.randoms(use_true_random=False))
def test_the_draw_depends_on_the_document_and_the_seed_alone(texts: list[str], seed: int, random: Any) -> None:
    alone = {text: after([text], "typo_swap", seed)[0][0] for text in texts}
    random.shuffle(texts)
    assert after(texts, "typo_swap", seed)[0] == [alone[text] for text in texts]


def test_another_seed_draws_otherwise() -> None:
    assert after([TEXT * 5], "typo_drop", 0)[0] != after([TEXT * 5], "typo_drop", 1)[0]


def test_thinning_takes_nested_samples() -> None:
    texts = [f"text number {k}" for k in range(4000)]
    rows = [set(sample(view_of(texts, thinning=level)).rows.tolist()) for level in range(5)]
    assert len(rows[0]) == 4000
    for level in range(1, 5):
        assert rows[level] < rows[level - 1]
        assert abs(len(rows[level]) - 4000 / 2**level) < 5 * (4000 / 2**level) ** 0.5


@pytest.mark.parametrize(
    "rows", [{"id": ["1"] * 3000}, {"id": [str(k) for k in range(3000)], "text": ["The é"] * 3000}]
)
def test_documents_of_one_id_or_one_text_are_sampled_one_by_one(
    rows: dict[str, list[str]], write_corpus: Write
) -> None:
    corpus = write_corpus(**({"text": [f"The é {k}" for k in range(3000)]} | rows))
    found = figures(corpus, ["token_inflation:case_upper"], "bytes:")["token_inflation:case_upper", "all"]
    assert abs(found["n"] - 1500) < 200  # at most 2,048: one in two


WORDS = {"adlam": "𞤀𞤣𞤤𞤢𞤥", "arabic forms": "ﻣﺮﺣﺒﺎ", "han": "𠀀𠀁𠀂", "arabic": "مرحبا", "letters": "abc"}
DIGITS = ["12345678", "١٢٣٤٥٦٧٨", "१२३४५६७८"]
MARKS = "،؟؛।“”«»…—、。.!$"


@pytest.mark.parametrize("word", WORDS.values(), ids=WORDS)
def test_letters_of_every_script_are_letters(word: str) -> None:
    kinds, _, prefixes = _cut_texts(view_of([word]))
    assert [CUTS[k] for k in kinds] == ["inside_word"]
    assert 0 < len(prefixes[0].as_py()) < len(word)
    assert after([f"{word} " * 100], "typo_drop")[1].changed.all()


@pytest.mark.parametrize("digits", DIGITS)
def test_digits_of_no_script_are_letters(digits: str) -> None:
    assert not len(_cut_texts(view_of([digits]))[0])
    for name in ("typo_drop", "typo_swap", "zero_width"):
        assert not after([f"{digits} " * 100], name)[1].changed.any()


@pytest.mark.parametrize("mark", MARKS)
def test_punctuation_of_every_script_is_punctuation(mark: str) -> None:
    kinds, _, prefixes = _cut_texts(view_of([f"ا{mark}ا"]))
    assert [(CUTS[k], text) for k, text in zip(kinds, prefixes.to_pylist(), strict=True)] == [
        ("after_punctuation", f"ا{mark}")
    ]


@given(
    st.lists(st.integers(0, 5), max_size=30) | st.lists(st.integers(0, 90), min_size=60, max_size=260),
    st.lists(st.integers(0, 5), max_size=30) | st.lists(st.integers(0, 90), min_size=60, max_size=260),
)
def test_distance_equals_the_oracle(a: list[int], b: list[int]) -> None:
    out = np.zeros(2, np.int64)
    ends = np.array([0, len(a), 2 * len(a)]), np.array([0, len(b), 2 * len(b)])
    twice = np.array(a * 2, np.uint32), np.array(b * 2, np.uint32)
    distances(twice[0], ends[0], twice[1], ends[1], np.ones(2, np.bool_), LONGEST, out)
    assert out.tolist() == [oracle.levenshtein(a, b)] * 2  # the second finds the table as the first did


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("tokenizer", [BPE, UNIGRAM, WORDPIECE])
def test_token_counts_and_distances_equal_the_oracle(name: str, tokenizer: str) -> None:
    view = view_of(TEXTS, tokenizer)
    made, new = _scores(view, name), disturbed(view, name)
    loaded = tokeval.load_tokenizer(tokenizer)
    old_ids = loaded.encode_batch(text_array(TEXTS)).to_pylist()
    new_ids = loaded.encode_batch(new.texts).to_pylist()
    for row, (text, other) in enumerate(zip(TEXTS, new.texts.to_pylist(), strict=True)):
        if text == other:
            assert not made[:, row].any()
            continue
        assert made[:3, row].tolist() == [1, len(old_ids[row]), len(new_ids[row])]
        assert made[7:13, row].tolist() == [
            1,
            oracle.levenshtein(old_ids[row], new_ids[row]),
            max(len(old_ids[row]), len(new_ids[row])),
            oracle.levenshtein(text, other),
            max(len(text), len(other)),
            0,  # none failed
        ]
        assert (made[[4, 6], row] <= made[[3, 5], row]).all()


def zones_of(view: View, name: str, row: int) -> list[tuple[slice, slice]]:
    """The changed zones of a document, before and after."""
    drawn, made = sample(view), disturbed(view, name)
    found, grown, begin = [], 0, int(drawn.offsets[row])
    zones = range(*drawn.word_rows[row : row + 2].tolist())
    size = int(made.offsets[row + 1] - made.offsets[row])
    for zone in zones:
        first, end, moved = (int(x) for x in (made.firsts[zone] - begin, made.ends[zone] - begin, made.moved[zone]))
        assert moved == first + grown
        after = [int(made.moved[z] - (made.firsts[z] - begin)) for z in (zone + 1,) if zone + 1 in zones]
        later = after[0] if after else size - int(drawn.offsets[row + 1] - begin)
        if made.zone_changed[zone]:
            found.append((slice(first, end), slice(moved, end + later)))
        else:
            assert later == grown
        grown = later
    return found


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("tokenizer", [BPE, UNIGRAM, WORDPIECE, "bytes:"])
def test_boundaries_equal_the_oracle(name: str, tokenizer: str) -> None:
    texts = [*TEXTS, *MIXED]
    view = view_of(texts, tokenizer)
    made, new = _scores(view, name), disturbed(view, name)
    old_spans, new_spans = view.encoding, Encoder("t", tokeval.load_tokenizer(tokenizer), spans=True).encode(new.texts)
    assert old_spans.starts is not None
    assert new_spans.starts is not None
    checked = 0
    for row, (text, other) in enumerate(zip(texts, new.texts.to_pylist(), strict=True)):
        if text == other:
            continue
        zones, old_bytes, new_bytes = zones_of(view, name, row), text.encode(), other.encode()
        spelled, at = b"", 0
        for a, b in zones:  # the zones are all that changed
            spelled += old_bytes[at : a.start] + new_bytes[b]
            at = a.stop
        assert spelled + old_bytes[at:] == new_bytes
        starts = old_spans.starts[old_spans.offsets[row] : old_spans.offsets[row + 1]].tolist()
        new_starts = new_spans.starts[new_spans.offsets[row] : new_spans.offsets[row + 1]].tolist()
        wanted = oracle.boundaries(old_bytes, new_bytes, zones, starts, new_starts)
        assert made[3:7, row].tolist() == wanted, (text, other)
        checked += sum(wanted)
    assert checked


def test_a_boundary_inside_a_replaced_character_has_no_place() -> None:
    # л and ж change places: the halves of each are elsewhere, those of а stay
    assert [oracle.counterpart("алжа".encode(), "ажла".encode(), k) for k in range(8)] == [0, 1, 2, None, 4, None, 6, 7]
    assert oracle.counterpart(b"abc", b"abbc", 1) == 1
    assert oracle.counterpart(b"abXbc", b"abYYbc", 3) == 4


def test_bytes_keep_every_boundary_that_has_a_place() -> None:
    for name in NAMES:
        made = _scores(view_of(TEXTS), name).sum(axis=1)
        assert made[3] == made[4], name
        if PERTURBATIONS[name].words:  # whole words may change their bytes within a character
            assert made[5] == made[6], name


def test_boundaries_by_hand() -> None:
    # "ab cd" with "cd" drawn: a tokenizer of characters; the word is touched, "ab " is not
    texts = [f"ab cd ef{k}" for k in range(64)]
    view = view_of(texts, "chars:")
    made, new = _scores(view, "typo_double"), disturbed(view, "typo_double")
    for row, changed in enumerate(new.changed.tolist()):
        if changed:
            zones = slice(*sample(view).word_rows[row : row + 2].tolist())
            touched = [
                (end - start)
                for start, end, hit in zip(new.firsts[zones], new.ends[zones], new.zone_changed[zones], strict=True)
                if hit
            ]
            inside = sum(width - 1 for width in touched)  # one byte, one character, one token
            assert made[3, row] == len(texts[row]) - 1 - inside
            assert made[4, row] == made[3, row]


def test_text_that_a_perturbation_leaves_alone_is_undefined(write_corpus: Write) -> None:
    found = figures(
        write_corpus(text=["plain ascii", "of two rows"]), ["token_inflation:diacritics", "prefix_stability"]
    )
    row = found["token_inflation:diacritics", "all"]
    assert (row["status"], row["value"], row["n"]) == ("undefined", None, 0)
    assert "diacritics" in row["reason"]
    name = "touched_boundary_stability:case_upper"
    whole = figures(write_corpus(text=["whole words are tokens here"]), [name], tokenizer="words:")[name, "all"]
    assert (whole["status"], whole["n"]) == ("undefined", 1)
    assert whole["reason"] == "no token boundaries inside the touched words"
    single = figures(write_corpus(text=["a", "b", ""]), ["prefix_stability"])["prefix_stability", "all"]
    assert (single["status"], single["n"]) == ("undefined", 0)


@pytest.mark.parametrize("tokenizer", [BPE, UNIGRAM, "bytes:"])
def test_prefixes_equal_the_oracle(tokenizer: str) -> None:
    view = view_of(TEXTS, tokenizer)
    kinds, rows, texts = _cut_texts(view)
    loaded = tokeval.load_tokenizer(tokenizer)
    ids = loaded.encode_batch(text_array(TEXTS)).to_pylist()
    cut_ids = loaded.encode_batch(texts).to_pylist()
    made = _prefixes(view)
    assert len(rows)
    for kind, row, text, prefix in zip(kinds, rows, texts.to_pylist(), cut_ids, strict=True):
        assert TEXTS[row].startswith(text)
        assert 0 < len(text) < len(TEXTS[row])
        assert made[:, kind, row].tolist() == [1, oracle.prefix_holds(ids[row], prefix), 0]
        following, last = TEXTS[row][len(text)], text[-1]
        if CUTS[kind] == "inside_word":
            assert not following.isspace()
            assert not last.isspace()
        if CUTS[kind] == "before_space":
            assert following.isspace()
        if CUTS[kind] == "after_punctuation":
            assert not last.isalnum()
            assert not last.isspace()


def test_bytes_are_stable_under_every_cut(write_corpus: Write) -> None:
    found = figures(write_corpus(text=TEXTS), ["prefix_stability"], "bytes:")
    assert all(row["value"] == 1.0 for row in found.values())


def test_ten_megabytes_on_one_line_have_figures(write_corpus: Write) -> None:
    text = "word12 a<=b " * 850_000
    assert len(text) > 10_000_000
    names = ["token_inflation:typo_drop", "boundary_stability:space_tab", "prefix_stability", "numbers"]
    found = figures(write_corpus(text=[text]), [*names, "predictability"], "bytes:", jobs=1)
    assert all(row["status"] == "ok" for (name, _), row in found.items() if ":" not in name)
    assert 0.9 < found["token_inflation:typo_drop", "all"]["value"] < 1
    assert found["numbers", "all"]["value"] == 850_000


GRAPHEMES = {
    "combining": "e\u0301o\u0308a\u0323" * 8,
    "joined": "👩‍👩‍👧‍👦🏳️‍🌈" * 8,
    "escaped": "\\ud83d\\ude00 \\ud800." * 4,  # written out, as JSON does: no text holds a lone surrogate
    "outside the first plane": "𝒳𝒴 𐌰𐌱𐌲 😀😀." * 4,
}


@pytest.mark.parametrize("name", GRAPHEMES)
def test_cuts_inside_graphemes_and_escapes_are_texts(name: str, write_corpus: Write) -> None:
    text = GRAPHEMES[name]
    kinds, _, cut_texts = _cut_texts(view_of([text] * 3 + [text + str(k) for k in range(40)]))
    cut_texts.validate(full=True)
    ends = {len(prefix) for prefix in cut_texts.to_pylist()}
    assert all(0 < end < len(text) + 2 for end in ends)
    if name == "combining":  # some fall between a letter and its mark
        assert any(unicodedata.combining(text[end]) for end in ends if end < len(text))
    found = figures(write_corpus(text=[text] * 3), ["prefix_stability"])
    wanted = "ok" if len(kinds) else "undefined"
    assert found["prefix_stability", "all"]["status"] == wanted
    assert (name == "joined") == (wanted == "undefined")


def test_a_lone_surrogate_is_no_text(tmp_path: Path) -> None:
    array = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(np.array([0, 3], np.int32)), pa.py_buffer(b"\xed\xa0\x80")]
    )
    pq.write_table(pa.table({"text": array}), tmp_path / "c.parquet")
    with pytest.raises(CorpusError, match="UTF-8"):
        figures(tmp_path / "c.parquet", ["prefix_stability"])


def test_texts_of_one_character_have_a_defined_status(write_corpus: Write) -> None:
    found = figures(write_corpus(text=["a", "Ж", "é", "🙂", " ", "\u0301", "1", ""]), ["token_inflation"])
    for name in NAMES:
        row = found[f"token_inflation:{name}", "all"]
        assert row["status"] == ("ok" if row["n"] else "undefined"), name
        assert (row["value"] is None) == (row["n"] == 0)
    changed = {name: found[f"token_inflation:{name}", "all"]["n"] for name in NAMES}
    assert (changed["case_upper"], changed["case_lower"], changed["nfd"]) == (2, 1, 1)
    # neighbours to change with, a single space, a letter that may go: none of them in a text of one character
    for name in ("typo_swap", "typo_drop", "zero_width", *SPACES):
        assert changed[name] == 0


def test_a_document_of_one_long_line_is_left_out_of_the_edit_distance(write_corpus: Write) -> None:
    found = figures(write_corpus(text=["word " * 5000]), ["robustness"], "bytes:")
    assert found["segmentation_change:typo_drop", "all"]["status"] == "undefined"
    assert found["token_inflation:typo_drop", "all"]["status"] == "ok"


def test_perturbed_texts_are_large_strings() -> None:
    assert disturbed(view_of(TEXTS), "ocr").texts.type == pa.large_string()
