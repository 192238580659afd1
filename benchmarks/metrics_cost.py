"""What the metrics cost: `compare` against the bare fast-path encode of the same batches.

    python benchmarks/metrics_cost.py CORPUS.parquet TOKENIZER... [--limit N] [--repeats N]
    ... --metrics default --metrics numbers --metrics code --metrics predictability --metrics robustness

The second form adds what is not computed unless it is asked for.

Both run in one process, in turns, on one thread, the fast paths' own caches empty at the start; medians of CPU
seconds, so that what else the machine does matters less. The compile caches are warmed first.
"""

from __future__ import annotations

import argparse
import statistics
import time
from itertools import pairwise

from tokeval.corpus.reader import Intake, read_piece
from tokeval.engine.memory import reuse_buffers
from tokeval.engine.plan import make_plan
from tokeval.engine.run import run_plan
from tokeval.engine.shard import load_workers


def main() -> None:
    reuse_buffers()  # as the command does, but for the pages of Parquet, as Arrow is loaded by now
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("tokenizers", nargs="+")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--metrics", action="append", default=[], help="as -m of compare; default metrics without")
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    specs = {f"t{index}": spec for index, spec in enumerate(given.tokenizers)}
    plan = make_plan(
        specs, {"c": given.corpus}, limit=given.limit, metrics=given.metrics, baseline="t0", pivot="eng_Latn"
    )
    workers = load_workers(plan)
    corpus = plan.corpora[0]
    batches = [batch for piece in corpus.pieces for batch in read_piece(piece, corpus.columns, Intake())]
    size = sum(int(batch.units["bytes"].sum()) for batch in batches) / 1e6

    def bare() -> dict[str, float]:
        for encoder in workers.encoders.values():
            path = encoder.tokenizer.fast_path()  # its caches are empty, as those of a run are
            begun = time.process_time()
            for batch in batches:
                path.encode(batch.texts, False)
            spent[encoder.name] = time.process_time() - begun
        return {"encode": sum(spent.values())}

    def whole() -> dict[str, float]:
        marks: list[tuple[str, float]] = []
        run_plan(plan, jobs=1, stage=lambda name, _bytes: marks.append((name, time.process_time())))
        marks.append(("end", time.process_time()))
        return {name: after - at for (name, at), (_, after) in pairwise(marks)}

    spent: dict[str, float] = {}
    bare()
    whole()
    turns = [{**bare(), **whole()} for _ in range(given.repeats)]
    encode, load, scan, compute = (
        statistics.median(turn[part] for turn in turns) for part in ("encode", "load", "scan", "compute")
    )
    print(f"{size:.1f} MB, {len(specs)} tokenizers, {len(batches)} batches, CPU seconds, median of {given.repeats}")
    print(f"bare fast-path encode {encode:.2f}; compare: load {load:.2f}, scan {scan:.2f}, compute {compute:.2f}")
    print(f"ratio {(scan + compute) / encode:.2f} (scan alone {scan / encode:.2f})")


if __name__ == "__main__":
    main()
