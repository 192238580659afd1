"""Small tokenizer files made on the spot, one of each kind that the adapters read."""

from __future__ import annotations

import base64
import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tokeval.tokenizers.modelproto import read_model

CORPUS = [
    "the quick brown fox jumps over the lazy dog, and the dog sleeps.",
    "der schnelle braune Fuchs springt über den faulen Hund 1234 567",
    "le renard brun saute par-dessus le chien paresseux à l'été",
    "быстрая лиса прыгает через ленивую собаку",
    "敏捷的棕色狐狸跳过懒狗",
] * 4

BYTE_LEVEL = {"bytelevel", "nfc", "nfc-trims", "met", "digits"}

MAPPED = ("mapped", "spaces", "bare-spaces")


@cache
def hf_json(kind: str) -> str:
    """A tokenizer.json of a kind: bytelevel, nfc, nfc-trims, met, fallback, wordpiece (or -cased), unigram and so on.

    Those with nfc are byte-level after that normal form; one leaves spaces out of what its tokens cover. met is
    byte-level, with tokens for the bytes that were met in training alone; digits is byte-level after each digit was
    parted. mapped, spaces and bare-spaces are Unigrams: behind a character map and a split at white space, behind the
    map and single spaces alone, and without the map. Those with words are BPE over
    characters: of words and runs of marks, of words with neighbouring unknowns as one, of words and single marks
    without any unknown, the last also of normalised ones.
    """
    from tokenizers import (
        AddedToken,
        Regex,
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
        processors,
        trainers,
    )

    special = ["<unk>", "<s>", "</s>"]
    if kind in BYTE_LEVEL:
        made = Tokenizer(models.BPE())
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        if kind == "digits":
            digits = pre_tokenizers.Digits(individual_digits=True)
            made.pre_tokenizer = pre_tokenizers.Sequence([digits, made.pre_tokenizer])
        made.decoder = decoders.ByteLevel()
        if kind.startswith("nfc"):
            made.normalizer = normalizers.NFC()
            made.post_processor = processors.ByteLevel(trim_offsets=kind == "nfc-trims", add_prefix_space=False)
        alphabet = pre_tokenizers.ByteLevel.alphabet() if kind != "met" else []
        trainer = trainers.BpeTrainer(
            vocab_size=400, special_tokens=["<|endoftext|>"], initial_alphabet=alphabet, show_progress=False
        )
    elif kind.startswith("words"):
        fused, bare = kind == "words-fused", kind == "words-bare"
        made = Tokenizer(models.BPE() if bare else models.BPE(unk_token="<unk>", fuse_unk=fused))
        parting = {"words": pre_tokenizers.Whitespace, "words-fused": pre_tokenizers.WhitespaceSplit}
        made.pre_tokenizer = parting.get(kind, pre_tokenizers.BertPreTokenizer)()
        if kind == "words-lower":
            made.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
        trainer = trainers.BpeTrainer(vocab_size=200, special_tokens=special, limit_alphabet=60, show_progress=False)
    elif kind == "fallback":
        made = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
        made.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
        made.decoder = decoders.Sequence(
            [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
        )
        pieces = [*special, *(f"<0x{v:02X}>" for v in range(256))]
        trainer = trainers.BpeTrainer(vocab_size=500, special_tokens=pieces, show_progress=False)
    elif kind.startswith("wordpiece"):
        made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        cased = kind == "wordpiece-cased"
        made.normalizer = normalizers.BertNormalizer(lowercase=not cased)
        made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        made.decoder = decoders.WordPiece()
        trainer = trainers.WordPieceTrainer(
            vocab_size=300, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]"], show_progress=False
        )
    elif kind in {"unigram", "metaspace", *MAPPED}:
        made = Tokenizer(models.Unigram())
        metaspace = pre_tokenizers.Metaspace(prepend_scheme="first" if kind == "bare-spaces" else "always")
        both = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), metaspace])
        made.pre_tokenizer = both if kind in {"unigram", "mapped"} else metaspace
        steps = [normalizers.Precompiled(character_map()) if kind in {"mapped", "spaces"} else normalizers.NFKC()]
        if kind in {"spaces", "bare-spaces"}:
            steps = steps[: kind == "spaces"]
            steps += [normalizers.Strip(left=False, right=True), normalizers.Replace(Regex(" {2,}"), "▁")]
        made.normalizer = normalizers.Sequence(steps) if len(steps) > 1 else steps[0]
        made.decoder = decoders.Metaspace()
        trainer = trainers.UnigramTrainer(
            vocab_size=200, special_tokens=special, unk_token="<unk>", show_progress=False
        )
    else:
        made = Tokenizer(models.WordLevel(unk_token="<unk>"))
        made.pre_tokenizer = pre_tokenizers.Whitespace()
        trainer = trainers.WordLevelTrainer(special_tokens=special, show_progress=False)
    made.train_from_iterator(CORPUS, trainer)
    if kind == "fallback":  # the trainer marks byte pieces as added tokens; models do not
        content = json.loads(made.to_str())
        content["added_tokens"] = [t for t in content["added_tokens"] if not t["content"].startswith("<0x")]
        return json.dumps(content)
    if kind in BYTE_LEVEL:
        made.add_tokens([AddedToken("  ", normalized=False), AddedToken("    ", normalized=False)])
    return made.to_str()


