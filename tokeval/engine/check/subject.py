"""What is checked: a tokenizer with its vocabulary, and how a failing text is made small."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from tokeval.arrow import text_array
from tokeval.errors import NotSupportedError
from tokeval.schema import VOCABULARY
from tokeval.tokenizers.base import Tokenizer
from tokeval.tokenizers.encode import Encoder
from tokeval.tokenizers.load import load_tokenizer, parse_spec

_TRIALS = 400


class Declared(dict[str, Any]):
    """A JSON object, and its keys that occur more than once, of which it has the last."""

    repeated: Sequence[str] = ()


@dataclass
class Subject:
    """A loaded tokenizer and what several probes ask of it."""

    spec: str
    tokenizer: Tokenizer
    other: Tokenizer | None = None

    @classmethod
    def load(cls, spec: str, against: str | None = None, *, trust_remote_code: bool = False) -> Subject:
        """Load by spec; `against` names a second file that claims to be the same tokenizer."""
        specs = [each for each in (spec, against) if each is not None]
        loaded = [load_tokenizer(each, trust_remote_code=trust_remote_code) for each in specs]
        for tokenizer in loaded:
            if tokenizer.fixed:
                raise NotSupportedError(
                    f"{tokenizer.spec} holds the tokens of given documents, and can be tried on none"
                )
        return cls(spec, loaded[0], loaded[1] if against is not None else None)

    def ids(self, texts: Sequence[str], tokenizer: Tokenizer | None = None) -> list[list[int]]:
        """The ids of each text."""
        rows: list[list[int]] = (tokenizer or self.tokenizer).encode_batch(text_array(list(texts))).to_pylist()
        return rows

    def decoded(self, texts: Sequence[str]) -> list[str]:
        """What comes back of each text."""
        ids = self.tokenizer.encode_batch(text_array(list(texts)))
        rows: list[str] = text_array(self.tokenizer.decode_batch(ids)).to_pylist()
        return rows

    @cached_property
    def encoder(self) -> Encoder:
        """With spans, by the way that a comparison takes them."""
        return Encoder(self.spec, self.tokenizer, spans=True)

    @cached_property
    def vocabulary(self) -> pa.Table | None:
        """The vocabulary, or None where the adapter declares none."""
        return self.tokenizer.entries if VOCABULARY in self.tokenizer.capabilities else None

    @cached_property
    def file(self) -> Path | None:
        """The defining file, where the spec names one."""
        path = Path(parse_spec(self.spec).location)
        if path.is_dir():
            path = path / "tokenizer.json"
        return path if path.is_file() else None

    @cached_property
    def declaration(self) -> Declared | None:
        """The content of a `tokenizer.json`, else None."""
        if self.file is None or self.file.suffix != ".json":
            return None
        content = json.loads(self.file.read_bytes(), object_pairs_hook=_declared)
        return content if isinstance(content, Declared) else None


def _declared(pairs: list[tuple[str, Any]]) -> Declared:
    made = Declared(pairs)
    if len(made) < len(pairs):
        made.repeated = [key for key, count in Counter(key for key, _ in pairs).items() if count > 1]
    return made


def shrink(text: str, fails: Callable[[str], bool]) -> str:
    """A text that still fails and from which no single stretch can be taken, found in a bounded number of trials."""
    step = max(1, len(text) // 2)
    trials = 0
    while trials < _TRIALS:
        at, shrunk = 0, False
        while at < len(text) and trials < _TRIALS:
            smaller = text[:at] + text[at + step :]
            trials += 1
            if smaller and fails(smaller):
                text, shrunk = smaller, True
            else:
                at += step
        if step == 1 and not shrunk:
            break
        step = max(1, min(step // 2, len(text) // 2))
    return text
