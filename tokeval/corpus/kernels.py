"""Compiled loops over UTF-8 bytes: stable hashes and per-document counts.

Oracles in plain Python: `tests/oracles/units.py`.
"""

from __future__ import annotations

import numpy as np

from tokeval.jit import kernel, plain
from tokeval.utf8 import eight_at, equal_bytes, is_space

# Scripts written without spaces between words: Han, Kana, Tibetan, and those whose letters have the Unicode
# line-breaking class SA (Thai, Lao, Khmer, Myanmar and their kin). First and last code points, sorted.
_UNSPACED = np.array(
    [
        (0x0E01, 0x0E3A), (0x0E40, 0x0E4E), (0x0E81, 0x0EDF), (0x0F00, 0x0FBC), (0x1000, 0x109F),
        (0x1780, 0x17D3), (0x17D7, 0x17D7), (0x17DC, 0x17DD), (0x1950, 0x19DF), (0x1A20, 0x1AAD),
        (0x2E80, 0x2FD5), (0x3005, 0x3007), (0x3021, 0x3029), (0x3038, 0x303B), (0x3041, 0x309F),
        (0x30A1, 0x30FF), (0x31F0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xA9E0, 0xA9FE),
        (0xAA60, 0xAADF), (0xF900, 0xFAFF), (0xFF66, 0xFF9D), (0x11700, 0x1173F), (0x1AFF0, 0x1B16F),
        (0x20000, 0x3FFFD),
    ],
    dtype=np.int64,
)  # fmt: skip


# Of these, what no dictionary of ICU covers: Tibetan, New Tai Lue, Tai Tham, Tai Viet, Ahom, Nushu and Tangut.
_WITHOUT_DICTIONARY = np.array(
    [
        (0x0F00, 0x0FBC), (0x1950, 0x19DF), (0x1A20, 0x1AAD), (0xAA80, 0xAADF), (0x11700, 0x1173F),
        (0x1B170, 0x1B2FB), (0x16FE0, 0x18D08),
    ],
    dtype=np.int64,
)  # fmt: skip


# Of the code points below 2^16, at once: which are white space and which of such scripts. A table is looked up in half
# the time of a search in the ranges, and half of the world's text is of three bytes a character.
_SPACE, _FOREIGN = 1, 2
_CLASSES = np.zeros(1 << 16, np.uint8)
for _first, _last in _UNSPACED:
    _CLASSES[_first : _last + 1] = _FOREIGN
_CLASSES[[point for point in range(0x3001) if plain(is_space)(point)]] = _SPACE  # the last of them is U+3000


@kernel
def without_dictionary(data, offsets, out):
    """Per document: characters of scripts without spaces for which ICU has no dictionary."""
    for row in range(out.shape[0]):
        at = offsets[row]
        count = 0
        while at < offsets[row + 1]:
            byte = data[at]
            width = 1 if byte < 0x80 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            if width > 2:
                point = np.int64(byte & (0xFF >> (width + 1)))
                for k in range(1, width):
                    point = (point << 6) | np.int64(data[at + k] & 0x3F)
                if is_unspaced(point):
                    for k in range(_WITHOUT_DICTIONARY.shape[0]):
                        if _WITHOUT_DICTIONARY[k, 0] <= point <= _WITHOUT_DICTIONARY[k, 1]:
                            count += 1
            at += width
        out[row] = count


@kernel
def is_unspaced(point):
    """Whether the character belongs to a script that is written without spaces between words."""
    low, high = 0, _UNSPACED.shape[0]
    while low < high:
        middle = (low + high) // 2
        if _UNSPACED[middle, 1] < point:
            low = middle + 1
        else:
            high = middle
    return low < _UNSPACED.shape[0] and _UNSPACED[low, 0] <= point


# Of numbers of eight bytes: the highest bit of each, all others, what carries what is above a space into that bit.
_TOPS, _REST = np.uint64(0x8080808080808080), np.uint64(0x7F7F7F7F7F7F7F7F)
_ABOVE_SPACE = np.uint64(0x5F5F5F5F5F5F5F5F)
_LOWEST = np.array([0, *((bits & -bits).bit_length() - 1 for bits in range(1, 256))], np.uint8)  # bit that is set
_BITS = np.array([bits.bit_count() for bits in range(256)], np.uint8)  # that are set
_NOT_PLAIN = -1


@kernel
def _gathered(tops):
    """The highest bits of eight bytes side by side, the first byte's lowest."""
    return np.int64(((tops >> np.uint64(7)) * np.uint64(0x0102040810204080)) >> np.uint64(56))


