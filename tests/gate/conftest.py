"""Two versions of a tokenizer, a corpus on which they differ in known places, and their runs."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import ROOT

#: Runs the command in a folder: `start(folder, "gate", ...)`; keywords are environment variables.
Start = Callable[..., subprocess.CompletedProcess[str]]


def make_tokenizer(path: Path, merges: list[tuple[str, str]]) -> None:
    """A byte-level BPE with just these merges, in this order of ids."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    pieces = alphabet + ["".join(pair) for pair in merges]
    made = Tokenizer(models.BPE({piece: i for i, piece in enumerate(pieces)}, merges))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.save(str(path))


def make_corpus(path: Path) -> None:
    """Parallel documents: `xy` stands in one English document, and here and there in every third German one."""
    rows = []
    for number in range(90):
        rows.append((f"ab {'cd ' * (number % 7)}{'xy' if number == 40 else 'ab'}", "eng", str(number)))
        rows.append((f"ab {'cd ' * (number % 5)}{'xy ' * (number % 3)}ab", "deu", str(number)))
    names = ("text", "language", "id")
    pq.write_table(pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))), path)


@pytest.fixture(scope="session")
def start() -> Start:
    """The installed command, in a process of its own."""
    command = Path(sys.executable).parent / "tokeval"
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("TOKEVAL_", "GITHUB_"))}
    environment["PYTHONPATH"] = str(ROOT)

    def run(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(command), *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=environment | more,
            check=False,
            timeout=300,
        )

    return run


@pytest.fixture(scope="session")
def inside() -> Start:
    """The same without a process of its own, for the many cases that would cost a start each."""

    def run(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        from tokeval.cli.main import main

        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            patch.setattr(sys, "argv", ["tokeval", *arguments])
            for name in [name for name in os.environ if name.startswith(("TOKEVAL_", "GITHUB_"))]:
                patch.delenv(name)
            for name, value in more.items():
                patch.setenv(name, value)
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as left:
                main()
        code = left.value.code
        assert isinstance(code, int)
        return subprocess.CompletedProcess(list(arguments), code, out.getvalue(), err.getvalue())

    return run


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory, inside: Start) -> Path:
    """A folder with old.json and new.json, the corpus, and a run of each under the name `tok`."""
    folder = tmp_path_factory.mktemp("work")
    ab, cd, xy = ("a", "b"), ("c", "d"), ("x", "y")
    make_tokenizer(folder / "old.json", [ab, cd, xy])
    make_tokenizer(folder / "new.json", [cd, ab])
    make_corpus(folder / "corpus.parquet")
    for name in ("old", "new"):
        run = ("compare", "-t", f"tok={name}.json", "-c", "c=corpus.parquet", "-m", "size", "-o", name, "-q")
        done = inside(folder, *run)
        assert done.returncode == 0, done.stderr
    return folder
