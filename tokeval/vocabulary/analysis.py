"""One vocabulary from end to end: from what a tokenizer gives to a table of tokens and its figures."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from tokeval.schema import Spelling
from tokeval.vocabulary.alphabets import languages_of
from tokeval.vocabulary.characters import named
from tokeval.vocabulary.figures import Described
from tokeval.vocabulary.flags import as_text, find_flags
from tokeval.vocabulary.reach import Encode, find_reach
from tokeval.vocabulary.tokens import describe


def analyze(
    vocabulary: pa.Table, spelling: Spelling, encode: Encode | None = None, quick: Encode | None = None
) -> Described:
    """Describe every token.

    Args:
        vocabulary: id, piece, bytes, kind as a tokenizer gives them; at least one row.
        spelling: how its file writes words, and its merges.
        encode: the tokenizer's `encode_batch`, to see which tokens text produces; None leaves that out.
        quick: may spare `encode` what it says for certain: see `find_reach`.

    Returns:
        The description; its table has the columns of `describe`, and piece, languages (codes joined by spaces, null
        without letters), flags (joined by spaces), and reach where `encode` was given.
    """
    described = marked(vocabulary, spelling)
    return described if encode is None else tried(described, spelling, encode, quick)


def marked(vocabulary: pa.Table, spelling: Spelling) -> Described:
    """The part of `analyze` that the tokens alone tell."""
    tokens, characters = describe(vocabulary, spelling)
    flags = find_flags(tokens, characters)
    languages = languages_of(characters)
    tokens = tokens.add_column(1, "piece", vocabulary["piece"])
    tokens = tokens.append_column("languages", named(languages.which, languages.text()))
    return Described(tokens.append_column("flags", as_text(flags)), characters, flags, languages)


def tried(described: Described, spelling: Spelling, encode: Encode, quick: Encode | None = None) -> Described:
    """The part of `analyze` that only the tokenizer tells."""
    tokens = described.tokens
    reach = find_reach(tokens, tokens["piece"], spelling, encode, quick)
    return replace(described, tokens=tokens.append_column("reach", reach))
