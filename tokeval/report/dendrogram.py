"""A tree of nearness over tokenizers: average linkage on distances, drawn in text."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import numpy.typing as npt


def linkage(distance: npt.ArrayLike) -> list[tuple[int, int, float, int]]:
    """Average linkage (UPGMA): the merges from near to far.

    Args:
        distance: symmetric, shape (n, n).

    Returns:
        n − 1 tuples of two clusters, their distance and the number of leaves; leaf i is cluster i, the k-th merge
        is cluster n + k. Of equal distances the pair with the lowest numbers comes first.
    """
    matrix = np.array(distance, np.float64)
    count = len(matrix)
    np.fill_diagonal(matrix, np.inf)
    names, leaves = list(range(count)), [1] * count
    merges = []
    for step in range(count - 1):
        a, b = divmod(int(matrix.argmin()), count)
        a, b = min(a, b), max(a, b)
        height = float(matrix[a, b])
        size = leaves[a] + leaves[b]
        row = (leaves[a] * matrix[a] + leaves[b] * matrix[b]) / size
        row[[a, b]] = np.inf
        matrix[a, :] = matrix[:, a] = row
        matrix[b, :] = matrix[:, b] = np.inf
        merges.append((min(names[a], names[b]), max(names[a], names[b]), height, size))
        names[a], leaves[a] = count + step, size
    return merges


def draw(names: Sequence[str], merges: Sequence[tuple[int, int, float, int]]) -> str:
    """The tree as lines of text, the last merge at the left; at each fork its distance."""
    forks = {len(names) + k: (a, b, height) for k, (a, b, height, _) in enumerate(merges)}

    def lines(cluster: int) -> list[str]:
        if cluster not in forks:
            return [f"─ {names[cluster]}"]
        a, b, height = forks[cluster]
        label = f"─ {height:.3f} "
        upper, lower = lines(a), lines(b)
        blank = " " * len(label)
        drawn = [f"{label}┬{upper[0]}", *(f"{blank}│{line}" for line in upper[1:])]
        return [*drawn, f"{blank}└{lower[0]}", *(f"{blank} {line}" for line in lower[1:])]

    return "\n".join(lines(len(names) + len(merges) - 1)) if names else ""


def draw_svg(names: Sequence[str], merges: Sequence[tuple[int, int, float, int]]) -> str:
    """The tree as SVG: the distance from left (1) to right (0), a leaf per line."""
    line, width, margin = 22, 480, 12
    forks = {len(names) + k: (a, b, height) for k, (a, b, height, _) in enumerate(merges)}
    parts: list[str] = []
    next_leaf = 0

    def place(cluster: int) -> tuple[float, float]:
        nonlocal next_leaf
        if cluster not in forks:
            y = margin + line * next_leaf
            next_leaf += 1
            parts.append(f'<text x="{width + 6}" y="{y + 4}">{escape(names[cluster])}</text>')
            return float(width), float(y)
        a, b, height = forks[cluster]
        x = margin + (1 - height) * (width - margin)
        (ax, ay), (bx, by) = place(a), place(b)
        parts.append(f'<path d="M{ax:.1f} {ay:.1f}H{x:.1f}V{by:.1f}H{bx:.1f}"><title>{height:.3f}</title></path>')
        return x, (ay + by) / 2

    place(len(names) + len(merges) - 1)
    tall, wide = line * len(names) + margin, width + 12 + 8 * max(map(len, names))
    label = "Dendrogram of vocabularies by average linkage"
    return (
        f'<div class="scroll"><svg role="img" aria-label="{label}" width="{wide}" height="{tall}"'
        f' viewBox="0 0 {wide} {tall}">{"".join(parts)}</svg></div>'
    )
