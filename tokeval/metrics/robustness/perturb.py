"""The stage between corpus and tokenizer: a sample of a batch's documents, and the sample disturbed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tokeval.arrow import Int64, UInt8, hash_texts, positions, stretches, text_array, text_buffers
from tokeval.metrics.base import View
from tokeval.metrics.robustness.tables import PERTURBATIONS, SPACES, Perturbation, choices, point_classes
from tokeval.schema import Batch

UInt64 = npt.NDArray[np.uint64]
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MARKS = "[\u0300-\u036f]+"


@dataclass(frozen=True)
class Sample:
    """The documents of a batch that are disturbed and cut.

    Attributes:
        rows: their positions in the batch.
        texts: `large_string` array; `data` and `offsets` its buffers.
        keys: 64-bit draws that depend on key, text and slice name.
        word_rows: n + 1 positions into the words; `starts`, `ends` their places in `data`; `gaps` where the white
            space before each word begins.
    """

    rows: Int64
    texts: pa.Array
    data: UInt8
    offsets: Int64
    keys: UInt64
    word_rows: Int64
    starts: Int64
    ends: Int64
    gaps: Int64


@dataclass(frozen=True)
class Disturbed:
    """A sample after one perturbation.

    Attributes:
        texts, data, offsets: the new texts.
        firsts, ends: the zones in the old data that may have changed, one per word, in order.
        moved: where each zone begins in its new text; `zone_changed`, and per document `changed`.
    """

    texts: pa.Array
    data: UInt8
    offsets: Int64
    firsts: Int64
    ends: Int64
    moved: Int64
    zone_changed: npt.NDArray[np.bool_]
    changed: npt.NDArray[np.bool_]


def salt_of(text: str) -> np.uint64:
    """A stable 64-bit hash of a name."""
    from tokeval.utf8 import hash_bytes

    data = np.frombuffer(text.encode() or b"\0", np.uint8)
    return np.uint64(hash_bytes(data, 0, len(data)))


def sample(view: View) -> Sample:
    """The sample of a batch: decided by each document's key, text and slice, and the seed, by nothing else."""

    def draw(batch: Batch) -> Sample:
        from tokeval.metrics.robustness.kernels import pick_documents

        names = np.array([salt_of(name) for name in batch.slices], np.uint64)
        # by the key alone all documents of an id would be in or out, by the text alone all copies of one
        keys = (batch.keys * _GOLDEN) ^ hash_texts(batch.texts)
        picked = np.zeros(len(batch), np.bool_)
        pick_documents(keys, names, batch.codes, salt_of(f"sample {view.seed}"), view.thinning, picked)
        rows = np.flatnonzero(picked)
        texts = batch.texts.take(pa.array(rows))
        data, offsets = text_buffers(texts)
        counts = np.diff(batch.words.offsets)[rows]
        word_rows = np.concatenate(([0], np.cumsum(counts)))
        where = positions(batch.words.offsets, rows)
        base = np.repeat(offsets[:-1], counts)
        starts, ends = batch.words.starts[where] + base, batch.words.ends[where] + base
        gaps = np.concatenate((starts[:1], ends[:-1]))
        first = word_rows[:-1][counts > 0]
        gaps[first] = starts[first]
        keys = keys[rows] ^ names[batch.codes[rows]]
        return Sample(rows, texts, data, offsets, keys, word_rows, starts, ends, gaps)

    drawn: Sample = view.batch.once(f"sample {view.seed} {view.thinning}", draw)
    return drawn


def disturbed(view: View, name: str) -> Disturbed:
    """The sample after the perturbation `name`, made once for all tokenizers."""
    drawn = sample(view)
    made: Disturbed = view.batch.once(
        f"disturbed {name} {view.seed} {view.thinning}", lambda _: disturb(drawn, PERTURBATIONS[name], view.seed)
    )
    return made


def disturb(drawn: Sample, kind: Perturbation, seed: int) -> Disturbed:
    """Apply a perturbation to every document of a sample."""
    from tokeval.metrics.robustness.kernels import stitch

    firsts = drawn.gaps if kind.name in SPACES else drawn.starts
    zone_data, zone_offsets = _new_zones(drawn, kind, seed)
    grown = len(drawn.data) + len(zone_data) + 1
    out, offsets = np.empty(grown, np.uint8), np.zeros(len(drawn.texts) + 1, np.int64)
    moved, zone_changed = np.zeros(len(firsts), np.int64), np.zeros(len(firsts), np.bool_)
    size = stitch(
        drawn.data,
        drawn.offsets,
        drawn.word_rows,
        firsts,
        drawn.ends,
        zone_data,
        zone_offsets,
        out,
        offsets,
        moved,
        zone_changed,
    )
    data = out[:size].copy()
    texts = pa.Array.from_buffers(
        pa.large_string(), len(drawn.texts), [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    )
    total = np.concatenate(([0], np.cumsum(zone_changed)))
    changed = np.diff(total[drawn.word_rows]) > 0
    return Disturbed(texts, data, offsets, firsts, drawn.ends, moved, zone_changed, changed)


def _new_zones(drawn: Sample, kind: Perturbation, seed: int) -> tuple[UInt8, Int64]:
    """What each zone becomes: bytes, and n + 1 offsets into them."""
    from tokeval.metrics.robustness import kernels

    if kind.edit is None and kind.name not in SPACES:
        words = stretches(drawn.data, drawn.starts, drawn.ends).cast(pa.large_string())
        return text_buffers(_by_arrow(kind.name, words))
    counts = np.diff(drawn.word_rows)
    position = (np.arange(int(counts.sum())) - np.repeat(drawn.word_rows[:-1], counts)).astype(np.uint64)
    salt = salt_of(f"{kind.name} {seed}")
    draws = np.empty(len(position), np.uint64)
    kernels.draw_words(np.repeat(drawn.keys, counts), position, salt, draws)
    offsets = np.zeros(len(position) + 1, np.int64)
    room = 2 * len(drawn.data) + 8 * len(position) + 8
    out = np.empty(room, np.uint8)
    if kind.edit is None:
        space = np.frombuffer(SPACES[kind.name], np.uint8)
        size = kernels.edit_spaces(
            drawn.data, drawn.starts, drawn.ends, drawn.gaps, draws, kind.words, space, out, offsets
        )
    else:
        table = choices(kind.name)
        size = kernels.edit_words(
            drawn.data,
            drawn.starts,
            drawn.ends,
            draws,
            kind.words,
            kind.edit,
            point_classes(),
            table.points,
            table.rows,
            table.offsets,
            table.data,
            out,
            offsets,
        )
    return out[:size], offsets


def _by_arrow(name: str, words: pa.Array) -> pa.Array:
    if name == "case_upper":
        return pc.utf8_upper(words)
    if name == "case_lower":
        return pc.utf8_lower(words)
    # a word that normalises to white space or to nothing is still one zone
    if name == "nfkc":
        return text_array(_composed(words, "NFKC"))
    normal = pc.utf8_normalize(words.cast(pa.string()), "NFD")
    if name == "diacritics":
        return text_array(_composed(pc.replace_substring_regex(normal, _MARKS, ""), "NFC"))
    return text_array(normal)


def _composed(words: pa.Array, form: str) -> pa.Array:
    """NFC or NFKC of each word; not by Arrow, which leaves both decomposed before 26 (apache/arrow#51225)."""
    import unicodedata2

    coded = words.dictionary_encode()
    made = [unicodedata2.normalize(form, word) for word in coded.dictionary.to_pylist()]
    return pa.array(made, pa.large_string()).take(coded.indices)
