"""From a view to counts: what each perturbation did to the tokens, and which prefixes kept theirs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tokeval.arrow import Int64, UInt32, code_points, positions, stretches, text_buffers
from tokeval.metrics.base import Measure, View
from tokeval.metrics.robustness.perturb import disturbed, salt_of, sample
from tokeval.metrics.robustness.tables import PERTURBATIONS, point_classes
from tokeval.metrics.sums import Sums
from tokeval.schema import SPANS, Encoding

#: Kinds of cuts, in the order of the kernel.
CUTS = ("inside_word", "before_space", "after_punctuation")

#: Longer documents (tokens or characters) are left out of segmentation_change, whose cost grows with the square.
LONGEST = 1024

#: Bytes of perturbed text that are encoded in one call.
_AT_ONCE = 1 << 22

KINDS = tuple(PERTURBATIONS)

#: What is counted per perturbation; documents that the perturbation leaves as they are count nowhere.
ROWS = (
    "changed",
    "tokens_before",
    "tokens_after",
    "outside",
    "outside_kept",
    "inside",
    "inside_kept",
    "compared",
    "token_distance",
    "token_length",
    "text_distance",
    "text_length",
    "failed",
)

#: What is counted per kind of cut: points, those at which the prefix keeps its tokens, prefixes that fail.
CUT_ROWS = ("prefixes", "stable_prefixes", "failed_prefixes")
_FAILED = ("failed", "failed_prefixes")

#: Stands beside the perturbations for the prefixes.
_CUT = "cut"


def perturbed(kind: str, row: str) -> Measure:
    """One count of a perturbation."""
    index = ROWS.index(row)
    needed = (SPANS,) if row in {"outside", "outside_kept", "inside", "inside_kept"} else ()
    version = 3 if row in {"inside", "inside_kept"} else 2  # see `cut`; the first misplaced those inside characters

    def count(view: View) -> Int64:
        counts: Int64 = _scores(view, kind)[index]
        return counts

    return Measure(f"{row}:{kind}", count, needed, version, encodes=True, rows=_rows)


def cut(kind: str, row: str) -> Measure:
    """One count of a kind of cut."""
    place = CUT_ROWS.index(row), CUTS.index(kind)
    # the first drew by keys alone, and took marks and digits of many scripts for letters
    return Measure(f"{row}:{kind}", lambda view: _prefixes(view)[place], version=2, encodes=True, rows=_rows)


def failures(sums: Sums) -> dict[str, int]:
    """How many disturbed or cut texts a tokenizer failed on, by what was done to them; only what failed is named."""
    found = {}
    for name in sorted(sums.measures):
        row, _, kind = name.partition(":")
        if row in _FAILED and (count := sums.total(name, sums.slices)):
            found[kind.replace("_", " ") + (" prefixes" if row == "failed_prefixes" else "")] = count
    return found


def _rows(view: View) -> Int64:
    return sample(view).rows


def _encode(view: View, texts: pa.Array) -> Encoding:
    assert view.encode is not None, "the engine gives a view what it is encoded with"
    return view.encode(texts)


@dataclass(frozen=True)
class _Tokens:
    """The tokens of some texts, such as the sample's: text i owns those from `offsets[i]` to `offsets[i + 1]`.

    `lost` marks the texts that the tokenizer fails on, which have none.
    """

    ids: UInt32
    offsets: Int64
    starts: npt.NDArray[np.int32] | None
    lost: npt.NDArray[np.bool_]


def _clean(view: View) -> _Tokens:
    """The sample's tokens, out of the batch's encoding."""

    def take(view: View) -> _Tokens:
        encoding, rows = view.encoding, sample(view).rows
        counts = np.diff(encoding.offsets)[rows]
        offsets, where = np.concatenate(([0], np.cumsum(counts))), positions(encoding.offsets, rows)
        starts = None if encoding.starts is None else encoding.starts[where]
        return _Tokens(encoding.ids[where], offsets, starts, np.zeros(len(rows), np.bool_))

    taken: _Tokens = view.once("sampled tokens", take)
    return taken


def _scores(view: View, kind: str) -> Int64:
    """The counts of ROWS, shape (rows, documents of the sample)."""
    scored: Int64 = view.once(f"perturbed {kind}", lambda view: _score(view, kind, _spread(view, kind)))
    return scored


def _spread(view: View, kind: str) -> _Tokens:
    """The perturbed sample's tokens; documents that the perturbation leaves as they are have none."""
    changed, new = disturbed(view, kind).changed, _tokens(view, kind)
    counts, lost = np.zeros(len(changed) + 1, np.int64), np.zeros(len(changed), np.bool_)
    counts[0] = new.offsets[0]
    counts[1:][changed] = np.diff(new.offsets)
    lost[changed] = new.lost
    return _Tokens(new.ids, np.cumsum(counts), new.starts, lost)


