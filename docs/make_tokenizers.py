"""Write docs/tokenizers.md from the adapters' own declarations: `python docs/make_tokenizers.py`."""

from __future__ import annotations

import sys
from pathlib import Path

from tokeval.schema import CAPABILITIES, IDS
from tokeval.testing import CHECKS
from tokeval.tokenizers.limits import LIMITS
from tokeval.tokenizers.marks import all_marks

PAGE = Path(__file__).with_name("tokenizers.md")

SPECS = {
    "bytes": ("`bytes:`", "UTF-8 bytes; a yardstick"),
    "chars": ("`chars:`", "code points; a yardstick"),
    "derive": ("`derive:METHOD:SPEC`", "another segmentation with the vocabulary of SPEC, see below"),
    "graphemes": ("`graphemes:`", "user-perceived characters (UAX 29); a yardstick"),
    "hf": (
        "`hf:PATH`, `hf:org/name@revision`",
        "tokenizer.json, vocab.json with merges.txt, vocab.txt (`@cased`, `@uncased`), folders, the hub",
    ),
    "mistral": ("`mistral:NAME`, `mistral:PATH`", "files that mistral-common ships, and Tekken files"),
    "precomputed": (
        "`precomputed:FILE.parquet`",
        "ids, token ends or counts made elsewhere, found by document id; what the file holds is declared",
    ),
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
tokenizer does not declare are `not_applicable`. **long text**: how the time grows with a text of n characters
without a space; tested for each. None takes the square of it. Python that goes through a word once for each of
thousands of merges is slow all the same; such documents have to be cut where the corpus is made: tokeval cuts none, as
that would change the tokens.

## Conformance

What comes of each check of the suite, on a file of each kind (–: not declared; a gap names its exception). A test holds
every cell against the suite, and another runs it on real files.

{conformance}

## Known gaps

- Text that looks like a special token is ordinary text. Hugging Face's Unigram finds its special pieces in plain
  text all the same (`</s>` typed into a text for T5); the conformance suite declares that gap.
- `transformers:` leaves it to each slow tokenizer whether it can take special tokens as text (ByT5's
  does, BERT's keeps `[SEP]` whole).
- GPT-1's `vocab_40000.bpe` and other vocabularies with `</w>` but without a tokenizer.json are refused, as nothing
  in them tells their pre-tokenizer (GPT-1 cleaned its text with ftfy and cut it with spaCy). What transformers makes
  of them, which cuts as BERT does, is `transformers:FOLDER`, with the files as `vocab.json` and `merges.txt` beside a
  `tokenizer_config.json` of `{{"tokenizer_class": "OpenAIGPTTokenizer"}}`.
- A tokenizer that is code and dictionaries, such as the Turkish one of `kokler.json` and `ekler.json` (roots, affixes,
  then BPE), is used through its own package: a class as below whose `encode_batch` calls it, as `python:`, or its ids
  made beforehand, as `precomputed:`.

## Fast paths

The library that defines a tokenizer is the reference. gigatoken stands in for BPE, and memoised words (each distinct
word encoded once by a compiled encoder) for BERT's WordPiece, for Unigram and BPE over characters behind a split at
white space, and for SentencePiece models, BPE and Unigram, none of whose pieces crosses a space. Other pre-tokenizers
of one's own, such as a Split by another pattern or Digits before ByteLevel, have none, and neither has WordLevel; the
run record says so.

Nothing is believed: a fast path is held against the reference on some 350 hard strings and the vocabulary's own
literals when it is loaded, and on about 1,024 documents of a corpus (at least one in 256; drawn by a hash of the
text, and at least one document of each slice of a batch that has short ones) while it runs. One difference in ids or
spans, and the tokenizer is done again on its reference, and the run record and the report say so. Rows that a fast
path cannot be sure of go to the reference, such as those with a byte that a byte-level tokenizer has no token for, as
training leaves out what it did not meet. Where a byte-level tokenizer normalises to NFC, the spans of a changed
document are put together from what its normaliser does to single words, and are checked likewise. `run.json` says
under `accelerations` what stood in, how many documents were compared, and why there is no fast path where there is
none. `--no-accelerate` runs the reference everywhere; the result table is the same, byte for byte.

Their caches share one bound, `--cache-mb` (`TOKEVAL_CACHE_MB`, 1024 MiB): a path whose cache may have outgrown its
part, but 32 MiB at least, is built anew. gigatoken does not tell the size of its cache; it is taken as 3 bytes for
each byte of text that went through (2.8 measured on 204 languages).

SentencePiece sums scores in single precision from the start of a text, so in rare near ties the segmentation of a
word depends on the words before it. With each word of a Unigram model its closest decision is kept; a document in
which rounding could turn one goes to the reference (about one in 300 of FLORES-200). So does one that holds a
word mark, or a user-defined symbol of several characters. `benchmarks/ENCODE.md` has the speeds.

## Limits

Files are never unpickled and nothing in them is evaluated. What is larger is refused before it is read or parsed,
unless the environment says otherwise (MiB of a file; entries of a vocabulary, or elements of any list or object in
JSON):

{limits}

## Derived tokenizers

`derive:METHOD:SPEC` cuts text with the vocabulary of another tokenizer and inside its pre-tokens: `longest-prefix`,
`longest-suffix`, `longest-token` (greedy, as in Uzan et al. 2024), `fewest-tokens` (PathPiece, Schmidt et al. 2024: how
far is a tokenizer from the best that its vocabulary allows?), `dropout-P` and `dropout-P-seed-N` (BPE dropout,
Provilkov et al. 2020, for any BPE: rank files, tokenizer.json, SentencePiece). The bytes of the vocabulary's tokens
must concatenate to the text, so WordPiece is not for it. Normalisation is left out, as are added tokens and
`ignore_merges` in dropout. What dropout draws depends on the text of a document, the place in it and the seed: it is
the same for any batch, order and sharding.

## Tokens made elsewhere

`precomputed:FILE.parquet` is for a tokenizer that cannot be run here: a neural or byte-patching one, a model behind a
service that only counts. One row per document of the corpus:

| column | |
| --- | --- |
| `id` | the document's id, as the corpus's id column has it |
| the corpus's slice columns | where ids repeat across slices (FLORES has the same in each language) |
| `ids` | list of token ids |
| `ends` | list of the byte positions where tokens end; the first begins at 0 |
| `tokens` | their number, where that is all there is |
| `text` or `sha256` | if there, each document is checked to be the one that the tokens were made from |

```python
import pyarrow as pa, pyarrow.parquet as pq

corpus = pq.read_table("corpus.parquet", columns=["id", "language", "text"])
counts = [service.count_tokens(text) for text in corpus["text"].to_pylist()]
pq.write_table(corpus.select(["id", "language"]).append_column("tokens", pa.array(counts)), "counts.parquet")
```

```
tokeval compare -c mine=corpus.parquet -t service=precomputed:counts.parquet -t gpt2=tokenizer.json
```

At least one of `ids`, `ends` and `tokens` is needed. With `tokens` alone, figures of compression and fairness are
there; those of the vocabulary need `ids`, those of words and characters `ends`. Texts that are no documents of the
corpus (perturbed ones, gold words alone, the samples of a report) have no tokens here: such figures are
`not_applicable`. Without a slice column, ids must be unique over the corpus, and two rows with one key are an error. A
document without its row is an error that names it; `--on-error skip` counts it instead. Where file or corpus has no
ids, documents are found by the file's `text`.

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


def conformance() -> dict[str, dict[str, str]]:
    """What comes of each check of the suite, by adapter, as declared; a test holds every cell against the suite."""
    sys.path.insert(0, str(PAGE.parents[1]))
    from tests.tokenizers.adapters import ADAPTERS, GAPS

    able = {marks.name: marks.capabilities for marks in all_marks()}
    found: dict[str, dict[str, str]] = {}
    for name in ADAPTERS:
        can = able[name.partition("-")[0]]
        for check, (needs, _) in CHECKS.items():
            gap = GAPS.get(name, {}).get(check)
            declared = not needs or needs in (frozenset({IDS}) if can is None else can)
            cell = "not declared" if not declared else "ok" if gap is None else f"gap: {gap.__name__}"
            found.setdefault(name, {})[check] = cell
    return found


def page() -> str:
    """The page as it should be."""
    head = ["backend", "spec", "what", *CAPABILITIES, "fast path", "long text"]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for marks in all_marks():
        if marks.origin != "tokeval":
            continue
        spec, what = SPECS[marks.name]
        can = [
            "as declared" if marks.capabilities is None else "yes" if c in marks.capabilities else "–"
            for c in CAPABILITIES
        ]
        cells = [marks.name, spec, what, *can, marks.accelerated or "–", marks.long_text]
        lines.append("| " + " | ".join(cells) + " |")
    limits = "\n".join(f"- `{name}`: {value:,}" for name, value in LIMITS.items())
    checked = ["| adapter | " + " | ".join(CHECKS) + " |", "|" + " --- |" * (len(CHECKS) + 1)]
    for name, row in conformance().items():
        checked.append(f"| {name} | " + " | ".join("–" if c == "not declared" else c for c in row.values()) + " |")
    return TEXT.format(conformance="\n".join(checked), table="\n".join(lines), limits=limits, checks=", ".join(CHECKS))


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