@kernel
def _plain_spaces(block, after):
    """Which of eight bytes of text are spaces, a bit each, the first lowest, where no other byte takes a look.

    -1 if one may: another kind of white space, or a part of a character that is one or is of a script without spaces
    between words. `after` is the byte behind them. Passing over eight bytes at a time takes half of the time.
    """
    ascii_ = ~block & _TOPS
    spaces = equal_bytes(block, 0x20)
    if ~((block & _REST) + _ABOVE_SPACE) & ascii_ != spaces:
        return _NOT_PLAIN  # line breaks and the like
    if ascii_ != _TOPS:
        wide = block & (block << np.uint64(1)) & (block << np.uint64(2)) & _TOPS  # a byte of E0 or more
        three = equal_bytes(block, 0xE0)
        if wide != three or equal_bytes(block, 0xC2):  # U+0085 and U+00A0 begin with C2
            return _NOT_PLAIN
        if three:  # of those that begin with E0, Thai, Lao and Tibetan go on with B8 or more
            next_ = (block >> np.uint64(8)) | (np.uint64(after) << np.uint64(56))
            late = next_ & ~(next_ << np.uint64(1)) & (next_ << np.uint64(2)) & (next_ << np.uint64(3))
            if late & (next_ << np.uint64(4)) & three:
                return _NOT_PLAIN
    return _gathered(spaces)


@kernel
def scan(data, offsets, chars, lines, words, unspaced, visible, starts, ends):
    """Count per document, and note where its white-space words lie; returns the number of words.

    `starts` and `ends` need room for every word: (bytes + documents) / 2 + 1 is enough.
    """
    found = 0
    for row in range(chars.shape[0]):
        begin, stop = offsets[row], offsets[row + 1]
        at = begin
        points = 0
        breaks = 1
        before = found
        foreign = 0
        gaps = 0
        inside = False
        slow = begin  # up to here, character after character
        while at < stop:
            if at >= slow and at + 8 < stop:
                block = eight_at(data, at)
                spaces = _plain_spaces(block, data[at + 8])
                if spaces >= 0:
                    within = block & ~(block << np.uint64(1)) & _TOPS  # bytes that begin no character
                    points += 8 - _BITS[_gathered(within)]
                    turns = (~spaces ^ ((~spaces << 1) | inside)) & 0xFF  # where a word begins or ends
                    while turns:
                        where = at - begin + _LOWEST[turns]
                        if inside:
                            ends[found] = where
                            found += 1
                        else:
                            starts[found] = where
                        inside = not inside
                        turns &= turns - 1
                    gaps += _BITS[spaces]
                    at += 8
                    continue
                slow = at + 8
            byte = data[at]
            if byte < 0x80:
                width = 1
                space = byte == 0x20 or (0x09 <= byte <= 0x0D) or (0x1C <= byte <= 0x1F)
                if byte == 0x0A:
                    breaks += 1
            elif byte < 0xC0:  # the rest of a character that was counted
                at += 1
                continue
            else:
                if byte < 0xE0:
                    width = 2
                    point = (np.int64(byte & 0x1F) << 6) | np.int64(data[at + 1] & 0x3F)
                    space = point == 0x85 or point == 0xA0
                elif byte < 0xF0:
                    width = 3
                    point = (
                        (np.int64(byte & 0x0F) << 12)
                        | (np.int64(data[at + 1] & 0x3F) << 6)
                        | np.int64(data[at + 2] & 0x3F)
                    )
                    kind = _CLASSES[point]
                    space = kind == _SPACE
                    if kind == _FOREIGN:
                        foreign += 1
                else:
                    width = 4
                    point = (
                        (np.int64(byte & 0x07) << 18)
                        | (np.int64(data[at + 1] & 0x3F) << 12)
                        | (np.int64(data[at + 2] & 0x3F) << 6)
                        | np.int64(data[at + 3] & 0x3F)
                    )
                    space = False
                    if is_unspaced(point):
                        foreign += 1
            points += 1
            if space:
                gaps += 1
                if inside:
                    ends[found] = at - begin
                    found += 1
                    inside = False
            elif not inside:
                starts[found] = at - begin
                inside = True
            at += width
        if inside:
            ends[found] = stop - begin
            found += 1
        chars[row] = points
        lines[row] = breaks
        words[row] = found - before
        unspaced[row] = foreign
        visible[row] = points - gaps
    return found


@kernel
def mix(a, b):
    """Two 64-bit hashes as one, order mattering."""
    value = (a ^ (a >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value + b) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(32))


@kernel
def fingerprint(texts, keys, slices, codes, out):
    """Add each document's hash to `out` (two uint64 sums modulo 2^64), so that order does not matter."""
    for row in range(texts.shape[0]):
        value = mix(mix(texts[row], keys[row]), slices[codes[row]])
        out[0] += value
        out[1] += mix(value, texts[row])
