"""Compiled loops that fold token ids and per-document counts. Oracles: `tests/oracles/text_metrics.py`.

Indices are unsigned where it matters: those that cannot be below 0 let the compiler do several steps at a time, and a
loop takes half of the time or less.
"""

from __future__ import annotations

import numpy as np

from tokeval.jit import kernel
from tokeval.utf8 import hash_bytes, is_space, point_at


@kernel
def add_to_buckets(values, codes, buckets, rows, table, first):
    """Add each document's count, from the document `first` on, to `table[rows[slice], bucket]`.

    Returns how many documents are done: all, or those before the first whose sum has no room in the table.
    """
    for document in range(np.uint64(first), np.uint64(values.shape[0])):
        row, bucket = np.uint64(rows[np.uint64(codes[document])]), np.uint64(buckets[document])
        before = table[row, bucket]
        total = np.int64(before) + values[document]
        table[row, bucket] = total
        if table[row, bucket] != total:
            table[row, bucket] = before
            return np.int64(document)
    return np.int64(values.shape[0])


@kernel
def add_rows(table, column, rows, cuts, out):
    """Add up some rows' sums by bucket: those between two cuts make one row of `out`, int64 of shape (k, buckets)."""
    for pool in range(np.uint64(out.shape[0])):
        for bucket in range(np.uint64(out.shape[1])):
            out[pool, bucket] = 0
        for at in range(cuts[pool], cuts[pool + 1]):
            row, measure = np.uint64(rows[at]), np.uint64(column)
            for bucket in range(np.uint64(out.shape[1])):
                out[pool, bucket] += table[row, measure, bucket]


@kernel
def count_ids(ids, offsets, documents, low, high, carried):
    """Count the ids of some documents: 16 bits in `low`, the next 8 in `high`.

    An id whose 24 bits run over goes to `carried`; returns how many did.
    """
    over = 0
    for index in range(documents.shape[0]):
        document = documents[index]
        for k in range(offsets[document], offsets[document + 1]):
            token = ids[k]
            value = np.uint16(low[token] + np.uint16(1))
            low[token] = value
            if value == 0:
                up = np.uint8(high[token] + np.uint8(1))
                high[token] = up
                if up == 0:
                    carried[over] = token
                    over += 1
    return over


@kernel
def count_equal(ids, offsets, wanted, out):
    """How many of each document's ids equal `wanted`."""
    for document in range(out.shape[0]):
        count = 0
        for k in range(np.uint64(offsets[document]), np.uint64(offsets[document + 1])):
            count += ids[k] == wanted
        out[document] = count


@kernel
def count_flagged(ids, offsets, flags, out):
    """How many of each document's ids have a flag; an id beyond the flags has none."""
    for document in range(out.shape[0]):
        count = 0
        for k in range(np.uint64(offsets[document]), np.uint64(offsets[document + 1])):
            if ids[k] < flags.shape[0]:
                count += flags[ids[k]] != 0
        out[document] = count


@kernel
def cover_words(starts, ends, id_offsets, word_starts, word_ends, word_offsets, pieces):
    """For each word, how many tokens' spans overlap it.

    Tokens and words are both in the order of the text. A token without width (SentencePiece's dummy space before the
    text) belongs to the word that begins where it stands, or that it stands in.

    Word after word, as their pieces are then counted in a register: three fifths of the time of adding up in memory,
    token after token.
    """
    one = np.uint64(1)
    for document in range(id_offsets.shape[0] - 1):
        first, last = np.uint64(id_offsets[document]), np.uint64(id_offsets[document + 1])
        k = first
        for word in range(word_offsets[document], word_offsets[document + 1]):
            while k < last and max(ends[k], starts[k] + 1) <= word_starts[word]:
                k += one
            begun = k
            while k < last and starts[k] < word_ends[word]:
                k += one
            pieces[word] = k - begun
            while k > first and max(ends[k - one], starts[k - one] + 1) > word_ends[word]:
                k -= one  # it overlaps the next word too


