"""Write docs/tokenizers.md from the adapters' own declarations: `python docs/make_tokenizers.py`."""

from __future__ import annotations

from pathlib import Path

from tokeval.testing import CHECKS
from tokeval.tokenizers.limits import LIMITS
from tokeval.tokenizers.marks import SHOWN, all_marks

PAGE = Path(__file__).with_name("tokenizers.md")

SPECS = {
    "bytes": ("`bytes:`", "UTF-8 bytes; a yardstick"),
    "chars": ("`chars:`", "code points; a yardstick"),
    "derive": ("`derive:METHOD:SPEC`", "another segmentation with the vocabulary of SPEC"),
    "graphemes": ("`graphemes:`", "user-perceived characters (UAX 29); a yardstick"),
    "hf": (
        "`hf:PATH`, `hf:org/name@revision`",
        "tokenizer.json, vocab.json with merges.txt, vocab.txt (`@cased`, `@uncased`), folders, the hub",
    ),
    "mistral": ("`mistral:NAME`, `mistral:PATH`", "files that mistral-common ships, and Tekken files"),
    "precomputed": ("`precomputed:FILE.parquet`", "ids, token ends or counts made elsewhere, found by text"),
    "python": ("`python:package.module:factory`", "a class of your own"),
    "rwkv": ("`rwkv:FILE`", "RWKV world vocabularies"),
    "sentencepiece": ("`sentencepiece:FILE`", "`.model` files, BPE and Unigram"),
    "tiktoken": (
        "`tiktoken:NAME`, `tiktoken:FILE@like-NAME`, `tiktoken:FILE@pattern=TEXT`",
        "encodings by name; rank files with a known pattern (cl100k_base, llama3, qwen, ...), or one from a text file",
    ),
    "transformers": ("`transformers:NAME`", "slow tokenizers; code from a repository only with `--trust-remote-code`"),
    "words": ("`words:`", "runs of non-white-space; a yardstick"),
}

TEXT = """# Tokenizers

Written by `docs/make_tokenizers.py` from the adapters' own declarations.

A spec is `backend:location[@revision]`, or only a path or a hub id where the file itself tells the backend. The
conformance suite (`tokeval.testing`) runs on every adapter; it checks each claim of this table.

{table}

**ids**: equal ids mean equal tokens, so that types can be counted. **decode**: ids back to text. **spans**: the
bytes of the text that each token covers. **vocabulary**: every id with its bytes. Figures that need what a
tokenizer does not declare are `not_applicable`.

## Known gaps

- Text that looks like a special token is ordinary text. Hugging Face's Unigram finds its special pieces in plain
  text all the same (`</s>` typed into a text for T5); the conformance suite declares that gap.
- `transformers:` leaves it to each slow tokenizer whether it can take special tokens as text (ByT5's
  does, BERT's keeps `[SEP]` whole).
- GPT-1's `vocab_40000.bpe` and other vocabularies with `</w>` but without a tokenizer.json are refused, as nothing
  in them tells their pre-tokenizer.

## Fast paths

The library that defines a tokenizer is the reference. gigatoken stands in for BPE, and memoised words (each distinct
word encoded once by a compiled encoder) for BERT's WordPiece, for Unigram behind a split at white space, and for
SentencePiece models, BPE and Unigram, none of whose pieces crosses a space. Nothing is believed: a fast path is held
against the reference on some 350 hard strings and the vocabulary's own literals when it is loaded, and on about 1,024
documents of a corpus (at least one in 256; drawn by a hash of the text, and at least one short document of each slice
in each batch) while it runs. One difference in ids or spans, and the tokenizer is done again on its reference, and
the run record and the report say so. Rows that a fast path cannot be sure of go to the reference. `run.json` says
under `accelerations` what stood in, how many documents were compared, and why there is no fast path where there is
none. `--no-accelerate` runs the reference everywhere; the result table is the same, byte for byte.

Their caches share one bound, `--cache-mb` (`TOKEVAL_CACHE_MB`, 1024 MiB): a path whose cache may have outgrown its
part is built anew. gigatoken does not tell the size of its cache; it is taken as 3 bytes for each byte of text that
went through (2.8 measured on 204 languages).

SentencePiece sums scores in single precision from the start of a text, so in rare near ties the segmentation of a
word depends on the words before it. With each word of a Unigram model its closest decision is kept; a document in
which rounding could turn one goes to the reference (about one in 300 of FLORES-200). So does one that holds a
word mark, or a user-defined symbol of several characters. `benchmarks/ENCODE.md` has the speeds.

## Limits

Files are never unpickled and nothing in them is evaluated. Refused, unless the environment says otherwise:

{limits}

## A tokenizer of your own

```python
import pyarrow as pa
from tokeval.tokenizers.base import Tokenizer


class Bytes(Tokenizer):
    fingerprint, library = "my-bytes-1", "mine/1"

    def encode_batch(self, texts):
        rows = [None if text is None else list(text.encode()) for text in texts.to_pylist()]
        return pa.array(rows, pa.list_(pa.uint32()))
```

Use it as `-t mine=python:my_module:Bytes`, or give it a name of its own through the entry-point group
`tokeval.tokenizers` (its factory is called with the location and the revision of the spec). Check it with

```python
@pytest.mark.parametrize("check", tokeval.testing.CHECKS)
def test_conformance(check):
    tokeval.testing.run_check(check, Bytes(), gaps={{"pickling": AttributeError}})
```

A gap is declared with its exception, and strictly. The checks: {checks}.
"""


def page() -> str:
    """The page as it should be."""
    head = ["backend", "spec", "what", *SHOWN, "fast path"]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for marks in all_marks():
        if marks.origin != "tokeval":
            continue
        spec, what = SPECS[marks.name]
        can = [
            "as declared" if marks.capabilities is None else "yes" if c in marks.capabilities else "–" for c in SHOWN
        ]
        lines.append("| " + " | ".join([marks.name, spec, what, *can, marks.accelerated or "–"]) + " |")
    limits = "\n".join(f"- `{name}`: {value:,}" for name, value in LIMITS.items())
    return TEXT.format(table="\n".join(lines), limits=limits, checks=", ".join(CHECKS))


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
