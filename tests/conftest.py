"""Shared fixtures: where real data lies, and small corpora made on the spot."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

# The command that tests start is the one installed beside this interpreter, whatever else lies on the path.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])

settings.register_profile(
    "tokeval", deadline=None, derandomize=True, max_examples=40, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("tokeval")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if "TOKEVAL_TEST_DATA" in os.environ:
        return
    missing = pytest.mark.skip(reason="real data: set TOKEVAL_TEST_DATA to the folder that holds it")
    for item in items:
        if "real_data" in item.keywords:
            item.add_marker(missing)


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads or fills the user's cache of states."""
    os.environ["TOKEVAL_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real tokenizers and corpora; only for tests marked real_data."""
    return Path(os.environ["TOKEVAL_TEST_DATA"])


@pytest.fixture(scope="session")
def golden(data: Path) -> Path:
    """The folder of figures that were made independently."""
    return data.parent / "golden"


@pytest.fixture
def write_corpus(tmp_path: Path) -> Callable[..., Path]:
    """Write columns to a Parquet file: `write_corpus("name", row_group_size=..., text=[...], language=[...])`."""

    def write(name: str = "corpus", row_group_size: int | None = None, **columns: Any) -> Path:
        path = tmp_path / f"{name}.parquet"
        pq.write_table(pa.table(columns), path, row_group_size=row_group_size)
        return path

    return write
