"""`precomputed:FILE.parquet`: what a tokenizer that cannot be run here made of each document."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tokeval import __version__
from tokeval.arrow import Int64, UInt32, hash_texts, id_buffers, id_lists, positions, text_array, text_buffers
from tokeval.errors import TokenizerError
from tokeval.schema import IDS, NO_VALUE, SPANS, Batch
from tokeval.signature import file_digest
from tokeval.tokenizers.base import Spans, Tokenizer
from tokeval.tokenizers.load import refuse_revision, require_file

_COLUMNS = ("ids", "ends", "tokens")

UInt64 = npt.NDArray[np.uint64]


class Precomputed(Tokenizer):
    """Tokens from a Parquet file, one row per document.

    A document is found by its `id`, together with the corpus's slice columns where the file has those too; where file
    or corpus has no ids, by its `text`. Beside these the file has at least one of

    - `ids`: list of token ids,
    - `ends`: list of the byte positions in the document where tokens end, the first beginning at 0,
    - `tokens`: the number of tokens, all that some services tell.

    `text` or `sha256` (of the UTF-8 text, in hexadecimal) beside `id` proves that a document is still the one that
    the tokens were made from. What the columns do not tell is not declared, and metrics that need it are
    `not_applicable`, as are those that need the tokens of other texts.
    """

    capabilities = frozenset({IDS, SPANS})
    library = f"tokeval/{__version__}"
    fixed = True

    def __init__(self, location: str, revision: str | None = None) -> None:
        refuse_revision("precomputed", location, revision)
        self._path, _ = require_file(location, {"parquet"}, "a Parquet file of precomputed tokens")
        self._names = frozenset(pq.read_schema(self._path).names)
        table, given = _read(self._path, self._names)
        self.fingerprint = file_digest(self._path)
        self.capabilities = frozenset({*([IDS] if "ids" in given else []), *([SPANS] if "ends" in given else [])})
        self._ids, self._offsets, self._ends = _tokens(self._path, table, given)
        texts = _strings(table["text"]) if "text" in self._names else None
        if self._ends is not None:
            sizes = None if texts is None else np.diff(text_buffers(texts)[1])
            _check_ends(self._path, self._ends, self._offsets, sizes)
        self._texts = None if texts is None else hash_texts(texts)
        self._sums = _strings(table["sha256"]) if "sha256" in self._names else None
        self._found: dict[tuple[str, ...] | None, _Index] = {}
        if "id" not in self._names:
            self._index(None)

    def found_by(self, slices: tuple[str, ...], has_ids: bool) -> tuple[str, ...] | None:
        """By id and all the slice columns, or by id alone where the file lacks one; by text where there are no ids."""
        if "id" in self._names and has_ids:
            return slices if self._names.issuperset(slices) else ()
        if "text" not in self._names:
            raise TokenizerError(
                f"{self.spec} finds documents by their id, and the corpus has no id column", hint="name it: --id-column"
            )
        return None

    def asked(self, batch: Batch) -> pa.Array:
        """The documents with their rows in the file: structs of text, key and row."""
        columns = self.found_by(batch.columns, batch.ids is not None)
        if columns is None:
            return self._by_text(batch.texts)
        keys = batch.ids
        if columns:
            slices = text_array(list(batch.slices)).take(pa.array(batch.codes))
            keys = _joined(slices, keys, by=_BETWEEN)
        return _structs(batch.texts, keys, self._index(columns).rows(keys))

    def encode_batch(self, texts: pa.Array) -> pa.Array:
        """The ids that the file holds; where it holds none, as many zeros as there are tokens.

        Args:
            texts: what `asked` gave, or texts, which are found if the file has them.

        Raises:
            TokenizerError: a document is not in the file, or is no longer what it was.
        """
        rows, counts, valid = self._rows(texts)
        if self._ids is None:
            flat = np.zeros(int(counts.sum()), np.uint32)
        else:
            flat = self._ids[positions(self._offsets, rows)] if len(rows) else self._ids[:0]
        return id_lists(flat, np.concatenate(([0], np.cumsum(counts))), valid)

    def spans_batch(self, texts: pa.Array) -> Spans:
        """Spans from the ends that the file holds."""
        if self._ends is None:
            return super().spans_batch(texts)
        ids = self.encode_batch(texts)
        rows, _, _ = self._rows(texts)
        ends = self._ends[positions(self._offsets, rows)] if len(rows) else np.zeros(0, np.int64)
        starts = np.concatenate(([0], ends[:-1]))[: len(ends)]
        _, offsets = id_buffers(ids)
        starts[offsets[:-1][np.diff(offsets) > 0]] = 0
        return Spans(ids, starts.astype(np.int32), ends.astype(np.int32))

    def _by_text(self, texts: pa.Array) -> pa.Array:
        if self._texts is None:
            raise TokenizerError(f"{self.spec} finds documents by their id, and no other text")
        return _structs(texts, pa.nulls(len(texts), pa.large_string()), self._index(None).of(hash_texts(texts)))

    def _index(self, columns: tuple[str, ...] | None) -> _Index:
        """Of the file's rows by these columns and the id, or by text; made once."""
        if columns not in self._found:
            made = self._index_of_texts() if columns is None else self._index_of_ids(columns)
            self._found[columns] = made
        return self._found[columns]

    def _index_of_ids(self, columns: tuple[str, ...]) -> _Index:
        table = pq.read_table(self._path, columns=[*columns, "id"])
        if table["id"].null_count:
            raise TokenizerError(f"{self._path} has nulls in id")
        keys = _strings(table["id"])
        if columns:
            slices = [pc.fill_null(_strings(table[name]), NO_VALUE) for name in columns]
            keys = _joined(_joined(*slices, by="/"), keys, by=_BETWEEN)
        made = _Index.sorted(hash_texts(keys))
        twice = made.repeated()
        if len(twice):
            raise TokenizerError(
                f"{self._path} has two rows for the document {_shown(keys[int(twice[0])])}",
                hint="ids that repeat need the slice column of the corpus beside them, in the file and as --slice-by",
            )
        return made

    def _index_of_texts(self) -> _Index:
        assert self._texts is not None
        made = _Index.sorted(self._texts)
        for row in made.repeated().tolist():
            other = int(made.of(self._texts[row : row + 1])[0])
            if self._tokens_of(row) != self._tokens_of(other):
                raise TokenizerError(
                    f"{self._path} has one text in the rows {other} and {row}, with other tokens in each",
                    hint="give the documents ids",
                )
        return made

    def _tokens_of(self, row: int) -> tuple[object, ...]:
        part = slice(self._offsets[row], self._offsets[row + 1])
        lists = [[] if values is None else values[part].tolist() for values in (self._ids, self._ends)]
        return part.stop - part.start, *lists

    def _rows(self, texts: pa.Array) -> tuple[Int64, Int64, npt.NDArray[np.bool_]]:
        """The file's row of each text that is not empty or null, the number of tokens of every text, and the nulls."""
        asked = texts if pa.types.is_struct(texts.type) else self._by_text(text_array(texts))
        valid = asked.field("text").is_valid().to_numpy(zero_copy_only=False)
        filled = pc.fill_null(asked.field("text"), "")
        sizes = np.diff(text_buffers(filled)[1])
        wanted = np.flatnonzero(sizes > 0)
        rows = asked.field("row").to_numpy()[wanted]
        for problem, find in (
            ("does not hold the document {}", lambda: rows < 0),
            ("was made from another text of the document {}", lambda: self._changed(filled, wanted, rows)),
            ("has tokens that end behind the document {}", lambda: self._too_long(rows, sizes[wanted])),
        ):
            for place in wanted[find()][:1].tolist():
                name = _shown(asked.field("key")[place]) or repr(filled[place].as_py()[:40])
                hint = "it needs a row for every document of the corpus, made from the text as it is now"
                raise TokenizerError(f"{self.spec} {problem.format(name)}", hint=hint)
        counts = np.zeros(len(asked), np.int64)
        counts[wanted] = np.diff(self._offsets)[rows]
        return rows, counts, valid

    def _changed(self, texts: pa.Array, wanted: Int64, rows: Int64) -> npt.NDArray[np.bool_]:
        changed = np.zeros(len(rows), np.bool_)
        if self._texts is not None:
            changed |= self._texts[rows] != hash_texts(texts)[wanted]
        if self._sums is not None:
            kept = text_array(texts.take(pa.array(wanted))).to_pylist()
            now = pa.array([hashlib.sha256(text.encode()).hexdigest() for text in kept], pa.large_string())
            equal = pc.equal(pc.utf8_lower(self._sums.take(pa.array(rows))), now)
            changed |= ~pc.fill_null(equal, True).to_numpy(zero_copy_only=False)
        return changed

    def _too_long(self, rows: Int64, sizes: Int64) -> npt.NDArray[np.bool_]:
        if self._ends is None or not len(self._ends):
            return np.zeros(len(rows), np.bool_)
        some = np.diff(self._offsets)[rows] > 0
        found: npt.NDArray[np.bool_] = some & (self._ends[self._offsets[rows + 1] - 1] > sizes)
        return found


