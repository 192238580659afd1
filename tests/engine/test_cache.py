"""States kept between runs: what is new is computed, what is known is not, and no figure depends on it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.engine.conftest import run_plan, write_texts
from tests.tokenizers import makers
from tokeval.engine import cache as cache_module
from tokeval.engine import local as local_module
from tokeval.engine.cache import StateCache, joined
from tokeval.engine.plan import Plan, make_plan
from tokeval.engine.shard import Wanted, begin, everything, load_workers
from tokeval.metrics import measures, select
from tokeval.metrics.frequencies import Frequencies


class Told:
    """Counts the bytes that each tokenizer scanned."""

    def __init__(self) -> None:
        self.bytes: dict[str, int] = {}

    def __call__(self, name: str, size: int, seconds: float) -> None:
        self.bytes[name] = self.bytes.get(name, 0) + size


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "states"


def scanned(plan: Plan, folder: Path | None) -> dict[str, int]:
    """By tokenizer, the bytes that a run with this cache scans; its table is checked against a run without."""
    told = Told()
    table = run_plan(plan, cache=folder, progress=told, jobs=1)[0]
    assert table.equals(run_plan(plan, jobs=1)[0], check_metadata=True)
    return told.bytes


def test_a_second_run_scans_nothing(corpus: Path, plan_of: Callable[..., Plan], folder: Path) -> None:
    plan = plan_of(corpus)
    assert set(scanned(plan, folder)) == {"bytes", "chars", "words"}
    assert scanned(plan, folder) == {}
    assert scanned(plan, None) != {}


def test_a_further_tokenizer_costs_one_tokenizer(corpus: Path, plan_of: Callable[..., Plan], folder: Path) -> None:
    scanned(plan_of(corpus, "bytes:", "chars:"), folder)
    assert set(scanned(plan_of(corpus, "bytes:", "words:", "chars:"), folder)) == {"words"}


def test_another_file_of_the_same_time_and_footer_is_another_corpus(
    tmp_path: Path, plan_of: Callable[..., Plan], folder: Path
) -> None:
    """As archives and copies that keep times make them."""

    def write(name: str, text: str) -> Path:
        table = pa.table({"text": ["a", text, "z"], "language": ["eng_Latn"] * 3})
        pq.write_table(table, tmp_path / name, compression="none", use_dictionary=False)
        os.utime(tmp_path / name, (1, 1))
        return tmp_path / name

    path, other = write("c.parquet", "hello world"), write("d.parquet", "h l o w rld")
    assert path.stat().st_size == other.stat().st_size
    scanned(plan_of(path), folder)
    other.replace(path)
    assert scanned(plan_of(path), folder) != {}


def test_nothing_is_kept_of_a_file_that_does_not_tell_when_it_was_written(
    corpus: Path, plan_of: Callable[..., Plan], folder: Path
) -> None:
    plan = plan_of(corpus)
    (found,) = plan.corpora
    bare = replace(plan, corpora=(replace(found, files=tuple(replace(f, stamp="") for f in found.files)),))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local_module, "check_unchanged", lambda *_: None)
        assert scanned(bare, folder) == scanned(bare, folder) != {}


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_state_with_a_flipped_bit_is_computed_again(corpus: Path, plan_of: Callable[..., Plan], folder: Path) -> None:
    plan = plan_of(corpus, "bytes:", "chars:")
    scanned(plan, folder)
    assert scanned(plan, folder) == {}
    for path in folder.glob("*.state"):
        damage(path)
        assert scanned(plan, folder) != {}


def test_a_state_under_the_name_of_another_is_not_taken(
    corpus: Path, plan_of: Callable[..., Plan], folder: Path
) -> None:
    plan = plan_of(corpus)
    scanned(plan, folder)
    one, *others = sorted(folder.glob("*.state"))
    for path in others:
        path.write_bytes(one.read_bytes())
    assert scanned(plan, folder) != {}


NAMES = [
    name
    for name, metric in select.all_metrics().items()
    if metric.needs in (None, "baseline", "pivot") and metric.info.family != "speed"
]


@pytest.mark.parametrize("name", NAMES)
def test_a_metric_alone_comes_out_of_the_cache_as_it_went_in(
    tmp_path: Path, plan_of: Callable[..., Plan], folder: Path, name: str
) -> None:
    """Some have no sums, and only sums knew the slices once."""
    path = write_texts(tmp_path / "c.parquet", 40)
    plan = plan_of(path, "bytes:", "chars:", metrics=[name], pivot="eng_Latn", baseline="bytes")
    first, again = (run_plan(plan, cache=folder, jobs=1)[0] for _ in range(2))
    assert first.num_rows
    assert again.equals(first, check_metadata=True)


def test_names_do_not_matter_but_content_does(tmp_path: Path, plan_of: Callable[..., Plan], folder: Path) -> None:
    path = write_texts(tmp_path / "a" / "c.parquet", 100)
    scanned(plan_of(path), folder)
    moved = tmp_path / "b" / "c.parquet"
    moved.parent.mkdir()
    path.rename(moved)
    assert scanned(plan_of(moved), folder) == {}
    write_texts(moved, 101)
    assert len(scanned(plan_of(moved), folder)) == 3


@pytest.mark.parametrize("other", [{"limit": 30}, {"slice_by": ()}, {"id_column": "language"}, {"seed": 3}])
def test_another_reading_of_the_corpus_is_another_entry(
    corpus: Path, plan_of: Callable[..., Plan], folder: Path, other: dict[str, object]
) -> None:
    scanned(plan_of(corpus), folder)
    assert len(scanned(plan_of(corpus, **other), folder)) == 3


def test_a_changed_accumulator_costs_only_itself(
    corpus: Path, plan_of: Callable[..., Plan], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(corpus, "bytes:")
    scanned(plan, folder)
    monkeypatch.setattr(Frequencies, "version", 2)
    todo: dict[str, Wanted] = {}
    real = cache_module.missing

    def missing(*arguments: object) -> object:
        found = real(*arguments)  # type: ignore[arg-type]
        todo.update(found)
        return found

    monkeypatch.setattr("tokeval.engine.run.missing", missing)
    assert run_plan(plan, cache=folder)[0].equals(run_plan(plan_of(corpus, "bytes:"), cache=folder)[0])
    assert todo["bytes"].measures == ()
    assert [kind.name for kind in todo["bytes"].kinds] == ["frequencies"]


def test_a_changed_measure_costs_only_itself(
    corpus: Path, plan_of: Callable[..., Plan], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(corpus, "bytes:", metrics=["bytes_per_token"])
    scanned(plan, folder)
    doubled = replace(measures.TOKENS, version=2, compute=lambda view: 2 * np.diff(view.encoding.offsets))
    real = select.all_metrics()
    changed = {
        name: replace(metric, measures=tuple(doubled if m.name == "tokens" else m for m in metric.measures))
        for name, metric in real.items()
    }
    monkeypatch.setattr(select, "all_metrics", lambda: changed)
    table = run_plan(plan, cache=folder)[0].to_pandas()
    assert set(table["value"]) == {0.5}


def test_a_state_that_may_not_be_kept_is_not(
    corpus: Path, plan_of: Callable[..., Plan], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Frequencies, "cached", False)
    plan = plan_of(corpus, "bytes:")
    scanned(plan, folder)
    assert set(scanned(plan, folder)) == {"bytes"}


def test_what_a_fast_path_did_does_not_stand_for_the_reference(corpus: Path, tmp_path: Path, folder: Path) -> None:
    """The other way round it does; and who has no fast path is always on the reference."""
    specs = {name: str(makers.write_hf(tmp_path / name, name)) for name in ("bytelevel", "wordpiece")}
    plan = make_plan({**specs, "bytes": "bytes:"}, {"mine": str(corpus)})
    run_plan(plan, cache=folder, jobs=1)
    assert set(scanned(replace(plan, reference=("wordpiece", "bytes")), folder)) == {"wordpiece"}
    every = replace(plan, reference=tuple(name for name, _ in plan.tokenizers))
    assert set(scanned(every, folder)) == {"bytelevel"}
    assert scanned(every, folder) == {}
    StateCache(folder).clear()
    run_plan(every, cache=folder, jobs=1)
    assert scanned(plan, folder) == {}


def test_states_that_were_joined_know_of_a_path_that_was_dropped(
    corpus: Path, plan_of: Callable[..., Plan], folder: Path
) -> None:
    """A worker elsewhere tells of it in the state alone."""
    plan = plan_of(corpus, "bytes:")
    workers = load_workers(plan)
    run_plan(plan, cache=folder, jobs=1)
    known = StateCache(folder).known(plan, workers)[0]
    computed = begin(plan, 0, workers, everything(workers))
    computed.tokenizers["bytes"].dropped = True
    assert joined(known, computed).tokenizers["bytes"].dropped


@pytest.mark.parametrize("damage", [b"", b"\x00" * 100])
def test_damaged_states_are_computed_again(
    corpus: Path, plan_of: Callable[..., Plan], folder: Path, damage: bytes
) -> None:
    plan = plan_of(corpus)
    scanned(plan, folder)
    for path in sorted(folder.iterdir())[::2]:
        path.write_bytes(damage)
    scanned(plan, folder)


def test_the_least_recently_used_states_go_first(corpus: Path, plan_of: Callable[..., Plan], folder: Path) -> None:
    run_plan(plan_of(corpus), cache=folder)
    files = sorted(folder.iterdir())
    for age, path in enumerate(files):
        os.utime(path, (age, age))
    whole = StateCache(folder).usage()
    assert (whole.files, whole.bytes) == (len(files), sum(p.stat().st_size for p in files))
    StateCache(folder, limit=whole.bytes // 2)._trim()
    left = sorted(folder.iterdir())
    assert left == files[-len(left) :]
    assert 0 < StateCache(folder).usage().bytes <= whole.bytes // 2


def test_a_cache_that_cannot_be_written_does_not_fail_the_run(
    corpus: Path, plan_of: Callable[..., Plan], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    assert run_plan(plan_of(corpus), cache=tmp_path / "file")[0].num_rows


def test_the_command_line_keeps_states_and_shows_and_clears_them(corpus: Path, tmp_path: Path) -> None:
    environment = os.environ | {"TOKEVAL_CACHE": str(tmp_path / "own")}

    def tokeval(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tokeval.cli.main", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True)

    compare = ("compare", "-t", "bytes:", "-c", str(corpus), "--progress", "lines")
    assert tokeval("cache", "info").stdout.startswith(f"{tmp_path / 'own'}: 0 states")
    first = tokeval(*compare)
    second = tokeval(*compare)
    assert first.stdout == second.stdout
    assert "bytes" in first.stderr.splitlines()[-1]
    assert "nothing had to be computed again" in second.stderr
    assert int(tokeval("cache", "info").stdout.split()[1]) > 5
    assert "removed" in tokeval("cache", "clear").stdout
    assert tokeval("cache", "info").stdout.startswith(f"{tmp_path / 'own'}: 0 states")
    assert "nothing had" not in tokeval(*compare, "--no-cache").stderr
    assert tokeval("cache", "info").stdout.startswith(f"{tmp_path / 'own'}: 0 states")
