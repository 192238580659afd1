"""What the default metrics cost: `compare` against the bare fast-path encode of the same batches.

    python benchmarks/metrics_cost.py CORPUS.parquet TOKENIZER... [--limit N] [--repeats N]

Both run in one process, in turns, on the same threads; medians. The compile caches are warmed first.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

from tokeval.corpus.reader import Intake, read_piece
from tokeval.engine.api import run_plan
from tokeval.engine.plan import make_plan
from tokeval.engine.shard import load_workers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("tokenizers", nargs="+")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    specs = {f"t{index}": spec for index, spec in enumerate(given.tokenizers)}
    plan = make_plan(specs, {"c": given.corpus}, limit=given.limit, baseline="t0", pivot="eng_Latn")
    workers = load_workers(plan)
    corpus = plan.corpora[0]
    batches = [batch for piece in corpus.pieces for batch in read_piece(piece, corpus.columns, Intake())]
    size = sum(int(batch.units["bytes"].sum()) for batch in batches) / 1e6

    def bare() -> dict[str, float]:
        for encoder in workers.encoders.values():
            for batch in batches:
                assert encoder.accelerator is not None
                if encoder.accelerator.encode(batch.texts, False, batch.codes) is None:
                    raise SystemExit(f"{encoder.name} has no fast path: {encoder.accelerator.record()}")
        return {}

    def whole() -> dict[str, float]:
        seconds = run_plan(plan)[1]["seconds"]
        return {"scan": seconds["scan"], "compute": seconds["compute"]}

    bare()
    whole()
    bares, wholes = [], []
    for _ in range(given.repeats):
        bares.append(_timed(bare)[0])
        wholes.append(_timed(whole)[1])
    encode = statistics.median(bares)
    scan, compute = (statistics.median(w[part] for w in wholes) for part in ("scan", "compute"))
    print(f"{size:.1f} MB, {len(specs)} tokenizers, {len(batches)} batches, median of {given.repeats}")
    print(f"bare fast-path encode {encode:.2f} s; compare: scan {scan:.2f} s, compute {compute:.2f} s")
    print(f"ratio {(scan + compute) / encode:.2f} (scan alone {scan / encode:.2f})")


def _timed(action: Callable[[], dict[str, float]]) -> tuple[float, dict[str, float]]:
    begun = time.perf_counter()
    found = action()
    return time.perf_counter() - begun, found


if __name__ == "__main__":
    main()
