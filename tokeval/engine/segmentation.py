"""One corpus cut by two tokenizers: how many documents change, and which change most."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tokeval.arrow import Int64, id_lists, text_array
from tokeval.corpus.reader import Intake, read_piece
from tokeval.corpus.source import open_corpus
from tokeval.engine.documents import check_documents
from tokeval.errors import NotSupportedError
from tokeval.schema import DECODE, SPANS, VOCABULARY, Batch, Encoding
from tokeval.tokenizers.base import Tokenizer
from tokeval.tokenizers.bytelevel import printable
from tokeval.tokenizers.encode import Encoder

#: An example shows about so many bytes of its document, around the first change.
_WINDOW = 40


@dataclass(frozen=True)
class Example:
    """A document that changed, by what part of its token boundaries (0 to 1), and how it begins to differ."""

    slice: str
    row: int
    share: float
    old_tokens: int
    new_tokens: int
    old_pieces: tuple[str, ...]
    new_pieces: tuple[str, ...]


@dataclass
class Changes:
    """What became of the segmentation of a corpus.

    Attributes:
        documents, changed: all, and those with other token boundaries; `changed_by_slice` likewise.
        old_tokens, new_tokens: the token counts of each version.
        decoded_differently: documents whose old ids the new version decodes to another text; None where a version
            does not declare decode.
        examples: the documents that changed most, by the share of their boundaries, then by number, then in order.
    """

    documents: int = 0
    changed: int = 0
    old_tokens: int = 0
    new_tokens: int = 0
    decoded_differently: int | None = None
    by_slice: dict[str, int] = field(default_factory=dict)
    changed_by_slice: dict[str, int] = field(default_factory=dict)
    examples: list[Example] = field(default_factory=list)


def compare_segmentation(
    name: str, place: str, old: Tokenizer, new: Tokenizer, *, examples: int = 10, limit: int | None = None
) -> Changes:
    """Encode every document with both versions and compare their token boundaries.

    Raises:
        CorpusError: the corpus cannot be read. NotSupportedError: a version does not declare spans.
    """
    for tokenizer in (old, new):
        if SPANS not in tokenizer.capabilities:
            raise NotSupportedError(f"{tokenizer.spec} does not declare spans, so its boundaries are unknown")
    corpus = open_corpus(name, place, limit=limit)
    check_documents(corpus, (old, new))
    encoders = Encoder("old", old, spans=True), Encoder("new", new, spans=True)
    decodes = DECODE in old.capabilities & new.capabilities
    changes = Changes(decoded_differently=0 if decodes else None)
    declared = VOCABULARY in new.capabilities
    highest = int(new.entries["id"].to_numpy().max()) if declared else np.iinfo(np.uint32).max
    intake = Intake()
    for piece in corpus.pieces:
        for batch in read_piece(piece, corpus.columns, intake):
            before, after = (encoder.encode(encoder.tokenizer.asked(batch)) for encoder in encoders)
            _count(changes, batch, before, after, examples)
            if changes.decoded_differently is not None:
                changes.decoded_differently += _decoded_differently(old, new, before, highest)
    return changes


def _count(changes: Changes, batch: Batch, before: Encoding, after: Encoding, examples: int) -> None:
    share, number = _differences(before, after, len(batch))
    changed = number > 0
    first = changes.documents
    for code, slice_name in enumerate(batch.slices):
        inside = batch.codes == code
        for counts, chosen in ((changes.by_slice, inside), (changes.changed_by_slice, changed & inside)):
            counts[slice_name] = counts.get(slice_name, 0) + int(chosen.sum())
    changes.documents += len(batch)
    changes.changed += int(changed.sum())
    changes.old_tokens += len(before.ids)
    changes.new_tokens += len(after.ids)
    rows = np.lexsort((np.arange(len(batch)), -number, -share))[:examples]
    made = [_example(batch, before, after, int(row), first, float(share[row])) for row in rows if changed[row]]
    changes.examples = sorted([*changes.examples, *made], key=lambda e: -e.share)[:examples]


def _differences(before: Encoding, after: Encoding, rows: int) -> tuple[npt.NDArray[np.float64], Int64]:
    """Per document the share and the number of token boundaries that only one of the two has."""
    longest = max((int(e.ends.max(initial=0)) for e in (before, after) if e.ends is not None), default=0) + 1
    old, new = (_boundaries(e, longest) for e in (before, after))
    common = np.intersect1d(old, new, assume_unique=True)
    counts = [np.bincount(keys // longest, minlength=rows) for keys in (old, new, common)]
    union = counts[0] + counts[1] - counts[2]
    number = (union - counts[2]).astype(np.int64)
    return number / np.maximum(union, 1), number


def _boundaries(encoding: Encoding, longest: int) -> Int64:
    """The ends of the tokens of all documents, each once, as one number per document and position."""
    rows = np.repeat(np.arange(len(encoding.offsets) - 1), np.diff(encoding.offsets))
    ends = encoding.ends if encoding.ends is not None else np.zeros(0, np.int32)
    return np.unique(rows * longest + ends).astype(np.int64)


def _decoded_differently(old: Tokenizer, new: Tokenizer, before: Encoding, highest: int) -> int:
    """How many documents the new version does not decode from the old ids to what the old version does.

    An id that the new version does not have counts as decoded differently; libraries answer such ids each in their
    own way, so they are not asked.
    """
    strange = np.concatenate(([0], np.cumsum(before.ids > highest)))[before.offsets]
    known = np.diff(strange) == 0
    kept = id_lists(before.ids, before.offsets).filter(pa.array(known))
    texts = [text_array(tokenizer.decode_batch(kept)) for tokenizer in (old, new)]
    return int((~known).sum()) + int(pc.sum(pc.not_equal(*texts)).as_py() or 0)


def _example(batch: Batch, before: Encoding, after: Encoding, row: int, first: int, share: float) -> Example:
    """One changed document, from some tokens before its first change to a boundary that both have again."""
    data = batch.texts[row].as_py().encode()
    old, new = _ends(before, row), _ends(after, row)
    common = np.intersect1d(old, new)
    lead = common[common < np.setxor1d(old, new).min()]
    start = int(lead[-3]) if len(lead) > 2 else 0
    later = common[common >= start + _WINDOW]
    stop = min(int(later[0]) if len(later) else len(data), start + 2 * _WINDOW)
    return Example(
        slice=batch.slices[batch.codes[row]],
        row=first + row,
        share=share,
        old_tokens=int(np.diff(before.offsets)[row]),
        new_tokens=int(np.diff(after.offsets)[row]),
        old_pieces=_pieces(data, old, start, stop),
        new_pieces=_pieces(data, new, start, stop),
    )


def _ends(encoding: Encoding, row: int) -> npt.NDArray[np.int32]:
    ends = encoding.ends if encoding.ends is not None else np.zeros(0, np.int32)
    return np.unique(ends[encoding.offsets[row] : encoding.offsets[row + 1]])


def _pieces(data: bytes, ends: npt.NDArray[np.int32], start: int, stop: int) -> tuple[str, ...]:
    """The document between two positions, cut at the ends; bytes that are not UTF-8 as `<0xNN>`."""
    cuts = [start, *(int(end) for end in ends if start < end < stop), stop]
    return tuple(printable(data[a:b]) for a, b in pairwise(cuts))
