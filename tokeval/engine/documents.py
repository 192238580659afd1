"""Whether a corpus's documents can be told apart by tokenizers whose tokens were made for them beforehand."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow.compute as pc

from tokeval.arrow import hash_texts
from tokeval.corpus.reader import read_keys
from tokeval.corpus.source import Columns, Corpus
from tokeval.errors import TokenizerError
from tokeval.tokenizers.base import Tokenizer


def check_documents(corpus: Corpus, tokenizers: Iterable[Tokenizer]) -> None:
    """See that no two documents of a corpus have the same key, where a tokenizer finds them by it.

    Reads ids and slices, no text, and nothing where every tokenizer takes texts. In memory are 8 bytes per document.

    Raises:
        TokenizerError: two have, or a tokenizer cannot find the documents of such a corpus.
    """
    columns = corpus.columns
    for tokenizer in tokenizers:
        slices = tokenizer.found_by(columns.slices, columns.id is not None) if tokenizer.fixed else None
        if slices is None:
            continue
        twice = _twice(corpus, Columns(columns.text, slices, columns.id))
        if twice is not None:
            *names, number = twice.split("\x1f")
            lacking = ", ".join(f"`{name}`" for name in columns.slices if name not in slices)
            raise TokenizerError(
                f"{tokenizer.spec} finds documents by id, and two of {corpus.name} have the id {number!r}"
                + "".join(f" in {name!r}" for name in names),
                hint=f"add the slice column to the file: {lacking}"
                if lacking
                else "ids must be unique within a slice; slice the corpus (--slice-by) by what tells them apart,"
                " and add that column to the file",
            )


def _twice(corpus: Corpus, columns: Columns) -> str | None:
    """A key that two rows have, if any; rows without an id have none."""
    hashes = np.sort(
        np.concatenate([hash_texts(pc.drop_null(k)) for piece in corpus.pieces for k in read_keys(piece, columns)])
    )
    repeated = hashes[1:][hashes[1:] == hashes[:-1]]
    if not len(repeated):
        return None
    for piece in corpus.pieces:
        for keys in read_keys(piece, columns):
            known = pc.drop_null(keys)
            for place in np.flatnonzero(hash_texts(known) == repeated[0])[:1].tolist():
                return str(known[place].as_py())
    return None
