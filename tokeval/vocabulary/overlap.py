"""What vocabularies share: byte strings of each pair, of all, of one alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tokeval.arrow import Int64
from tokeval.schema import SPECIAL, UNUSED

_CHUNK = 1 << 18


def keys_of(tokens: pa.Table) -> npt.NDArray[np.uint64]:
    """A 64-bit key for each distinct byte string of a vocabulary, sorted; special and unused tokens apart.

    Keys are BLAKE2b: among ten million strings two share one with a chance of about 3 in a million.
    """
    silent = pc.is_in(tokens["kind"].cast(pa.string()), pa.array([SPECIAL, UNUSED]))
    data = set(tokens["bytes"].filter(pc.invert(silent)).to_pylist()) - {b""}
    hashed = b"".join(blake2b(value, digest_size=8).digest() for value in data)
    return np.unique(np.frombuffer(hashed, np.uint64))


@dataclass(frozen=True)
class Overlap:
    """What n vocabularies share.

    Attributes:
        sizes: distinct byte strings of each.
        common: byte strings of each pair, shape (n, n).
        core: byte strings that all have.
        unique: of each, those that no other has.
    """

    sizes: Int64
    common: Int64
    core: int
    unique: Int64

    @property
    def union(self) -> Int64:
        """Byte strings that either of a pair has, shape (n, n)."""
        return self.sizes[:, None] + self.sizes[None, :] - self.common


def overlap(keys: Sequence[npt.NDArray[np.uint64]]) -> Overlap:
    """The overlap of vocabularies given by their sorted keys.

    Byte strings are taken a range of keys at a time, so memory does not grow with the number of vocabularies squared.
    """
    count = len(keys)
    common = np.zeros((count, count), np.int64)
    unique = np.zeros(count, np.int64)
    core = 0
    ranges = max(1, sum(map(len, keys)) // _CHUNK)
    bounds = [np.append(np.searchsorted(k, _cuts(ranges)), len(k)) for k in keys]
    for part in range(ranges):
        pieces = [k[b[part] : b[part + 1]] for k, b in zip(keys, bounds, strict=True)]
        every, which = np.unique(np.concatenate(pieces), return_inverse=True)
        has = np.zeros((count, len(every)), np.float32)
        has[np.repeat(np.arange(count), [len(p) for p in pieces]), which] = 1
        common += (has @ has.T).astype(np.int64)  # exact: sums of ones below 2^24
        owners = has.sum(axis=0)
        core += int((owners == count).sum())
        unique += has[:, owners == 1].sum(axis=1).astype(np.int64)
    return Overlap(np.array([len(k) for k in keys], np.int64), common, core, unique)


def _cuts(ranges: int) -> npt.NDArray[np.uint64]:
    """The starts of equal ranges of keys; the end of the last is left to the caller."""
    return np.array([(k << 64) // ranges for k in range(ranges)], np.uint64)
