"""Ids equal to the reference on every document of FLORES-200 dev, for every tokenizer that has a fast path."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.tokenizers.real import FILES, UNREAD, spec_of
from tokeval import load_tokenizer
from tokeval.arrow import id_buffers, id_lists, text_array
from tokeval.tokenizers.fast import Accelerator

#: These have none; everything else must run on its fast path.
NO_FAST_PATH = {"clip-json", "falcon-180b-chat", "rwkv-world"}


@pytest.mark.real_data
def test_every_folder_of_the_data_is_named_here(data: Path) -> None:
    assert {path.name for path in (data / "tokenizers").iterdir()} == set(FILES) | UNREAD


def compare(name: str, data: Path, step: int) -> None:
    texts = pq.read_table(data / "corpora" / "flores200_dev.parquet", columns=["text"])["text"]
    texts = texts.cast(pa.large_string()).combine_chunks()
    if step > 1:
        texts = texts.take(pa.array(range(0, len(texts), step)))
    tokenizer = load_tokenizer(spec_of(name, data))
    accelerator = Accelerator(name, tokenizer, share=0.0)
    assert bool(accelerator.path) == (name not in NO_FAST_PATH), accelerator.reason
    if not accelerator.path:
        return
    for start in range(0, len(texts), 20_000):
        batch = texts.slice(start, 20_000)
        found = accelerator.encode(batch, spans=False)
        assert found is not None, accelerator.reason
        ids, offsets = id_buffers(tokenizer.encode_batch(batch))
        sizes = np.diff(offsets)
        open_rows = found.unsure if found.unsure is not None else np.zeros(0, np.int64)
        kept = np.ones(len(batch), bool)
        kept[open_rows] = False
        assert np.array_equal(np.diff(found.offsets)[kept], sizes[kept])
        assert np.array_equal(found.ids, ids[np.repeat(kept, sizes)])
        back = accelerator.decode(found.ids, found.offsets)
        if back is not None:
            told = back.is_valid()  # the others are left to the reference
            decoded = text_array(tokenizer.decode_batch(id_lists(found.ids, found.offsets)))
            assert back.filter(told).equals(decoded.filter(told))


@pytest.mark.real_data
@pytest.mark.exhaustive
@pytest.mark.parametrize("name", FILES)
def test_ids_equal_the_reference_on_every_document(name: str, data: Path) -> None:
    compare(name, data, 1)


@pytest.mark.real_data
@pytest.mark.parametrize(
    "name",
    ["gpt2-hf", "llama-2", "llama-3", "whisper-multilingual", "bert-base-multilingual-cased", "t5-small-json"],
)
def test_ids_equal_the_reference_on_some_documents(name: str, data: Path) -> None:
    compare(name, data, 200)
