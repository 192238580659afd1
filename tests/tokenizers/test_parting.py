"""Pre-tokenizers that part single characters are done before gigatoken sees the text."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tests.tokenizers import makers
from tokeval import load_tokenizer
from tokeval.arrow import id_buffers
from tokeval.tokenizers.encode import Encoder
from tokeval.tokenizers.fast import Accelerator


def split(pattern: str, behavior: str = "Isolated", invert: bool = False) -> dict[str, object]:
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": invert}


PARTING: list[list[dict[str, object]]] = [
    [{"type": "Digits", "individual_digits": True}],
    [{"type": "Digits", "individual_digits": False}],
    [{"type": "Punctuation", "behavior": "Isolated"}, {"type": "Digits", "individual_digits": False}],
    [{"type": "Punctuation", "behavior": "Contiguous"}, {"type": "Digits", "individual_digits": False}],
    [split(r"\d"), split(r"\p{P}", "Contiguous")],
    [split(r"[0-9]", "Contiguous"), split(r"[!?\p{Sm}\n]")],
]


@pytest.mark.parametrize("before", PARTING, ids=str)
def test_what_parts_single_characters_first_is_done_beforehand(tmp_path: Path, before: list[dict[str, object]]) -> None:
    """On every character that is no ideograph, two by two with the next one, with itself and with letters."""
    content = json.loads(makers.hf_json("bytelevel"))
    content["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [*before, content["pre_tokenizer"]]}
    content["added_tokens"] = []
    vocabulary = content["model"]["vocab"]
    size = 1 + max(vocabulary.values())
    more = ["12", "!!", "++", "+1", "a1", "Ġ1", "!?", "ÂĽ"]
    content["model"]["vocab"] = vocabulary | {text: size + k for k, text in enumerate(more)}
    content["model"]["merges"] = [[text[:1], text[1:]] for text in more] + content["model"]["merges"]
    (tmp_path / "tokenizer.json").write_text(json.dumps(content))
    tokenizer = load_tokenizer(str(tmp_path))
    fast = Encoder("t", tokenizer, spans=True, share=0.0).prepare()
    slow = Encoder("t", tokenizer, spans=True, accelerate=False).prepare()
    points = chain(range(0x3400), range(0xA000, 0xAC00), range(0xF900, 0x18000), range(0x1D000, 0x20100))
    each = "".join(2 * chr(p) + "a" + chr(p) + " " + chr(p) for p in points)
    texts = [each[k : k + 300] for k in range(0, len(each), 300)]
    texts += ["", "1", "11 12 121 a12 1a1!!?! ++1 +1+1 x = 1,000.00\t½\n\n7", "a!?  !!  11"]
    batch = pa.array(texts, pa.large_string())
    assert fast.accelerator is not None
    assert fast.accelerator.path.startswith("gigatoken/"), fast.accelerator.reason
    a, b = fast.encode(batch), slow.encode(batch)
    for field in ("ids", "offsets", "starts", "ends"):
        assert np.array_equal(getattr(a, field), getattr(b, field)), field


@pytest.mark.parametrize(
    "before",
    [
        [split(r"\d{3}")],
        [split(r"\d", "Removed")],
        [split(r"\d", invert=True)],
        [split(r"[^\d]")],
        [split(r"[a1]")],
        [split(r"[\d&&[0]]")],
        [{"type": "Punctuation", "behavior": "MergedWithNext"}],
        [{"type": "WhitespaceSplit"}],
    ],
    ids=str,
)
def test_what_does_more_than_that_has_no_fast_path(tmp_path: Path, before: list[dict[str, object]]) -> None:
    content = json.loads(makers.hf_json("bytelevel"))
    content["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [*before, content["pre_tokenizer"]]}
    (tmp_path / "tokenizer.json").write_text(json.dumps(content))
    accelerator = Accelerator("t", load_tokenizer(str(tmp_path)))
    assert accelerator.path == ""
    assert "gigatoken" in accelerator.reason


def test_texts_with_an_added_token_that_would_be_parted_go_to_the_reference(tmp_path: Path) -> None:
    content = json.loads(makers.hf_json("digits"))
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized", "special"), False)
    number = 1 + max(token["id"] for token in content["added_tokens"])
    content["added_tokens"].append({"id": number, "content": "<r1>", **flags})
    (tmp_path / "tokenizer.json").write_text(json.dumps(content))
    tokenizer = load_tokenizer(str(tmp_path))
    texts = pa.array(["a <r1> dog", "    r1 dog", "<r2>"], pa.large_string())
    accelerator = Accelerator("t", tokenizer, share=0.0)
    found = accelerator.encode(texts, False)
    assert found is not None
    assert found.unsure is not None
    assert found.unsure.tolist() == [0]
    encoded = Encoder("t", tokenizer, share=0.0).prepare().encode(texts)
    ids, offsets = id_buffers(tokenizer.encode_batch(texts))
    assert (encoded.ids.tolist(), encoded.offsets.tolist()) == (ids.tolist(), offsets.tolist())
    assert number in ids.tolist()
