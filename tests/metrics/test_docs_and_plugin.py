"""The pages are those of the declarations, and a metric from outside is as good as a built-in."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.conftest import ROOT
from tokeval.metrics.select import all_metrics

FAMILIES = ("size", "fairness", "information", "fidelity", "speed")
PLUGIN = ROOT / "tests/plugin"


def test_the_pages_are_not_stale() -> None:
    spec = importlib.util.spec_from_file_location("metrics_pages", ROOT / "docs/metrics.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, text in module.pages().items():
        if name.removesuffix(".md") in FAMILIES:
            assert (module.HERE / name).read_text("utf-8") == text, "run python docs/metrics.py"


def test_every_metric_that_ranks_says_when_it_misleads() -> None:
    for metric in all_metrics().values():
        if metric.info.family in FAMILIES and metric.info.unit != "count":
            assert metric.info.misleads, metric.name


def installed(folder: Path) -> dict[str, str]:
    """An environment in which the plugin is on the path, with the metadata that installing it would write."""
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text())["project"]
    about = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    groups = project["entry-points"].items()
    lines = [line for group, points in groups for line in (f"[{group}]", *(f"{k} = {v}" for k, v in points.items()))]
    (about / "entry_points.txt").write_text("\n".join(lines) + "\n")
    path = os.pathsep.join([str(folder), str(PLUGIN / "src"), os.environ.get("PYTHONPATH", str(ROOT))])
    return {**os.environ, "PYTHONPATH": path}


def test_a_metric_from_outside(tmp_path: Path) -> None:
    environment = installed(tmp_path)
    corpus = tmp_path / "c.parquet"
    texts = [text for letter in "abcdefghij" for text in (f"on{letter}\ntwo", f"thre{letter}")]
    pq.write_table(pa.table({"text": texts}), corpus)
    command = [sys.executable, "-m", "tokeval.cli.main"]
    listed = subprocess.run([*command, "list", "metrics"], env=environment, capture_output=True, text=True)
    assert "tokens_per_line" in listed.stdout.replace("\n", "")
    arguments = ["compare", "-t", "b=bytes:", "-c", f"c={corpus}", "-m", "tokens_per_line", "-o", str(tmp_path / "out")]
    done = subprocess.run([*command, *arguments, "--no-cache"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (row,) = pq.read_table(tmp_path / "out/results.parquet").to_pylist()
    assert (row["metric"], row["unit"], row["value"]) == ("tokens_per_line", "tokens/line", 12 / 3)
    assert row["ci_low"] <= 4 <= row["ci_high"] and "metric:tokens_per_line.1" in row["signature"]
