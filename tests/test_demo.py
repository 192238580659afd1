"""The demo corpus is what its README says, and `make demo` compares nine tokenizers on it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.conftest import ROOT
from tokeval.cli.main import main
from tokeval.results.store import Results, load_results

CORPORA = ROOT / "corpora"


def test_the_parquet_is_built_from_the_text_files() -> None:
    subprocess.run([sys.executable, str(CORPORA / "build_demo.py"), "--check"], check=True)


def test_its_size() -> None:
    table = pq.read_table(CORPORA / "demo.parquet")
    languages = table["language"].unique().to_pylist()
    assert len(languages) >= 24
    assert len({name.split("_")[1] for name in languages}) >= 12
    per_language = table.group_by("language").aggregate([("id", "count_distinct")])
    assert pc.min(per_language["id_count_distinct"]).as_py() >= 60
    assert set(table["domain"].unique().to_pylist()) == {"news", "dialogue", "numbers", "names", "code"}


@pytest.mark.parametrize("name", ["demo", "multilingual"])
def test_the_configurations_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "demo":
        pytest.importorskip("mistral_common")
    out = tmp_path / "out"
    arguments = ["tokeval", "compare", str(ROOT / "configs" / f"{name}.toml"), "-o", str(out), "-q"]
    if name == "demo":
        arguments += ["--gate", str(ROOT / "configs" / "gate.toml")]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 0
    results = Results.of(load_results(out))
    assert len(results.about.tokenizers) == (9 if name == "demo" else 2)
    assert set(results.table["status"].to_pylist()) <= {"ok", "not_applicable"}
