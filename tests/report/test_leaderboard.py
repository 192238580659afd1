"""Several runs on one page, where their figures were made alike; old result files; renderers from outside."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.report.made import results, row, small
from tokeval.errors import ResultsError
from tokeval.report import html, markdown
from tokeval.report.page_data import heat_data
from tokeval.report.summary import losses, prices, ranks, winners, wins
from tokeval.report.values import grids, headline, shown
from tokeval.results.merge import merge
from tokeval.results.store import Results, to_parquet
from tokeval.schema import ALL

PARTS = (ALL, "s", "t")


def run_of(name: str, value: float, **more: object) -> Results:
    return results([row(name, part, "bytes_per_token", value, **more) for part in PARTS], [name])


def tokeval(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    import os

    return subprocess.run(
        ["tokeval", *map(str, arguments)], capture_output=True, text=True, env={**os.environ, **environment}
    )


def write(folder: Path, made: Results) -> Path:
    folder.mkdir()
    (folder / "results.parquet").write_bytes(to_parquet(made.table))
    return folder


def test_tokenizers_stand_side_by_side() -> None:
    merged, left_out = merge({"x": run_of("a", 2.0), "y": run_of("b", 3.0)})
    assert list(merged.about.tokenizers) == ["a", "b"]
    assert left_out == []
    assert merged.table.num_rows == 6
    ((info, places),) = ranks(grids(merged, "demo"))
    assert (info.name, places) == ("bytes_per_token", {"b": 1, "a": 2})


def test_ties_share_a_rank_and_yardsticks_have_none() -> None:
    rows = [row(name, ALL, "gini", value) for name, value in (("a", 0.5), ("b", 0.25), ("c", 0.5), ("bytes", 0.0))]
    made = results(rows, ["a", "b", "c", "bytes"], yardsticks=["bytes"])
    assert ranks(grids(made, "demo"))[0][1] == {"b": 1, "a": 2, "c": 2}


def leaving_out(made: Results, **skipped: int) -> Results:
    corpora = {name: replace(corpus, skipped=skipped) for name, corpus in made.about.corpora.items()}
    warnings = [f"{name} fails" for name in skipped]
    return replace(made, about=replace(made.about, corpora=corpora, warnings=warnings))


def test_what_leaves_documents_out_is_held_against_no_other() -> None:
    rows = [row(name, part, "bytes_per_token", v) for part in PARTS for name, v in (("a", 9.0), ("b", 3.0), ("c", 2.0))]
    rows += [row(name, ALL, "tokens", value) for name, value in (("a", 5), ("b", 30), ("c", 45))]
    rows += [row(name, part, "documents", n) for part in PARTS for name, n in (("a", 1), ("b", 7), ("c", 7))]
    made = leaving_out(results(rows, ["a", "b", "c"]), a=6)
    found = grids(made, "demo")
    named = {grid.info.name: grid for grid in found}
    assert ranks(found)[0][1] == {"b": 1, "c": 2}
    assert [winner.names for winner in winners(headline(found))] == [("b",)]
    assert [price.more for price in prices(made, named)] == [None, 0.0, 0.5]
    assert named["bytes_per_token"].cells["b", ALL].best
    assert not named["bytes_per_token"].cells["a", ALL].best
    report = markdown.render(made)["report.md"].decode()
    assert "yardsticks and what leaves documents out not counted" in report
    assert "| **all** | 7 |" in report
    page = html.render(made)["report.html"].decode()
    assert "6 documents left out" in page
    assert '"rivals":[false,true,true]' in page


def test_a_run_that_left_documents_out_keeps_that_among_others() -> None:
    sign = "tokeval:0.1.0|metric:bytes_per_token.1|tokenizer:b|library:l/1|corpus:abc|skipped:4.x|slice:"
    rows = [row("b", part, "bytes_per_token", 9.0, signature=sign + part) for part in PARTS]
    merged, left_out = merge({"x": run_of("a", 2.0), "y": leaving_out(results(rows, ["b"]), b=4)})
    assert left_out == []
    assert merged.about.corpora["demo"].skipped == {"b": 4}
    assert merged.about.warnings == ["y: b fails"]
    assert not grids(merged, "demo")[0].cells["b", ALL].best


def test_a_rate_with_a_loss_is_not_shown_as_1() -> None:
    values = {
        0.99996667: "0.99997",
        1.0: "1.000",
        0.99999999: "0.99999999",
        1.00001: "1.000",
        0.9994: "0.9994",
        1 - 1e-15: "1.000",
    }
    assert {value: shown(value, "1") for value in values} == values
    made = results([row(t, p, "round_trip", v) for p in PARTS for t, v in (("a", 1.0), ("b", 0.99996667))], ["a", "b"])
    data = heat_data(made, grids(made, "demo"))
    assert data is not None
    assert data["metrics"][0]["values"][0] == [1, 0.99997]


def test_runs_that_differ_are_not_mixed() -> None:
    other = run_of(
        "b", 3.0, signature="tokeval:0.1.0|metric:bytes_per_token.1|tokenizer:b|library:l/1|corpus:xyz|slice:all"
    )
    with pytest.raises(ResultsError, match=r"differ in corpus \(abc, xyz\)"):
        merge({"x": run_of("a", 2.0), "y": other})  # fmt: skip


def test_a_metric_that_differs_is_left_out_and_named() -> None:
    both = []
    for name, sign in (("a", "metric:gini.1"), ("b", "metric:gini.2")):
        rows = [row(name, part, "bytes_per_token", 2.0) for part in PARTS]
        both.append(results([*rows, row(name, ALL, "gini", 0.5, signature=sign)], [name]))
    merged, left_out = merge({"x": both[0], "y": both[1]})
    assert left_out == ["gini: x and y differ in metric (gini.1, gini.2)"]
    assert set(merged.table["metric"].to_pylist()) == {"bytes_per_token"}
    assert [info.name for info in merged.about.metrics] == ["bytes_per_token"]


def test_one_name_for_two_tokenizers() -> None:
    a, b = run_of("a", 2.0), run_of("a", 3.0)
    merged, _ = merge({"x": a, "y": a})
    assert (list(merged.about.tokenizers), merged.table.num_rows) == (["a"], 3)
    b.about.tokenizers["a"] = type(b.about.tokenizers["a"])("spec", "another", "lib/1", None)
    merged, _ = merge({"x": a, "y": b})
    assert list(merged.about.tokenizers) == ["a", "a (y)"]
    assert merged.table["tokenizer"].to_pylist() == ["a"] * 3 + ["a (y)"] * 3


def test_on_the_command_line(tmp_path: Path) -> None:
    one, two = write(tmp_path / "one", run_of("a", 2.0)), write(tmp_path / "two", run_of("b", 3.0))
    done = tokeval("report", one, two, "-f", "html", "-f", "md", "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["report.html", "report.md"]
    assert "Rank by metric" in (tmp_path / "out" / "report.html").read_text("utf-8")
    assert tokeval("report", one, two).returncode == 2
    assert "named twice" in tokeval("report", one, one, "-o", tmp_path / "out").stderr


def test_from_the_table_alone_and_without_touching_it(tmp_path: Path) -> None:
    folder = write(tmp_path / "run", small())
    before = (folder / "results.parquet").read_bytes()
    done = tokeval("report", folder, *(x for f in ("csv", "html", "json", "latex", "md") for x in ("-f", f)))
    assert done.returncode == 0, done.stderr
    names = {
        "report.html",
        "report.md",
        "results-wide.csv",
        "results.csv",
        "results.json",
        "results.parquet",
        "tables.tex",
    }
    assert {p.name for p in folder.iterdir()} == names
    assert (folder / "results.parquet").read_bytes() == before


@pytest.mark.parametrize("path", sorted((Path(__file__).parent / "released").glob("*.parquet")), ids=lambda p: p.stem)
def test_results_of_earlier_versions(path: Path, tmp_path: Path) -> None:
    done = tokeval("report", path, "-f", "html", "-f", "md", "-f", "csv", "-f", "json", "-f", "latex", "-o", tmp_path)
    assert done.returncode == 0, done.stderr


def test_there_are_results_of_earlier_versions() -> None:
    assert list((Path(__file__).parent / "released").glob("*.parquet"))


def test_a_renderer_from_outside(tmp_path: Path) -> None:
    package = tmp_path / "lib"
    (package / "mine-1.0.dist-info").mkdir(parents=True)
    (package / "mine-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (package / "mine-1.0.dist-info" / "entry_points.txt").write_text("[tokeval.reports]\nlines = mine:render\n")
    (package / "mine.py").write_text(
        "def render(results):\n"
        "    return {'lines.txt': f'{results.table.num_rows} {sorted(results.beside)}'.encode()}\n"
    )
    folder = write(tmp_path / "run", small())
    (folder / "samples.parquet").write_bytes(to_parquet(small().beside["samples"]))
    import os

    path = os.pathsep.join([str(package), os.environ.get("PYTHONPATH", "")])
    done = tokeval("report", folder, "-f", "lines", PYTHONPATH=path)
    assert done.returncode == 0, done.stderr
    assert (folder / "lines.txt").read_text() == f"{small().table.num_rows} ['samples']"
    assert "mine 1.0" in tokeval("list", "reports", PYTHONPATH=path).stdout


def test_a_damaged_table_beside(tmp_path: Path, write_corpus: Callable[..., Path]) -> None:
    folder = write(tmp_path / "run", small())
    (folder / "samples.parquet").write_bytes(b"PAR1 cut short")
    done = tokeval("report", folder, "-f", "html")
    assert done.returncode == 2
    assert "cut short" in done.stderr
    assert not (folder / "report.html").exists()


def test_who_wins_where_and_who_loses_text() -> None:
    found = grids(small(), "demo")
    grid, counted, rows = wins(found) or pytest.fail("nobody won")
    assert (grid.info.name, counted) == ("bytes_per_token", 3)
    assert [(r.name, r.count, r.scripts) for r in rows] == [
        ("alpha", 2, (("Jpan", 1), ("Latn", 1))),
        ("be|ta", 1, (("Latn", 1),)),
    ]
    (loss,) = losses(small(), {g.info.name: g for g in found})
    assert (loss.name, loss.rate) == ("be|ta", 0.125)


def test_pairs_of_tokenizers(write_corpus: Callable[..., Path]) -> None:
    """On a real run: antisymmetric, equal to the figures' difference, and clear where all documents agree."""
    from tokeval.engine.plan import make_plan
    from tokeval.engine.run import run_plan
    from tokeval.report.pairs import matrices
    from tokeval.report.values import headline

    texts = [f"some words {i} and ünïcode {'x' * (i % 7)}" for i in range(120)]
    path = write_corpus("c", text=texts, id=[str(i) for i in range(120)], language=["a", "b"] * 60)
    plan = make_plan({"one": "bytes:", "two": "chars:"}, {"demo": str(path)})
    made = run_plan(plan)[0]
    for name, about in list(made.about.tokenizers.items()):
        made.about.tokenizers[name] = type(about)(about.spec, about.fingerprint, about.library, about.vocabulary_size)
    (first, *_) = matrices(made, "demo", headline(grids(made, "demo")))
    assert first.info.name == "bytes_per_token"
    ((_, (none, one_two)), (_, (two_one, _))) = first.rows
    assert none is None
    assert one_two is not None
    assert two_one is not None
    values = {t: c.value for t, c in next(g for g in grids(made, "demo") if g.info.name == "bytes_per_token").ranking()}
    assert float(two_one.text) == pytest.approx((values["two"] or 0) - (values["one"] or 0), rel=1e-3)
    assert one_two.text == two_one.text.replace("+", "−")
    assert (two_one.clear, two_one.better, two_one.worse) == (True, 2, 0)
    assert (one_two.clear, one_two.better, one_two.worse) == (True, 0, 2)
    low, high = (float(end) for end in two_one.interval.split(" to "))
    assert low <= float(two_one.text) <= high
    assert matrices(results([row("a", ALL, "gini", 1.0)], ["a"]), "demo", []) == []
