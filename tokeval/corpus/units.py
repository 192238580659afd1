"""Units of text (bytes, characters, lines, words) and stable hashes, vectorised over Arrow buffers."""

from __future__ import annotations

from importlib.metadata import version
from importlib.util import find_spec

import numpy as np
import pyarrow as pa

from tokeval.arrow import Int64, text_buffers
from tokeval.errors import MissingExtraError
from tokeval.schema import Words

#: The segmenters that `--words` takes.
WHITESPACE, ICU, AUTO = "whitespace", "icu", "auto"
SEGMENTERS = (WHITESPACE, ICU, AUTO)


def count_units(texts: pa.Array, segmenter: str = WHITESPACE) -> tuple[dict[str, Int64], Words]:
    r"""Per-document counts of a `large_string` array without nulls, and where its words lie.

    Returns:
        Counts by name, each int64 of shape (documents,): `bytes` (UTF-8), `chars` (code points), `lines`
        (`\n`-separated, so one more than the line breaks), `words` (maximal runs of non-white-space, white space
        as in Python's `str.split`), `unsegmented_chars` (in scripts written without spaces), `visible_chars`
        (not white space). And the words' byte ranges.
    """
    from tokeval.corpus.kernels import scan

    data, offsets = text_buffers(texts)
    rows = len(texts)
    chars, lines, words, unspaced, visible = (np.zeros(rows, np.int64) for _ in range(5))
    room = (int(offsets[-1] - offsets[0]) + rows) // 2 + 1
    starts, ends = np.empty(room, np.int32), np.empty(room, np.int32)
    found = scan(data, offsets, chars, lines, words, unspaced, visible, starts, ends)
    units = {
        "bytes": np.diff(offsets),
        "chars": chars,
        "lines": lines,
        "words": words,
        "unsegmented_chars": unspaced,
        "visible_chars": visible,
    }
    cut = Words(starts[:found].copy(), ends[:found].copy(), np.concatenate(([0], np.cumsum(words))))
    if segmenter == WHITESPACE or (segmenter == AUTO and not icu_installed()):
        return units, cut
    from tokeval.corpus.segment import cut_with_icu

    cut, unsegmented = cut_with_icu(texts, cut, unspaced, within_words=segmenter == AUTO)
    return {**units, "words": np.diff(cut.offsets), "unsegmented_chars": unsegmented}, cut


def icu_installed() -> bool:
    """Whether the optional dictionary segmenter is there."""
    return find_spec("icu4py") is not None


def segmenter_name(segmenter: str) -> str:
    """The segmenter as signatures name it: with the version of the dictionaries where it uses any.

    Raises:
        MissingExtraError: the segmenter is `icu` and its library is not installed.
    """
    if segmenter == WHITESPACE:
        return segmenter
    if not icu_installed():
        if segmenter == ICU:
            raise MissingExtraError.of("icu", "the word segmenter 'icu'")
        return f"{segmenter}(whitespace)"
    return f"{segmenter}(icu4py/{version('icu4py')})"
