"""Every file of the real data that a backend reads, as spec strings."""

from __future__ import annotations

from pathlib import Path

#: name -> path under tokenizers/, with a revision where the file does not say enough
FILES = {
    "gpt2": "gpt2",
    "r50k_base": "r50k_base/r50k_base.tiktoken",
    "cl100k_base": "cl100k_base/cl100k_base.tiktoken",
    "o200k_base": "o200k_base/o200k_base.tiktoken",
    "whisper-multilingual": "whisper-multilingual/multilingual.tiktoken",
    "llama-3": "llama-3/tokenizer.model",
    "roberta": "roberta",
    "gpt2-hf": "gpt2-hf/tokenizer.json",
    "rwkv-world": "rwkv-world/rwkv_vocab_v20230424.txt",
    "codet5": "codet5",
    "bert-base-uncased": "hf:bert-base-uncased/vocab.txt@uncased",
    "bert-base-uncased-json": "bert-base-uncased-json/tokenizer.json",
    "bert-base-multilingual-cased": "hf:bert-base-multilingual-cased/vocab.txt@cased",
    "koelectra": "hf:koelectra/vocab.txt@cased",
    "araelectra": "araelectra/tokenizer.json",
    "minimind-zh": "minimind-zh/tokenizer.json",
    "llama-2": "llama-2/tokenizer.model",
    "xlnet-base-cased": "xlnet-base-cased/spiece.model",
    "albert-v2": "albert-v2/spiece.model",
    "t5-base": "t5-base/spiece.model",
    "laser-50k": "laser-50k/laser_50k.model",
    "spm-test-ja": "spm-test-ja/test_ja_model.model",
    "seqio-spm": "seqio-spm/sentencepiece.model",
    "keras-llama-export": "keras-llama-export/llama_export_vocab.spm",
    "tigrinya-spm": "tigrinya-spm/tokenizer.model",
    "tr-wiki-spm": "tr-wiki-spm/wiki-tr.model",
    "tr-wiki-bpe": "tr-wiki-bpe/tokenizer.json",
    "phi-2": "phi-2/tokenizer.json",
    "t5-small-json": "t5-small-json/tokenizer.json",
    "clip-json": "clip-json/tokenizer.json",
    "all-minilm-l6-v2": "all-minilm-l6-v2/tokenizer.json",
    "mistral-v3": "mistral-v3/tokenizer.model.v3",
    "falcon-180b-chat": "falcon-180b-chat/tokenizer.json",
    "llama-2-7b-chat-hf": "llama-2-7b-chat-hf/tokenizer.json",
    "mistral-7b-instruct-v0.2": "mistral-7b-instruct-v0.2/tokenizer.json",
    "phi-3-mini-4k-instruct": "phi-3-mini-4k-instruct/tokenizer.json",
    "pythia-12b": "pythia-12b/tokenizer.json",
    "snowflake-arctic-instruct": "snowflake-arctic-instruct/tokenizer.json",
}

#: Files that no backend reads: GPT-1 needs its own text cleaning, the hybrid is three dictionaries.
UNREAD = {"gpt1", "turkish-tokenizer-hybrid"}


def spec_of(name: str, data: Path) -> str:
    """The spec of one of `FILES`."""
    backend, colon, place = FILES[name].rpartition(":")
    return f"{backend}{colon}{data / 'tokenizers' / place}"