def _tokens(view: View, kind: str) -> _Tokens:
    """The tokens of the texts that a perturbation changed, or of the prefixes (`_CUT`).

    What else is wanted is encoded with them: each call takes a while whatever it is given.
    """
    encoded: dict[str, _Tokens] = view.once("encoded", lambda _: {})
    if kind not in encoded:
        split = [measure.partition(":") for measure in view.wanted]
        wanted = {_CUT if row in CUT_ROWS else name for row, _, name in split}
        others = (name for name in (*KINDS, _CUT) if name != kind and name in wanted and name not in encoded)
        together, texts, size = [kind], [_texts(view, kind)], _size(_texts(view, kind))
        for name in others:
            more = _texts(view, name)
            if size + _size(more) <= _AT_ONCE:
                together, texts, size = [*together, name], [*texts, more], size + _size(more)
        new, at = _encode(view, pa.concat_arrays(texts)), 0
        lost = np.zeros(len(new.offsets) - 1, np.bool_) if new.failed is None else new.failed
        for name, some in zip(together, map(len, texts), strict=True):
            encoded[name] = _Tokens(new.ids, new.offsets[at : at + some + 1], new.starts, lost[at : at + some])
            at += some
    return encoded[kind]


def _texts(view: View, kind: str) -> pa.Array:
    """The texts that a perturbation changed, or the prefixes."""
    if kind == _CUT:
        return _cut_texts(view)[2]
    after = disturbed(view, kind)
    made: pa.Array = view.batch.once(
        f"changed {kind} {view.seed} {view.thinning}", lambda _: after.texts.filter(pa.array(after.changed))
    )
    return made


def _size(texts: pa.Array) -> int:
    offsets = text_buffers(texts)[1]
    return int(offsets[-1] - offsets[0])


def _score(view: View, kind: str, new: _Tokens) -> Int64:
    from tokeval.metrics.robustness.distance.kernels import distances
    from tokeval.metrics.robustness.kernels import score_boundaries

    drawn, after, old = sample(view), disturbed(view, kind), _clean(view)
    out = np.zeros((len(ROWS), len(drawn.rows)), np.int64)
    if not after.changed.any():
        return out
    counts, new_counts = np.diff(old.offsets), np.diff(new.offsets)
    out[0], out[1], out[2] = 1, counts, new_counts
    if old.starts is not None and new.starts is not None:
        score_boundaries(
            drawn.data,
            drawn.offsets,
            drawn.word_rows,
            after.firsts,
            after.ends,
            after.data,
            after.offsets,
            after.moved,
            after.zone_changed,
            after.changed,
            old.offsets,
            old.starts,
            new.offsets,
            new.starts,
            out[3:7],
        )
    lengths = np.maximum(counts, new_counts)
    text_distance, text_length = _text_distance(view, kind)
    compared = (text_distance > 0) & (lengths <= LONGEST) & ~new.lost
    token_distance = np.zeros(len(lengths), np.int64)
    distances(old.ids, old.offsets, new.ids, new.offsets, compared, LONGEST, token_distance)
    out[7] = compared
    for row, values in zip(out[8:12], (token_distance, lengths, text_distance, text_length), strict=True):
        row[compared] = values[compared]
    out[:, ~after.changed | new.lost] = 0
    out[12] = new.lost
    return out


def _text_distance(view: View, kind: str) -> tuple[Int64, Int64]:
    """Levenshtein distance of each text before and after in code points (-1: not compared), and the longer length."""

    def measure(_: object) -> tuple[Int64, Int64]:
        from tokeval.metrics.robustness.distance.kernels import distances

        drawn, after = sample(view), disturbed(view, kind)
        old, old_offsets = code_points(drawn.texts)
        new, new_offsets = code_points(after.texts)
        out = np.zeros(len(drawn.rows), np.int64)
        distances(old, old_offsets, new, new_offsets, after.changed, LONGEST, out)
        return out, np.maximum(np.diff(old_offsets), np.diff(new_offsets))

    made: tuple[Int64, Int64] = view.batch.once(f"text distance {kind} {view.seed} {view.thinning}", measure)
    return made


def _prefixes(view: View) -> Int64:
    """The counts of CUT_ROWS, shape (rows, kinds, documents of the sample)."""

    def score(view: View) -> Int64:
        from tokeval.metrics.robustness.kernels import prefixes_hold

        drawn = sample(view)
        out = np.zeros((len(CUT_ROWS), len(CUTS), len(drawn.rows)), np.int64)
        kinds, rows, _ = _cut_texts(view)
        if not len(rows):
            return out
        old, new = _clean(view), _tokens(view, _CUT)
        held = np.zeros(len(rows), np.bool_)
        prefixes_hold(old.ids, old.offsets, rows, new.ids, new.offsets, held)
        for counts, marked in zip(out, (~new.lost, held & ~new.lost, new.lost), strict=True):
            counts[kinds, rows] = marked
        return out

    scored: Int64 = view.once("prefixes", score)
    return scored


def _cut_texts(view: View) -> tuple[Int64, Int64, pa.Array]:
    """The kind, the document of the sample and the text of each prefix."""

    def make(_: object) -> tuple[Int64, Int64, pa.Array]:
        from tokeval.metrics.robustness.kernels import draw_words, pick_cuts

        drawn = sample(view)
        draws = np.empty(len(drawn.keys), np.uint64)
        salt = salt_of(f"cuts {view.seed}")
        draw_words(drawn.keys, np.zeros(len(drawn.keys), np.uint64), salt, draws)
        places = np.zeros((len(CUTS), len(drawn.rows)), np.int64)
        pick_cuts(drawn.data, drawn.offsets, draws, point_classes(), places)
        kinds, rows = np.nonzero(places > 0)
        begins = drawn.offsets[rows]
        return kinds, rows, stretches(drawn.data, begins, begins + places[kinds, rows]).cast(pa.large_string())

    made: tuple[Int64, Int64, pa.Array] = view.batch.once(f"prefixes {view.seed} {view.thinning}", make)
    return made
