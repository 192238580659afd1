"""One vocabulary from end to end: from what a tokenizer gives to a table of tokens and its figures."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pyarrow as pa

from tokeval.schema import Spelling
from tokeval.vocabulary.alphabets import languages_of
from tokeval.vocabulary.characters import Characters, named
from tokeval.vocabulary.figures import Described
from tokeval.vocabulary.flags import as_text, find_flags
from tokeval.vocabulary.reach import Encode, Quick, find_reach
from tokeval.vocabulary.tokens import describe


def analyze(
    vocabulary: pa.Table,
    spelling: Spelling,
    encode: Encode | None = None,
    quick: Quick | None = None,
    wait: Callable[[], None] = lambda: None,
) -> Described:
    """Describe every token.

    Args:
        vocabulary: id, piece, bytes, kind as a tokenizer gives them; at least one row.
        spelling: how its file writes words, and its merges.
        encode: the tokenizer's `encode_batch`, to see which tokens text produces; None leaves that out.
        quick: gives what may spare `encode` what it says for certain: see `find_reach`.
        wait: returns when these can be asked.

    Returns:
        The description; its table has the columns of `describe`, and piece, languages (codes joined by spaces, null
        without letters), flags (joined by spaces), and reach where `encode` was given.
    """
    tokens, characters = describe(vocabulary, spelling)
    tokens = tokens.add_column(1, "piece", vocabulary["piece"])
    with ThreadPoolExecutor(1) as aside:  # libraries load and encode without holding up other threads
        marking = aside.submit(_mark, tokens, characters)
        wait()
        reach = find_reach(tokens, tokens["piece"], spelling, encode, quick) if encode is not None else None
        described = marking.result()
    return described if reach is None else replace(described, tokens=described.tokens.append_column("reach", reach))


def _mark(tokens: pa.Table, characters: Characters) -> Described:
    """What the tokens alone tell."""
    flags = find_flags(tokens, characters)
    languages = languages_of(characters)
    tokens = tokens.append_column("languages", named(languages.which, languages.text()))
    return Described(tokens.append_column("flags", as_text(flags)), characters, flags, languages)
