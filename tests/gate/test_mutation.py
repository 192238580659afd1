"""Flipping a comparison of the gate makes a test fail: a sample always, all of them in the exhaustive run."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.gate.mutate import mutants


def run(*arguments: str) -> str:
    command = [sys.executable, str(ROOT / "tests" / "gate" / "mutate.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    return done.stdout


def test_a_sample_of_mutants_is_found_out() -> None:
    assert "3 of 3 mutants were found out" in run("--every", str(-(-len(mutants()) // 3)))


@pytest.mark.exhaustive
def test_every_mutant_is_found_out() -> None:
    count = len(mutants())
    assert count > 100
    assert f"{count} of {count} mutants were found out" in run()
