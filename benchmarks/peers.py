"""Side by side with the peers: wall time, rate and memory of tokeval, toklens and bare Hugging Face encoding.

Every measurement is a fresh process; the contestants take turns, so that whatever else the machine does falls on all of
them; medians are written to benchmarks/RESULTS.md. Run it with `make bench-peers`.

    python benchmarks/peers.py --corpus FILE.parquet --corpus ... --tokenizer tokenizer.json [--repeats 3]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
#: The peers read this much of the corpus, a part of every so many languages: their rates do not depend on the amount.
TOKLENS_MB, HUGGING_FACE_MB = 1.0, 8.0


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure tokeval beside its peers.")
    data = Path(os.environ.get("TOKEVAL_TEST_DATA", "."))
    flores = [data / "corpora" / f"flores200_{part}.parquet" for part in ("dev", "devtest")]
    parser.add_argument("--corpus", type=Path, action="append", help="Parquet with text and language; repeatable")
    parser.add_argument("--tokenizer", type=Path, default=data / "tokenizers" / "gpt2-hf" / "tokenizer.json")
    parser.add_argument("--further", type=Path, action="append", help="seven tokenizers for the run of eight")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--ray", action="store_true", help="measure one and two Ray workers too")
    parser.add_argument("--output", type=Path, default=HERE / "RESULTS.md")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    corpora = options.corpus or flores
    if options.child:
        print(json.dumps(CHILDREN[options.child](corpora, options.tokenizer)))
        return
    missing = [path for path in (*corpora, options.tokenizer) if not path.exists()]
    if missing:
        parser.error(f"there is no {missing[0]}; set TOKEVAL_TEST_DATA, or name --corpus and --tokenizer")
    options.output.write_text(report(corpora, options), "utf-8")
    print(f"wrote {options.output}")


# The contestants, each in a process of its own


def texts_of(corpora: list[Path]) -> Iterator[tuple[str, list[str]]]:
    """The documents by language."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    for path in corpora:
        table = pq.read_table(path, columns=["language", "text"])
        for language in table["language"].unique().to_pylist():
            yield language, [t for t in table.filter(pc.equal(table["language"], language))["text"].to_pylist() if t]


def sampled(corpora: list[Path], megabytes: float) -> list[list[str]]:
    """The first documents of every language, about so much of them together."""
    every = [texts for _, texts in texts_of(corpora)]
    share = megabytes / (sum(len(text.encode()) for texts in every for text in texts) / 1e6)
    return [texts[: max(1, round(len(texts) * share))] for texts in every]


def toklens_all(corpora: list[Path], tokenizer: Path) -> dict[str, float]:
    from tokenizers import Tokenizer
    from toklens.metrics import compute_all

    loaded = Tokenizer.from_file(str(tokenizer))
    sample = ["\n".join(texts) for texts in sampled(corpora, TOKLENS_MB)]
    clock = time.perf_counter()
    for text in sample:
        compute_all(loaded, text)
    seconds = time.perf_counter() - clock
    return {"bytes": sum(len(text.encode()) for text in sample), "seconds": seconds}


def hugging_face(corpora: list[Path], tokenizer: Path) -> dict[str, float]:
    from tokenizers import Tokenizer

    loaded = Tokenizer.from_file(str(tokenizer))
    sample = [text for texts in sampled(corpora, HUGGING_FACE_MB) for text in texts]
    clock = time.perf_counter()
    loaded.encode_batch_fast(sample, add_special_tokens=False)
    seconds = time.perf_counter() - clock
    return {"bytes": sum(len(text.encode()) for text in sample), "seconds": seconds}


CHILDREN = {"toklens": toklens_all, "hugging-face": hugging_face}


def child(name: str, corpora: list[Path], tokenizer: Path) -> dict[str, float]:
    arguments = [part for path in corpora for part in ("--corpus", str(path))]
    command = [sys.executable, __file__, "--child", name, *arguments, "--tokenizer", str(tokenizer)]
    wall, memory, output = measured(command)
    return {**json.loads(output.splitlines()[-1]), "wall": wall, "memory": memory}


