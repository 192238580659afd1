"""How fast the fast paths are: each beside its own library's batch call, both with all cores, in one run.

    python benchmarks/encode.py [NAME ...]

Reads FLORES-200 dev from the folder named by TOKEVAL_TEST_DATA. `cold`: every word is new; `warm`: the same text again.
The reference is timed on every tenth batch and scaled up. Sampled checks against the reference are part of `checked`.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.tokenizers.real import spec_of
from tokeval import load_tokenizer
from tokeval.tokenizers.fast import Accelerator, share_checked

NAMES = ["gpt2-hf", "pythia-12b", "llama-2-7b-chat-hf", "cl100k_base", "o200k_base", "llama-2"]
NAMES += ["bert-base-uncased-json", "bert-base-multilingual-cased", "araelectra", "t5-small-json"]
BATCHES = 24


def main() -> None:
    data = Path(os.environ["TOKEVAL_TEST_DATA"])
    texts = pq.read_table(data / "corpora" / "flores200_dev.parquet", columns=["text"])["text"]
    texts = texts.cast(pa.large_string()).combine_chunks()
    step = -(-len(texts) // BATCHES)
    batches = [texts.slice(start, step) for start in range(0, len(texts), step)]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    print(f"{len(texts):,} documents, {cores} cores; seconds, and the reference's time divided by it")
    print(f"{'tokenizer':30} {'path':16} {'reference':>9} {'cold':>13} {'warm':>13} {'checked':>13}")
    for name in sys.argv[1:] or NAMES:
        tokenizer = load_tokenizer(spec_of(name, data))
        path = Accelerator(name, tokenizer).path
        run_through(Accelerator(name, tokenizer, share=0.0), batches[:1], 1)  # compile once
        unchecked = Accelerator(name, tokenizer, share=0.0)
        cold = run_through(unchecked, batches, cores)
        warm = run_through(unchecked, batches, cores)
        checked = run_through(Accelerator(name, tokenizer, share=share_checked(len(texts))), batches, cores)
        some = batches[::10]
        tokenizer.encode_batch(some[0].slice(0, 100))
        reference = timed(lambda tokenizer=tokenizer, some=some: [tokenizer.encode_batch(b) for b in some])
        reference *= len(texts) / sum(map(len, some))
        ratios = "".join(f" {seconds:6.2f} {reference / seconds:5.1f}×" for seconds in (cold, warm, checked))
        print(f"{name:30} {path or 'none':16} {reference:9.2f}{ratios}", flush=True)


def run_through(accelerator: Accelerator, batches: list[pa.Array], cores: int) -> float:
    with ThreadPoolExecutor(cores) as pool:
        return timed(lambda: list(pool.map(lambda batch: accelerator.encode(batch, False), batches)))


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