@kernel
def word_pieces(pieces, word_offsets, total, single, continued):
    """Per document: pieces of its words, words of one piece, words of two or more."""
    for document in range(total.shape[0]):
        sum_, one, more = 0, 0, 0
        for word in range(np.uint64(word_offsets[document]), np.uint64(word_offsets[document + 1])):
            count = pieces[word]
            sum_ += count
            one += count == 1
            more += count > 1
        total[document] = sum_
        single[document] = one
        continued[document] = more


@kernel
def split_chars(data, offsets, starts, ends, id_offsets, split, multibyte):
    """Per document: code points of two bytes or more that several tokens share, and all code points of that width."""
    for document in range(split.shape[0]):
        begin, stop = offsets[document], offsets[document + 1]
        wide = 0
        for at in range(begin, stop):
            if data[at] >= 0xC0:
                wide += 1
        shared = 0
        last, counted = -1, -1
        for k in range(id_offsets[document], id_offsets[document + 1]):
            if ends[k] <= starts[k]:
                continue
            head = starts[k]
            while data[begin + head] & 0xC0 == 0x80:
                head -= 1
            if head == last and head != counted and data[begin + head] >= 0xC0:
                shared += 1
                counted = head
            tail = ends[k] - 1
            while data[begin + tail] & 0xC0 == 0x80:
                tail -= 1
            last = tail
        split[document] = shared
        multibyte[document] = wide


@kernel
def covered_chars(data, offsets, ids, starts, ends, id_offsets, wanted, out):
    """Per document: code points in the spans of the tokens whose id is `wanted`, each once."""
    for document in range(out.shape[0]):
        begin = reached = offsets[document]
        count = 0
        for k in range(id_offsets[document], id_offsets[document + 1]):
            if ids[k] == wanted:
                for at in range(max(reached, begin + starts[k]), begin + ends[k]):
                    if data[at] & 0xC0 != 0x80:
                        count += 1
                reached = max(reached, begin + ends[k])  # several may have come from one character
        out[document] = count


@kernel
def code_points(data, begin, stop, out):
    """Decode valid UTF-8 into code points; returns their number."""
    at, count = begin, 0
    while at < stop:
        point, width = point_at(data, at)
        out[count] = point
        count += 1
        at += width
    return count


@kernel
def count_spaces(data, offsets, out):
    """White-space characters of each document."""
    for document in range(out.shape[0]):
        at, count = offsets[document], 0
        while at < offsets[document + 1]:
            point, width = point_at(data, at)
            count += is_space(point)
            at += width
        out[document] = count


@kernel
def _tally_spaces(data, begin, stop, counts, by):
    """Add `by` to the count of each white-space character of a text."""
    at = begin
    while at < stop:
        point, width = point_at(data, at)
        if is_space(point):
            counts[point] += by
        at += width


@kernel
def _settle_spaces(data, begin, stop, counts):
    """Set the counts of a text's white-space characters to 0; returns the sum of those that were above."""
    at, left = begin, 0
    while at < stop:
        point, width = point_at(data, at)
        if is_space(point):
            left += max(counts[point], 0)
            counts[point] = 0
        at += width
    return left


@kernel
def lost_spaces(data, offsets, rows, other, other_offsets, out):
    """White-space characters of `rows` that the other text has fewer of, each character counted by itself."""
    counts = np.zeros(0x3001, np.int64)  # up to the last of them, U+3000
    for index in range(rows.shape[0]):
        row = rows[index]
        begin, stop = offsets[row], offsets[row + 1]
        other_begin, other_stop = other_offsets[index], other_offsets[index + 1]
        _tally_spaces(data, begin, stop, counts, 1)
        _tally_spaces(other, other_begin, other_stop, counts, -1)
        out[row] = _settle_spaces(data, begin, stop, counts)
        _settle_spaces(other, other_begin, other_stop, counts)


