"""The ray engine on a local cluster of two workers: equal bits, lost workers, shipped files."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.conftest import ROOT
from tests.engine.conftest import run_plan, write_texts
from tests.tokenizers import makers
from tokeval.engine import checkpoint, local
from tokeval.engine import ray as cluster
from tokeval.engine.plan import Plan, Shard, make_plan
from tokeval.errors import CorpusError, IncompleteRunError, InterruptedRunError, UsageError

pytestmark = pytest.mark.filterwarnings("default")  # Ray warns of its own parts

SMALL = 2000


@pytest.fixture(scope="module", autouse=True)
def two_workers() -> Iterator[None]:
    ray = pytest.importorskip("ray")
    cluster._connect(None, 2)
    yield
    ray.shutdown()


def test_the_table_is_equal_to_the_local_one(corpus: Path, plan_of: Callable[..., Plan]) -> None:
    plan = plan_of(corpus, baseline="bytes", pivot="eng_Latn")
    table, record = run_plan(plan, engine="ray", shard_bytes=SMALL)
    assert table.equals(run_plan(plan)[0], check_metadata=True)
    assert record["engine"] == "ray"


def test_numbers_code_and_noise_are_equal_to_the_local_run(tmp_path: Path) -> None:
    from tests.probes.helpers import BPE
    from tests.probes.test_presets import FAMILIES, mixed

    plan = make_plan({"t": BPE, "bytes": "bytes:"}, {"c": str(mixed(tmp_path))}, metrics=FAMILIES)
    table, _ = run_plan(plan, engine="ray", shard_bytes=SMALL)
    assert table.equals(run_plan(plan, jobs=1, parts=1)[0], check_metadata=True)


@pytest.mark.parametrize("states", [0, 1, 2, 8, 9, 65])
def test_the_tree_merges_every_state_once_and_never_many_at_a_time(states: int) -> None:
    widths: list[int] = []

    def merge(corpus: int, group: list[int]) -> int:
        widths.append(len(group))
        return sum(group)

    tree = cluster._Tree(merge, 0)
    for number in range(states):
        tree.add(2**number)
    assert tree.root() == (2**states - 1 if states else None)
    assert all(2 <= width <= cluster._FAN_IN for width in widths)


def test_a_worker_killed_in_the_middle_is_retried(corpus: Path, plan_of: Callable[..., Plan], tmp_path: Path) -> None:
    mark = tmp_path / "killed"

    def dying(job: cluster.Job, shard: Shard) -> tuple[bytes, cluster.Report]:
        if shard.number == 2 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return cluster.run_task(job, shard)

    plan = plan_of(corpus)
    table, _ = run_plan(plan, engine="ray", shard_bytes=SMALL, task=dying)
    assert mark.exists()
    assert table.equals(run_plan(plan)[0], check_metadata=True)


def test_a_shard_that_always_kills_its_worker_is_an_incomplete_run(
    corpus: Path, plan_of: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    def deadly(job: cluster.Job, shard: Shard) -> tuple[bytes, cluster.Report]:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    monkeypatch.setattr(cluster, "_RETRIES", 0)
    with pytest.raises(IncompleteRunError, match="lost a shard on every attempt") as caught:
        run_plan(plan_of(corpus, "bytes:"), engine="ray", task=deadly)
    assert caught.value.exit_code == 3


def test_an_error_in_a_worker_is_the_users_error(tmp_path: Path, plan_of: Callable[..., Plan]) -> None:
    path = write_texts(tmp_path / "c.parquet", 200)
    plan = plan_of(path)
    data = bytearray(path.read_bytes())
    data[40:4000] = b"\xff" * 3960  # pages damaged, footer whole
    stamp = path.stat()
    path.write_bytes(data)
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    with pytest.raises(CorpusError, match="cannot be read to its end"):
        run_plan(plan, engine="ray", shard_bytes=SMALL)


def demo_json(folder: Path) -> tuple[str, list[Path]]:
    path = folder / "tokenizer.json"
    shutil.copy(ROOT / "corpora" / "tokenizers" / "demo-bpe.json", path)
    return f"hf:{path}", [path]


def ranks_with_a_pattern(folder: Path) -> tuple[str, list[Path]]:
    pattern = folder / "pattern.txt"
    pattern.write_text(r"\p{L}+|[^\p{L}]", "utf-8")
    ranks = makers.write_ranks(folder)
    return f"tiktoken:{ranks}@pattern={pattern}", [ranks, pattern]


def derived(folder: Path) -> tuple[str, list[Path]]:
    spec, paths = ranks_with_a_pattern(folder)
    return f"derive:longest-prefix:{spec}", paths


@pytest.mark.parametrize("make", [demo_json, ranks_with_a_pattern, derived])
def test_a_node_without_the_files_of_a_tokenizer_gets_them(
    make: Callable[[Path], tuple[str, list[Path]]], corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    spec, paths = make(folder)
    plan = make_plan({"t": spec}, {"mine": str(corpus)})
    whole = run_plan(plan)[0]
    real = cluster._tokenizer_files

    def read_and_take_away(plan: Plan) -> Any:
        files = real(plan)
        for path in paths:
            path.unlink()
        return files

    monkeypatch.setattr(cluster, "_tokenizer_files", read_and_take_away)
    assert run_plan(plan, engine="ray", shard_bytes=SMALL)[0].equals(whole, check_metadata=True)
    assert not any(path.exists() for path in paths)


def test_what_is_done_again_on_the_reference_is_loaded_again(corpus: Path, plan_of: Callable[..., Plan]) -> None:
    """Or the workers would do it on the fast path that disagreed."""
    plan = plan_of(corpus)
    jobs = [cluster.Job(replace(plan, reference=names), {}, {}) for names in ((), ("bytes",), ("bytes", "chars"))]
    assert len({job.key for job in jobs}) == 3


def test_weights_beside_a_tokenizer_stay_where_they_are(corpus: Path, tmp_path: Path) -> None:
    shutil.copy(ROOT / "corpora" / "tokenizers" / "demo-bpe.json", tmp_path / "tokenizer.json")
    for name in ("model.safetensors", "README.md"):
        (tmp_path / name).write_text("large")
    plan = make_plan({"t": str(tmp_path)}, {"mine": str(corpus)})
    assert {name for files in cluster._tokenizer_files(plan).values() for name in files} == {"tokenizer.json"}


def test_a_local_checkpoint_is_continued_on_the_cluster(
    corpus: Path, plan_of: Callable[..., Plan], tmp_path: Path
) -> None:
    plan, out = plan_of(corpus), tmp_path / "out"
    real = local.scan

    def scan(*arguments: Any) -> Any:
        yield from islice(real(*arguments), 3)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local, "scan", scan)
        with pytest.raises(InterruptedRunError):
            run_plan(plan, output=out, shard_bytes=SMALL)
    table, _ = run_plan(plan, engine="ray", output=out, shard_bytes=SMALL, resume=True)
    assert table.equals(run_plan(plan)[0], check_metadata=True)
    assert len(list(checkpoint.checkpoint_folder(out).glob("*.state"))) > 3


def test_a_cluster_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    def refuse(**_: object) -> None:
        raise ConnectionError("no GCS at 10.0.0.1")

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", refuse)
    with pytest.raises(UsageError, match=r"the cluster at 10\.0\.0\.1:6379 cannot be reached"):
        cluster._connect("10.0.0.1:6379", None)


def test_documents_that_a_tokenizer_fails_on_are_counted_the_same(corpus: Path, plan_of: Callable[..., Plan]) -> None:
    plan = make_plan({"picky": "python:tests.engine.picky:Picky"}, {"mine": str(corpus)}, on_error="skip")
    here, there = run_plan(plan), run_plan(plan, engine="ray", shard_bytes=SMALL)
    assert there[0].equals(here[0], check_metadata=True)
    assert there[1]["skipped"] == here[1]["skipped"] != {"mine": {}}


def test_a_cluster_that_runs_already_is_used_by_its_address(
    corpus: Path, plan_of: Callable[..., Plan], tmp_path: Path
) -> None:
    """A head in a process of its own, as `ray start --head` makes; the command connects, and leaves it running."""
    command = [sys.executable, "-c", HEAD, tempfile.mkdtemp(prefix="ray")]  # its sockets' paths have to be short
    head = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
    assert head.stdout is not None
    address = head.stdout.readline().strip()
    compare = [sys.executable, "-m", "tokeval.cli.main", "compare", "--no-cache", "-q", "-c", f"mine={corpus}"]
    compare += ["-t", "bytes:", "-t", "words:", "--engine", "ray", "--ray-address", address]
    try:
        done = subprocess.run([*compare, "-o", str(tmp_path / "out")], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        assert head.poll() is None
    finally:
        head.communicate("stop\n", timeout=60)
        shutil.rmtree(command[3], ignore_errors=True)
    expected = run_plan(plan_of(corpus, "bytes:", "words:"))[0]
    assert pq.read_table(tmp_path / "out" / "results.parquet").equals(expected)


HEAD = """
import sys, ray
context = ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, _temp_dir=sys.argv[1])
print(context.address_info["gcs_address"], flush=True)
sys.stdin.readline()
ray.shutdown()
"""
