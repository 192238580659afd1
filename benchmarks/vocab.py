"""How long `tokeval vocab` takes, and what memory, for made-up tokenizers of one size in each format.

    python benchmarks/vocab.py [--size 256000] [--repeats 3] [FORMAT ...]

The tokenizers are made with a fixed seed: words of syllables in nine scripts, and two tokens in a hundred that no text
produces, more than in the published ones measured. Each run is a process of its own with every report, and the compile
caches are warm. Prints the median of wall and CPU seconds and the highest peak of memory.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import resource
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tokeval.tokenizers._gigatoken import ranks_json

#: The first letter of a run of letters in each script, and how many are used.
SCRIPTS = [
    ("a", 26),
    ("A", 26),
    ("а", 32),
    ("α", 25),
    ("ا", 28),
    ("א", 27),
    ("क", 37),
    ("ก", 46),
    ("가", 900),
    ("一", 4000),
]
PATTERN = "qwen"
SEED = 6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("formats", nargs="*", metavar="FORMAT", help=", ".join(FORMATS))
    parser.add_argument("--size", type=int, default=256_000)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    print(f"{'format':16} {'tokens':>8} {'wall s':>8} {'CPU s':>8} {'peak MB':>8}")
    with tempfile.TemporaryDirectory() as scratch:
        words = make_words(given.size)
        for name in given.formats or FORMATS:
            spec = FORMATS[name](Path(scratch), words)
            run("bytes:", Path(scratch) / "warm")
            runs = [run(spec, Path(scratch) / "out") for _ in range(given.repeats)]
            size = json.loads((Path(scratch) / "out" / "run.json").read_text("utf-8"))
            count = size["about"]["tokenizers"]["made"]["vocabulary_size"]
            wall, cpu = (statistics.median(figure) for figure in list(zip(*runs, strict=True))[:2])
            print(f"{name:16} {count:8,} {wall:8.2f} {cpu:8.2f} {max(peak for *_, peak in runs):8.0f}", flush=True)


def run(spec: str, folder: Path) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak MB of one run, asked of a process that waits for it alone."""
    command = [sys.executable, "-m", "tokeval.cli.main", "vocab", "-q", "-t", f"made={spec}", "-o", str(folder)]
    command += ["-f", "vocab", "-f", "csv"]
    done = subprocess.run([sys.executable, __file__, *command], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    wall, cpu, peak = map(float, done.stdout.split())
    return wall, cpu, peak


def measure(command: list[str]) -> None:
    began = time.perf_counter()
    subprocess.run(command, check=True)
    wall = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    unit = 1 if sys.platform == "darwin" else 1024
    print(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * unit / 1e6)


def make_words(count: int) -> list[str]:
    """So many different strings, the short ones first: letters, then always two earlier ones of a script together."""
    draw = random.Random(SEED)
    parts = [[chr(ord(first) + k) for k in range(letters)] for first, letters in SCRIPTS]
    words = [letter for letters in parts for letter in letters]
    words += [f" {word}" for word in words]
    seen = set(words)
    while len(words) < count:
        if len(words) % 50 == 0:
            word = draw.choice(words) + draw.choice(words[-1000:])  # across words, or across scripts
        else:
            known = draw.choice(parts)
            left = known[int(len(known) * draw.random() ** 2)]
            word = left + draw.choice(known)
            if len(word) <= 10 and word not in seen:
                known.append(word)
            word = draw.choice(("", " ", " ")) + word
        if len(word) <= 16 and word not in seen:
            seen.add(word)
            words.append(word)
    return words


def ranks(words: list[str]) -> dict[bytes, int]:
    tokens = dict.fromkeys([bytes([value]) for value in range(256)])
    tokens |= dict.fromkeys(word.encode() for word in words)
    return {token: rank for rank, token in enumerate(tokens)}


def tiktoken(folder: Path, words: list[str]) -> str:
    path = folder / "made.tiktoken"
    path.write_bytes(b"".join(base64.b64encode(token) + b" %d\n" % rank for token, rank in ranks(words).items()))
    return f"tiktoken:{path}@like-{PATTERN}"


def hf_bpe(folder: Path, words: list[str]) -> str:
    from tokeval.tokenizers._tiktoken import _KNOWN

    path = folder / "bpe.json"
    path.write_text(json.dumps(ranks_json(ranks(words), _KNOWN[PATTERN].pattern)), "utf-8")
    return f"hf:{path}"


def pieces(words: list[str]) -> list[tuple[str, float]]:
    """A Unigram's pieces; a piece is always likelier than two in its place."""
    return [("<unk>", 0.0), *((word.replace(" ", "▁"), -10 - rank / 1e5) for rank, word in enumerate(words))]


def hf_unigram(folder: Path, words: list[str]) -> str:
    """With the pre-tokenizers that t5-small declares."""
    space = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    content = {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, space]},
        "decoder": space,
        "model": {"type": "Unigram", "unk_id": 0, "vocab": pieces(words), "byte_fallback": False},
    }
    path = folder / "unigram.json"
    path.write_text(json.dumps(content), "utf-8")
    return f"hf:{path}"


def sentencepiece(folder: Path, words: list[str]) -> str:
    """A ModelProto by hand: pieces of text, score and type; a trainer that says Unigram; a normalizer of no rules."""

    def varint(value: int) -> bytes:
        return bytes([value]) if value < 0x80 else bytes([value & 0x7F | 0x80]) + varint(value >> 7)

    def block(number: int, content: bytes) -> bytes:
        return varint(number << 3 | 2) + varint(len(content)) + content

    listed = [(text, score, 1) for text, score in pieces(words)]
    listed[0] = ("<unk>", 0.0, 2)
    listed[1:1] = [("<s>", 0.0, 3), ("</s>", 0.0, 3)]
    content = b"".join(
        block(
            1, block(1, text.encode()) + varint(2 << 3 | 5) + struct.pack("<f", score) + varint(3 << 3) + varint(kind)
        )
        for text, score, kind in listed
    )
    content += block(2, varint(3 << 3) + varint(1)) + block(3, block(1, b"identity"))
    path = folder / "made.model"
    path.write_bytes(content)
    return f"sentencepiece:{path}"


FORMATS = {"tiktoken": tiktoken, "hf-bpe": hf_bpe, "hf-unigram": hf_unigram, "sentencepiece": sentencepiece}

if __name__ == "__main__":
    if sys.argv[2:3] == ["-m"]:
        measure(sys.argv[1:])
    else:
        main()
