"""One vocabulary from end to end: from what a tokenizer gives to a table of tokens and its figures."""

from __future__ import annotations

import pyarrow as pa

from tokeval.schema import Spelling
from tokeval.vocabulary.alphabets import languages_of
from tokeval.vocabulary.characters import Characters, named
from tokeval.vocabulary.figures import Described
from tokeval.vocabulary.flags import as_text, find_flags
from tokeval.vocabulary.reach import Encode, find_reach
from tokeval.vocabulary.tokens import describe


def analyze(vocabulary: pa.Table, spelling: Spelling, encode: Encode | None = None) -> Described:
    """Describe every token.

    Args:
        vocabulary: id, piece, bytes, kind as a tokenizer gives them; at least one row.
        spelling: how its file writes words, and its merges.
        encode: the tokenizer's `encode_batch`, to see which tokens text produces; None leaves that out.

    Returns:
        The description; its table has the columns of `describe`, and piece, languages (codes joined by spaces, null
        without letters), flags (joined by spaces), and reach where `encode` was given.
    """
    return mark(*read(vocabulary, spelling, encode))


def read(
    vocabulary: pa.Table, spelling: Spelling, encode: Encode | None = None, quick: Encode | None = None
) -> tuple[pa.Table, Characters]:
    """The part of `analyze` that needs the tokenizer, which takes more memory than all the rest.

    `quick` may spare `encode` what it says for certain: see `find_reach`.
    """
    tokens, characters = describe(vocabulary, spelling)
    tokens = tokens.add_column(1, "piece", vocabulary["piece"])
    if encode is not None:
        tokens = tokens.append_column("reach", find_reach(tokens, tokens["piece"], spelling, encode, quick))
    return tokens, characters


def mark(tokens: pa.Table, characters: Characters) -> Described:
    """The part of `analyze` that the tokens alone tell."""
    flags = find_flags(tokens, characters)
    languages = languages_of(characters)
    last = len(tokens.column_names) - ("reach" in tokens.column_names)
    tokens = tokens.add_column(last, "languages", named(languages.which, languages.text()))
    tokens = tokens.add_column(last + 1, "flags", as_text(flags))
    return Described(tokens, characters, flags, languages)
