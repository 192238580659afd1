"""Where the time of a whole `compare` process goes: imports, loading, the first batch, the scan, tables, reports.

    python benchmarks/startup.py [--corpus FILE.parquet ...] [--tokenizer SPEC ...] [--repeats N] [-f FORMAT ...]

Each repeat is a fresh process with default metrics and no state cache; the stages are told apart by what it says with
`--progress json`, and their CPU seconds (all threads) read from /proc, so this runs on Linux alone. Medians; the first
process fills the compile caches and is not counted. Below that, the quick commands.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

COMMAND = [sys.executable, "-m", "tokeval.cli.main"]
#: The stages in their order, by the event that begins the next.
STAGES = ("imports, plan", "load", "to the first batch", "scan", "compute", "reports, end")
QUICK = (["--help"], ["compare", "--help"], ["list", "metrics"])
#: Wall and CPU seconds since the process began.
Spent = tuple[float, float]


def main() -> None:
    data = Path(os.environ.get("TOKEVAL_TEST_DATA", "."))
    flores = [str(data / "corpora" / f"flores200_{part}.parquet") for part in ("dev", "devtest")]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", action="append", help="a Parquet file; repeatable")
    parser.add_argument("--tokenizer", action="append", help="a spec; repeatable")
    parser.add_argument("-f", "--format", action="append", default=[], help="as -f of compare")
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    tokenizers = given.tokenizer or [str(data / "tokenizers" / "gpt2-hf" / "tokenizer.json")]
    arguments = [part for k, spec in enumerate(tokenizers) for part in ("-t", f"t{k}={spec}")]
    arguments += [part for k, path in enumerate(given.corpus or flores) for part in ("-c", f"c{k}={path}")]
    arguments += [part for name in given.format for part in ("-f", name)]
    runs = [staged(arguments) for _ in range(1 + given.repeats)][1:]
    print(f"{len(tokenizers)} tokenizers, {len(given.corpus or flores)} corpora; seconds, median of {given.repeats}\n")
    print("| stage | wall | CPU |\n|---|--:|--:|")
    for stage in STAGES:
        print(row(stage, [run[stage] for run in runs]))
    print(row("**start-up to the first batch**", [total(run, STAGES[:3]) for run in runs]))
    print(row("**whole process**", [total(run, STAGES) for run in runs]))
    for words in QUICK:
        print(row(f"`tokeval {' '.join(words)}`", [timed([*COMMAND, *words]) for _ in range(given.repeats)]))


def row(name: str, spent: list[Spent]) -> str:
    wall, cpu = (median(values) for values in zip(*spent, strict=True))
    return f"| {name} | {wall:.2f} | {cpu:.2f} |"


def total(run: dict[str, Spent], stages: tuple[str, ...]) -> Spent:
    return sum(run[stage][0] for stage in stages), sum(run[stage][1] for stage in stages)


def staged(arguments: list[str]) -> dict[str, Spent]:
    """What each stage of one process took."""
    with tempfile.TemporaryDirectory() as folder:
        command = [*COMMAND, "compare", "--no-cache", "--progress", "json", "-o", f"{folder}/out", *arguments]
        clock = time.perf_counter()
        process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        assert process.stderr is not None
        marks: dict[str, Spent] = {}
        for line in process.stderr:
            record = json.loads(line) if line.startswith("{") else {}
            name = record.get("stage") if record.get("event") == "stage" else record.get("event")
            if name:
                marks.setdefault(name, (time.perf_counter() - clock, cpu_of(process.pid)))
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"{' '.join(command)} failed")
    ends = [marks[name] for name in ("load", "scan", "progress", "compute", "write")]
    ends.append((time.perf_counter() - clock, usage.ru_utime + usage.ru_stime))
    begins = [(0.0, 0.0), *ends[:-1]]
    return {
        stage: (end[0] - begin[0], end[1] - begin[1]) for stage, begin, end in zip(STAGES, begins, ends, strict=True)
    }


def cpu_of(pid: int) -> float:
    """CPU seconds of a process so far, in the kernel's clock ticks (10 ms)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def timed(command: list[str]) -> Spent:
    clock = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    return time.perf_counter() - clock, usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
