"""Compiled loops between a text, its normal form and the tokens that spell it. Oracle: `tests/oracles/forms.py`."""

from __future__ import annotations

import numpy as np

from tokeval.jit import kernel


@kernel
def changed_words(data, offsets, normal, normal_offsets, words, counts):
    """Find the words (what lies between spaces) that differ from those in the same places of the normal form.

    Writes where each begins and ends in the text and in the form, one row of `words` each, and per document how many
    there are: -1 where the form has more spaces or fewer. Returns the number of all.
    """
    found = 0
    for row in range(counts.shape[0]):
        at, stop = offsets[row], offsets[row + 1]
        to, last = normal_offsets[row], normal_offsets[row + 1]
        before = found
        while True:
            end = at
            while end < stop and data[end] != 0x20:
                end += 1
            until = to
            while until < last and normal[until] != 0x20:
                until += 1
            if not _equal(data, at, end, normal, to, until):
                words[found, 0], words[found, 1], words[found, 2], words[found, 3] = at, end, to, until
                found += 1
            if end == stop or until == last:
                break
            at, to = end + 1, until + 1
        counts[row] = found - before
        if end < stop or until < last:
            found, counts[row] = before, -1
    return found


@kernel
def _equal(data, start, stop, other, low, high):
    """Whether two stretches of bytes are the same."""
    if stop - start != high - low:
        return False
    for k in range(stop - start):  # noqa: SIM110 (a compiled loop)
        if data[start + k] != other[low + k]:
            return False
    return True


@kernel
def lay_spans(
    data, offsets, normal, normal_offsets, words, counts, known, form_offsets, forms, froms, tos, trims,
    id_offsets, cuts, starts, ends, laid,
):  # fmt: skip
    """The stretch of the text that each token covers, by way of the normal form that the tokens spell.

    `cuts` says where tokens begin in the normal form (the last ends it). A changed word is entry `known` of the forms:
    its bytes, and the stretch of the word that each comes from. Elsewhere a byte comes from its character. `trims`
    leaves spaces at the ends of tokens out. `laid` tells for which documents it was done: not where a changed word's
    form is another than the tokens spell, or a token spells nothing.
    """
    size = normal_offsets[-1] - normal_offsets[0]
    low, high = np.empty(size, np.int32), np.empty(size, np.int32)
    base, word = normal_offsets[0], 0
    for row in range(counts.shape[0]):
        laid[row] = counts[row] >= 0
        begin, at, to = offsets[row], offsets[row], normal_offsets[row]
        stop = word + max(counts[row], 0)
        while laid[row] and to < normal_offsets[row + 1]:
            if word < stop and words[word, 2] == to:
                first, last = form_offsets[known[word]], form_offsets[known[word] + 1]
                if not _equal(forms, first, last, normal, to, words[word, 3]):
                    laid[row] = False
                    break
                for k in range(last - first):
                    low[to - base + k], high[to - base + k] = at - begin + froms[first + k], at - begin + tos[first + k]
                at, to = words[word, 1], words[word, 3]
                word += 1
                continue
            byte = data[at]
            width = 1 if byte < 0x80 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            for _ in range(width):
                low[to - base], high[to - base] = at - begin, at - begin + width
                to += 1
            at += width
        word = stop
        for k in range(id_offsets[row], id_offsets[row + 1]):
            first, last = cuts[k], cuts[k + 1]
            if not laid[row] or first == last:
                laid[row] = False
                break
            start, end = low[first - base], high[last - 1 - base]
            if trims:
                while first < last and normal[first] == 0x20:
                    first, start = first + 1, min(start + 1, end)
                while last > first and normal[last - 1] == 0x20:
                    last, end = last - 1, max(end - 1, start)
            starts[k], ends[k] = start, end