@dataclass(frozen=True)
class _Index:
    """Rows by the hashes of their keys: `hashes` sorted, and the row of each, the first of equal ones first."""

    hashes: UInt64
    order: Int64

    @classmethod
    def sorted(cls, hashes: UInt64) -> _Index:
        order = np.argsort(hashes, kind="stable")
        return cls(hashes[order], order)

    def of(self, hashes: UInt64) -> Int64:
        """The first row with each hash, -1 where there is none."""
        places = np.searchsorted(self.hashes, hashes)
        known = places < len(self.hashes)
        known[known] = self.hashes[places[known]] == hashes[known]
        rows = np.full(len(hashes), -1, np.int64)
        rows[known] = self.order[places[known]]
        return rows

    def rows(self, keys: pa.Array) -> Int64:
        """The row with each key, -1 where there is none."""
        found = self.of(hash_texts(pc.fill_null(keys, "")))
        found[keys.is_null().to_numpy(zero_copy_only=False)] = -1
        return found

    def repeated(self) -> Int64:
        """Rows whose hash an earlier row has."""
        rows: Int64 = self.order[1:][self.hashes[1:] == self.hashes[:-1]]
        return rows


#: Between the slice and the id of a document.
_BETWEEN = "\x1f"


def _joined(*columns: pa.Array, by: str) -> pa.Array:
    """Text of several columns in one, null where any is."""
    return pc.binary_join_element_wise(*columns, pa.scalar(by, pa.large_string()))


