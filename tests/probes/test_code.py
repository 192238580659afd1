"""Code: leaves by hand, broken and extreme files, languages without a grammar."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tokeval
from tests.engine.conftest import run_plan
from tests.oracles import code as oracle
from tests.probes.helpers import BPE, Write, batch_of, figures, view_of
from tokeval.arrow import text_array
from tokeval.engine.plan import make_plan
from tokeval.metrics.base import View
from tokeval.metrics.code.figures import spearman
from tokeval.metrics.code.grammars import LANGUAGES, language_of
from tokeval.metrics.code.leaves import CLASSES, OTHER, parse
from tokeval.metrics.code.measures import _indents, scores
from tokeval.schema import Encoding, TokenizerFacts
from tokeval.tokenizers.encode import Encoder

SOURCES = {
    "python": "def add(left, right):\n    # sum\n    return left + 10\n",
    "c": 'int main(void) {\n\tputs("hi");\n\treturn 0 + 1;\n}\n',
    "cpp": 'int f(int a) { std::string s = "x"; return a + 1; }\n',
    "java": 'class A {\n  int f(int b) { return b + 1; }\n  String s = "x";\n}\n',
    "javascript": "function f(a) {\n  return a + 'x';\n}\n",
    "typescript": "function f(a: number): string {\n  return a + 'x';\n}\n",
    "tsx": "const f = (a: number) => <b>{a + 1}</b>;\n",
    "rust": 'fn f(a: i32) -> i32 {\n    let s = "x";\n    a + 1\n}\n',
    "go": 'package p\n\nfunc f(a int) int {\n\treturn a + len("x")\n}\n',
}


def leaves(language: str, text: str) -> list[tuple[str, str]]:
    found = parse(batch_of([text], [language]))
    data = text.encode()
    names = [*CLASSES, "other"]
    return [(data[a:b].decode(), names[k]) for a, b, k in zip(found.starts, found.ends, found.classes, strict=True)]


def test_leaves_of_python_by_hand() -> None:
    assert leaves("python", SOURCES["python"]) == [
        ("def", "keyword"), ("add", "identifier"), ("(", "delimiter"), ("left", "identifier"), (",", "delimiter"),
        ("right", "identifier"), (")", "delimiter"), (":", "delimiter"), ("# sum", "other"), ("return", "keyword"),
        ("left", "identifier"), ("+", "operator"), ("10", "literal"),
    ]  # fmt: skip


def test_strings_are_literals_with_their_quotes() -> None:
    assert [leaf for leaf in leaves("c", SOURCES["c"]) if leaf[1] == "literal"] == [
        ('"', "literal"), ("hi", "literal"), ('"', "literal"), ("0", "literal"), ("1", "literal"),
    ]  # fmt: skip


OTHERS = {
    ("rust", "// not a / b!\n/* this */ /// nor\n//! that\n"): (
        {"identifier", "keyword", "operator", "literal", "delimiter"},
        "",
    ),
    ("javascript", "x = `${a+f(b)}c`;\n"): ({"operator"}, "= +"),
    ("typescript", "x = `${a+b}`;\n"): ({"delimiter"}, "${ } ;"),
    ("python", 'x = f"{y+1!r:>{w}}{z}"\n'): ({"operator"}, "= +"),
    ("python", 'x = f"a{y}"\n'): ({"literal", "delimiter"}, 'f" a { } "'),
    ("python", "match x:\n  case _:\n    pass\n"): ({"identifier", "operator"}, "x _"),
    ("javascript", "x = /a+/g;\n"): ({"literal"}, "/ a+ / g"),
    ("javascript", "a?.b;\n"): ({"delimiter"}, "?. ;"),
    ("java", "class A { boolean b; }\n"): ({"keyword"}, "class boolean"),
    ("rust", "fn f<'a>(x: &'a str) -> bool { true }\n"): ({"literal"}, "true"),
    ("rust", "struct S<'a>;\n"): ({"delimiter"}, "' ;"),
    ("c", "#pragma once\nint *p = NULL;\n"): ({"keyword", "literal"}, "#pragma int NULL"),
}


@pytest.mark.parametrize("source", OTHERS)
def test_what_marks_are_depends_on_what_they_stand_in(source: tuple[str, str]) -> None:
    kinds, wanted = OTHERS[source]
    assert " ".join(text for text, kind in leaves(*source) if kind in kinds) == wanted


@pytest.mark.parametrize("language", SOURCES)
def test_every_language_has_every_class_and_no_errors(language: str) -> None:
    assert set(LANGUAGES) == set(SOURCES)
    found = parse(batch_of([SOURCES[language]], [language]))
    assert found.errors.sum() == 0
    assert set(range(5)) <= set(found.classes.tolist())
    assert (found.ends > found.starts).all()
    assert np.all(found.starts[1:] >= found.ends[:-1])


def test_languages_by_name_and_alias() -> None:
    names = {"Python": "python", "code_Cpp": "cpp", "C++": "cpp", "ts": "typescript", "py/2024": "python"}
    assert {name: language_of(name) for name in names} == names
    assert language_of("eng_Latn") is None
    assert language_of("cobol") is None


def test_scores_by_hand() -> None:
    text = "foo = bar1\n"
    spans = [(0, 3), (3, 5), (5, 8), (8, 10), (10, 11)]  # foo| =| ba|r1|\n
    view = view_of([text], [spans])
    made = scores(View(batch_of([text], ["python"]), view.encoding))
    assert made.leaves[:, 0].tolist() == [2, 0, 1, 0, 0, 0]
    assert made.whole[:, 0].tolist() == [2, 0, 1, 0, 0, 0]
    assert made.names[:, 0].tolist() == [2, 3, 1]
    glued = view_of([text], [[(0, 5), (5, 11)]])  # "foo =| bar1\n"
    made = scores(View(batch_of([text], ["python"]), glued.encoding))
    assert made.whole[:, 0].tolist() == [1, 0, 0, 0, 0, 0]
    gap = view_of([text], [[(0, 3), (6, 10)]])  # "=" under no token
    made = scores(View(batch_of([text], ["python"]), gap.encoding))
    assert made.leaves[:, 0].tolist() == [2, 0, 0, 0, 0, 1]


def test_white_space_that_no_token_covers_is_left_out() -> None:
    view = view_of(["' '"], [[(0, 1), (2, 3)]])
    made = scores(View(batch_of(["' '"], ["python"]), view.encoding))
    assert made.leaves[:, 0].tolist() == [0, 0, 0, 2, 0, 1]


def test_indentation_by_hand() -> None:
    text = "a\n    b\n\tc\n   \n  d\r\n        e"
    view = view_of([text], [[(k, k + 1) for k in range(len(text))]])
    lines, tokens, tables = _indents(View(batch_of([text], ["c"]), view.encoding))
    assert (lines[0], tokens[0]) == (4, 4 + 1 + 2 + 8)
    table = tables["c"]
    assert {(int(d), int(t)): int(table[d, t]) for d, t in zip(*np.nonzero(table), strict=True)} == {
        (4, 4): 1, (4, 1): 1, (2, 2): 1, (8, 8): 1,
    }  # fmt: skip


def test_a_perfect_order_is_1() -> None:
    for size in range(2, 60):
        above, below = spearman(np.diag(np.arange(1, size + 1) ** 3)) or (0.0, 1.0)
        assert above / below == 1.0


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=30))
def test_spearman_equals_pandas(pairs: list[tuple[int, int]]) -> None:
    import pandas as pd

    table = np.zeros((5, 5), np.int64)
    for x, y in pairs:
        table[x, y] += 1
    made = spearman(table)
    ranks = pd.DataFrame(pairs).rank()
    if ranks[0].nunique() == 1 or ranks[1].nunique() == 1:
        assert made is None
    else:
        assert made is not None
        assert made[0] / made[1] == pytest.approx(ranks[0].corr(ranks[1]), abs=1e-9)


def test_broken_code_is_parsed_as_far_as_it_goes(write_corpus: Write) -> None:
    corpus = write_corpus(text=["def f(:\n  return ((1\nx = 2\n", ")))"], language=["python", "python"])
    found = figures(corpus, ["code"])
    assert 0 < found["code_error_rate", "python"]["value"] < 1
    assert found["code_leaves", "python"]["value"] > 3


def test_a_language_without_a_grammar_is_named(write_corpus: Write) -> None:
    corpus = write_corpus(text=["x = 1\n", "PERFORM X.", "hello"], language=["python", "cobol", "eng_Latn"])
    found = figures(corpus, ["code"])
    row = found["ast_boundary_rate", "cobol"]
    assert (row["status"], row["value"]) == ("not_applicable", None)
    assert "'cobol'" in row["reason"]
    assert found["ast_boundary_rate", "python"]["status"] == "ok"
    assert found["ast_boundary_rate", "all"]["n"] == 1
    none = figures(write_corpus("b", text=["hello"], language=["eng_Latn"]), ["code"])["identifier_tokens", "all"]
    assert none["status"] == "not_applicable"


NESTED = {
    "python": "(" * 10_000 + "1" + ")" * 10_000,
    "c": "int f() { return " + "(" * 10_000 + "1" + ")" * 10_000 + "; }",
    "javascript": "[" * 10_000 + "]" * 10_000 + ";",
    "rust": "fn f() " + "{" * 10_000 + "}" * 10_000,
    "go": "package p\n" + "func f() " + "{" * 10_000 + "}" * 9_000,  # and a thousand of them never close
}


def test_nesting_ten_thousand_deep(write_corpus: Write) -> None:
    for language, text in NESTED.items():
        assert len(parse(batch_of([text], [language])).starts) > 10_000, language
    found = figures(write_corpus(text=list(NESTED.values()), language=list(NESTED)), ["code"])
    for language in NESTED:
        assert found["ast_boundary_rate", language]["status"] == "ok"
        rate = found["code_error_rate", language]
        assert rate["status"] == "ok"
        assert rate["value"] < 1
    assert found["code_error_rate", "python"]["value"] == 0.0


#: Megabytes of code on one line; ten of them take minutes, most of them in the walk over twenty million nodes.
LINES = [1, pytest.param(10, marks=pytest.mark.exhaustive)]


@pytest.mark.parametrize("size", LINES)
def test_a_file_of_one_long_line(size: int, write_corpus: Write) -> None:
    text = "x=1;" * (size * 250_000)
    assert len(text) == size * 1_000_000
    found = figures(write_corpus(text=[text], language=["javascript"]), ["code"], "bytes:", jobs=1)
    assert found["code_leaves", "javascript"]["value"] == len(text)
    assert found["ast_boundary_rate", "javascript"]["value"] == 1.0
    assert found["identifier_tokens", "javascript"]["value"] == 1.0
    assert found["code_error_rate", "javascript"]["value"] == 0.0
    assert found["indent_tokens", "javascript"]["status"] == "undefined"


def test_empty_and_one_character_files(write_corpus: Write) -> None:
    found = figures(write_corpus(text=["", "x", "\r\n", "\t"], language=["go"] * 4), ["code"])
    assert found["code_leaves", "go"]["status"] == "ok"
    assert found["indent_tokens", "go"]["status"] == "undefined"


def test_a_file_without_indentation_has_none_that_is_consistent(write_corpus: Write) -> None:
    found = figures(write_corpus(text=["x = 1\n"], language=["python"]), ["code"])["indent_consistency", "python"]
    assert (found["status"], found["reason"]) == ("undefined", "no indented lines")


def test_no_class_is_lost() -> None:
    assert len(CLASSES) == OTHER == 5


@pytest.mark.parametrize("tokenizer", [BPE, "bytes:", "words:"])
def test_tabs_and_crlf_stay(tokenizer: str, write_corpus: Write) -> None:
    text = SOURCES["c"].replace("\n", "\r\n")
    found = figures(write_corpus(text=[text], language=["c"]), ["code"], tokenizer)
    assert found["code_leaves_left_out", "c"]["value"] == 0.0
    if tokenizer == "bytes:":
        assert found["ast_boundary_rate", "c"]["value"] == 1.0
        assert found["indent_tokens", "c"]["value"] == 1.0


@pytest.mark.real_data
def test_real_files_parse(data, write_corpus: Write) -> None:
    found = figures(data / "corpora" / "code.parquet", ["code"], "bytes:", limit=400)
    assert found["ast_boundary_rate", "all"]["value"] == 1.0
    assert found["code_error_rate", "all"]["value"] < 0.01


Spans = list[tuple[int, int]]
INSERTS = ["", "\r\n", "\t", "  ", "é = 'ü\u00a0x'", "(", "}", '"', "\u3000", "# no", "0x1F", "_a1", "\u00a0"]


@st.composite
def tokenized_files(draw: st.DrawFn) -> tuple[str, str, Spans, list[int]]:
    """A source file with something put into it, cut into tokens at any bytes, some of them left out or empty."""
    language = draw(st.sampled_from(sorted(SOURCES)))
    source = SOURCES[language]
    at = draw(st.integers(0, len(source)))
    text = source[:at] + draw(st.sampled_from(INSERTS)) + source[at:]
    size = len(text.encode())
    places = sorted(draw(st.sets(st.integers(0, size), max_size=40)) | {0, size})
    spans = [span for span in pairwise(places) if draw(st.integers(0, 14))]
    spans = [(a, a) if draw(st.integers(0, 19)) == 0 else (a, b) for a, b in spans]
    return language, text, spans, [draw(st.integers(0, 9)) for _ in spans]


@given(st.lists(tokenized_files(), min_size=1, max_size=3))
def test_scores_equal_the_oracle(files: list[tuple[str, str, Spans, list[int]]]) -> None:
    offsets = np.concatenate(([0], np.cumsum([len(spans) for _, _, spans, _ in files]))).astype(np.int64)
    starts, ends = (np.array([s[side] for f in files for s in f[2]], np.int32) for side in (0, 1))
    ids = np.array([number for f in files for number in f[3]], np.uint32)
    facts = TokenizerFacts(unknown_id=0, capabilities=frozenset({"ids", "spans"}))
    batch = batch_of([f[1] for f in files], [f[0] for f in files])
    view = View(batch, Encoding(ids, offsets, facts, starts, ends))
    made, (lines, indent_tokens, tables) = scores(view), _indents(view)
    parse_ = parse(batch)
    for row, (language, text, spans, numbers) in enumerate(files):
        tokens = [(*span, number) for span, number in zip(spans, numbers, strict=True)]
        found, nodes, errors = oracle.leaves(language, text)
        assert (parse_.nodes[row], parse_.errors[row]) == (nodes, errors)
        wanted = oracle.score_leaves(text.encode(), found, tokens, 0)
        assert made.leaves[:, row].tolist() == [wanted[name] for name in (*CLASSES, "left_out")]
        assert made.whole[:5, row].tolist() == [wanted[f"whole {name}"] for name in CLASSES]
        assert made.names[:, row].tolist() == [wanted[name] for name in ("names", "name tokens", "split names")]
        depths = oracle.indents(text.encode(), tokens)
        assert (lines[row], indent_tokens[row]) == (len(depths), sum(count for _, count in depths))
    assert sum(int(table.sum()) for table in tables.values()) == lines.sum()


@pytest.mark.real_data
@pytest.mark.parametrize("spec", ["gpt2-hf", "bert-base-uncased-json", "albert-v2/spiece.model"])
def test_figures_of_real_code_equal_the_oracle_over_shardings(spec: str, data: Path, tmp_path: Path) -> None:
    table = pq.read_table(data / "corpora" / "code.parquet", columns=["id", "language", "text"])
    # of each language the smallest files: the oracle takes the square of their length
    small = table.filter(pc.less(pc.binary_length(table["text"]), 900)).to_pylist()
    rows = [
        row
        for name in sorted({r["language"] for r in small})
        for row in [r for r in small if r["language"] == name][:3]
    ]
    path = tmp_path / "code.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=5)
    plan = make_plan({"t": str(data / "tokenizers" / spec)}, {"c": str(path)}, metrics=["code"])
    whole = run_plan(plan, jobs=1, parts=1)[0]
    for shards, jobs in ((2, 1), (7, 3)):
        assert run_plan(plan, jobs=jobs, parts=shards)[0].equals(whole, check_metadata=True)
    tokenizer = tokeval.load_tokenizer(str(data / "tokenizers" / spec))
    encoding = Encoder("t", tokenizer, spans=True, accelerate=False).encode(text_array([row["text"] for row in rows]))
    documents = []
    for k, row in enumerate(rows):
        part = slice(encoding.offsets[k], encoding.offsets[k + 1])
        tokens = list(zip(*(a[part].tolist() for a in (encoding.starts, encoding.ends, encoding.ids)), strict=True))
        documents.append((language_of(row["language"]), row["text"], tokens))
    found = {(row["metric"], row["slice"]): row for row in whole.to_pylist()}
    for name in ["all", *sorted({row["language"] for row in rows})]:
        members = [d for d, row in zip(documents, rows, strict=True) if name in ("all", row["language"])]
        for metric, value in oracle.figures(members, tokenizer.facts().unknown_id).items():
            made = found[metric, name]["value"]
            assert made == (value if value is None else pytest.approx(value, rel=1e-12)), (metric, name)
