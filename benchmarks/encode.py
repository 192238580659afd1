"""How fast the fast paths are: each beside its own library's batch call, both with all cores, in one run.

    python benchmarks/encode.py [NAME ...] [--rounds N]

Reads FLORES-200 dev from the folder named by TOKEVAL_TEST_DATA and prints the rows of ENCODE.md. Every figure is the
median of the rounds, in which the contestants take turns: seconds by the clock / CPU seconds of all threads, and the
batch call's divided by them. The second ratio holds on a machine that does other work meanwhile, as well.

- `cold`: every cache is empty, so every word of 204 languages is new when it comes; `warm`: the same text again;
  `checked`: cold, with the sampled checks against the reference that every run makes.
- The library's call is timed on every eighth document of each batch, so in all languages alike, and scaled up. Where
  a library has a call for many texts that uses threads and one for one text (tiktoken), the first is `batch call`,
  the second, in a loop, `loop`.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sized
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from tests.tokenizers.real import spec_of
from tokeval import load_tokenizer
from tokeval.engine.memory import reuse_buffers
from tokeval.tokenizers.base import Tokenizer
from tokeval.tokenizers.encode import Encoder
from tokeval.tokenizers.fast import share_checked

NAMES = ["gpt2-hf", "pythia-12b", "llama-2-7b-chat-hf", "cl100k_base", "o200k_base", "llama-2", "mistral-v3"]
NAMES += ["bert-base-uncased-json", "bert-base-multilingual-cased", "araelectra"]
NAMES += ["t5-small-json", "t5-base", "albert-v2", "xlnet-base-cased"]
Seconds = npt.NDArray[np.float64]

BATCHES = 24
SHARE = 8


def main() -> None:
    reuse_buffers()  # as the command does, but for the pages of Parquet, as Arrow is loaded by now
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=NAMES)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    data = Path(os.environ["TOKEVAL_TEST_DATA"])
    texts = pq.read_table(data / "corpora" / "flores200_dev.parquet", columns=["text"])["text"]
    texts = texts.cast(pa.large_string()).combine_chunks()
    step = -(-len(texts) // BATCHES)
    batches = [texts.slice(start, step) for start in range(0, len(texts), step)]
    some = [batch.take(pa.array(range(0, len(batch), SHARE))) for batch in batches]
    scale = len(texts) / sum(map(len, some))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    print("| tokenizer | path | batch call | loop | cold | warm | checked |\n|---|---|--:|--:|--:|--:|--:|")
    for name in given.names:
        tokenizer = load_tokenizer(spec_of(name, data))
        path = fast(tokenizer, 0.0).accelerator
        run_through(fast(tokenizer, 0.0), batches[:1], 1)  # compile once
        loop, batch = calls(tokenizer, cores)
        loop(some[0])
        rounds = []
        for _ in range(given.rounds):
            unchecked, checked = fast(tokenizer, 0.0), fast(tokenizer, share_checked(len(texts)))
            turn = {
                "cold": run_through(unchecked, batches, cores),
                "warm": run_through(unchecked, batches, cores),
                "checked": run_through(checked, batches, cores),
                "loop": scale * timed(lambda loop=loop: sum(len(loop(texts)) for texts in some)),
            }
            if batch:
                turn["batch"] = scale * timed(lambda batch=batch: sum(len(batch(texts)) for texts in some))
            rounds.append(turn)
        found = {part: np.median([turn[part] for turn in rounds], axis=0) for part in rounds[0]}
        reference = found["batch"] if batch else found["loop"]
        columns = [shown(reference), shown(found["loop"]) if batch else ""]
        for part in ("cold", "warm", "checked"):
            clock, cpu = reference / found[part]
            columns.append(f"{shown(found[part])}: {clock:.1f}× / {cpu:.1f}×")
        print(f"| {name} | {(path and path.path) or 'none'} | {' | '.join(columns)} |", flush=True)


def calls(tokenizer: Tokenizer, cores: int) -> tuple[Callable[[pa.Array], Sized], Callable[[pa.Array], Sized] | None]:
    """How the adapter calls the library, and the library's own threaded call where that is another one."""
    encoding = getattr(tokenizer, "_encoding", None)
    if encoding is None:
        return tokenizer.encode_batch, None
    return tokenizer.encode_batch, lambda texts: encoding.encode_ordinary_batch(texts.to_pylist(), num_threads=cores)


def fast(tokenizer: Tokenizer, share: float) -> Encoder:
    """The tokenizer as a run uses it: rows that the fast path leaves open are done by the library."""
    return Encoder("it", tokenizer, share=share).prepare()


def run_through(encoder: Encoder, batches: list[pa.Array], cores: int) -> Seconds:
    with ThreadPoolExecutor(cores) as pool:
        return timed(lambda: sum(pool.map(lambda batch: len(encoder.encode(batch).ids), batches)))


def timed(work: Callable[[], object]) -> Seconds:
    """Seconds by the clock and of the CPU, shape (2,)."""
    start = np.array([time.perf_counter(), time.process_time()])
    work()
    return np.array([time.perf_counter(), time.process_time()]) - start


def shown(seconds: Seconds) -> str:
    return f"{seconds[0]:.2f} / {seconds[1]:.2f}"


if __name__ == "__main__":
    main()