@kernel
def edit_distances(data, offsets, rows, other, other_offsets, out):
    """Levenshtein distance in code points of each of `rows` to the other text (Myers 1999, blocks of 64)."""
    for index in range(rows.shape[0]):
        row = rows[index]
        a = np.empty(offsets[row + 1] - offsets[row], np.int32)
        n = code_points(data, offsets[row], offsets[row + 1], a)
        b = np.empty(other_offsets[index + 1] - other_offsets[index], np.int32)
        m = code_points(other, other_offsets[index], other_offsets[index + 1], b)
        low = 0
        while low < n and low < m and a[low] == b[low]:
            low += 1
        while n > low and m > low and a[n - 1] == b[m - 1]:
            n -= 1
            m -= 1
        out[row] = _myers(a[low:n], b[low:m])


@kernel
def _myers(a, b):
    n, m = a.shape[0], b.shape[0]
    if n == 0 or m == 0:
        return n + m
    # A row per distinct character of `a`: bit i of its row says that a[i] is that character.
    alphabet = np.unique(a)
    blocks = (n + 63) // 64
    rows = np.searchsorted(alphabet, a)
    equal = np.zeros((alphabet.shape[0] + 1, blocks), np.uint64)
    one = np.uint64(1)
    for i in range(n):
        equal[rows[i], i // 64] |= one << np.uint64(i % 64)
    none = alphabet.shape[0]
    up = np.full(blocks, ~np.uint64(0), np.uint64)
    down = np.zeros(blocks, np.uint64)
    last = one << np.uint64((n - 1) % 64)
    top = np.uint64(63)
    score = n
    for j in range(m):
        found = np.searchsorted(alphabet, b[j])
        row = found if found < none and alphabet[found] == b[j] else none
        plus, minus = one, np.uint64(0)
        for block in range(blocks):
            p, q = up[block], down[block]
            match = equal[row, block]
            across = match | q
            match |= minus
            carry = (((match & p) + p) ^ p) | match
            rises = q | ~(carry | p)
            falls = p & carry
            if block == blocks - 1:
                if rises & last:
                    score += 1
                elif falls & last:
                    score -= 1
            next_plus, next_minus = rises >> top, falls >> top
            rises = (rises << one) | plus
            falls = (falls << one) | minus
            up[block] = falls | ~(across | rises)
            down[block] = rises & across
            plus, minus = next_plus, next_minus
    return score


@kernel
def divergences(ids, counts, offsets, out):
    """Jensen-Shannon divergence (bits) of every pair of distributions; ids are sorted within each.

    Only ids that both have need a logarithm: the others add half their probability.
    """
    size = offsets.shape[0] - 1
    totals = np.zeros(size)
    for i in range(size):
        for k in range(offsets[i], offsets[i + 1]):
            totals[i] += counts[k]
    for i in range(size):
        for j in range(i):
            a, b = offsets[i], offsets[j]
            shared_p, shared_q, inside = 0.0, 0.0, 0.0
            while a < offsets[i + 1] and b < offsets[j + 1]:
                if ids[a] < ids[b]:
                    a += 1
                elif ids[a] > ids[b]:
                    b += 1
                else:
                    p, q = counts[a] / totals[i], counts[b] / totals[j]
                    both = p + q
                    shared_p += p
                    shared_q += q
                    inside += p * np.log2(2.0 * p / both) + q * np.log2(2.0 * q / both)
                    a += 1
                    b += 1
            value = 0.5 * ((1.0 - shared_p) + (1.0 - shared_q) + inside)
            out[i, j] = min(max(value, 0.0), 1.0)
            out[j, i] = out[i, j]


@kernel
def hash_words(data, offsets, starts, ends, word_offsets, out):
    """A stable hash of each word's bytes."""
    for document in range(word_offsets.shape[0] - 1):
        begin = offsets[document]
        for word in range(word_offsets[document], word_offsets[document + 1]):
            out[word] = hash_bytes(data, begin + starts[word], begin + ends[word])
