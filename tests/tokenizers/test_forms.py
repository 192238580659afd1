"""Spans and decoding where the tokens spell the text's normal form: as the library has them, and held against it."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.oracles import forms as oracle
from tests.tokenizers import makers
from tokeval import load_tokenizer
from tokeval.arrow import id_buffers
from tokeval.tokenizers import forms
from tokeval.tokenizers.base import Spans
from tokeval.tokenizers.encode import Encoder
from tokeval.tokenizers.fast import Accelerator, spelled_by

#: Composition exclusions, jamo, reordered marks, singletons, marks without a letter, what grows and what shrinks.
HARD = [
    "\u0958", "a\u0958\u0958b", "\u0915\u093c", " \u0958 \u0959\u095a", "\u0344", "\u0344a", "x\u0f73\u0f71",
    "\ufb2a\ufb1d", "\u1100\u1161", "\u1100\u1161\u11a8", "\uac00\u11a8", "\uac01\u11a8", "\u1100 \u1161",
    "\u1100\u1161\u1100\u1161\u11a8", "\ud55c\u0301", "a\u0323\u0307", "a\u0307\u0323", "q\u0307\u0323",
    "q\u0323\u0307", "e\u0301\u0323\u0302 z", "\u212b", "\u2126m \u212a", "\u2000\u2001a", "\u037e;", "\u1fef`",
    "\u2329x\u232a", "\uf900\ufa70", "\U0002f800 \U0001d15e", "\u0301", "\u0301abc", " \u0301 x", "\u0323\u0307",
    "\n\u0301\u0323", ".\u0338", "<\u0338>\u0338 =\u0338", "e\u0301", "ne\u0301e", "de\u0301 de\u0301 te\u0301",
    "cafe\u0301's", "e\u0301", " e\u0301", "  e\u0301  A\u030a ", "e\u0301\u3000A\u030a\u00a0o\u0308",
    "\u09c7\u09be \u0b47\u0b56", "\u0627\u0653 \u0622", "\u064b\u0651 x\u0651\u064b", "\u1e9b\u0323",
    "\u3046\u3099\u304b\u3099", "\u1037\u103a\u1025\u102e", "the e\u0301 \ue000\U0010ffff e\u0301", "1e\u03011",
    "don\u0301't A\u030a's", "", "a    \u0958", "\u0958    \u0958", "<|endoftext|>\u0338",
    "e\u0301<|endoftext|>\u0301", "\ud7a3\u11a7\u11a8", "\u0340\u0341\u0343",
]  # fmt: skip

KINDS = ["nfc", "nfc-trims"]
LETTERS = (
    "ae q.<K\u0301\u0323\u0307\u0338\u030a\u0344\u0958\u093c\u0915\u212b\u1100\u1161\u11a8"
    "\uac00\uac01\u0f73\ufb01\u00bd\u00e9\u3000\n"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Encoder, Encoder]]:
    """The encoders of a kind, with and without what is faster; nothing is checked while running."""
    kept: dict[str, tuple[Encoder, Encoder]] = {}

    def make(kind: str) -> tuple[Encoder, Encoder]:
        if kind not in kept:
            tokenizer = load_tokenizer(str(makers.write_hf(tmp_path_factory.mktemp(kind), kind)))
            kept[kind] = (
                Encoder("t", tokenizer, spans=True, round_trip=True, share=0.0).prepare(),
                Encoder("t", tokenizer, spans=True, round_trip=True, accelerate=False).prepare(),
            )
        return kept[kind]

    return make


def agree(encoders: tuple[Encoder, Encoder], texts: list[str]) -> None:
    batch = pa.array([text.encode("utf-8", "replace").decode() for text in texts], pa.large_string())
    fast, slow = (encoder.encode(batch) for encoder in encoders)
    for field in ("ids", "offsets", "starts", "ends", "round_trip"):
        assert np.array_equal(getattr(fast, field), getattr(slow, field)), field
    assert fast.changed is not None
    assert slow.changed is not None
    assert np.array_equal(fast.changed.rows, slow.changed.rows)
    assert fast.changed.decoded.equals(slow.changed.decoded)


@pytest.mark.parametrize("kind", KINDS)
def test_hard_strings_are_laid_as_the_library_lays_them(
    kind: str, made: Callable[[str], tuple[Encoder, Encoder]]
) -> None:
    encoders = made(kind)
    agree(encoders, HARD)
    agree(encoders, [a + between + b for a in HARD for b in HARD for between in ("", " ", "x", "\u0301")])
    accelerator = encoders[0].accelerator
    assert accelerator is not None
    assert accelerator._forms is not None
    assert not accelerator.dropped


@pytest.mark.parametrize("kind", KINDS)
def test_the_library_is_not_asked_for_whole_texts(
    kind: str, made: Callable[[str], tuple[Encoder, Encoder]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the test above is about the faster way."""
    fast, _ = made(kind)
    texts = pa.array([text for text in HARD if "endoftext" not in text], pa.large_string())
    fast.encode(texts)

    def refuse(_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(fast.tokenizer, "spans_batch", refuse)
    monkeypatch.setattr(fast.tokenizer, "decode_batch", refuse)
    found = fast.encode(texts)
    changed = [unicodedata.normalize("NFC", text) != text for text in texts.to_pylist()]
    assert found.round_trip is not None
    assert found.round_trip.tolist() == [not each for each in changed]
    assert sum(changed) > 15


@given(texts=st.lists(st.text(st.one_of(st.sampled_from(LETTERS), st.characters()), max_size=20), max_size=8))
@example(texts=["\u0301", "a\u0301"])
@pytest.mark.parametrize("kind", KINDS)
def test_any_text(kind: str, texts: list[str], made: Callable[[str], tuple[Encoder, Encoder]]) -> None:
    agree(made(kind), texts)


@given(texts=st.lists(st.text(LETTERS, max_size=12), max_size=5), cut=st.randoms(use_true_random=False))
@pytest.mark.parametrize("trims", [False, True])
def test_the_kernels_and_the_oracle(
    trims: bool, texts: list[str], cut: object, made: Callable[[str], tuple[Encoder, Encoder]]
) -> None:
    """For tokens that are cut anywhere in the normal form."""
    normal = made("nfc")[0].tokenizer.normal()
    assert normal is not None
    one = forms.Forms(forms.Normal(normal.ask, trims))
    rows = []
    for text in texts:
        data = unicodedata.normalize("NFC", text).encode()
        places = sorted({0, len(data), *(cut.randrange(len(data)) for _ in range(4) if data)})  # type: ignore[attr-defined]
        rows.append([data[a:b] for a, b in pairwise(places)])
    tokens = [token for row in rows for token in row]
    offsets = np.concatenate(([0], np.cumsum([len(row) for row in rows], dtype=np.int64)))
    spelled = spelled_by(pa.array(tokens, pa.large_binary()), np.arange(len(tokens)))
    starts, ends, laid = one.spans(pa.array(texts, pa.large_string()), offsets, *spelled)

    def form(word: str) -> oracle.Form:
        asked = normal.ask(pa.array([word], pa.large_string()))
        pairs = zip(asked.starts.tolist(), asked.ends.tolist(), strict=True)
        return bytes(id_buffers(asked.ids)[0].astype(np.uint8)), list(pairs)

    for row, text in enumerate(texts):
        wanted = oracle.lay(text, rows[row], form, trims)
        assert laid[row] == (wanted is not None)
        part = slice(offsets[row], offsets[row + 1])
        assert list(zip(starts[part].tolist(), ends[part].tolist(), strict=True)) == wanted
        assert oracle.same(text) == form(text) or unicodedata.normalize("NFC", text) != text


def test_tokens_that_spell_another_text_are_left_open(made: Callable[[str], tuple[Encoder, Encoder]]) -> None:
    normal = made("nfc")[0].tokenizer.normal()
    assert normal is not None
    texts = pa.array(["e\u0301", "e\u0301", "e\u0301 a", "e\u0301", "ab"], pa.large_string())
    tokens = [b"\xc3\xa9", b"e", b"\xc3\xa9a", b"\xc3\xa9", b"", b"ab"]
    offsets = np.array([0, 1, 2, 3, 5, 6])
    spelled = spelled_by(pa.array(tokens, pa.large_binary()), np.arange(6))
    assert forms.Forms(normal).spans(texts, offsets, *spelled)[2].tolist() == [True, False, False, False, True]


def test_what_is_kept_is_bounded(
    made: Callable[[str], tuple[Encoder, Encoder]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "_KEPT", 40)
    _, slow = made("nfc")
    fast = Encoder("t", slow.tokenizer, spans=True, round_trip=True, share=0.0)
    for k in range(0, len(HARD), 4):
        agree((fast, slow), HARD[k : k + 4])
        agree((fast, slow), HARD[k : k + 4])
    assert fast.accelerator is not None
    assert fast.accelerator._forms is not None
    assert len(fast.accelerator._forms._known.data) < 400


@pytest.mark.parametrize("when", ["hard strings", "running"])
def test_a_library_that_lays_them_otherwise_is_found_out(
    when: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once if hard strings show it, else while running; then all that was done is done again."""
    tokenizer = load_tokenizer(str(makers.write_hf(tmp_path, "nfc")))
    spans = tokenizer.spans_batch
    marker = "e\u0301" if when == "hard strings" else "zebre\u0301"

    def planted(texts: pa.Array) -> Spans:
        found = spans(texts)
        offsets, ends = id_buffers(found.ids)[1], found.ends.copy()
        for row, text in enumerate(texts.to_pylist()):
            ends[offsets[row] : offsets[row + 1]] += marker in text
        return Spans(found.ids, found.starts, ends)

    monkeypatch.setattr(tokenizer, "spans_batch", planted)
    fast, slow = Encoder("t", tokenizer, spans=True), Encoder("t", tokenizer, spans=True, accelerate=False)
    texts = pa.array([f"{k} zebre\u0301 {k}" for k in range(50)], pa.large_string())
    assert np.array_equal(fast.encode(texts).ends, slow.encode(texts).ends)
    assert fast.accelerator is not None
    assert (fast.accelerator._forms is None) == (when == "hard strings")
    assert fast.accelerator.dropped == (when == "running")


@pytest.mark.parametrize("kind", ["bytelevel", "fallback", "wordpiece", "unigram"])
def test_only_normal_forms_spelled_in_bytes_are_taken(kind: str, tmp_path: Path) -> None:
    assert load_tokenizer(str(makers.write_hf(tmp_path, kind))).normal() is None


LOWER = {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Lowercase"}]}


@pytest.mark.parametrize("change", [{"normalizer": LOWER}, {"normalizer": None}, {"decoder": {"type": "Fuse"}}])
def test_other_normalisers_and_spellings_are_left_to_the_library(change: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(json.loads(makers.hf_json("nfc")) | change))
    assert load_tokenizer(str(path)).normal() is None


def test_bytes_that_are_no_text_are_decoded_by_the_library(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(str(makers.write_hf(tmp_path, "bytelevel")))
    accelerator = Accelerator("t", tokenizer)
    spell = {data: i for i, data in enumerate(tokenizer.spelled.to_pylist())}
    rows = [[spell[b"\xc3"], spell[b"\xa9"]], [spell[b"\xc3"]], [], [spell[b"a"], spell[b"\xa9"]], [0, spell[b"a"]]]
    decoded = accelerator.decode(*id_buffers(pa.array(rows, pa.list_(pa.uint32()))))
    assert decoded is not None
    assert decoded.to_pylist() == ["\u00e9", None, "", None, None]
    encoder = Encoder("t", tokenizer)
    whole = encoder._decoded(*id_buffers(pa.array(rows, pa.list_(pa.uint32()))))
    assert whole.to_pylist() == tokenizer.decode_batch(pa.array(rows, pa.list_(pa.uint32()))).to_pylist()


def test_a_prefix_is_taken_off_at_the_beginning_alone(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(str(makers.write_hf(tmp_path, "fallback")))
    texts = pa.array([*makers.CORPUS, "", " x", "  \u00e9\ue000", "x "], pa.large_string())
    ids = tokenizer.encode_batch(texts)
    decoded = Accelerator("t", tokenizer).decode(*id_buffers(ids))
    assert decoded is not None
    assert decoded.null_count == 0
    assert decoded.equals(tokenizer.decode_batch(ids))


@pytest.mark.real_data
def test_a_real_tokenizer_that_trims(data: Path) -> None:
    tokenizer = load_tokenizer(str(data / "tokenizers/pythia-12b/tokenizer.json"))
    encode = partial(Encoder, "t", tokenizer, spans=True, round_trip=True)
    fast = encode(share=0.0).prepare()
    agree((fast, encode(accelerate=False).prepare()), [f"{a} {b}{a}" for a in HARD for b in HARD])
    assert fast.accelerator is not None
    assert fast.accelerator._forms is not None
