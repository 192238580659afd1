"""Peak memory does not depend on the size of the corpus, nor on how its rows and row groups are shaped."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import ROOT

DEMO = ROOT / "corpora" / "demo.parquet"
TOKENIZER = ROOT / "corpora" / "tokenizers" / "demo-bpe.json"


def peak(corpus: Path, folder: Path, spec: str = str(TOKENIZER)) -> float:
    """Peak resident megabytes of a comparison with default metrics."""
    command = [sys.executable, "-m", "tokeval.cli.main", "compare", "-q", "--no-cache", "-j", "2"]
    command += ["-t", f"t={spec}", "-c", f"c={corpus}", "-o", str(folder)]
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss / 1024


def peaks_at(multiples: tuple[int, ...], folder: Path) -> list[float]:
    """Peaks over so many times a corpus of 36 MB of text.

    Batches are small where little is left to read, and take less memory: so it is large enough for full ones, and its
    pages have no dictionaries, with which footers promise less text than there is.
    """
    block = pa.concat_tables([pq.read_table(DEMO)] * 160)
    peaks = []
    for times in multiples:
        path = folder / f"{times}.parquet"
        with pq.ParquetWriter(path, block.schema, use_dictionary=False) as writer:
            for _ in range(times):
                writer.write_table(block)
        peaks.append(peak(path, folder / f"out{times}"))
    print(f"peak MB at {multiples} times: {[round(p) for p in peaks]}")
    return peaks


@pytest.mark.parametrize("named", [None, "mimalloc"])
@pytest.mark.skipif(sys.platform != "linux" or platform.machine() != "x86_64", reason="elsewhere the system's pool")
def test_all_that_arrow_takes_comes_from_one_pool_unless_the_user_names_another(named: str | None) -> None:
    code = f"""
from tokeval.cli import compare
from tokeval.engine.memory import reuse_buffers
reuse_buffers()
import pyarrow as pa, pyarrow.compute as pc, pyarrow.parquet as pq
for part in pq.ParquetFile({str(DEMO)!r}).iter_batches(columns=["text"]):
    pc.utf8_upper(part.column(0))
pools = [pa.jemalloc_memory_pool(), pa.mimalloc_memory_pool(), pa.system_memory_pool()]
print(*(pool.backend_name for pool in pools if pool.max_memory()))
"""
    rest = {key: value for key, value in os.environ.items() if key != "ARROW_DEFAULT_MEMORY_POOL"}
    set_by_user = {} if named is None else {"ARROW_DEFAULT_MEMORY_POOL": named}
    done = subprocess.run([sys.executable, "-c", code], env=rest | set_by_user, capture_output=True, text=True)
    assert (done.stdout.split(), done.stderr) == ([named or "jemalloc"], "")


def test_four_times_the_corpus_takes_the_same_memory(tmp_path: Path) -> None:
    once, four_times = peaks_at((1, 4), tmp_path)
    assert four_times <= 1.15 * once


@pytest.mark.exhaustive
def test_sixteen_times_the_corpus_takes_the_same_memory(tmp_path: Path) -> None:
    peaks = peaks_at((1, 4, 16), tmp_path)
    assert max(peaks) <= 1.15 * min(peaks)


@pytest.mark.exhaustive
def test_one_row_group_takes_no_more_than_many(tmp_path: Path) -> None:
    table = pa.concat_tables([pq.read_table(DEMO)] * 400)
    peaks = []
    for rows in (20_000, table.num_rows):
        path = tmp_path / f"{rows}.parquet"
        pq.write_table(table, path, row_group_size=rows)
        peaks.append(peak(path, tmp_path / f"out{rows}"))
    print(f"peak MB with many row groups and with one: {[round(p) for p in peaks]}")
    assert peaks[1] <= 1.15 * peaks[0]


@pytest.mark.exhaustive
def test_a_document_of_200_mb_is_read(tmp_path: Path) -> None:
    path = tmp_path / "long.parquet"
    text = "a long document, " * (200_000_000 // 17)
    pq.write_table(pa.table({"text": pa.array(["short", text, "short"], pa.large_string())}), path)
    megabytes = peak(path, tmp_path / "out", "bytes:")
    print(f"peak MB with a document of 200 MB: {megabytes:.0f}")
    assert megabytes < 4000  # a document is not cut: its words, tokens and spans take 15 bytes for each of its own
    results = pq.read_table(tmp_path / "out" / "results.parquet", filters=[("metric", "=", "tokens")])
    assert results["value"].to_pylist() == [float(len(text) + 10)]
