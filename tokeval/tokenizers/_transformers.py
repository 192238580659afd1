"""Slow tokenizers of `transformers`, those that are Python code; code from a repository only by the user's word."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from tokeval.arrow import ragged_ids, text_array
from tokeval.errors import TokenizerError, first_line
from tokeval.schema import DECODE, IDS
from tokeval.signature import digest, file_digest
from tokeval.tokenizers.base import Tokenizer
from tokeval.tokenizers.limits import check_json
from tokeval.tokenizers.load import files_in, load_tokenizer, parse_spec


class Transformers(Tokenizer):
    """What `AutoTokenizer` makes of a folder or a repository, one text at a time."""

    capabilities = frozenset({IDS, DECODE})
    long_text = "as its code: n times the merges that apply, where Python merges (CTRL, XLM)"

    def __init__(self, location: str, revision: str | None = None, *, trust_remote_code: bool = False) -> None:
        os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")  # it complains when imported without a model library
        import transformers

        folder = Path(location)
        for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
            check_json(path)
        options: dict[str, Any] = {"use_fast": False, "trust_remote_code": trust_remote_code}
        if revision is not None:
            options["revision"] = revision
        try:
            self._tokenizer = transformers.AutoTokenizer.from_pretrained(location, **options)
        except Exception as error:  # OSError, ValueError, and what tokenizer classes raise
            line = first_line(error)
            asks = "trust_remote_code" in str(error)
            if asks:
                line = "it asks to run code of its own"
            hint = "read that code; if you trust it, add --trust-remote-code" if asks else None
            raise TokenizerError(f"transformers:{location} cannot be loaded: {line}", hint=hint) from error
        self._trusted = trust_remote_code
        self.library = f"transformers/{transformers.__version__}"
        self.fingerprint = _fingerprint(location, revision, self._tokenizer)
        unknown = self._tokenizer.unk_token_id
        self.unknown_id = None if unknown is None else int(unknown)

    def __reduce__(self) -> tuple[object, ...]:
        return (load_tokenizer, (replace(parse_spec(self.spec), trusted=self._trusted),))

    def encode_batch(self, texts: pa.Array) -> pa.Array:
        """Ids by the library's own call, special tokens in the text being ordinary text where it allows that."""
        texts = text_array(texts)
        rows = [[] if not row else self._encode(row) for row in texts.to_pylist()]
        return ragged_ids(rows, texts.is_valid())

    def _encode(self, text: str) -> list[int]:
        pieces = self._tokenizer.tokenize(text, split_special_tokens=True)
        return [int(i) for i in map(self._tokenizer.convert_tokens_to_ids, pieces)]

    def decode_batch(self, ids: pa.Array) -> pa.Array:
        """Text by the library's decoder, nothing tidied up."""
        rows = ids.to_pylist()
        decoded = [
            None if row is None else self._tokenizer.decode(row, clean_up_tokenization_spaces=False) for row in rows
        ]
        return pa.array(decoded, pa.large_string())


def _fingerprint(location: str, revision: str | None, tokenizer: Any) -> str:
    """Of the files in a folder; of a repository its vocabulary."""
    folder = Path(location)
    kind = type(tokenizer).__name__
    if folder.is_dir():
        return digest(kind, *(part for path in files_in(folder) for part in (path.name, file_digest(path))))
    pieces = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    return digest(kind, revision or "", *(f"{i} {piece}" for piece, i in pieces))
