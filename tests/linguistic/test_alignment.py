"""Gold files and boundary metrics: formats, rows that cannot be used, and figures against a slow count."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tokeval
from tests.oracles.linguistic import boundaries
from tokeval.engine.tools import EncoderTools
from tokeval.errors import LexiconError, UsageError
from tokeval.metrics.linguistic import boundaries as b
from tokeval.metrics.linguistic.files import Intake
from tokeval.metrics.linguistic.gold import Gold, load_gold
from tokeval.schema import Encoding, TokenizerFacts
from tokeval.tokenizers.encode import Encoder


def gold_of(folder: Path, text: str, name: str = "gold.tsv", kind: str = "") -> Gold:
    (folder / name).write_text(text, "utf-8")
    return load_gold(f"{kind}:{folder / name}" if kind else str(folder / name))


def cut(gold: Gold) -> list[str]:
    """The words with `|` where the gold cuts."""
    made = []
    for i, word in enumerate(gold.words.to_pylist()):
        parts = np.split(np.frombuffer(word.encode(), np.uint8), gold.cuts[gold.offsets[i] : gold.offsets[i + 1]])
        made.append("|".join(part.tobytes().decode() for part in parts))
    return made


def test_plain_segments(tmp_path: Path) -> None:
    gold = gold_of(tmp_path, "# a comment\nevler\tev ler\tinflection\ngözlük\tgöz lük\tderivation\nev\tev\t\n")
    assert cut(gold) == ["ev|ler", "göz|lük", "ev"]
    assert {name: found.tolist() for name, found in gold.categories.items()} == {
        "inflection": [True, False, False],
        "derivation": [False, True, False],
        "compound": [False, False, False],
    }


def test_sigmorphon(tmp_path: Path) -> None:
    rows = ("enthrallments\tenthrall @@ment @@s\t110", "tailender\ttail end @@er\t010", "incult\tincult\t000")
    gold = gold_of(tmp_path, "\n".join(rows))
    assert cut(gold) == ["enthrall|ment|s", "tail|end|er", "incult"]
    assert gold.categories["inflection"].tolist() == [True, False, False]
    assert gold.categories["derivation"].tolist() == [True, True, False]


def test_morphynet_and_unimorph(tmp_path: Path) -> None:
    rows = ("wise\tunwise\tJ\tJ\tun\tprefix", "wise\twisely\tJ\tR\tly\tsuffix", "happy\thappily\tJ\tR\tly\tsuffix")
    gold = gold_of(tmp_path, "\n".join(rows))
    assert cut(gold) == ["un|wise", "wise|ly"]
    assert (gold.segmented, len(gold.words)) == (3, 2)
    assert gold.categories["derivation"].all()
    gold = gold_of(tmp_path, "abandon\tabandoned\tV;PST\tabandon|ed\nset\tset\tV;PST\t-\n", kind="morphynet")
    assert cut(gold) == ["abandon|ed"] and gold.intake.problems[0].reason == "no segmentation"


def test_morphscore(tmp_path: Path) -> None:
    gold = gold_of(tmp_path, "word,pt1,rest\nlighted,light,ed\nyendirt,yendirt,\nx,a,b\nshort\n", "m.csv")
    assert cut(gold) == ["light|ed"] and not gold.categories
    assert [(p.line, p.reason) for p in gold.intake.problems] == [
        (3, "an empty part"),
        (4, "the parts do not make the word"),
        (5, "1 columns"),
    ]


def test_rows_that_cannot_be_used_are_counted_and_listed(tmp_path: Path) -> None:
    text = "evler\tev ler\niki söz\tiki söz\nköyü\tköy  ü\n\tx\nonly\n"
    text += "a\ta\tfrequent\na\ta\tinflection\tz\nhappiness\thappy ness\n"
    gold = gold_of(tmp_path, text)
    assert cut(gold) == ["ev|ler"]
    assert (gold.segmented, gold.intake.taken, gold.intake.left_out) == (2, 1, 6)
    assert [(p.line, p.reason.split(" that")[0]) for p in gold.intake.problems] == [
        (2, "white space in the word"),
        (3, "an empty part"),
        (4, "an empty part"),
        (5, "1 columns"),
        (6, "a category"),
        (7, "4 columns"),
    ]


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b"a\tb c\n", "g.tsv", "no word whose segments concatenate"),
        (b"a,b\n1,2\n", "g.csv", "no columns of MorphScore"),
        ("köy\tköy".encode("iso8859-9"), "g.tsv", "not in UTF-8"),
        (b"", "g.tsv", "is empty"),
    ],
)
def test_gold_files_that_cannot_be_used(tmp_path: Path, content: bytes, name: str, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(LexiconError) as caught:
        load_gold(str(tmp_path / name))
    assert message in caught.value.message


def test_an_unknown_format_and_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no gold format 'sigmorfon'") as caught:
        load_gold("sigmorfon:x")
    assert caught.value.hint == "did you mean 'sigmorphon'?"
    with pytest.raises(LexiconError, match=r"no gold file 'none\.tsv'"):
        load_gold("none.tsv")


words = st.text(st.sampled_from("aéğ語😀b"), min_size=1, max_size=12)


@given(st.lists(words, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_the_kernel_equals_a_slow_count(texts: list[str], rng: random.Random) -> None:
    segments, spans = [], []
    for text in texts:
        data = text.encode()
        cuts = sorted(rng.sample(range(1, len(text)), rng.randint(0, len(text) - 1))) if len(text) > 1 else []
        segments.append([text[i:j] for i, j in zip([0, *cuts], [*cuts, len(text)], strict=True)])
        # token ranges in any order: overlapping, empty, with holes, within characters
        spans.append(
            [tuple(sorted((rng.randint(0, len(data)), rng.randint(0, len(data))))) for _ in range(rng.randint(0, 5))]
        )
    ends = [np.cumsum([len(s.encode()) for s in parts])[:-1] for parts in segments]
    gold = Gold(
        pa.array(texts, pa.large_string()),
        np.concatenate(ends).astype(np.int64),
        np.cumsum([0, *(len(e) for e in ends)]),
        {},
        len(texts),
        Intake(),
        "",
    )
    flat = [span for found in spans for span in found]
    offsets = np.cumsum([0, *(len(found) for found in spans)])
    encoding = Encoding(
        np.zeros(len(flat), np.uint32),
        offsets,
        TokenizerFacts(),
        np.array([s for s, _ in flat], np.int32),
        np.array([e for _, e in flat], np.int32),
    )
    made = b.compare_words(encoding, gold)
    wanted = [boundaries(*row) for row in zip(texts, spans, segments, strict=True)]
    assert list(zip(made.predicted.tolist(), made.found.tolist(), made.gold.tolist(), strict=True)) == wanted


def test_yardsticks_bound_the_figures(tmp_path: Path) -> None:
    gold = gold_of(tmp_path, "evler\tev ler\nköprüler\tköprü ler\nev\tev\n")
    best, every = b.ideal(gold), b.byte(gold)
    for parts in (b.precision, b.recall, b.f1, b.morphscore):
        above, below = parts(best)
        assert above.sum() == below.sum() > 0
    assert b.recall(every)[0].sum() == b.recall(every)[1].sum()
    assert b.precision(every)[1].tolist() == [4, 7, 1]
    spans = EncoderTools(Encoder("bytes", tokeval.load_tokenizer("bytes:"))).spans(gold.words)
    measured = b.compare_words(spans, gold)
    for name in ("predicted", "found", "gold", "tokens"):
        assert getattr(measured, name).tolist() == getattr(every, name).tolist()
