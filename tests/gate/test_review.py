"""Two versions of one tokenizer: planted changes are found, each of them and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.gate.conftest import Start, make_tokenizer
from tokeval.cli.review import _code
from tokeval.engine.review import review
from tokeval.engine.segmentation import compare_segmentation
from tokeval.errors import NotSupportedError
from tokeval.tokenizers.load import load_tokenizer

AB, CD, XY = ("a", "b"), ("c", "d"), ("x", "y")
TEXTS = ["ab", "cd cd", "xy ab xy", "", "no change", "é xy", "ab" * 50 + "xy" + "ab" * 50]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    versions = {"old": [AB, CD], "appended": [AB, CD, XY], "swapped": [CD, AB], "less": [AB], "other": [AB, XY]}
    for name, merges in versions.items():
        make_tokenizer(tmp_path / f"{name}.json", merges)
    languages = ["p", "p", "q", "q", "p", "q", "q"]
    pq.write_table(pa.table({"text": TEXTS, "language": languages}), tmp_path / "corpus.parquet")
    return tmp_path


def test_the_same_file_has_not_changed(folder: Path) -> None:
    found = review(str(folder / "old.json"), str(folder / "old.json"), {"c": str(folder / "corpus.parquet")})
    assert found.same
    assert found.findings == {"ids": 0, "vocabulary": 0, "decoding": 0, "segmentation": 0}


@pytest.mark.parametrize(
    ("new", "moved", "added", "removed", "redefined"),
    [
        ("appended", [], ["xy"], [], []),
        ("swapped", ["ab", "cd"], [], [], ["ab", "cd"]),
        ("less", [], [], ["cd"], ["cd"]),
        ("other", [], ["xy"], ["cd"], ["cd"]),
    ],
)
def test_what_became_of_the_ids(
    folder: Path, new: str, moved: list[str], added: list[str], removed: list[str], redefined: list[str]
) -> None:
    ids = review(str(folder / "old.json"), str(folder / f"{new}.json")).vocabularies
    assert ids is not None
    assert [m.token.text for m in ids.moved] == moved
    assert [t.text for t in ids.added] == added
    assert [t.text for t in ids.removed] == removed
    assert [old.text for old, _ in ids.redefined] == redefined
    assert (ids.old_size, ids.new_size) == (258, 256 + len({"less": [1]}.get(new, [1, 2])) + (new == "appended"))


def test_a_moved_token_says_from_where_to_where(folder: Path) -> None:
    ids = review(str(folder / "old.json"), str(folder / "swapped.json")).vocabularies
    assert ids is not None
    assert [(m.token.text, m.token.id, m.new_id) for m in ids.moved] == [("ab", 256, 257), ("cd", 257, 256)]
    assert [(old.text, new.text if new else None) for old, new in ids.redefined] == [("ab", "cd"), ("cd", "ab")]


def changes(folder: Path, old: str, new: str, examples: int = 10):
    versions = [load_tokenizer(str(folder / f"{name}.json")) for name in (old, new)]
    return compare_segmentation("c", str(folder / "corpus.parquet"), *versions, examples=examples)


def test_documents_that_are_cut_differently(folder: Path) -> None:
    found = changes(folder, "old", "appended")
    assert (found.documents, found.changed) == (7, 3)
    assert (found.by_slice, found.changed_by_slice) == ({"p": 3, "q": 4}, {"p": 0, "q": 3})
    assert found.old_tokens - found.new_tokens == 4
    assert found.decoded_differently == 0
    assert [e.row for e in found.examples] == [2, 5, 6]  # by share: 2 of 7 boundaries, 1 of 5, 1 of 102
    assert [round(e.share, 6) for e in found.examples] == [round(2 / 7, 6), round(1 / 5, 6), round(1 / 102, 6)]
    first = found.examples[0]
    assert (first.old_tokens, first.new_tokens) == (7, 5)
    assert first.old_pieces == ("x", "y", " ", "ab", " ", "x", "y")
    assert first.new_pieces == ("xy", " ", "ab", " ", "xy")
    last = found.examples[2]
    assert last.old_pieces[:4] == ("ab", "ab", "x", "y")  # some tokens before the change, not the whole document
    assert "".join(last.old_pieces) == "".join(last.new_pieces)
    assert len("".join(last.old_pieces)) < 100


def test_the_number_of_examples_is_kept(folder: Path) -> None:
    assert [e.row for e in changes(folder, "old", "appended", examples=2).examples] == [2, 5]
    assert changes(folder, "old", "appended", examples=0).examples == []


def test_old_ids_that_decode_to_another_text_are_counted_by_document(folder: Path) -> None:
    found = changes(folder, "old", "swapped")
    assert (found.changed, found.decoded_differently) == (0, 4)  # ab, cd cd, xy ab xy, ab...
    gone = changes(folder, "old", "less")
    assert (gone.changed, gone.decoded_differently) == (1, 1)  # the id of cd is not there any more


def test_batches_do_not_change_the_review(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import functools

    from tokeval.corpus.reader import read_piece
    from tokeval.engine import segmentation

    whole = changes(folder, "old", "appended")
    monkeypatch.setattr(segmentation, "read_piece", functools.partial(read_piece, batch_bytes=1))
    assert changes(folder, "old", "appended") == whole


def test_tokenizers_that_declare_nothing_need_text(folder: Path) -> None:
    with pytest.raises(NotSupportedError) as caught:
        review("words:", "words:")
    assert caught.value.hint == "add -c NAME=PATH"


# -- the command


@pytest.mark.parametrize(
    ("new", "options", "code"),
    [
        ("appended", [], 0),
        ("swapped", [], 0),
        ("appended", ["--fail-on", "ids"], 0),
        ("appended", ["--fail-on", "vocabulary"], 1),
        ("swapped", ["--fail-on", "ids"], 1),
        ("swapped", ["--fail-on", "vocabulary"], 0),
        ("swapped", ["--fail-on", "decoding", "-c", "c=corpus.parquet"], 1),
        ("swapped", ["--fail-on", "segmentation", "-c", "c=corpus.parquet"], 0),
        ("appended", ["--fail-on", "decoding", "-c", "c=corpus.parquet"], 0),
        ("appended", ["--fail-on", "ids", "--fail-on", "segmentation", "-c", "c=corpus.parquet"], 1),
    ],
)
def test_the_command_fails_on_what_it_is_told(
    folder: Path, inside: Start, new: str, options: list[str], code: int
) -> None:
    done = inside(folder, "diff", "old.json", f"{new}.json", *options)
    assert (done.returncode, done.stderr) == (code, "")
    assert ("**Failed**" in done.stdout) is bool(code)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["old.json", "none.json"], "there is no file none.json"),
        (["old.json", "swapped.json", "--fail-on", "idz"], "--fail-on knows no 'idz'"),
        (["old.json", "swapped.json", "--fail-on", "decoding"], "need text"),
        (["old.json", "swapped.json", "--fail-on", "segmentation"], "need text"),
        (["words:", "words:", "-c", "c=corpus.parquet", "--fail-on", "ids"], "need both vocabularies"),
        (["old.json", "swapped.json", "-c", "c=none.parquet"], "there is no file none.parquet"),
        (["old.json", "swapped.json", "--json", "corpus.parquet/x"], "cannot write"),
    ],
)
def test_misuse_is_one_line(folder: Path, inside: Start, arguments: list[str], message: str) -> None:
    done = inside(folder, "diff", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) <= 2


def test_the_review_is_markdown_and_json_too(folder: Path, inside: Start) -> None:
    run = ("diff", "old.json", "swapped.json", "-c", "c=corpus.parquet", "--markdown", "o/r.md", "--json", "o/r.json")
    done = inside(folder, *run)
    assert (folder / "o" / "r.md").read_text("utf-8") == done.stdout
    assert "- old ids that still stand for the same token: 256 of 258" in done.stdout
    assert "Moved: `ab` 256 → 257, `cd` 257 → 256" in done.stdout
    read = json.loads((folder / "o" / "r.json").read_text("utf-8"))
    assert read["findings"] == {"ids": 2, "vocabulary": 0, "decoding": 4, "segmentation": 0}
    assert read["vocabularies"]["moved"][0] == {"token": {"id": 256, "bytes": "ab", "kind": "normal"}, "new_id": 257}
    assert read["changes"]["c"]["by_slice"] == {"p": 3, "q": 4}


def test_the_installed_command_reviews(folder: Path, start: Start) -> None:
    done = start(folder, "diff", "old.json", "swapped.json", "--fail-on", "ids")
    assert done.returncode == 1
    assert "Text encoded with the old version does not decode with the new one: 2 ids changed." in done.stdout


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a", "`a`"),
        ("a`b", "``a`b``"),
        ("``", "``` `` ```"),
        ("\n\x1b", "`\\n\\x1b`"),
        (" ", "`   `"),
        ("`", "`` ` ``"),
    ],
)
def test_text_of_a_tokenizer_cannot_leave_its_code_span(text: str, shown: str) -> None:
    assert _code(text) == shown


@pytest.mark.real_data
def test_one_tokenizer_in_two_formats_keeps_its_ids(data: Path) -> None:
    tokenizers = data / "tokenizers"
    paths = tokenizers / "gpt2-hf" / "tokenizer.json", tokenizers / "r50k_base" / "r50k_base.tiktoken"
    ids = review(*map(str, paths)).vocabularies
    assert ids is not None
    assert (ids.moved, ids.added) == ([], [])
    assert {token.kind for token in ids.removed} <= {"special"}
    assert {old.kind for old, _ in ids.redefined} <= {"special"}
