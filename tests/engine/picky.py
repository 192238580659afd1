"""Tokenizers that give a token per byte, and fail on some documents."""

from __future__ import annotations

import pyarrow as pa

from tokeval.tokenizers._yardsticks import Bytes


class Picky(Bytes):
    """Fails on documents with one of its letters."""

    letters = "hሊ"

    def __init__(self) -> None:
        super().__init__()
        self.spec = f"python:tests.engine.picky:{type(self).__name__}"
        self.fingerprint = type(self).__name__

    @classmethod
    def fails(cls, text: str) -> bool:
        return any(letter in text for letter in cls.letters)

    def encode_batch(self, texts: pa.Array) -> pa.Array:
        for text in texts.to_pylist():
            if text is not None and self.fails(text):
                raise ValueError("no such letter")
        return super().encode_batch(texts)


class AlsoPicky(Picky):
    letters = "gሃ"


class Never(Picky):
    @classmethod
    def fails(cls, text: str) -> bool:
        return True


class PickyOnUpper(Picky):
    """Fails on what no document of the tests' corpus has, but a perturbation of it, or a word of a list."""

    letters = "AZ"


class NoTail(Picky):
    """Fails on what does not end as the documents of a test do."""

    @classmethod
    def fails(cls, text: str) -> bool:
        return not text.endswith("here")
