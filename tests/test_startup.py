"""What a start may cost: what is imported, and that the quick ways give what the slow ones do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from tokeval.arrow import is_text, text_buffers
from tokeval.tokenizers.bytelevel import alphabet, bytes_of_alphabet, is_byte, printable, printables
from tokeval.tokenizers.load import load_tokenizer

TOKENS = st.lists(st.binary(max_size=5) | st.text(max_size=3).map(str.encode), max_size=12)


def run(code: str, **environment: str) -> dict[str, object]:
    """What a fresh interpreter prints as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        env={**os.environ, **environment},
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_a_kernel_from_the_cache_needs_no_compiler(tmp_path: Path) -> None:
    (tmp_path / "made.py").write_text(
        "from tokeval.jit import kernel\n"
        "def _inner(x):\n    return x * 2 + 1\n"
        "inner = kernel(_inner)\n"
        "def _outer(values):\n    made = values.copy()\n    for i in range(len(made)):\n"
        "        made[i] = inner(made[i])\n    return made, values.sum()\n"
        "outer = kernel(_outer)\n"
    )
    code = (
        f"import sys, json; sys.path.insert(0, {str(tmp_path)!r})\n"
        "import numpy as np, made\n"
        "values, total = made.outer(np.arange(4))\n"
        "print(json.dumps([values.tolist(), int(total), 'numba.cpython.listobj' in sys.modules]))"
    )
    cache = str(tmp_path / "cache")
    assert run(code, NUMBA_CACHE_DIR=cache) == [[1, 3, 5, 7], 6, True]
    assert run(code, NUMBA_CACHE_DIR=cache) == [[1, 3, 5, 7], 6, False]


def test_commands_keep_pyarrow_from_pandas() -> None:
    code = (
        "import sys, json; import numpy as np; import pyarrow as pa, pyarrow.compute as pc\n"
        "from tokeval.arrow import without_pandas; without_pandas()\n"
        "pc.equal(pa.array(np.zeros(3)), 0.0); table = pa.table({'a': ['x', None]})\n"
        "before = 'pandas' in sys.modules; frame = table.to_pandas()\n"
        "print(json.dumps([before, 'pandas' in sys.modules, len(frame), pa.array(frame['a']).null_count]))"
    )
    assert run(code) == [False, True, 2, 1]


@given(TOKENS)
def test_columns_of_bytes_are_told_as_each_by_itself(tokens: list[bytes]) -> None:
    column = pa.array([b"cut away", *tokens, b"\xff"], pa.large_binary()).slice(1, len(tokens))

    def decodes(token: bytes) -> bool:
        try:
            token.decode()
        except UnicodeDecodeError:
            return False
        return True

    assert is_text(*text_buffers(column)).tolist() == [decodes(token) for token in tokens]
    assert is_byte(*text_buffers(column)).tolist() == [len(t) == 1 and t[0] >= 0x80 for t in tokens]
    assert printables(column).to_pylist() == [printable(token) for token in tokens]


@given(st.lists(st.text(st.sampled_from([*alphabet(), "▁", "\u0200", "😀"]), max_size=4), max_size=8))
def test_the_byte_alphabet_is_read_letter_by_letter(pieces: list[str]) -> None:
    data, inside = bytes_of_alphabet(pa.array(pieces, pa.large_string()))
    assert inside.tolist() == [set(piece) <= set(alphabet()) for piece in pieces]
    for piece, found, whole in zip(pieces, data.to_pylist(), inside.tolist(), strict=True):
        assert not whole or found == bytes(alphabet()[c] for c in piece)


def test_a_rank_file_that_was_written_again_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "ranks.tiktoken"

    def write(*more: bytes) -> None:
        tokens = [*(bytes([value]) for value in range(256)), *more]
        path.write_bytes(b"".join(b64encode(token) + b" %d\n" % rank for rank, token in enumerate(tokens)))

    write(b"ab")
    first = load_tokenizer(f"tiktoken:{path}@like-cl100k_base")
    write(b"bc")
    second = load_tokenizer(f"tiktoken:{path}@like-cl100k_base")
    texts = pa.array(["abc"])
    assert first.encode_batch(texts).to_pylist() == [[256, ord("c")]]
    assert second.encode_batch(texts).to_pylist() == [[ord("a"), 256]]


def test_a_vocabulary_is_read_from_the_file_as_the_library_lists_it(tmp_path: Path) -> None:
    import tokenizers

    unigram = [["<unk>", 0.0], ["a", -1.0], ["b", -2.0], ["a", -3.0], ["▁", -4.0]]  # one piece twice
    models = [
        {"type": "Unigram", "unk_id": 0, "vocab": unigram, "byte_fallback": False},
        {"type": "BPE", "vocab": {"b": 7, "a": 2, "ab": 9}, "merges": [["a", "b"]]},  # ids with holes
    ]
    added = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    names = ["a", "<pad>", "b"]  # two of them repeat a piece
    for model in models:
        path = tmp_path / "tokenizer.json"
        tokens = [{"id": i, "content": name, **added} for i, name in enumerate(names)]
        path.write_text(json.dumps({"version": "1.0", "added_tokens": tokens, "model": model}), "utf-8")
        library = tokenizers.Tokenizer.from_file(str(path))
        by_id = {i: piece for piece, i in library.get_vocab(with_added_tokens=True).items()}
        by_id |= {i: token.content for i, token in library.get_added_tokens_decoder().items()}
        entries = load_tokenizer(f"hf:{path}").entries
        assert list(zip(entries["id"].to_pylist(), entries["piece"].to_pylist(), strict=True)) == sorted(by_id.items())
        scores = dict(enumerate(score for _, score in unigram)) if model["type"] == "Unigram" else {}
        assert entries["score"].to_pylist() == [scores.get(i) for i in sorted(by_id)]