def character_map() -> bytes:
    """SentencePiece's own, of its usual normalisation."""
    with TemporaryDirectory() as folder:
        return read_model(write_sentencepiece(Path(folder), "unigram").read_bytes()).character_map


def write_hf(folder: Path, kind: str) -> Path:
    """Write a tokenizer.json of a kind; its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tokenizer.json"
    path.write_text(hf_json(kind), "utf-8")
    return path


def write_ranks(folder: Path) -> Path:
    """Write a rank file in tiktoken's form: all bytes, then a few merges."""
    tokens = [bytes([v]) for v in range(256)]
    tokens += [b"th", b"the", b" t", b" th", b" the", b"an", b"and", b" a", b" an", b" and", b"er", b"og", b"dog"]
    path = folder / "small.tiktoken"
    path.write_bytes(b"".join(base64.b64encode(t) + b" %d\n" % rank for rank, t in enumerate(tokens)))
    return path


def write_sentencepiece(folder: Path, kind: str) -> Path:
    """Train a SentencePiece model: bpe (byte fallback), unigram (NFKC), symbols, marks, bare, kept (spaces)."""
    import io

    import sentencepiece

    out = io.BytesIO()
    options: dict[str, object] = {
        "bpe": {"model_type": "bpe", "byte_fallback": True, "vocab_size": 420},
        "unigram": {"model_type": "unigram", "vocab_size": 150},
        "symbols": {"model_type": "bpe", "byte_fallback": True, "vocab_size": 420, "user_defined_symbols": "[REF],<x>"},
        "marks": {
            "model_type": "unigram",
            "vocab_size": 160,
            "user_defined_symbols": ".,(,<x>",
            "byte_fallback": False,
        },
        "kept": {
            "model_type": "bpe",
            "byte_fallback": True,
            "vocab_size": 420,
            "remove_extra_whitespaces": False,
            "normalization_rule_name": "identity",
        },
        "bare": {
            "model_type": "bpe",
            "byte_fallback": True,
            "vocab_size": 420,
            "add_dummy_prefix": False,
            "remove_extra_whitespaces": False,
            "normalization_rule_name": "identity",
        },
    }[kind]  # type: ignore[assignment]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS * 5),
        model_writer=out,
        hard_vocab_limit=False,
        minloglevel=3,
        num_threads=1,
        **options,
    )
    path = folder / f"{kind}.model"
    path.write_bytes(out.getvalue())
    return path
