"""Reading Parquet: column types, nulls, bounded batches, order, and input that is wrong."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tokeval.corpus.reader import Intake, read_keys, read_piece
from tokeval.corpus.source import open_corpus
from tokeval.errors import CorpusError, UsageError
from tokeval.schema import Batch

Write = Callable[..., Path]
TEXT = ["one two", "drei", None, "", "fünf sechs", "七"]
LANGUAGE = ["eng", "deu", "eng", "eng", "deu", None]


def read(path: Path | str, batch_bytes: int = 1 << 20, **options: object) -> tuple[list[Batch], Intake]:
    corpus = open_corpus("c", path, **options)  # type: ignore[arg-type]
    intake = Intake()
    batches = [b for piece in corpus.pieces for b in read_piece(piece, corpus.columns, intake, batch_bytes)]
    return batches, intake


def rows(batches: list[Batch]) -> list[tuple[str, str]]:
    found = []
    for batch in batches:
        names = [batch.slices[code] for code in batch.codes]
        found += list(zip(names, batch.texts.to_pylist(), strict=True))
    return found


EXPECTED = [("eng", "one two"), ("deu", "drei"), ("eng", ""), ("deu", "fünf sechs"), ("(none)", "七")]


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.dictionary(pa.int32(), pa.string())]
)
def test_every_kind_of_text_column(write_corpus: Write, kind: pa.DataType) -> None:
    text = pa.array(TEXT, pa.string())
    text = text.dictionary_encode() if pa.types.is_dictionary(kind) else text.cast(kind)
    batches, intake = read(write_corpus(text=text, language=LANGUAGE))
    assert rows(batches) == EXPECTED
    assert intake.nulls == {"eng": 1}
    assert intake.documents == 5


@pytest.mark.parametrize("kind", [pa.string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())])
def test_every_kind_of_slice_column(write_corpus: Write, kind: pa.DataType) -> None:
    language = pa.array(LANGUAGE, pa.string())
    language = language.dictionary_encode() if pa.types.is_dictionary(kind) else language.cast(kind)
    batches, _ = read(write_corpus(text=TEXT, language=language))
    assert rows(batches) == EXPECTED


def test_whole_numbers_make_slices_and_ids(write_corpus: Write) -> None:
    batches, _ = read(write_corpus(text=["a", "b"], year=[2024, 2025], key=[7, 8]), slice_by=("year",), id_column="key")
    assert rows(batches) == [("2024", "a"), ("2025", "b")]
    assert len(set(batches[0].keys.tolist())) == 2


UUIDS = [uuid.UUID(int=n << 64) for n in (1, 2**63 - 1)]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array([u.bytes for u in UUIDS] + [None], pa.uuid()), [*map(str, UUIDS), None]),
        (pa.array([b"\xff\0\0\1", b"abcd", None], pa.binary(4)), ["0xff000001", "abcd", None]),
        (pa.array([b"\xff", b"a", None]).dictionary_encode(), ["0xff", "a", None]),
        (pa.array([b"\xff", b"a", None]).view(pa.string()), ["0xff", "a", None]),
    ],
)
def test_bytes_that_are_no_text_make_ids_and_slices(write_corpus: Write, column: pa.Array, expected: list[str]) -> None:
    path = write_corpus(text=["x", "y", "z"], id=column, language=column)
    (batch,), _ = read(path)
    assert batch.ids.to_pylist() == expected
    assert [name for name, _ in rows([batch])] == [*expected[:2], "(none)"]
    corpus = open_corpus("c", path, slice_by=())
    assert [key for ids in read_keys(corpus.pieces[0], corpus.columns) for key in ids.to_pylist()] == expected


def test_two_columns_make_one_slice(write_corpus: Write) -> None:
    path = write_corpus(text=["a", "b"], language=["x", "y"], domain=["news", "chat"])
    assert [name for name, _ in rows(read(path, slice_by=("language", "domain"))[0])] == ["x/news", "y/chat"]


def test_batches_are_bounded_whatever_the_rows(write_corpus: Write) -> None:
    path = write_corpus(text=["x" * n for n in (10, 5000, 10, 10, 200, 900, 3)])
    batches, _ = read(path, batch_bytes=1000)
    assert [t for b in batches for t in b.texts.to_pylist()] == ["x" * n for n in (10, 5000, 10, 10, 200, 900, 3)]
    assert all(len(b) == 1 or int(b.units["bytes"].sum()) <= 1500 for b in batches)  # half as much again is not cut


def test_order_of_rows_and_files_does_not_show_in_the_fingerprint(tmp_path: Path) -> None:
    table = pa.table({"id": [str(i) for i in range(50)], "text": [f"t{i}" for i in range(50)]})
    order = np.random.default_rng(0).permutation(50)
    for folder, parts in (("a", [table]), ("b", [table.take(order).slice(30), table.take(order).slice(0, 30)])):
        (tmp_path / folder).mkdir()
        for k, part in enumerate(parts):
            pq.write_table(part, tmp_path / folder / f"{k}.parquet", row_group_size=7)
    prints = {read(tmp_path / folder)[1].fingerprint for folder in "ab"}
    assert len(prints) == 1
    pq.write_table(table.slice(1), tmp_path / "a" / "0.parquet")
    assert read(tmp_path / "a")[1].fingerprint not in prints


def test_a_limit_takes_the_first_rows(tmp_path: Path) -> None:
    for k in range(2):
        pq.write_table(pa.table({"text": [f"{k}{i}" for i in range(5)]}), tmp_path / f"{k}.parquet", row_group_size=2)
    batches, _ = read(tmp_path, limit=6)
    assert [t for _, t in rows(batches)] == ["00", "01", "02", "03", "04", "10"]


def test_globs_and_folders(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("a.parquet", "deep/b.parquet", "deep/.hidden.parquet"):
        pq.write_table(pa.table({"text": [name]}), tmp_path / name)
    assert len(read(tmp_path)[0]) == 2
    assert [t for _, t in rows(read(str(tmp_path / "deep" / "b*.parquet"))[0])] == ["deep/b.parquet"]


def test_hidden_files_are_left_out_of_folders_and_globs(tmp_path: Path) -> None:
    for name in ("a.parquet", "_metadata.parquet", ".x.parquet.crc", "_temporary/b.parquet", "deep/c.parquet"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        pq.write_table(pa.table({"text": [name]}), tmp_path / name)

    def found(inside: str) -> list[str]:
        return [t for _, t in rows(read(f"{tmp_path}/{inside}")[0])]

    assert found("") == ["a.parquet", "deep/c.parquet"]
    assert found("*") == found("*.parquet") == ["a.parquet"]
    assert found("*/*.parquet") == ["deep/c.parquet"]
    assert found("_*.parquet") == ["_metadata.parquet"]
    assert found("_t*/*.parquet") == ["_temporary/b.parquet"]
    assert found("_temporary/*.parquet") == ["_temporary/b.parquet"]


def test_links_are_followed_and_the_case_of_an_ending_does_not_count(tmp_path: Path) -> None:
    for name in ("elsewhere/a.PARQUET", "corpus/b.parquet"):
        (tmp_path / name).parent.mkdir()
        pq.write_table(pa.table({"text": [name]}), tmp_path / name)
    (tmp_path / "corpus" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "corpus")
    (tmp_path / "corpus" / "self").symlink_to(".")
    assert [t for _, t in rows(read(tmp_path / "corpus")[0])] == ["corpus/b.parquet", "elsewhere/a.PARQUET"]


def test_what_a_folder_holds_is_not_left_out_silently(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deep").mkdir()
    pq.write_table(pa.table({"text": ["a"]}), tmp_path / "a.parquet")
    listed = Path.iterdir

    def refusing(path: Path) -> Iterator[Path]:
        if path.name == "deep":
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "iterdir", refusing)
        with pytest.raises(CorpusError, match=r"/deep may not be read: Permission denied"):
            read(tmp_path)
    (tmp_path / "deep" / "b.parquet").symlink_to("gone.parquet")
    for place in (tmp_path, f"{tmp_path}/*/*.parquet", tmp_path / "deep" / "b.parquet"):
        with pytest.raises(CorpusError, match=r"/deep/b\.parquet is a link that leads nowhere"):
            read(place)


@pytest.mark.parametrize(
    "inside", ["", "*/*.parquet", "language=*/*.parquet", "language=tr", "language=tr/*.p*", "language=tr/part.parquet"]
)
def test_the_folders_of_a_path_make_slices_however_it_is_given(
    tmp_path: Path, inside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "language=tr" / "part.parquet"
    path.parent.mkdir()
    pq.write_table(pa.table({"text": ["a"]}), path)
    assert rows(read(tmp_path / inside)[0]) == [("tr", "a")]
    monkeypatch.chdir(tmp_path)
    assert rows(read(inside or ".")[0]) == [("tr", "a")]


def test_a_renamed_folder_is_another_corpus(tmp_path: Path) -> None:
    """What is kept of a corpus is kept under its digest, so that must know the slices that folders spell."""
    digests = []
    for old, new in (("", "language=en"), ("language=en", "language=tr")):
        if old:
            (tmp_path / old).rename(tmp_path / new)
        else:
            (tmp_path / new).mkdir()
            pq.write_table(pa.table({"text": ["a"]}), tmp_path / new / "part.parquet")
        digests.append(open_corpus("c", tmp_path / new).files_digest)
    assert digests[0] != digests[1]


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(write_corpus: Write, limit: int) -> None:
    with pytest.raises(UsageError, match=f"^the limit of rows is {limit}, it must be 1 or more$"):
        open_corpus("c", write_corpus(text=["a"]), limit=limit)


def test_what_is_no_file_is_not_proposed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe.parquet")
    Path("loop.parquet").symlink_to("loop.parquet")
    for name, message in (
        ("pipe.parquet", "is no file and no folder"),
        ("-", "is no file and no folder"),
        ("loop.parquet", "is a link that leads nowhere"),
    ):
        with pytest.raises(CorpusError, match=f"^{name} {message}$") as caught:
            open_corpus("c", name)
        assert name not in str(caught.value.hint)


def test_values_with_a_slash_are_no_two_values(tmp_path: Path) -> None:
    table = pa.table({"text": [*"wxyz"], "a": ["a/b", "a", "a%2Fb", None], "b": ["c", "b/c", "c", "c"]})
    pq.write_table(table, tmp_path / "c.parquet")
    batches, _ = read(tmp_path, slice_by=("a", "b"))
    assert [name for name, _ in rows(batches)] == ["a%2Fb/c", "a/b%2Fc", "a%252Fb/c", "(none)/c"]
    assert next(name for name, _ in rows(read(tmp_path, slice_by=("a",))[0])) == "a/b"


def bad(tmp_path: Path) -> dict[str, tuple[Path, dict[str, object], str, str | None]]:
    """Input that is wrong: path, options, a part of the message, a part of the hint."""
    good = pa.table({"text": ["a"], "n": [1], "language": ["x"]})
    pq.write_table(good, tmp_path / "good.parquet")
    (tmp_path / "empty").mkdir()
    whole = (tmp_path / "good.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "zero.parquet").write_bytes(b"")
    (tmp_path / "text.jsonl").write_text('{"text": "a"}\n')
    pq.write_table(good.slice(0, 0), tmp_path / "norows.parquet")
    pq.write_table(pa.table({"text": ["a"], "language": ["all"]}), tmp_path / "all.parquet")
    pq.write_table(pa.table({"text": ["a", "b"], "language": [None, "(none)"]}), tmp_path / "none.parquet")
    pq.write_table(pa.table({"text": pa.array([b"\xff\xfe"], pa.binary())}), tmp_path / "invalid.parquet")
    for name in ("text", "id", "language"):
        twice = pa.table([["a"], ["1"], ["x"], ["b"]], names=["text", "id", "language", name])
        pq.write_table(twice, tmp_path / f"two_{name}.parquet")
    return {
        "missing file": (tmp_path / "god.parquet", {}, "there is no file", "did you mean"),
        "folder without parquet": (tmp_path / "empty", {}, "no .parquet file", None),
        "glob without match": (tmp_path / "x*.parquet", {}, "no file matches", None),
        "wrong text column": (tmp_path / "good.parquet", {"text_column": "txt"}, "no column 'txt'", "'text'"),
        "wrong slice column": (tmp_path / "good.parquet", {"slice_by": ("languag",)}, "no column", "'language'"),
        "wrong id column": (tmp_path / "good.parquet", {"id_column": "idd"}, "no column 'idd'", None),
        "not text": (tmp_path / "good.parquet", {"text_column": "n"}, "is int64, not text", "text"),
        "cut short": (tmp_path / "cut.parquet", {}, "cut short", None),
        "zero bytes": (tmp_path / "zero.parquet", {}, "is empty", None),
        "json lines": (tmp_path / "text.jsonl", {}, "not a Parquet file", "Parquet"),
        "no rows": (tmp_path / "norows.parquet", {}, "has no rows", None),
        "a slice called (none)": (tmp_path / "none.parquet", {}, "called '\\(none\\)'", "make it null"),
        "a slice called all": (tmp_path / "all.parquet", {}, "called 'all'", "rename"),
        "two texts": (tmp_path / "two_text.parquet", {}, "has 2 columns 'text'", "rename"),
        "two ids": (tmp_path / "two_id.parquet", {}, "has 2 columns 'id'", "rename"),
        "two languages": (tmp_path / "two_language.parquet", {}, "has 2 columns 'language'", "rename"),
        "invalid UTF-8": (tmp_path / "invalid.parquet", {}, "not valid UTF-8", None),
    }


CASES = [
    "missing file", "folder without parquet", "glob without match", "wrong text column", "wrong slice column",
    "wrong id column", "not text", "cut short", "zero bytes", "json lines", "no rows", "a slice called all",
    "a slice called (none)", "two texts", "two ids", "two languages",
    "invalid UTF-8",
]  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_one_line(tmp_path: Path, case: str) -> None:
    path, options, message, hint = bad(tmp_path)[case]
    with pytest.raises(CorpusError, match=message) as caught:
        read(path, **options)
    assert "\n" not in caught.value.message
    if hint is not None:
        assert hint in (caught.value.hint or "")


def test_damaged_pages_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "damaged.parquet"
    pq.write_table(pa.table({"text": [f"text number {i}" for i in range(5000)]}), path, compression="zstd")
    content = bytearray(path.read_bytes())
    content[200:2000] = bytes(1800)
    path.write_bytes(bytes(content))
    with pytest.raises(CorpusError, match="cannot be read to its end"):
        read(path)
