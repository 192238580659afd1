"""Bytes from the last to the first: the smallest tokenizer that is none of tokeval's own."""

import pyarrow as pa

from tokeval.tokenizers.base import Tokenizer


class Reversed(Tokenizer):
    """One class with one method."""

    library = "tokeval-reversed/1.2.3"

    def __init__(self, location, revision=None):
        self.fingerprint = f"reversed-{location}"

    def encode_batch(self, texts):
        rows = [None if text is None else list(text.encode()[::-1]) for text in texts.to_pylist()]
        return pa.array(rows, pa.list_(pa.uint32()))
