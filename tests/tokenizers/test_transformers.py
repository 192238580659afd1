"""Slow tokenizers of transformers, made on disk; code beside them is run by the user's word alone."""

from __future__ import annotations

import os
import pickle
import subprocess
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.tokenizers.adapters import PIECES, write_slow
from tokeval import compare, load_tokenizer
from tokeval.errors import TokenizerError
from tokeval.testing import CHECKS, run_check
from tokeval.tokenizers.load import Spec, parse_spec, trusting

pytest.importorskip("transformers")

CODE = """
import os
from pathlib import Path
from transformers import PreTrainedTokenizer

Path(os.environ["TOKEVAL_TEST_MARK"]).write_text("ran")


class Letters(PreTrainedTokenizer):
    def __init__(self, **options):
        self._ids = {chr(97 + i): i for i in range(26)} | {"?": 26}
        super().__init__(unk_token="?", **options)

    @property
    def vocab_size(self):
        return 27

    def get_vocab(self):
        return dict(self._ids)

    def _tokenize(self, text):
        return list(text)

    def _convert_token_to_id(self, token):
        return self._ids.get(token, 26)

    def _convert_id_to_token(self, index):
        return list(self._ids)[index]
"""


def slow(folder: Path, kind: str) -> str:
    named = {"ByT5Tokenizer": "", "ProphetNetTokenizer": "prophetnet.tokenizer", "BertTokenizerLegacy": "vocab.txt"}
    files = {named[kind]: "\n".join(PIECES) + "\n"} if named[kind] else {}
    return f"transformers:{write_slow(folder / kind, {'tokenizer_class': kind}, files)}"


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("kind", ["ByT5Tokenizer", "ProphetNetTokenizer", "BertTokenizerLegacy"])
def test_a_slow_tokenizer_keeps_its_promises(kind: str, check: str, tmp_path: Path) -> None:
    run_check(check, load_tokenizer(slow(tmp_path, kind)))


def test_special_tokens_in_the_text_are_text_and_none_are_added(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(slow(tmp_path, "BertTokenizerLegacy"))
    assert tokenizer.encode_batch(pa.array(["hello world", None, ""])).to_pylist() == [
        [5, 6, 7, 8, 9, 10, 11],
        None,
        [],
    ]
    # a known gap of this one: it keeps its special tokens whole, whatever it is asked
    assert tokenizer.encode_batch(pa.array(["[SEP]"])).to_pylist() == [[3]]
    byte = load_tokenizer(slow(tmp_path, "ByT5Tokenizer"))
    assert byte.encode_batch(pa.array(["</s>"])).to_pylist() == [[c + 3 for c in b"</s>"]]
    assert tokenizer.unknown_id == 1
    assert tokenizer.decode_batch(pa.array([[5, 6]], pa.list_(pa.uint32()))).to_pylist() == ["hello"]


def test_the_fingerprint_is_of_the_files(tmp_path: Path) -> None:
    spec = slow(tmp_path, "BertTokenizerLegacy")
    first = load_tokenizer(spec).fingerprint
    for name in ("README.md", "model.safetensors"):
        (tmp_path / "BertTokenizerLegacy" / name).write_text("of the model, not of its tokenizer")
    assert load_tokenizer(spec).fingerprint == first
    with (tmp_path / "BertTokenizerLegacy" / "vocab.txt").open("a") as stream:
        stream.write("more\n")
    assert load_tokenizer(spec).fingerprint != first


@pytest.fixture
def asking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose configuration asks for code that lies in it; running it leaves the file `mark`."""
    monkeypatch.setenv("TOKEVAL_TEST_MARK", str(tmp_path / "mark"))
    monkeypatch.setenv("HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    config = {"tokenizer_class": "Letters", "auto_map": {"AutoTokenizer": ["letters.Letters", None]}}
    return write_slow(tmp_path / "asking", config, {"letters.py": CODE})


def test_code_from_a_folder_is_refused(asking: Path, tmp_path: Path) -> None:
    with pytest.raises(TokenizerError, match="it asks to run code of its own") as caught:
        load_tokenizer(f"transformers:{asking}")
    assert "--trust-remote-code" in str(caught.value.hint)
    assert not (tmp_path / "mark").exists()


def test_no_spec_string_gives_leave(asking: Path) -> None:
    assert not parse_spec(f"transformers:{asking}").trusted
    assert str(trusting(parse_spec(f"transformers:{asking}"))) == f"transformers:{asking}"
    assert not trusting(Spec("hf", "org/name")).trusted


def test_only_the_option_runs_it_and_it_travels(asking: Path, tmp_path: Path) -> None:
    path = tmp_path / "texts.parquet"
    pq.write_table(pa.table({"text": ["abc", "ab"]}), path)
    command = ["tokeval", "compare", "--no-cache", "-t", f"mine=transformers:{asking}", "-c", f"c={path}"]
    environment = os.environ | {"TOKEVAL_TRUST_REMOTE_CODE": "1"}
    refused = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert refused.returncode == 2
    assert "hint: read that code; if you trust it, add --trust-remote-code" in refused.stderr
    assert not (tmp_path / "mark").exists()
    command += ["--trust-remote-code", "-o", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "mark").exists()
    table = pq.read_table(tmp_path / "out" / "results.parquet").to_pylist()
    assert next(row["value"] for row in table if row["metric"] == "tokens") == 5.0


@pytest.mark.parametrize("command", ["inspect", "check"])
def test_the_commands_that_can_use_such_a_tokenizer_have_the_option(command: str, asking: Path, tmp_path: Path) -> None:
    spec = f"transformers:{asking}"
    arguments = ["ab"] if command == "inspect" else ["--against", spec]
    given = ["tokeval", command, *arguments, "-t", spec]
    refused = subprocess.run(given, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "hint: read that code; if you trust it, add --trust-remote-code" in refused.stderr
    assert not (tmp_path / "mark").exists()
    done = subprocess.run([*given, "--trust-remote-code"], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr  # a check finds fault with what it likes
    assert not done.stderr
    assert (tmp_path / "mark").exists()


@pytest.mark.parametrize("command", [["vocab", "-t"], ["diff", "bytes:"]], ids=lambda command: command[0])
def test_those_that_cannot_use_it_say_so_and_not_that_it_should_be_trusted(command: list[str], asking: Path) -> None:
    done = subprocess.run(["tokeval", *command, f"transformers:{asking}"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert " vocabulary" in done.stderr
    assert "trust" not in done.stderr


def test_a_trusted_tokenizer_survives_pickling(asking: Path) -> None:
    tokenizer = load_tokenizer(replace(parse_spec(f"transformers:{asking}"), trusted=True))
    again = pickle.loads(pickle.dumps(tokenizer))
    texts = pa.array(["hello", "b"], pa.large_string())
    assert again.encode_batch(texts).equals(tokenizer.encode_batch(texts))


def test_the_library_asks_the_same(asking: Path, tmp_path: Path) -> None:
    path = tmp_path / "texts.parquet"
    pq.write_table(pa.table({"text": ["abc"]}), path)
    with pytest.raises(TokenizerError):
        compare({"mine": f"transformers:{asking}"}, {"c": str(path)})
    table = compare({"mine": f"transformers:{asking}"}, {"c": str(path)}, trust_remote_code=True)
    assert table.num_rows
