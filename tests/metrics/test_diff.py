"""`tokeval diff` and what it rests on: sums beside the results, paired differences, signatures that must match."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

import tokeval
from tests.conftest import ROOT
from tokeval.results.paired import Difference, between, between_tokenizers
from tokeval.results.store import Results, load_beside, load_results
from tokeval.results.sums import Sums
from tokeval.schema import BUCKETS

Run = Callable[..., Path]
DEMO = str(ROOT / "corpora/demo.parquet")


def tokeval_says(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "tokeval.cli.main", *arguments], capture_output=True, text=True)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    def make(name: str, *arguments: str, corpus: str = DEMO) -> Path:
        folder = tmp_path_factory.mktemp("diff") / name
        done = tokeval_says(
            *("compare", "-c", f"demo={corpus}", "-o", str(folder), "--limit", "400", "--quiet", "--no-cache"),
            *("-m", "size", "-m", "information", "-m", "gini", *arguments),
        )
        assert done.returncode == 0, done.stderr
        return folder

    return make


@pytest.fixture(scope="module")
def both(run: Run) -> Path:
    return run("both", "-t", "bytes=bytes:", "-t", "chars=chars:", "--baseline", "bytes")


def loaded(folder: Path) -> Results:
    return Results.of(load_results(folder), load_beside(folder))


def of(found: list[Difference], metric: str, name: str = "all") -> Difference:
    (item,) = [d for d in found if (d.metric, d.slice) == (metric, name)]
    return item


def test_the_sums_beside_the_results_give_the_figures(both: Path) -> None:
    results = loaded(both)
    sums = Sums.of(results.beside["sums"])
    checked = 0
    for row in results.table.to_pylist():
        found = sums.get(row["tokenizer"], row["corpus"], row["slice"], row["metric"])
        if found is None:
            continue
        assert found.shape == (2, BUCKETS)
        if row["status"] == "ok":
            above, below = found.sum(axis=1).tolist()
            assert row["value"] == pytest.approx(above / below, rel=1e-15)
            assert row["ci_low"] is None or row["ci_low"] <= row["value"] <= row["ci_high"]
            checked += 1
    assert checked > 100
    assert (both / "sums.parquet").stat().st_size < 300_000


def test_every_ratio_has_an_interval_and_the_mean_over_slices_is_named(both: Path) -> None:
    rows = [r for r in load_results(both).to_pylist() if r["status"] == "ok"]
    for row in rows:
        if row["metric"] in ("bytes_per_token", "nsl", "nsl_document_mean", "gini") and row["n"] > 40:
            assert row["ci_low"] is not None, row
    slices = [r["value"] for r in rows if r["metric"] == "bytes_per_token" and r["tokenizer"] == "chars"]
    macro = next(r for r in rows if (r["metric"], r["slice"], r["tokenizer"]) == ("bytes_per_token", "macro", "chars"))
    assert macro["value"] == pytest.approx(np.mean(slices[2:]), rel=1e-12)
    assert macro["denominator"] == len(slices) - 2
    assert not [r for r in rows if r["slice"] == "macro" and r["unit"] == "count"]


def test_no_two_rows_share_a_signature(both: Path) -> None:
    signatures = load_results(both)["signature"].to_pylist()
    assert len(set(signatures)) == len(signatures)


def test_differences_between_two_tokenizers_are_paired(both: Path) -> None:
    found = between_tokenizers(loaded(both), "bytes", "chars")
    item = of(found, "bytes_per_token")
    assert item.difference == item.value_b - item.value_a  # type: ignore[operator]
    assert item.ci_low is not None and item.ci_low <= item.difference <= (item.ci_high or 0)
    assert (item.better, item.refused) == ("b", None)
    assert of(found, "bytes_per_token", "macro").p_corrected is not None
    assert of(found, "gini").reason == "no sums by bucket are kept for this figure"
    assert of(found, "renyi_efficiency").ci_low is None
    ascii_only = of(found, "chars_per_token", "eng_Latn")
    assert ascii_only.p_corrected is not None and ascii_only.p is not None
    assert ascii_only.p_corrected >= ascii_only.p
    same = of(between_tokenizers(loaded(both), "bytes", "bytes"), "bytes_per_token")
    assert (same.difference, same.p, same.better) == (0.0, 1.0, None)


def test_figures_over_other_text_are_refused_and_the_part_is_named(run: Run, both: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.parquet"
    pq.write_table(pq.read_table(DEMO).slice(0, 300), other)
    second = run("second", "-t", "bytes=bytes:", "-t", "chars=chars:", "--baseline", "bytes", corpus=str(other))
    found = between(loaded(both), loaded(second), "bytes", "bytes")
    assert found and all(set(item.refused or ()) == {"corpus"} for item in found)
    assert all(item.difference is None for item in found)
    done = tokeval_says("diff", str(both), str(second))
    assert done.returncode == 2
    assert "error: no figure can be compared" in done.stderr and "differ in corpus (" in done.stderr
    assert "Traceback" not in done.stderr
    assert tokeval_says("diff", str(both), str(second), "--allow", "corpus").returncode == 0


def test_another_seed_parameter_or_baseline_is_refused(run: Run, both: Path) -> None:
    second = run("seed", "-t", "bytes=bytes:", "-t", "chars=chars:", "--baseline", "chars", "--seed", "3")
    found = between(loaded(both), loaded(second), "bytes", "bytes")
    assert set(of(found, "bytes_per_token").refused or ()) == {"seed"}
    assert set(of(found, "nsl").refused or ()) == {"seed", "baseline"}


def test_the_command_compares_the_tokenizers_of_one_run_and_two_runs(run: Run, both: Path) -> None:
    done = tokeval_says("diff", str(both))
    assert done.returncode == 0 and not done.stderr
    assert "demo: bytes to chars" in done.stdout and "significantly better in" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 120
    same = tokeval_says("diff", str(both), str(both), "--csv")
    rows: list[dict[str, Any]] = list(csv.DictReader(io.StringIO(same.stdout)))
    assert same.returncode == 0 and rows
    assert {row["difference"] for row in rows} <= {"0.0", ""}
    one = run("one", "-t", "mine=chars:")
    paired = tokeval_says("diff", str(both), str(one), "-t", "bytes=mine", "-m", "bytes_per_token")
    assert paired.returncode == 0 and "demo: bytes to mine" in paired.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-t", "nope"], "no tokenizer 'nope'"),
        (["-m", "bytes_per_tokem"], "has no metric 'bytes_per_tokem'"),
    ],
)
def test_misuse_of_diff(both: Path, arguments: list[str], message: str) -> None:
    done = tokeval_says("diff", str(both), *arguments)
    assert done.returncode == 2 and message in done.stderr and len(done.stderr.splitlines()) <= 2


def test_figures_that_one_side_lacks_are_shown(both: Path, run: Run) -> None:
    words = run("words", "-t", "bytes=words:")
    done = tokeval_says("diff", str(both), str(words), "-t", "bytes=bytes")
    assert done.returncode == 0, done.stderr
    lost = [line.split() for line in done.stdout.splitlines() if line.rstrip().endswith("lost")]
    assert ["token_entropy", "all"] in [line[:2] for line in lost]
    assert " lost" in done.stdout.rpartition("figures are equal")[2]
    (count,) = [line.split() for line in done.stdout.splitlines() if line.split()[:2] == ["tokens", "all"]]
    assert "e+" not in "".join(count)
    assert "," in count[2]


def test_a_part_that_no_signature_has_is_refused(both: Path) -> None:
    done = tokeval_says("diff", str(both), "--allow", "sed")
    assert done.returncode == 2
    assert "no signature has a part 'sed'" in done.stderr
    assert "'seed'" in done.stderr


def test_diff_of_a_folder_without_results(tmp_path: Path) -> None:
    done = tokeval_says("diff", str(tmp_path))
    assert done.returncode == 2 and "results.parquet" in done.stderr and "Traceback" not in done.stderr


def test_damaged_sums_are_an_error(both: Path, tmp_path: Path) -> None:
    for name in ("results.parquet", "sums.parquet"):
        (tmp_path / name).write_bytes((both / name).read_bytes())
    pq.write_table(pq.read_table(tmp_path / "sums.parquet").drop_columns("numerator"), tmp_path / "sums.parquet")
    done = tokeval_says("diff", str(tmp_path))
    assert done.returncode == 2 and "not a table of sums" in done.stderr


def test_the_words_that_split_most_and_the_tokens_used_most(both: Path) -> None:
    rows = load_beside(both)["words"].to_pylist()
    mine = [r for r in rows if (r["tokenizer"], r["slice"]) == ("bytes", "eng_Latn")]
    words, tokens = ([r for r in mine if r["kind"] == kind] for kind in ("word", "token"))
    table = pq.read_table(DEMO).slice(0, 400).to_pylist()
    texts = [r["text"] for r in table if r["language"] == "eng_Latn"]
    counted: dict[str, int] = {}
    for text in texts:
        for word in text.split():
            counted[word] = counted.get(word, 0) + 1
    cost = {w: n * (len(w.encode()) - 1) for w, n in counted.items() if n > 1}
    expected = sorted((w for w in cost if cost[w]), key=lambda w: (-cost[w], w))[:20]
    assert [r["text"] for r in words] == expected
    for row in words:
        assert (row["count"], row["kept"]) == (counted[row["text"]], 1.0)
        assert row["pieces"] == counted[row["text"]] * len(row["text"].encode())
    letters = "".join(texts).encode()
    assert tokens[0]["text"] == " " and tokens[0]["count"] == letters.count(b" ")
    assert tokens[0]["share"] == letters.count(b" ") / len(letters)


def test_two_columns_make_slices(tmp_path: Path) -> None:
    import pyarrow as pa

    import tokeval

    path = tmp_path / "c.parquet"
    columns = {"language": ["x", "x", "y"], "domain": ["a", "b", "a"], "text": ["one", "two", "three"]}
    pq.write_table(pa.table(columns), path)
    table = tokeval.compare({"t": "bytes:"}, {"c": str(path)}, metrics=["tokens"], slice_by=["language", "domain"])
    assert table["slice"].to_pylist() == ["all", "x/a", "x/b", "y/a"]
    assert "slices:language,domain" in table["signature"][0].as_py()


def test_speed_is_measured_when_asked_and_has_no_signature(tmp_path: Path) -> None:
    import pyarrow as pa

    import tokeval

    path = tmp_path / "c.parquet"
    pq.write_table(pa.table({"text": ["one two"] * 50}), path)
    rows = tokeval.compare({"t": "bytes:"}, {"c": str(path)}, metrics=["speed", "tokens"]).to_pylist()
    speed = {r["metric"]: r for r in rows if r["metric"] != "tokens"}
    for metric in ("encode_s", "encode_mb_per_s", "encode_tokens_per_s", "decode_mb_per_s", "load_s"):
        assert speed[metric]["value"] > 0 and speed[metric]["signature"] == ""
    assert "speed" not in str(tokeval.compare({"t": "bytes:"}, {"c": str(path)})["metric"].to_pylist())


def test_figures_on_pairs_are_held_against_the_same_pair() -> None:
    files = ("demo-bpe.json", "demo-unigram.model", "demo-wordpiece.json")
    table = tokeval.vocab({name: str(ROOT / "corpora/tokenizers" / name) for name in files}, reach=False)
    results = Results.of(table)
    for name in files:
        found = between(results, results, name, name)
        assert {item.reference for item in found if item.metric == "overlap_jaccard"} == {*files} - {name}
        assert not [item for item in found if item.refused or item.difference]
