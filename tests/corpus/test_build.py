"""`tokeval corpus build`: every format to the same documents, and what is wrong said with its line."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokeval.corpus import build as module
from tokeval.corpus.build import Recipe, build
from tokeval.errors import CorpusError

TEXT = 'tab\there, "quotes", =1+1 ğ 日本'


def rows_of(path: Path) -> list[tuple[object, ...]]:
    table = pq.read_table(path)
    assert table.column_names == ["id", "language", "domain", "text"]
    return [tuple(row.values()) for row in table.to_pylist()]


def test_three_formats_give_the_same_documents(tmp_path: Path) -> None:
    records = [
        {"id": "a", "language": "eng_Latn", "domain": "news", "text": TEXT},
        {"id": "b", "language": "tur_Latn", "domain": "news", "text": "two\nlines"},
    ]
    (tmp_path / "c.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    import csv

    for suffix, delimiter in ((".csv", ","), (".tsv", "\t")):
        with (tmp_path / f"c{suffix}").open("w", newline="") as stream:
            writer = csv.DictWriter(stream, list(records[0]), delimiter=delimiter)
            writer.writeheader()
            writer.writerows(records)
    expected = [tuple(r.values()) for r in records]
    for suffix in (".jsonl", ".csv", ".tsv"):
        built = build([str(tmp_path / f"c{suffix}")], tmp_path / "out.parquet", Recipe())
        assert rows_of(tmp_path / "out.parquet") == expected
        assert built.rows == 2
        assert built.bytes == len((TEXT + "two\nlines").encode())


def test_other_fields_defaults_and_nulls(tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").write_text('{"body": "x", "n": 7}\n\n{"body": null, "n": 8, "lang": "fra_Latn"}\n')
    recipe = Recipe(text="body", id="n", language="lang", default_language="eng_Latn", default_domain="web")
    build([str(tmp_path / "c.jsonl")], tmp_path / "out.parquet", recipe)
    assert rows_of(tmp_path / "out.parquet") == [("7", "eng_Latn", "web", "x"), ("8", "fra_Latn", "web", None)]


def test_plain_text_by_line_and_by_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("one\r\n\ntwo\u2028still two".encode())
    build([str(tmp_path / "a.txt")], tmp_path / "l.parquet", Recipe(default_language="x"))
    assert [row[3] for row in rows_of(tmp_path / "l.parquet")] == ["one", "", "two\u2028still two"]
    assert [row[0] for row in rows_of(tmp_path / "l.parquet")] == [f"a.txt@cb35e160:{n}" for n in (1, 2, 3)]
    build([str(tmp_path / "a.txt")], tmp_path / "f.parquet", Recipe(documents="file"))
    assert rows_of(tmp_path / "f.parquet") == [("a.txt@cb35e160", None, None, "one\r\n\ntwo\u2028still two")]


def test_parallel_files_share_their_ids(tmp_path: Path) -> None:
    (tmp_path / "eng_Latn.txt").write_text("a\nb\n")
    (tmp_path / "tur_Latn.txt").write_text("c\nd\n")
    (tmp_path / "notes.csv").write_text("not,part\n")
    build([str(tmp_path)], tmp_path / "out.parquet", Recipe(parallel=True, default_domain="talk"))
    assert rows_of(tmp_path / "out.parquet") == [
        ("1", "eng_Latn", "talk", "a"),
        ("2", "eng_Latn", "talk", "b"),
        ("1", "tur_Latn", "talk", "c"),
        ("2", "tur_Latn", "talk", "d"),
    ]


def test_parallel_files_named_by_their_ending(tmp_path: Path) -> None:
    for language in ("eng_Latn", "jpn_Jpan"):
        (tmp_path / f"dev.{language}").write_text("x\n")
    recipe = Recipe(format="txt", parallel=True)
    build([str(tmp_path / "dev.*")], tmp_path / "out.parquet", recipe)
    assert [row[1] for row in rows_of(tmp_path / "out.parquet")] == ["eng_Latn", "jpn_Jpan"]


@pytest.mark.parametrize("documents", ["line", "file"])
def test_files_that_are_called_the_same_share_no_ids(tmp_path: Path, documents: str) -> None:
    """Equal ids mean parallel texts, within a corpus and between two."""
    ids = []
    for folder, text in (("en", "a\nb\n"), ("tr", "c\nd\n"), ("copies/en", "a\nb\n"), ("copies/tr", "a\nb\n")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "news.txt").write_text(text)
    for folder in ("en", "tr", "copies"):
        build([str(tmp_path / folder)], tmp_path / "out.parquet", Recipe(documents=documents))
        ids.append([str(row[0]) for row in rows_of(tmp_path / "out.parquet")])
    english, turkish, copies = ids
    assert len({*english, *turkish}) == len(english) + len(turkish)
    assert len(set(copies)) == 2 * len(english)
    assert copies[: len(english)] == english, "an id depends on where the file lies"
    assert all(name.startswith("news.txt@") for name in english + turkish + copies)


@pytest.mark.parametrize("name", ["c.txt", "c.csv", "c.jsonl"])
def test_a_byte_order_mark_is_no_text(tmp_path: Path, name: str) -> None:
    content = {"c.txt": "x\n", "c.csv": "text\nx\n", "c.jsonl": '{"text": "x"}\n'}[name]
    (tmp_path / name).write_text(content, "utf-8-sig")
    for documents in ("line", "file")[: 2 if name == "c.txt" else 1]:
        build([str(tmp_path / name)], tmp_path / "out.parquet", Recipe(documents=documents))
        assert [str(row[3]).strip() for row in rows_of(tmp_path / "out.parquet")] == ["x"]


def test_a_file_given_twice_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "c.txt").write_text("x\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CorpusError, match=r"/c\.txt is given twice, also as c\.txt"):
        build(["c.txt", str(tmp_path / "c.txt")], tmp_path / "out.parquet", Recipe())
    with pytest.raises(CorpusError, match=r"^c\.txt is given twice$"):
        build(["c.txt", "c.txt"], tmp_path / "out.parquet", Recipe())


def test_an_address_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"^s3://bucket/t\.jsonl is an address") as caught:
        build(["s3://bucket/t.jsonl"], tmp_path / "out.parquet", Recipe())
    assert "download" in str(caught.value.hint)


@pytest.mark.parametrize("recipe", [Recipe(), Recipe(parallel=True)])
@pytest.mark.parametrize("name", ["c.txt", "c.csv", "c.jsonl"])
def test_an_input_that_may_not_be_read_is_the_one_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, recipe: Recipe
) -> None:
    (tmp_path / name).write_text("")
    opened = Path.open

    def refusing(path: Path, *how: Any, **more: Any) -> Any:
        if path.name == name:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *how, **more)

    monkeypatch.setattr(Path, "open", refusing)
    with pytest.raises(CorpusError, match=rf"{name} may not be read: Permission denied"):
        build([str(tmp_path / name)], tmp_path / "out.parquet", recipe)


def test_the_end_of_the_process_leaves_no_draft(tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text("some text\n" * 2_000_000)
    command = [sys.executable, "-m", "tokeval.cli.main", "corpus", "build", "c.txt", "-o", "o.parquet"]
    process = subprocess.Popen(command, cwd=tmp_path)
    while not (drafts := list(tmp_path.glob(".o.parquet.*"))):
        assert process.poll() is None
        time.sleep(0.01)
    process.terminate()
    assert process.wait() == 128 + signal.SIGTERM
    assert not drafts[0].exists()
    assert [path.name for path in tmp_path.iterdir()] == ["c.txt"]


BAD: dict[str, tuple[str, bytes, Recipe, str]] = {
    "broken JSON": ("c.jsonl", b'{"text": "x"}\n{"text": \n', Recipe(), r"c\.jsonl:2 is not JSON"),
    "a JSON list": ("c.jsonl", b"[1]\n", Recipe(), r"c\.jsonl:1 is a JSON list, not an object"),
    "no text field": ("c.jsonl", b'{"txt": "x"}\n', Recipe(), r"c\.jsonl:1 has no field 'text'"),
    "text that is a number": ("c.jsonl", b'{"text": 7}\n', Recipe(), "'text' is int, not text"),
    "an id that is a list": ("c.jsonl", b'{"text": "x", "id": [1]}\n', Recipe(), "not a plain value"),
    "not UTF-8": ("c.txt", b"ok\n\xff\n", Recipe(), r"c\.txt:2 is not UTF-8"),
    "CSV not UTF-8": ("c.csv", b"text\n\xff\n", Recipe(), "is not UTF-8"),
    "a file not UTF-8": ("c.txt", b"\xff", Recipe(documents="file"), "is not UTF-8"),
    "a short CSV row": ("c.csv", b"id,text\n1\n", Recipe(), r"c\.csv:2 has 1 fields, the header 2"),
    "a stray quote": ("c.csv", b'text\n"a"b\n', Recipe(), "is not CSV"),
    "nothing": ("c.jsonl", b"", Recipe(), "there is no document"),
    "an unknown ending": ("c.xml", b"<x/>", Recipe(), "cannot be told from its name"),
    "nested JSON": ("c.jsonl", b'{"text": "x", "m": ' + b"[" * 200_000, Recipe(), r"c\.jsonl:1 is JSON .* too deeply"),
    "a key twice": ("c.jsonl", b'{"text": "x", "text": "y"}\n', Recipe(), r"c\.jsonl:1 .* the key 'text' twice"),
    "a header twice": (
        "c.csv",
        b"id,text,text\n1,x,y\n",
        Recipe(),
        r"the header of .*c\.csv has the field 'text' twice",
    ),
    "compressed": ("c.txt.gz", b"\x1f\x8b", Recipe(), r"c\.txt\.gz is compressed"),
    "compressed, whatever it is called": ("c.gz", b"\x1f\x8b", Recipe(format="txt"), r"c\.gz is compressed"),
    "one parallel file": ("c.txt", b"x\n", Recipe(parallel=True), "two files or more"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named_and_nothing_is_left(tmp_path: Path, case: str) -> None:
    name, content, recipe, message = BAD[case]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CorpusError, match=message):
        build([str(tmp_path / name)], tmp_path / "out" / "c.parquet", recipe)
    assert not list((tmp_path / "out").glob("*") if (tmp_path / "out").exists() else [])
    assert (tmp_path / name).read_bytes() == content


def test_parallel_files_of_unequal_length_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("1\n2\n")
    (tmp_path / "b.txt").write_text("1\n")
    with pytest.raises(CorpusError, match=r"b\.txt has 1 lines, .*a\.txt has 2"):
        build([str(tmp_path)], tmp_path / "out.parquet", Recipe(parallel=True))


def test_an_output_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text("x\n")
    (tmp_path / "file").write_text("")
    with pytest.raises(CorpusError, match="cannot be written"):
        build([str(tmp_path / "c.txt")], tmp_path / "file" / "out.parquet", Recipe())
    with pytest.raises(CorpusError, match=r"does not end in \.parquet"):
        build([str(tmp_path / "c.txt")], tmp_path / "out.txt", Recipe())


def test_row_groups_are_bounded_by_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROW_GROUP_BYTES", 1000)
    (tmp_path / "c.txt").write_text("".join(f"{'x' * 99}{n}\n" for n in range(100)))
    build([str(tmp_path / "c.txt")], tmp_path / "out.parquet", Recipe())
    metadata = pq.ParquetFile(tmp_path / "out.parquet").metadata
    assert metadata.num_row_groups == 10
    assert metadata.num_rows == 100


@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_json_lines_come_back_as_they_were(texts: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("j")
    (folder / "c.jsonl").write_text("".join(json.dumps({"text": t}) + "\n" for t in texts))
    build([str(folder / "c.jsonl")], folder / "out.parquet", Recipe())
    assert [row[3] for row in rows_of(folder / "out.parquet")] == texts


def test_a_field_that_no_record_has_is_named(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("text,nr\nx,1\n")
    with pytest.raises(CorpusError, match="no record has a field 'Nr'"):
        build([str(tmp_path / "c.csv")], tmp_path / "out.parquet", Recipe(id="Nr"))
    assert [path.name for path in tmp_path.iterdir()] == ["c.csv"]


@pytest.mark.parametrize("field", ["text", "id"])
def test_half_of_a_surrogate_pair_is_no_text(tmp_path: Path, field: str) -> None:
    records = [{"text": "a"}, {"text": "b", field: "lone \ud800"}]
    (tmp_path / "c.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    with pytest.raises(CorpusError, match=r"c\.jsonl:2 holds half of a surrogate pair"):
        build([str(tmp_path / "c.jsonl")], tmp_path / "out.parquet", Recipe())


def test_files_as_documents_are_plain_text(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("text\nx\n")
    with pytest.raises(CorpusError, match="in plain text alone"):
        build([str(tmp_path / "c.csv")], tmp_path / "out.parquet", Recipe(documents="file"))
