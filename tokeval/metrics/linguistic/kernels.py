"""Compiled loops that compare token boundaries with morpheme boundaries. Oracles: `tests/oracles/`."""

from __future__ import annotations

from tokeval.jit import kernel


@kernel
def compare_cuts(data, offsets, starts, ends, token_offsets, cuts, cut_offsets, crossed, out):
    """Fill `out[word]` with positions predicted, gold positions predicted, and gold positions.

    A position is the first byte of a character other than the word's first; it is predicted if no token lies on both
    sides of it. `data` and `offsets` hold the words, `starts` and `ends` the tokens' byte ranges in their word,
    `cuts` the gold positions; `crossed` is scratch space as long as the longest word.
    """
    for word in range(out.shape[0]):
        first = offsets[word]
        size = offsets[word + 1] - first
        for p in range(size):
            crossed[p] = 0
        for token in range(token_offsets[word], token_offsets[word + 1]):
            for p in range(starts[token] + 1, ends[token]):
                crossed[p] = 1
        predicted = 0
        for p in range(1, size):
            if data[first + p] & 0xC0 != 0x80 and crossed[p] == 0:
                predicted += 1
        found = 0
        for k in range(cut_offsets[word], cut_offsets[word + 1]):
            if crossed[cuts[k]] == 0:
                found += 1
        out[word, 0] = predicted
        out[word, 1] = found
        out[word, 2] = cut_offsets[word + 1] - cut_offsets[word]