def tokeval(corpora: list[Path], tokenizers: list[Path], *extra: str) -> dict[str, float]:
    """The whole process, reports included; the steady rate is that of the scan."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        command = [sys.executable, "-m", "tokeval.cli.main", "compare", "--no-cache", "--progress", "json"]
        command += ["-o", str(out), *extra]
        command += [part for k, path in enumerate(corpora) for part in ("-c", f"c{k}={path}")]
        command += [part for k, path in enumerate(tokenizers) for part in ("-t", f"t{k}={path}")]
        wall, memory, _ = measured(command)
        record = json.loads((out / "run.json").read_text("utf-8"))
    size = sum(corpus["bytes"] for corpus in record["about"]["corpora"].values())
    scan = record["seconds"]["scan"]
    return {"bytes": size, "seconds": scan, "wall": wall, "memory": memory, "before": record["seconds"]["load"]}


def measured(command: list[str]) -> tuple[float, float, str]:
    """Wall seconds, peak resident megabytes, and what was printed."""
    clock = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    output, errors = process.stdout.read(), process.stderr.read()  # type: ignore[union-attr]
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{errors}")
    return time.perf_counter() - clock, usage.ru_maxrss / 1024, output


LABELS = [
    ("tokeval compare", "the default metrics by slice, intervals, reports"),
    ("toklens compute_all", "five metrics"),
    ("Hugging Face encode_batch_fast", "nothing: the ids are thrown away"),
]


# The report


def report(corpora: list[Path], options: argparse.Namespace) -> str:
    tokenizer = options.tokenizer
    rounds: dict[str, list[dict[str, float]]] = {"tokeval": [], "toklens": [], "hugging-face": []}
    tokeval(corpora, [tokenizer])  # fills the compile cache
    for number in range(options.repeats):
        print(f"round {number + 1} of {options.repeats}", file=sys.stderr)
        rounds["tokeval"].append(tokeval(corpora, [tokenizer]))
        rounds["toklens"].append(child("toklens", corpora, tokenizer))
        rounds["hugging-face"].append(child("hugging-face", corpora, tokenizer))
    middle = {name: {key: median(part[key] for part in parts) for key in parts[0]} for name, parts in rounds.items()}
    mine = middle["tokeval"]
    size = mine["bytes"] / 1e6
    steady, whole = size / mine["seconds"], size / mine["wall"]
    rates = {name: part["bytes"] / 1e6 / part["seconds"] for name, part in middle.items()}
    lines = [
        "# tokeval beside its peers",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {machine()}; Python {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in ("tokeval", "toklens", "tokenizers", "gigatoken")),
        "",
        f"Corpus: {', '.join(path.stem for path in corpora)}, {size:.1f} MB of text. "
        f"Tokenizer: {tokenizer.parent.name}. "
        f"Medians of {options.repeats} rounds in which the contestants take turns, each in a fresh process. "
        f"The load average was {os.getloadavg()[0]:.1f} at the end; where it is above the number of cores, other work "
        "ran meanwhile, and the ratios say more than the rates.",
        "",
        "| | read, MB | steady MB/s | whole process, s | peak memory, MB | what it computes |",
        "|---|--:|--:|--:|--:|---|",
        *(
            f"| {label} | {part['bytes'] / 1e6:.1f} | {rates[name]:.3g} | {part['wall']:.1f} | {part['memory']:.0f} "
            f"| {what} |"
            for (name, part), (label, what) in zip(middle.items(), LABELS, strict=True)
        ),
        "",
        "The ratio of the whole process is tokeval's, start-up and reports included, to the peers' steady rates.",
        "",
        "| ratio | toklens | Hugging Face | target |",
        "|---|--:|--:|---|",
        f"| steady rate | {steady / rates['toklens']:.0f}× | {steady / rates['hugging-face']:.1f}× | 100×, 10× |",
        f"| whole process | {whole / rates['toklens']:.0f}× | {whole / rates['hugging-face']:.1f}× | 60×, 6× |",
        "",
        f"Before the first batch tokeval takes {mine['wall'] - mine['seconds']:.1f} s with start-up and end, "
        f"of which loading is {mine['before']:.1f} s.",
        "",
    ]
    if options.further:
        eight = tokeval(corpora, [tokenizer, *options.further])
        alone = [tokeval(corpora, [path]) for path in (tokenizer, *options.further)]
        total = sum(part["seconds"] for part in alone)
        lines += [
            f"{len(alone)} tokenizers in one run scan for {eight['seconds']:.1f} s; the sum of their single runs is "
            f"{total:.1f} s, so together they cost {eight['seconds'] / total:.2f} of it.",
            "",
        ]
    if options.ray:
        one, two = (
            tokeval(corpora, [tokenizer], "--engine", "ray", "-j", str(jobs), "--shard-mb", "4") for jobs in (1, 2)
        )
        lines += [
            f"Ray: one worker scans for {one['seconds']:.1f} s, two for {two['seconds']:.1f} s, "
            f"{one['seconds'] / two['seconds']:.2f}×.",
            "",
        ]
    return "\n".join(lines)


def machine() -> str:
    name = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        models = [line for line in information.read_text().splitlines() if line.startswith("model name")]
        name = models[0].partition(":")[2].strip() if models else name
    return f"{len(os.sched_getaffinity(0))} cores of {name}, {platform.system()}"


if __name__ == "__main__":
    main()
