"""Corpora and plans for the engine's tests: a few hundred documents, many row groups, every kind of slice."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tokeval.engine import run
from tokeval.engine.plan import Plan, make_plan

LANGUAGES = ("eng_Latn", "jpn_Jpan", "tur_Latn", "amh_Ethi")
ALPHABETS = ("abcdefgh  ", "あいうえお漢字", "çığöşü abc  ", "ሀሁሂሃ ለሉ ")


def write_texts(path: Path, documents: int, row_group_size: int = 40, seed: int = 7, copies: int = 1) -> Path:
    """Parallel documents in four languages, some null, some empty; ids repeat in each language."""
    draw = random.Random(seed)
    ids, languages, texts = [], [], []
    for number in range(documents):
        code = number % len(LANGUAGES)
        length = draw.choice([0, 3, 20, 80, 200])
        text = "".join(draw.choice(ALPHABETS[code]) for _ in range(length))
        ids.append(f"d{number // len(LANGUAGES)}")
        languages.append(LANGUAGES[code])
        texts.append(None if draw.random() < 0.02 else text)
    table = pa.table({"id": ids * copies, "language": languages * copies, "text": texts * copies})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, row_group_size=row_group_size)
    return path


def run_plan(plan: Plan, **options: Any) -> tuple[pa.Table, dict[str, Any]]:
    """The result table and the record of a run."""
    results, record = run.run_plan(plan, **options)
    return results.table, record


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_texts(tmp_path / "corpus" / "part.parquet", 600)


@pytest.fixture
def plan_of() -> Callable[..., Plan]:
    def make(path: Path | str, *specs: str, **options: object) -> Plan:
        named = {spec.partition(":")[0]: spec for spec in specs or ("bytes:", "chars:", "words:")}
        return make_plan(named, {"mine": str(path)}, **options)  # type: ignore[arg-type]

    return make