def _shown(key: pa.Scalar) -> str:
    """A document's key for reading, empty where it has none."""
    text = key.as_py()
    return "" if text is None else " of ".join(repr(part) for part in reversed(text.split(_BETWEEN)))


def _structs(texts: pa.Array, keys: pa.Array, rows: Int64) -> pa.Array:
    return pa.StructArray.from_arrays([text_array(texts), keys, pa.array(rows)], ["text", "key", "row"])


def _read(path: Path, names: frozenset[str]) -> tuple[pa.Table, list[str]]:
    given = [name for name in _COLUMNS if name in names]
    if not names & {"id", "text"} or not given:
        raise TokenizerError(
            f"{path} needs the column `id` or `text`, and one of {', '.join(f'`{c}`' for c in _COLUMNS)}",
            hint=f"its columns are {', '.join(sorted(names))}",
        )
    table = pq.read_table(path, columns=[*given, *(name for name in ("text", "sha256") if name in names)])
    nulls = [name for name in (*given, "text") if name in table.column_names and table[name].null_count]
    if nulls:
        raise TokenizerError(f"{path} has nulls in {', '.join(nulls)}")
    return table, given


def _strings(column: pa.ChunkedArray) -> pa.Array:
    """A column as text: ids may be numbers."""
    column = column.combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return text_array(column)


def _tokens(path: Path, table: pa.Table, given: list[str]) -> tuple[UInt32 | None, Int64, Int64 | None]:
    """Flat ids, where there are some, offsets of every row, and flat ends, where there are some."""
    lists = {}
    try:
        for name in (name for name in ("ids", "ends") if name in given):
            column = table[name].combine_chunks().cast(pa.list_(pa.uint32()))
            if column.flatten().null_count:
                raise TokenizerError(f"{path} has nulls in the lists of {name}")
            lists[name] = id_buffers(column)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise TokenizerError(f"{path}: `ids` and `ends` must be lists of numbers from 0 to 2^32 - 1") from error
    if "tokens" in given:
        if not pa.types.is_integer(table["tokens"].type):
            raise TokenizerError(f"{path}: `tokens` must be whole numbers, not {table['tokens'].type}")
        counts = table["tokens"].to_numpy().astype(np.int64)
    else:
        counts = np.diff(next(iter(lists.values()))[1])
    if ((counts < 0) | (counts >> 31)).any():
        raise TokenizerError(f"{path}: `tokens` must be numbers from 0 to 2^31 - 1")
    if any(not np.array_equal(np.diff(offsets), counts) for _, offsets in lists.values()):
        raise TokenizerError(f"{path}: {', '.join(given)} do not tell the same number of tokens in every row")
    offsets = np.concatenate(([0], np.cumsum(counts)))
    ids = lists["ids"][0] if "ids" in lists else None
    return ids, offsets, lists["ends"][0].astype(np.int64) if "ends" in lists else None


def _check_ends(path: Path, ends: Int64, offsets: Int64, sizes: Int64 | None) -> None:
    rises = np.diff(ends, prepend=0) >= 0
    rises[offsets[:-1][np.diff(offsets) > 0]] = True
    if not rises.all() or (sizes is not None and (ends > np.repeat(sizes, np.diff(offsets))).any()):
        raise TokenizerError(f"{path}: `ends` must rise within a document and stay inside its bytes")
