"""Compiled loops that disturb words, put texts together again, and compare tokens before and after.

Oracles in plain Python: `tests/oracles/robustness.py`.
"""

from __future__ import annotations

import numpy as np

from tokeval.jit import kernel
from tokeval.utf8 import is_space, point_at, spread

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)

#: What a code point is, as a table of classes tells it: what a typo can hit, punctuation, or neither.
LETTER, PUNCTUATION = 1, 2


@kernel
def draw(key, salt):
    """A 64-bit draw that depends on a document's key and a salt alone."""
    return spread(spread(key + _GOLDEN) ^ salt)


@kernel
def pick_documents(keys, slices, codes, salt, level, out):
    """Mark the documents of the sample of share 2^-level; `slices` holds a hash of each slice's name."""
    for row in range(keys.shape[0]):
        value = draw(keys[row] ^ slices[codes[row]], salt)
        out[row] = level == 0 or value >> np.uint64(64 - level) == 0


@kernel
def draw_words(keys, positions, salt, out):
    """One draw per word from its document's key and its position in the document."""
    for word in range(keys.shape[0]):
        out[word] = draw(keys[word] + positions[word] * _GOLDEN, salt)


@kernel
def _index(points, point):
    low, high = 0, points.shape[0]
    while low < high:
        middle = (low + high) // 2
        if points[middle] < point:
            low = middle + 1
        else:
            high = middle
    return low if low < points.shape[0] and points[low] == point else -1


@kernel
def _fits(edit, data, at, width, stop, points, classes):
    """Whether the edit can be made at the character at `at`."""
    point = point_at(data, at)[0]
    if edit == 3:
        return _index(points, point) >= 0
    if classes[point] != LETTER:
        return False
    if edit == 0:
        if at + width >= stop:
            return False
        following = point_at(data, at + width)[0]
        return following != point and classes[following] == LETTER
    if edit == 4:
        return at + width < stop
    return True


@kernel
def edit_words(
    data, starts, ends, draws, level, edit, classes, points, rows, choice_offsets, choice_data, out, out_offsets
):
    """Write each word, edited at one drawn place where it is drawn and the edit is possible.

    `starts` and `ends` are positions in `data`; `out` needs room for every word plus its longest change.
    """
    size = 0
    for word in range(starts.shape[0]):
        start, stop = starts[word], ends[word]
        place = np.int64(-1)
        if draws[word] >> np.uint64(64 - level) == 0:
            count, letters = 0, 0
            at = start
            while at < stop:
                width = point_at(data, at)[1]
                count += _fits(edit, data, at, width, stop, points, classes)
                letters += 1
                at += width
            if count and not (edit == 1 and letters == 1):
                wanted = np.int64(spread(draws[word]) % np.uint64(count))
                at = start
                while place < 0:
                    width = point_at(data, at)[1]
                    if _fits(edit, data, at, width, stop, points, classes):
                        if wanted == 0:
                            place = at
                        wanted -= 1
                    at += width
        at = start
        while at < stop:
            point, width = point_at(data, at)
            if at != place:
                out[size : size + width] = data[at : at + width]
                size += width
                at += width
                continue
            if edit == 0:
                more = point_at(data, at + width)[1]
                out[size : size + more] = data[at + width : at + width + more]
                out[size + more : size + more + width] = data[at : at + width]
                size += width + more
                at += width + more
                continue
            if edit == 2 or edit == 4:
                out[size : size + width] = data[at : at + width]
                size += width
            if edit == 2:
                out[size : size + width] = data[at : at + width]
                size += width
            if edit >= 3:
                index = _index(points, point) if edit == 3 else 0
                options = rows[index + 1] - rows[index]
                chosen = rows[index] + np.int64(spread(draws[word] ^ _GOLDEN) % np.uint64(options))
                low, high = choice_offsets[chosen], choice_offsets[chosen + 1]
                out[size : size + high - low] = choice_data[low:high]
                size += high - low
            at += width
        out_offsets[word + 1] = size
    return size


@kernel
def edit_spaces(data, starts, ends, firsts, draws, level, space, out, out_offsets):
    """Write each zone (the gap before a word, and the word), a single space replaced by `space` where drawn.

    `firsts` is where the zone begins; a zone without a gap has firsts = starts.
    """
    size = 0
    for word in range(starts.shape[0]):
        at = firsts[word]
        if starts[word] - at == 1 and data[at] == 0x20 and draws[word] >> np.uint64(64 - level) == 0:
            out[size : size + space.shape[0]] = space
            size += space.shape[0]
            at += 1
        out[size : size + ends[word] - at] = data[at : ends[word]]
        size += ends[word] - at
        out_offsets[word + 1] = size
    return size


@kernel
def stitch(data, offsets, rows, firsts, ends, zone_data, zone_offsets, out, out_offsets, moved, changed):
    """Put the texts together from their old bytes between the zones and the zones' new bytes.

    Writes where each zone begins in its new text (`moved`), and whether it changed.
    """
    size = 0
    for row in range(offsets.shape[0] - 1):
        at = offsets[row]
        begin = size
        for zone in range(rows[row], rows[row + 1]):
            gap = firsts[zone] - at
            out[size : size + gap] = data[at : firsts[zone]]
            size += gap
            low, high = zone_offsets[zone], zone_offsets[zone + 1]
            moved[zone] = size - begin
            out[size : size + high - low] = zone_data[low:high]
            size += high - low
            at = ends[zone]
            changed[zone] = high - low != at - firsts[zone]
            if not changed[zone]:
                for k in range(high - low):
                    if zone_data[low + k] != data[firsts[zone] + k]:
                        changed[zone] = True
                        break
        rest = offsets[row + 1] - at
        out[size : size + rest] = data[at : offsets[row + 1]]
        size += rest
        out_offsets[row + 1] = size
    return size


