"""Train the three small demo tokenizers (BPE, Unigram, WordPiece) on the demo corpus.

Writes `corpora/tokenizers/`. Training again gives the same BPE and Unigram files byte for byte; the WordPiece trainer
breaks ties in the order of a hash table, so its file may differ, and the one in the repository is what counts.
"""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow.parquet as pq
import sentencepiece
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

FOLDER = Path(__file__).resolve().parent
VOCABULARY_SIZE = 4096


def train_bpe(texts: list[str], path: Path) -> None:
    """Byte-level BPE, as GPT-2's."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        special_tokens=["<|end|>"],
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.save(str(path))


def train_wordpiece(texts: list[str], path: Path) -> None:
    """WordPiece, as cased BERT's."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(
        vocab_size=VOCABULARY_SIZE, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]"], show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.save(str(path))


def train_unigram(texts: list[str], path: Path) -> None:
    """SentencePiece's Unigram, without byte fallback: what it does not know becomes <unk>."""
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=written,
        model_type="unigram",
        vocab_size=VOCABULARY_SIZE,
        character_coverage=0.9995,
        num_threads=1,
        minloglevel=2,
    )
    path.write_bytes(written.getvalue())


def main() -> None:
    """Train all three."""
    texts = pq.read_table(FOLDER / "demo.parquet", columns=["text"])["text"].to_pylist()
    for name, train in (
        ("demo-bpe.json", train_bpe),
        ("demo-wordpiece.json", train_wordpiece),
        ("demo-unigram.model", train_unigram),
    ):
        path = FOLDER / "tokenizers" / name
        path.parent.mkdir(exist_ok=True)
        train(texts, path)
        print(f"{path.relative_to(FOLDER.parent)}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
