"""Files that lie, and files that do not belong together: one line that says so, or the right table; never another."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.engine.conftest import run_plan
from tokeval.corpus.source import open_corpus
from tokeval.engine.plan import make_plan
from tokeval.errors import CorpusError, TokevalError


def parquet(rows: int, row_group_size: int, text: str = "text {} ") -> bytes:
    sink = io.BytesIO()
    table = pa.table({"text": [text.format(n) * 3 for n in range(rows)], "id": [str(n) for n in range(rows)]})
    pq.write_table(table, sink, row_group_size=row_group_size, use_dictionary=False)
    return sink.getvalue()


WHOLE = parquet(300, 50)


def parted(data: bytes) -> tuple[bytes, bytes]:
    """What stands before the footer, and the footer."""
    size = int.from_bytes(data[-8:-4], "little")
    return data[: -8 - size], data[-8 - size : -8]


def joined(body: bytes, footer: bytes, size: int | None = None) -> bytes:
    return body + footer + (len(footer) if size is None else size).to_bytes(4, "little") + b"PAR1"


BODY, FOOTER = parted(WHOLE)
LIES = {
    "more rows in each group": joined(BODY, parted(parquet(300, 60))[1]),
    "fewer rows in each group": joined(BODY, parted(parquet(280, 40))[1]),
    "a far larger file": joined(BODY, parted(parquet(30_000, 5000))[1]),
    "longer texts": joined(BODY, parted(parquet(300, 50, "a much longer text {} "))[1]),
    "a footer longer than the file": joined(BODY, FOOTER, 10**9),
    "a footer shorter than it is": joined(BODY, FOOTER, 10),
    "nothing but zeros": joined(BODY, bytes(len(FOOTER))),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_footer_that_lies_is_an_error_in_one_line(tmp_path: Path, lie: str) -> None:
    path = tmp_path / "c.parquet"
    path.write_bytes(LIES[lie])
    with pytest.raises(CorpusError, match=r"c\.parquet (cannot be read|is not a Parquet file|holds)") as caught:
        run_plan(make_plan({"bytes": "bytes:"}, {"c": str(path)}))
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("said", [49, 51])
@pytest.mark.parametrize("count", ["of the columns", "of the group", "of all"])
def test_a_row_count_that_lies(tmp_path: Path, said: int, count: str) -> None:
    """The file's own count, 300, is right; a reader would stop where the smaller counts say."""
    # In Thrift's compact protocol the int64 50 is the varint 100 after the header 0x16: two columns, then their group.
    parts = FOOTER.split(b"\x16\x64")
    assert len(parts) == 1 + 3 * 6
    footer = parts[0]
    for number, part in enumerate(parts[1:]):
        lies = count == "of all" or (count == "of the group") == (number % 3 == 2)
        footer += bytes([0x16, 2 * said if lies else 100]) + part
    path = tmp_path / "c.parquet"
    path.write_bytes(joined(BODY, footer))
    with pytest.raises(CorpusError, match="contradicts itself"):
        run_plan(make_plan({"bytes": "bytes:"}, {"c": str(path)}))


def test_flipped_bits_of_a_footer_never_give_another_table(tmp_path: Path) -> None:
    draw, path = random.Random(5), tmp_path / "c.parquet"
    path.write_bytes(WHOLE)
    expected = run_plan(make_plan({"bytes": "bytes:"}, {"c": str(path)}))[0].drop_columns(["signature"])
    refused = 0
    for _ in range(60):
        footer = bytearray(FOOTER)
        footer[draw.randrange(len(footer))] ^= 1 << draw.randrange(8)
        path.write_bytes(joined(BODY, bytes(footer)))
        try:
            table = run_plan(make_plan({"bytes": "bytes:"}, {"c": str(path)}))[0]
        except TokevalError as error:
            refused += 1
            assert "\n" not in error.message
        else:
            assert table.drop_columns(["signature"]).equals(expected)
    assert 10 < refused < 60


GOOD = {"text": ["a"], "id": ["1"], "language": ["x"]}
OTHERS = {
    "no text": ({"id": ["1"], "language": ["x"]}, "b.parquet has no column 'text'"),
    "text is a number": ({**GOOD, "text": [1]}, "b.parquet is int64, not text"),
    "no language": ({"text": ["a"], "id": ["1"]}, "only .*a.parquet has 'language', .*b.parquet has not"),
    "no id": ({"text": ["a"], "language": ["x"]}, "only .*a.parquet has 'id', .*b.parquet has not"),
    "language is a list": ({**GOOD, "language": [["x"]]}, "b.parquet is list"),
}


@pytest.mark.parametrize("case", OTHERS)
def test_files_of_different_schemas_in_one_folder(tmp_path: Path, case: str) -> None:
    columns, message = OTHERS[case]
    pq.write_table(pa.table(GOOD), tmp_path / "a.parquet")
    pq.write_table(pa.table(columns), tmp_path / "b.parquet")
    with pytest.raises(CorpusError, match=message):
        open_corpus("c", tmp_path)


def test_schemas_that_differ_in_what_is_not_read_are_fine(tmp_path: Path) -> None:
    pq.write_table(pa.table(GOOD), tmp_path / "a.parquet")
    other = {"more": [1.5], "language": pa.array(["x"]).dictionary_encode(), "text": pa.array(["b"], pa.large_string())}
    pq.write_table(pa.table({**other, "id": [2]}), tmp_path / "b.parquet")
    table = run_plan(make_plan({"bytes": "bytes:"}, {"c": str(tmp_path)}, metrics=["documents"]))[0]
    assert table.filter(pa.compute.equal(table["slice"], "x"))["value"].to_pylist() == [2.0]
