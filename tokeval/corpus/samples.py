"""One document of every slice, to look at: the same ones for any order, sharding and batch size."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tokeval.schema import Batch

#: A sample is cut after so many code points; it is there to be looked at, not to be measured.
SAMPLE_CHARS = 240


class Samples:
    """Per slice the document with the smallest key, among those with visible text.

    Keys are hashes of the parallel ids where there are any, so that slices show translations of one sentence.
    """

    def __init__(self) -> None:
        self._least: dict[str, tuple[int, str]] = {}

    def update(self, batch: Batch) -> None:
        """Look through a batch."""
        visible = batch.units["visible_chars"] > 0
        least = np.full(len(batch.slices), np.iinfo(np.uint64).max, np.uint64)
        np.minimum.at(least, batch.codes[visible], batch.keys[visible])
        for row in np.flatnonzero(visible & (batch.keys == least[batch.codes])):
            self._offer(batch.slices[batch.codes[row]], int(batch.keys[row]), batch.texts[int(row)].as_py())

    def merge(self, other: Samples) -> Samples:
        """A new one that has seen both parts."""
        merged = Samples()
        for part in (self, other):
            for name, (key, text) in part._least.items():
                merged._offer(name, key, text)
        return merged

    def state(self) -> pa.Table:
        """Columns slice, key, text (at most `SAMPLE_CHARS` code points); sorted by slice."""
        rows = sorted(self._least.items())
        return pa.table(
            {
                "slice": pa.array([name for name, _ in rows], pa.string()),
                "key": pa.array([key for _, (key, _) in rows], pa.uint64()),
                "text": pa.array([text for _, (_, text) in rows], pa.large_string()),
            }
        )

    @classmethod
    def from_state(cls, table: pa.Table) -> Samples:
        """The samples of a state."""
        made = cls()
        for row in table.to_pylist():
            made._offer(row["slice"], row["key"], row["text"])
        return made

    def _offer(self, name: str, key: int, text: str) -> None:
        offered = (key, text[:SAMPLE_CHARS])
        if name not in self._least or offered < self._least[name]:
            self._least[name] = offered
