"""The page is what the code says, and its first command works as it stands."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq

from tests.conftest import ROOT
from tokeval import registry

PAGE = (ROOT / "docs" / "linguistic.md").read_text("utf-8")


def test_the_page_is_not_stale() -> None:
    subprocess.run([sys.executable, str(ROOT / "docs" / "build_linguistic.py"), "--check"], check=True)


def test_every_kind_and_option_is_named() -> None:
    for kind in registry.entries(registry.LEXICONS):
        assert f"`{kind}:`" in PAGE
    for option in ("--lexicon", "--gold", "--lexical-decision", "--decision-columns", "--preset"):
        assert option in PAGE


def test_the_sizes_of_the_small_lexicons_are_those_of_the_files() -> None:
    text = (ROOT / "corpora" / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| `LANG\.(\S+)` \|.*?\| (\d+) \| (\d+) \| (\d+) \|$", text, re.MULTILINE)
    folder = ROOT / "corpora" / "linguistic"
    files = {path.name for path in folder.iterdir()}
    assert files == {f"{language}.{name}" for language in ("tur", "eng", "fin") for name, *_ in rows}
    for name, *sizes in rows:
        for language, size in zip(("tur", "eng", "fin"), sizes, strict=True):
            lines = (folder / f"{language}.{name}").read_text("utf-8").splitlines()
            assert len(set(lines)) == int(size), (language, name)


def test_the_first_command_gives_a_table(tmp_path: Path) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    command = shlex.split(blocks[0].replace("\\\n", " "))
    command[command.index("out")] = str(tmp_path / "out")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.search(r"tur_Latn +demo-unigram +\d+\.\d% +\d+\.\d%", done.stderr)
    assert pq.read_table(tmp_path / "out" / "tokens.parquet").num_rows > 100
    metrics = set(pq.read_table(tmp_path / "out" / "results.parquet")["metric"].to_pylist())
    assert metrics == {"vocabulary_size", "tokens", "encode_s", "language_token_rate", "pure_token_rate"}
