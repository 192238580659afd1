"""Kernels whose files on disk cannot be used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

MODULE = """
from tokeval.jit import kernel


@kernel
def doubled(value):
    return 2 * value
"""
CALL = "import kernels; print(kernels.doubled(21), sum(kernels.doubled.stats.cache_hits.values()))"


def test_a_damaged_cache_is_compiled_again(tmp_path: Path) -> None:
    (tmp_path / "kernels.py").write_text(MODULE)

    def call() -> str:
        done = subprocess.run([sys.executable, "-c", CALL], cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    assert [call(), call()] == ["42 0", "42 1"]
    (code,) = (tmp_path / "__pycache__").glob("*.nbc")
    code.write_bytes(b"\x80\x04no code")
    assert [call(), call()] == ["42 0", "42 1"]
