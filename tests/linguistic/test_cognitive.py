"""Cognitive plausibility: the study's file, and the correlations against a slow count."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tokeval
from tests.conftest import ROOT
from tests.oracles.linguistic import pearson
from tokeval.engine.tools import EncoderTools
from tokeval.errors import LexiconError
from tokeval.metrics.base import Context, Scored
from tokeval.metrics.linguistic.cognitive import correlation, measure, signed
from tokeval.metrics.linguistic.decisions import load_decisions
from tokeval.metrics.linguistic.material import Loaded
from tokeval.metrics.sums import Sums
from tokeval.tokenizers.encode import Encoder

HEAD = "spelling,type,ms,right\n"
ROWS = "ev,W,500,0.98\nköprü,W,610,0.9\nkurbağalar,W,702,0.7\nve,W,480,0.99\n"
ROWS += "qxe,N,700,0.5\nblork,N,650,0.6\nzzürüm,N,655,0.9\n"
COLUMNS = {"word": "spelling", "lexicality": "type", "rt": "ms", "accuracy": "right"}


def write(folder: Path, text: str) -> str:
    (folder / "study.csv").write_text(text, "utf-8")
    return str(folder / "study.csv")


def test_the_four_correlations(tmp_path: Path) -> None:
    decisions = load_decisions(write(tmp_path, HEAD + ROWS), COLUMNS)
    encoder = Encoder("bytes", tokeval.load_tokenizer("bytes:"))
    tokens = np.diff(EncoderTools(encoder).spans(decisions.items).offsets)
    made = {part.name: part for part in measure(decisions, tokens, 0)}
    rows = [line.split(",") for line in ROWS.split()]
    for kind, letter in (("words", "W"), ("nonwords", "N")):
        chosen = [row for row in rows if row[1] == letter]
        x = [1 - len(row[0].encode()) / len(row[0]) for row in chosen]
        for outcome, column in (("rt", 2), ("accuracy", 3)):
            part = made[f"{kind}:{outcome}"]
            assert part.n == len(chosen)
            assert part.r == pytest.approx(pearson(x, [float(row[column]) for row in chosen]), abs=1e-12)


def test_what_has_no_correlation_says_why(tmp_path: Path) -> None:
    decisions = load_decisions(write(tmp_path, HEAD + "ev,W,500,0.9\nat,W,510,0.8\nel,W,520,0.7\nqx,N,1,1\n"), COLUMNS)
    made = {part.name: part for part in measure(decisions, np.array([2, 2, 2, 1]), 0)}
    assert made["words:rt"].reason == "chunkability is the same for all items"
    assert made["nonwords:rt"].reason == "fewer than 3 items"
    assert all(part.r is None for part in made.values())


def test_rows_that_cannot_be_used_are_listed(tmp_path: Path) -> None:
    bad = ",W,1,1\nev,maybe,1,1\nev,W,NA,1\nev,W,1\nev,W,inf,1\n"
    decisions = load_decisions(write(tmp_path, HEAD + ROWS + bad), COLUMNS)
    assert (decisions.intake.taken, decisions.intake.left_out) == (7, 5)
    assert [p.reason for p in decisions.intake.problems] == [
        "an empty word",
        "'maybe' says neither word nor non-word",
        "no number in rt",
        "3 columns",
        "no number in rt",
    ]


def test_tabs_and_default_columns(tmp_path: Path) -> None:
    found = load_decisions(write(tmp_path, "word\trt\taccuracy\tlexicality\nev\t1\t2\tword\nx\t3\t4\tnonword\n"), {})
    assert (found.items.to_pylist(), found.is_word.tolist()) == (["ev", "x"], [True, False])


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(LexiconError, match="has no column 'word'") as caught:
        load_decisions(write(tmp_path, HEAD + ROWS), {})
    assert caught.value.hint == "name it with --decision-columns word=COLUMN; it has spelling, type, ms, right"
    with pytest.raises(LexiconError, match="no row that can be used"):
        load_decisions(write(tmp_path, HEAD), COLUMNS)


def test_both_metrics_measure_the_items_once_on_the_fast_path_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = tokeval.load_tokenizer(str(ROOT / "corpora/tokenizers/demo-bpe.json"))
    encoder = Encoder("bpe", tokenizer).prepare()
    monkeypatch.setattr(tokenizer, "fast_path", lambda: pytest.fail("a second fast path"))
    encoded: list[int] = []
    spans = EncoderTools.spans
    monkeypatch.setattr(EncoderTools, "spans", lambda self, texts: encoded.append(len(texts)) or spans(self, texts))
    loaded = Loaded(decisions={"tr": load_decisions(write(tmp_path, HEAD + ROWS), COLUMNS)})
    scored = Scored(encoder.facts, Sums(), {}, EncoderTools(encoder))
    context = Context("bpe", {"bpe": scored}, (), has_ids=False, material=loaded)
    assert [figure.slice for figure in correlation(context)] == ["tr"]
    assert len(list(signed(context))) == 4
    assert encoded == [7]
