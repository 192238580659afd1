"""A tree of nearness over tokenizers: average linkage on distances, drawn in text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def linkage(distance: npt.NDArray[np.float64]) -> list[tuple[int, int, float, int]]:
    """Average linkage (UPGMA): the merges from near to far.

    Args:
        distance: symmetric, shape (n, n).

    Returns:
        n − 1 tuples of two clusters, their distance and the number of leaves; leaf i is cluster i, the k-th merge
        is cluster n + k. Of equal distances the pair with the lowest numbers comes first.
    """
    count = len(distance)
    matrix = distance.astype(np.float64).copy()
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
