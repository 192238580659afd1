"""The compatibility view of Qtok 0.11, against Qtok's own output and against its rules."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tokeval.schema import Status
from tokeval.vocabulary import _langid, qtok_languages
from tokeval.vocabulary.qtok import CATEGORIES, classify, column, figures

FILES = ["falcon-180b-chat", "llama-2-7b-chat-hf", "mistral-7b-instruct-v0.2", "phi-3-mini-4k-instruct", "pythia-12b"]


def rows(path: Path) -> list[dict[str, str]]:
    content = path.read_bytes()
    lines = (gzip.decompress(content) if path.suffix == ".gz" else content).decode().split("\n")
    return list(csv.DictReader(filter(None, lines), delimiter="\t", quoting=csv.QUOTE_NONE))


def view(vocab: dict[str, int], added: list[dict[str, Any]] | None = None, escape: bool = False) -> dict[int, str]:
    content = {"added_tokens": added or [], "model": {"vocab": vocab}}
    tokens = classify(json.dumps(content, ensure_ascii=escape), content)
    assert tokens is not None
    return {token.id: token.category for token in tokens}


@pytest.mark.real_data
@pytest.mark.parametrize("name", FILES)
def test_every_token_as_qtok_prints_it(name: str, data: Path, golden: Path) -> None:
    text = (data / "tokenizers" / name / "tokenizer.json").read_text("utf-8")
    found = classify(text, json.loads(text))
    assert found is not None
    expected = rows(golden / "qtok" / "tokens" / f"{name}.tsv.gz")
    assert [(str(t.id), t.text, t.category, t.script) for t in found] == [
        (row["id"], json.loads(row["token_json"]), row["category"], row["subcategory"]) for row in expected
    ]


@pytest.mark.real_data
@pytest.mark.parametrize("name", [*FILES, "snowflake-arctic-instruct"])
def test_counts_as_qtok_prints_them(name: str, data: Path, golden: Path) -> None:
    text = (data / "tokenizers" / name / "tokenizer.json").read_text("utf-8")
    found = {(metric, f.slice): f for metric, f in figures(classify(text, json.loads(text)))}
    expected = next(r for r in rows(golden / "qtok" / "category_counts.tsv") if r["tokenizer"] == name)
    assert {c: found["qtok_tokens", c].value for c in CATEGORIES} == {c: float(expected[c]) for c in CATEGORIES}
    assert found["qtok_tokens", "all"].value == float(expected["n_tokens"])
    scripts = [r for r in rows(golden / "qtok" / "script_position_counts.tsv") if r["tokenizer"] == name]
    printed = {f"{r['position']} {r['script']}": (float(r["n_tokens"]), float(r["n_alpha_total"])) for r in scripts}
    mine = {s: (f.value, f.denominator) for (m, s), f in found.items() if m == "qtok_script_tokens" and s != "all"}
    assert mine == printed


def test_the_kind_is_guessed_from_the_text() -> None:
    plain = {"▁ма": 0, "e": 1, "<0x41>": 2, "▁the": 3, "日": 4, "\n": 5, "<s>": 6, "<b>": 7, "a\n": 8}
    assert view(plain) == {
        0: "spaced_alpha",
        1: "inner_other",  # renamed 0X65
        2: "pure_unicode",
        3: "spaced_alpha",
        4: "char_alpha",
        5: "char_errors",
        6: "control_tokens",
        7: "inner_other",
        8: "inner_errors",
    }
    # the same file with escapes is taken for a byte-level one
    assert view(plain, escape=True)[1] == "pure_unicode"


def test_a_string_met_again_takes_the_later_id_and_added_ones_come_last() -> None:
    found = view({"Ġa": 0, "Ġb": 1}, [{"id": 1, "content": " b"}, {"id": 2, "content": "[PAD]"}])
    assert found == {0: "spaced_alpha", 1: "spaced_alpha", 2: "control_tokens"}


def test_what_qtok_cannot_read_has_no_figures() -> None:
    assert classify("", {"model": {"vocab": [["a", -1.0]]}}) is None
    assert {f.status for _, f in figures(None)} == {Status.NOT_APPLICABLE}
    assert column(None, np.array([0], np.uint32)).to_pylist() == [None]


@pytest.mark.real_data
@pytest.mark.parametrize("name", FILES)
def test_the_languages_of_every_token_as_qtok_has_them(name: str, data: Path, golden: Path) -> None:
    text = (data / "tokenizers" / name / "tokenizer.json").read_text("utf-8")
    found = qtok_languages.answers(classify(text, json.loads(text)))
    assert found is not None
    printed = rows(golden / "qtok" / "tokens" / f"{name}.tsv.gz")
    for metric, printed_in in (("qtok_latin_languages", "langs_lat"), ("qtok_cyrillic_languages", "langs_cyr")):
        # Qtok keeps a set, whose order means nothing
        expected = {int(row["id"]): set(row[printed_in].split(",")) for row in printed if row[printed_in]}
        assert {i: set(names) for i, names in found[metric].items()} == expected


@pytest.mark.real_data
@pytest.mark.parametrize("name", [*FILES, "snowflake-arctic-instruct"])
def test_the_tables_of_languages_as_qtok_prints_them(name: str, data: Path, golden: Path) -> None:
    text = (data / "tokenizers" / name / "tokenizer.json").read_text("utf-8")
    view = classify(text, json.loads(text))
    answers = qtok_languages.answers(view)
    assert answers is not None
    found = list(qtok_languages.figures(view, answers))
    for script in ("latin", "cyrillic"):
        metric = f"qtok_{script}_languages"
        expected = [r for r in rows(golden / "qtok" / f"{script}_language_mass.tsv") if r["tokenizer"] == name]
        with_language = Counter(language for names in answers[metric].values() for language in names)
        mine = [
            {
                "tokenizer": name,
                "lang": f.slice,
                "n_tokens_with_lang": str(with_language[f.slice]),
                "fractional_mass": f"{f.numerator:.6f}",
                "n_seen_tokens": str(f.n),
                "sum_langs_denominator": f"{f.denominator:.0f}",
                "qtok_pct": f"{100 * f.numerator / f.denominator:.4f}",
                "proper_pct": f"{100 * f.numerator / f.n:.4f}",
            }
            for m, f in found
            if m == metric and f.slice != "all" and f.numerator is not None and f.denominator
        ]
        assert mine == expected
        assert sum(float(r["fractional_mass"]) for r in mine) == pytest.approx(float(expected[0]["n_seen_tokens"]))


def test_the_ranks_are_langids_own() -> None:
    from langid.langid import LanguageIdentifier, model

    languages = ["en", "de", "fr", "tr"]
    oracle = LanguageIdentifier.from_modelstring(model)
    oracle.set_languages(languages)
    texts = ["t", "the", "und", "größe", "kitaplarımızdan", "ἀρχή", "the the the", "x" * 40]
    assert list(_langid.ranks(texts, languages)) == [[name for name, _ in oracle.rank(text)] for text in texts]
    assert list(_langid.ranks([], languages)) == []


def test_without_langid_the_tables_say_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_langid, "find_spec", lambda name: None)
    content = {"model": {"vocab": {"Ġthe": 0}}}
    view = classify(json.dumps(content), content)
    assert qtok_languages.answers(view) is None
    found = [f for _, f in qtok_languages.figures(view, None)]
    assert [f.status for f in found] == [Status.NOT_APPLICABLE] * 2
    assert all("tokeval[qtok]" in str(f.reason) for f in found)
    assert qtok_languages.column(None, np.array([0], np.uint32)).to_pylist() == [None]
    assert {f.reason for _, f in qtok_languages.figures(None, None)} == {"Qtok 0.11 cannot read this tokenizer"}
