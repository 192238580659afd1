"""What the engine lends to metrics that ask a tokenizer something beside the corpus."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from tokeval.schema import Encoding
from tokeval.tokenizers.encode import Encoder


@dataclass(frozen=True)
class EncoderTools:
    """A tokenizer of the run, for texts that are not the corpus's; with `skip`, those that it fails on are marked."""

    encoder: Encoder
    skip: bool = False

    def spans(self, texts: pa.Array) -> Encoding:
        """Encode a `large_string` array without nulls, with spans where the tokenizer declares them."""
        encoder = self.encoder.wanting_spans()
        return encoder.encode_some(texts) if self.skip else encoder.encode(texts)

    def vocabulary(self) -> pa.Table:
        """The tokenizer's vocabulary."""
        return self.encoder.vocabulary