@kernel
def _counterpart(old, low, high, new, new_low, new_high, place):
    """Where a position inside changed text went, counted from the zone's start; -1 where it has no counterpart.

    By code points if their number is the same (a place inside one only where that code point is the same), else
    within the parts that both have in common at their ends.
    """
    points, new_points, index, head = 0, 0, -1, low
    for k in range(low, high):
        if old[k] & 0xC0 != 0x80:
            points += 1
            if k - low <= place:
                index, head = index + 1, k
    for k in range(new_low, new_high):
        new_points += new[k] & 0xC0 != 0x80
    if points == new_points:
        at = new_low
        while index > 0:
            at += point_at(new, at)[1]
            index -= 1
        if head - low < place and point_at(new, at) != point_at(old, head):
            return -1
        return at - new_low + place - (head - low)
    same = 0
    while same < min(high - low, new_high - new_low) and old[low + same] == new[new_low + same]:
        same += 1
    if place <= same:
        return place
    back = 0
    while back < min(high - low, new_high - new_low) - same and old[high - 1 - back] == new[new_high - 1 - back]:
        back += 1
    if place >= high - low - back:
        return place + (new_high - new_low) - (high - low)
    return -1


@kernel
def score_boundaries(
    data, offsets, rows, firsts, ends, new_data, new_offsets, moved, changed, wanted,
    id_offsets, starts, new_id_offsets, new_starts, out,
):  # fmt: skip
    """Compare token boundaries: counts per wanted document into `out` (4, documents). A token starts at a boundary.

    Boundaries outside the changed zones, those of them that stay; boundaries inside that have a counterpart, those
    that stay.
    """
    for row in range(out.shape[1]):
        if not wanted[row]:
            continue
        begin, new_begin = offsets[row], new_offsets[row]
        k, last = id_offsets[row], id_offsets[row + 1]
        j, new_last = new_id_offsets[row], new_id_offsets[row + 1]
        zone, stop = rows[row], rows[row + 1]
        shift, before = np.int64(0), np.int64(0)
        while k < last:
            place = np.int64(starts[k])
            k += 1
            if place <= before or place >= offsets[row + 1] - begin:
                continue
            before = place
            while zone < stop and ends[zone] - begin <= place:
                shift = (new_offsets[row + 1] - new_begin) - (offsets[row + 1] - begin)
                if zone + 1 < stop:  # all of the zones before this place, by where the next one went
                    shift = moved[zone + 1] - (firsts[zone + 1] - begin)
                zone += 1
            inside = zone < stop and changed[zone] and firsts[zone] - begin < place
            goal = place + shift
            if inside:
                low, high = firsts[zone], ends[zone]
                new_low = new_begin + moved[zone]
                new_high = new_begin + (high - begin) + (new_offsets[row + 1] - new_begin) - (offsets[row + 1] - begin)
                if zone + 1 < stop:
                    new_high = new_begin + (high - begin) + moved[zone + 1] - (firsts[zone + 1] - begin)
                inner = _counterpart(data, low, high, new_data, new_low, new_high, place - (low - begin))
                if inner < 0:
                    continue
                goal = moved[zone] + inner
            while j < new_last and new_starts[j] < goal:
                j += 1
            stays = j < new_last and new_starts[j] == goal
            base = 2 if inside else 0
            out[base, row] += 1
            out[base + 1, row] += stays


@kernel
def pick_cuts(data, offsets, draws, classes, out):
    """Draw one cut point per document and kind into `out` (3, documents), a byte position, -1 where there is none.

    Kinds: between two letters; before white space; after punctuation. The document's ends are no cuts.
    """
    for row in range(offsets.shape[0] - 1):
        begin, stop = offsets[row], offsets[row + 1]
        for kind in range(3):
            out[kind, row] = -1
        seen = np.zeros(3, np.uint64)
        at = begin
        before = np.int64(-1)
        while at < stop:
            point, width = point_at(data, at)
            if before >= 0:
                kind = -1
                if classes[before] == PUNCTUATION:
                    kind = 2
                elif is_space(point) and not is_space(before):
                    kind = 1
                elif classes[point] == LETTER and classes[before] == LETTER:
                    kind = 0
                if kind >= 0:  # one of those seen so far, each with the same chance
                    seen[kind] += np.uint64(1)
                    if spread(draws[row] + seen[kind] * _GOLDEN + np.uint64(kind)) % seen[kind] == 0:
                        out[kind, row] = at - begin
            before = point
            at += width


@kernel
def prefixes_hold(ids, id_offsets, rows, new_ids, new_id_offsets, out):
    """Whether the tokens of each prefix are the first tokens of its document, `rows[k]` being the document."""
    for k in range(rows.shape[0]):
        first, new_first = id_offsets[rows[k]], new_id_offsets[k]
        count = new_id_offsets[k + 1] - new_first
        out[k] = count <= id_offsets[rows[k] + 1] - first
        if out[k]:
            for j in range(count):
                if ids[first + j] != new_ids[new_first + j]:
                    out[k] = False
                    break
