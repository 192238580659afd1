"""Edit distance, and what stays of token boundaries, in plain Python."""

from __future__ import annotations

from collections.abc import Sequence


def levenshtein(a: Sequence[object], b: Sequence[object]) -> int:
    before = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        line = [i]
        for j, y in enumerate(b, 1):
            line.append(min(before[j] + 1, line[j - 1] + 1, before[j - 1] + (x != y)))
        before = line
    return before[-1]


def prefix_holds(ids: Sequence[int], prefix: Sequence[int]) -> bool:
    return list(ids[: len(prefix)]) == list(prefix)


def boundaries(
    old: bytes, new: bytes, zones: Sequence[tuple[slice, slice]], starts: Sequence[int], new_starts: Sequence[int]
) -> list[int]:
    """Boundaries outside the changed zones, those that stay, those inside that have a place, those that stay.

    Zones are byte ranges before and after, in order; a boundary is where a token starts, but for the text's ends.
    """
    counts = [0, 0, 0, 0]
    for place in sorted({at for at in starts if 0 < at < len(old)}):
        inside = [(a, b) for a, b in zones if a.start < place < a.stop]
        if inside:
            ((a, b),) = inside
            moved = counterpart(old[a], new[b], place - a.start)
            goal = None if moved is None else b.start + moved
        else:
            goal = place + sum((b.stop - b.start) - (a.stop - a.start) for a, b in zones if a.stop <= place)
        if goal is not None:
            counts[2 if inside else 0] += 1
            counts[3 if inside else 1] += goal in new_starts
    return counts


def counterpart(old: bytes, new: bytes, place: int) -> int | None:
    """Where a place within changed text went; by characters where there are as many, else by what is common."""
    before, after = old.decode(), new.decode()
    if len(before) == len(after):
        for k, (one, other) in enumerate(zip(before, after, strict=True)):
            low = len(before[:k].encode())
            if low <= place < low + len(one.encode()):
                if place > low and one != other:
                    return None
                return len(after[:k].encode()) + place - low
    head = next((k for k in range(min(len(old), len(new))) if old[k] != new[k]), min(len(old), len(new)))
    if place <= head:
        return place
    most = min(len(old), len(new)) - head
    tail = next((k for k in range(most) if old[-1 - k] != new[-1 - k]), most)
    return place + len(new) - len(old) if place >= len(old) - tail else None
