"""What a corpus holds and what is wrong with it: one scan, per slice, in memory of a few bytes a document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from tokeval.corpus.reader import Intake, NotUtf8Error, read_piece
from tokeval.corpus.source import Corpus
from tokeval.schema import Batch

#: Marks of text that was damaged before it came here, as RE2 patterns.
SUSPICIOUS = {
    "replacement characters": "\ufffd",
    "control characters": r"[\x00-\x08\x0b\x0e-\x1b\x7f]",
    "mojibake": "Ã[\u0080-\u00bf]|â€[\u0080-\u00bf™œ\u009d]",
    "private use characters": r"\p{Co}",
}

_EMPTY = np.zeros(0, np.uint64)


@dataclass
class SliceReport:
    """Counts of one slice."""

    documents: int = 0
    bytes: int = 0
    chars: int = 0
    words: int = 0
    nulls: int = 0
    empty: int = 0
    duplicates: int = 0
    repeated_ids: int = 0
    suspicious: dict[str, int] = field(default_factory=dict)


@dataclass
class Report:
    """What `inspect_corpus` found.

    Attributes:
        slices: by name, sorted.
        aligned: ids that occur in every slice; None without an id column or with fewer than two slices.
        ids: distinct ids; None without an id column.
        problems: what makes figures wrong or a run fail, in words.
        remarks: what a reader should know.
    """

    slices: dict[str, SliceReport]
    aligned: int | None
    ids: int | None
    fingerprint: str
    problems: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def total(self, name: str) -> int:
        """A count over all slices."""
        return sum(int(getattr(part, name)) for part in self.slices.values())


def inspect_corpus(corpus: Corpus) -> Report:
    """Scan a corpus.

    Raises:
        CorpusError: a file cannot be read to its end. Text that is not UTF-8 is a problem of the report instead.
    """
    intake = Intake()
    found: dict[str, SliceReport] = {}
    texts: dict[str, list[npt.NDArray[np.uint64]]] = {}
    keys: dict[str, list[npt.NDArray[np.uint64]]] = {}
    problems: list[str] = []
    for batch in _batches(corpus, intake, problems):
        hashes = _hashes(batch)
        marks = {
            name: pc.match_substring_regex(batch.texts, pattern).to_numpy(zero_copy_only=False)
            for name, pattern in SUSPICIOUS.items()
        }
        named = None if batch.ids is None else batch.ids.is_valid().to_numpy(zero_copy_only=False)
        for code, name in enumerate(batch.slices):
            rows = batch.codes == code
            if not rows.any():
                continue
            part = found.setdefault(name, SliceReport())
            part.documents += int(rows.sum())
            part.bytes += int(batch.units["bytes"][rows].sum())
            part.chars += int(batch.units["chars"][rows].sum())
            part.words += int(batch.units["words"][rows].sum())
            part.empty += int((batch.units["visible_chars"][rows] == 0).sum())
            for mark, hits in marks.items():
                count = int(hits[rows].sum())
                if count:
                    part.suspicious[mark] = part.suspicious.get(mark, 0) + count
            texts.setdefault(name, []).append(hashes[rows])
            if named is not None:
                keys.setdefault(name, []).append(batch.keys[rows & named])
    for name, count in intake.nulls.items():
        found.setdefault(name, SliceReport()).nulls = count
    distinct: dict[str, npt.NDArray[np.uint64]] = {}
    for name, part in found.items():
        part.duplicates = part.documents - len(np.unique(np.concatenate([_EMPTY, *texts.get(name, [])])))
        if corpus.columns.id is not None:
            given = np.concatenate([_EMPTY, *keys.get(name, [])])
            distinct[name] = np.unique(given)
            part.repeated_ids = len(given) - len(distinct[name])
    aligned, ids = _aligned(distinct)
    report = Report(dict(sorted(found.items())), aligned, ids, intake.fingerprint, problems)
    _judge(report)
    return report


def _batches(corpus: Corpus, intake: Intake, problems: list[str]) -> Iterator[Batch]:
    for piece in corpus.pieces:
        try:
            yield from read_piece(piece, corpus.columns, intake)
        except NotUtf8Error as error:
            problems.append(error.message)


def _hashes(batch: Batch) -> npt.NDArray[np.uint64]:
    from tokeval.arrow import hash_texts

    return hash_texts(batch.texts)


def _aligned(distinct: dict[str, npt.NDArray[np.uint64]]) -> tuple[int | None, int | None]:
    if not distinct:
        return None, None
    everywhere, anywhere = None, _EMPTY
    for ids in distinct.values():
        everywhere = ids if everywhere is None else np.intersect1d(everywhere, ids, assume_unique=True)
        anywhere = np.union1d(anywhere, ids)
    return (len(everywhere) if everywhere is not None and len(distinct) > 1 else None), len(anywhere)


def _judge(report: Report) -> None:
    if not report.problems:  # else there is more, which could not be read
        if not report.total("documents"):
            report.problems.append("there is no text: every document is null")
            return
        report.problems += [f"every document of {n} is null" for n, part in report.slices.items() if not part.documents]
    repeating = [name for name, part in report.slices.items() if part.repeated_ids]
    if repeating:
        named = ", ".join(repeating[:3]) + (", ..." if len(repeating) > 3 else "")
        report.remarks.append(
            f"ids repeat within {len(repeating)} slices ({named}): figures on parallel text are undefined there"
        )
    for kind, what in (("nulls", "null"), ("empty", "empty or white space alone"), ("duplicates", "duplicates")):
        if report.total(kind):
            report.remarks.append(f"{report.total(kind)} documents are {what}")
    marks: dict[str, int] = {}
    for part in report.slices.values():
        for mark, count in part.suspicious.items():
            marks[mark] = marks.get(mark, 0) + count
    report.remarks += [f"{count} documents hold {mark}" for mark, count in sorted(marks.items())]
    if report.aligned is not None and report.ids is not None and report.aligned < report.ids:
        report.remarks.append(f"{report.aligned} of {report.ids} ids are present in every slice")
