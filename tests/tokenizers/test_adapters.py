"""What single adapters promise beside the conformance suite: files of several kinds, revisions, bad input."""

from __future__ import annotations

import base64
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.conftest import ROOT
from tests.tokenizers import makers
from tokeval import load_tokenizer
from tokeval.errors import TokenizerError, UsageError
from tokeval.testing import check_tokenizer
from tokeval.tokenizers._sentencepiece import _share_bytes
from tokeval.tokenizers.base import Tokenizer, without_panic
from tokeval.tokenizers.encode import Encoder

# --- older files of Hugging Face


def older_pair(folder: Path) -> Path:
    content = json.loads(makers.hf_json("bytelevel"))["model"]
    folder.mkdir()
    (folder / "vocab.json").write_text(json.dumps(content["vocab"]), "utf-8")
    merges = [m if isinstance(m, str) else " ".join(m) for m in content["merges"]]
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n", "utf-8")
    return folder


def test_a_folder_of_vocabulary_and_merges_equals_the_tokenizer_json(tmp_path: Path) -> None:
    pair = load_tokenizer(str(older_pair(tmp_path / "pair")))
    whole = load_tokenizer(str(makers.write_hf(tmp_path, "bytelevel")))
    texts = pa.array(makers.CORPUS, pa.large_string())
    assert pair.encode_batch(texts).equals(whole.encode_batch(texts))
    check_tokenizer(pair)


def test_merges_that_begin_with_a_hash_are_merges(tmp_path: Path) -> None:
    folder = older_pair(tmp_path / "pair")
    vocabulary = json.loads((folder / "vocab.json").read_text())
    vocabulary["##"] = max(vocabulary.values()) + 1
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n# #\n")
    assert load_tokenizer(str(folder)).encode_batch(pa.array(["##"])).to_pylist() == [[vocabulary["##"]]]


def test_a_vocabulary_that_is_not_byte_level_is_refused(tmp_path: Path) -> None:
    folder = older_pair(tmp_path / "pair")
    (folder / "vocab.json").write_text(json.dumps({"lo</w>": 0, "l": 1, "o</w>": 2}))
    with pytest.raises(TokenizerError, match="not byte-level"):
        load_tokenizer(str(folder))


@pytest.mark.parametrize(
    ("names", "what", "way"),
    [
        (("encoder_bpe_40000.json", "vocab_40000.bpe"), "GPT-1's vocabulary and merges", "transformers:FOLDER"),
        (("kokler.json", "ekler.json", "bpe_tokenler.json"), "a Turkish tokenizer of roots", "python:MODULE:CLASS"),
    ],
)
def test_files_of_tokenizers_that_are_code_tell_the_way(
    tmp_path: Path, names: tuple[str, ...], what: str, way: str
) -> None:
    for name in names:
        (tmp_path / name).write_text('{"a": 0}')
    for spec in (str(tmp_path), *(str(tmp_path / name) for name in names), f"hf:{tmp_path / names[0]}"):
        with pytest.raises(TokenizerError, match=what) as caught:
            load_tokenizer(spec)
        assert way in str(caught.value.hint)
    with pytest.raises(TokenizerError) as caught:
        load_tokenizer(f"hf:{tmp_path}")
    assert way in str(caught.value.hint)


@pytest.mark.filterwarnings("ignore:Deprecated in 0.9.0")  # how older transformers call older tokenizers
def test_the_way_for_gpt_1_works(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    (tmp_path / "vocab.json").write_text(json.dumps({"<unk>": 0, "l": 1, "o": 2, "o</w>": 3, "lo</w>": 4}))
    (tmp_path / "merges.txt").write_text("#version: 0.2\nl o</w>\n")
    (tmp_path / "tokenizer_config.json").write_text('{"tokenizer_class": "OpenAIGPTTokenizer"}')
    with pytest.raises(TokenizerError, match="not byte-level") as caught:
        load_tokenizer(str(tmp_path))
    assert "transformers:" in str(caught.value.hint)
    tokenizer = load_tokenizer(f"transformers:{tmp_path}")
    assert tokenizer.encode_batch(pa.array(["Lo lo"])).to_pylist() == [[4, 4]]


@pytest.mark.parametrize(("case", "kind"), [("uncased", "wordpiece"), ("cased", "wordpiece-cased")])
def test_a_list_of_word_pieces_has_to_be_told_its_case(tmp_path: Path, case: str, kind: str) -> None:
    content = json.loads(makers.hf_json(kind))["model"]["vocab"]
    path = tmp_path / "vocab.txt"
    path.write_text("\n".join(sorted(content, key=content.__getitem__)) + "\n", "utf-8")
    with pytest.raises(TokenizerError, match="does not say whether it lowers case"):
        load_tokenizer(str(path))
    listed = load_tokenizer(f"hf:{path}@{case}")
    whole = load_tokenizer(str(makers.write_hf(tmp_path / "json", kind)))
    texts = pa.array([*makers.CORPUS, "ÀÉ Hund"], pa.large_string())
    assert listed.encode_batch(texts).equals(whole.encode_batch(texts))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": case == "uncased"}))
    assert load_tokenizer(str(path)).fingerprint == listed.fingerprint
    check_tokenizer(listed)


# --- RWKV


def rwkv(folder: Path, extra: str = "") -> Path:
    lines = [f"{v + 1} {bytes([v])!r} 1" if v >= 0x80 else f"{v + 1} {chr(v)!r} 1" for v in range(256)]
    lines += ["257 'the' 3", "258 ' the' 4", "259 'é' 2", "260 b'\\xe2\\x80' 2", "261 ' 1 ' 3"]
    path = folder / "rwkv_vocab.txt"
    path.write_text("\n".join(lines) + "\n" + extra, "utf-8")
    return path


def test_rwkv_takes_the_longest_match(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(str(rwkv(tmp_path)))
    assert tokenizer.encode_batch(pa.array(["the the", "é—", "t 1 ", None, ""])).to_pylist() == [
        [257, 258],
        [259, 260, 0x94 + 1],
        [ord("t") + 1, 261],
        None,
        [],
    ]
    check_tokenizer(tokenizer)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("300 'abc' 4", "the 4 bytes that the line states"),
        ("1 'zz' 2", "given twice"),
        ("300 __import__('os') 3", "not `id literal length`"),
        ("x 'a' 1", "not `id literal length`"),
    ],
)
def test_broken_rwkv_lines_are_named(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(TokenizerError, match=message):
        load_tokenizer(str(rwkv(tmp_path, line + "\n")))


# --- graphemes


def test_graphemes_keep_clusters_whole() -> None:
    tokenizer = load_tokenizer("graphemes:")
    texts = pa.array(["e\u0301a", "👨‍👩‍👧", None, "", "한국"], pa.large_string())
    found = tokenizer.spans_batch(texts)
    assert [None if row is None else len(row) for row in found.ids.to_pylist()] == [2, 1, None, 0, 2]
    assert found.starts.tolist() == [0, 3, 0, 0, 3]
    assert found.ends.tolist() == [3, 4, len("👨‍👩‍👧".encode()), 3, 6]
    check_tokenizer(tokenizer)


# --- python: and plugins


def test_a_tokenizer_of_ones_own_by_its_factory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "tests" / "plugin" / "src")
    (tmp_path / "mine_for_test.py").write_text(
        "from tokeval_reversed import Reversed\ndef make():\n    return Reversed('x')\ndef wrong():\n    return 3\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    tokenizer = load_tokenizer("python:mine_for_test:make")
    assert tokenizer.encode_batch(pa.array(["ab"])).to_pylist() == [[98, 97]]
    check_tokenizer(tokenizer)
    with pytest.raises(TokenizerError, match="returns a int"):
        load_tokenizer("python:mine_for_test:wrong")
    with pytest.raises(TokenizerError, match="has no 'none'"):
        load_tokenizer("python:mine_for_test:none")
    with pytest.raises(TokenizerError, match="No module named"):
        load_tokenizer("python:no_such_module:make")
    with pytest.raises(UsageError, match="does not name a factory"):
        load_tokenizer("python:mine_for_test")


def test_an_installed_plugin_is_found_listed_and_used(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "site"
    subprocess.run(["cp", "-r", str(ROOT / "tests" / "plugin"), str(source)], check=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--disable-pip-version-check", "--target", str(target), str(source)], check=True)
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(target), os.environ.get("PYTHONPATH", "")])}
    listed = subprocess.run(
        ["tokeval", "list", "tokenizers"], capture_output=True, text=True, check=True, env=env | {"COLUMNS": "200"}
    )
    assert "reversed" in listed.stdout
    assert "tokeval-reversed 1.2.3" in listed.stdout
    code = (
        "import tokeval; print(tokeval.load_tokenizer('reversed:x').encode_batch(__import__('pyarrow').array(['ab'])))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert done.stdout.split() == ["[", "[", "98,", "97", "]", "]"]


# --- bad input


def edited(folder: Path, kind: str, change: object) -> Path:
    path = makers.write_hf(folder, kind)
    content = json.loads(path.read_text("utf-8"))
    change(content)  # type: ignore[operator]
    path.write_text(json.dumps(content), "utf-8")
    return path


def test_an_id_given_twice_is_refused(tmp_path: Path) -> None:
    path = edited(tmp_path, "wordlevel", lambda c: c["model"]["vocab"].update(first=3, second=3))
    with pytest.raises(TokenizerError, match=r"the id 3 is given twice"):
        load_tokenizer(str(path))


def test_holes_in_the_ids_are_fine(tmp_path: Path) -> None:
    path = edited(tmp_path, "wordlevel", lambda c: c["model"]["vocab"].update({"zebra": 70_000}))
    tokenizer = load_tokenizer(str(path))
    assert tokenizer.encode_batch(pa.array(["zebra"])).to_pylist() == [[70_000]]
    encoding = (
        Encoder("t", tokenizer, spans=True, round_trip=True).prepare().encode(pa.array(["zebra"], pa.large_string()))
    )
    assert encoding.ids.tolist() == [70_000]
    check_tokenizer(tokenizer)


def test_merges_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = edited(tmp_path, "bytelevel", lambda c: c["model"].update(merges=[["no", "such"]]))
    with pytest.raises(TokenizerError, match="does not load"):
        load_tokenizer(str(path))


def test_surrogates_in_the_vocabulary_are_refused_in_one_line(tmp_path: Path) -> None:
    path = edited(tmp_path, "wordlevel", lambda c: c["model"]["vocab"].update({"\ud800": 999}))
    with pytest.raises(TokenizerError) as caught:
        load_tokenizer(str(path))
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"model": {"type": "BPE", "vocab": {"a"', "broken or truncated JSON"),
        (b'{"model":' * 100_000, "JSON that is nested too deep"),
        (b"[" * 1_000_000, "JSON that is nested too deep"),
        (pickle.dumps({"a": 1}), "a Python pickle, which is never loaded"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
        (b"", "an empty file"),
        (b"\x0a\x0c\x0a\x05<unk>", "SentencePiece model"),
    ],
)
def test_files_that_are_not_what_they_are_called(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_bytes(content)
    with pytest.raises(TokenizerError, match=message):
        load_tokenizer(f"hf:{path}")


def test_a_pickle_called_a_model_is_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.model"
    path.write_bytes(pickle.dumps(os.getcwd))
    with pytest.raises(TokenizerError, match="never loaded"):
        load_tokenizer(str(path))


def test_a_truncated_sentencepiece_model(tmp_path: Path) -> None:
    path = makers.write_sentencepiece(tmp_path, "unigram")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(TokenizerError, match="does not load"):
        load_tokenizer(str(path))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: [*lines[:-1], lines[-1].rpartition(b" ")[0] + b" 3"], "last rank 267"),
        (lambda lines: [*lines[:-2], lines[-2].rpartition(b" ")[0] + b" 3", lines[-1]], "the rank of another"),
        (lambda lines: [*lines, lines[5].rpartition(b" ")[0] + b" 269"], "1 tokens twice"),
        (lambda lines: [*lines[:0x41], b"QUFBQUE= 65", *lines[0x42:]], "no token for 1 single bytes, such as 0x41"),
    ],
)
def test_ranks_on_which_the_library_would_fail(tmp_path: Path, change: Any, message: str) -> None:
    path = makers.write_ranks(tmp_path)
    path.write_bytes(b"\n".join(change(path.read_bytes().splitlines())))
    with pytest.raises(TokenizerError, match=message):
        load_tokenizer(f"tiktoken:{path}@like-cl100k_base")


def test_a_panic_of_a_library_is_an_error_like_any_other() -> None:
    class PanicException(BaseException):
        pass

    @without_panic
    def fails(error: BaseException) -> None:
        raise error

    with pytest.raises(RuntimeError, match="its library panics: index out of bounds"):
        fails(PanicException("index out of bounds\nnote: run with RUST_BACKTRACE"))
    with pytest.raises(KeyboardInterrupt):
        fails(KeyboardInterrupt())


def test_bytes_of_a_dummy_mark_share_nothing_with_those_of_the_character_behind_it() -> None:
    """A mark without a piece of its own is three bytes that cover nothing; two letters composed into one are three."""
    pieces = [f"<0x{byte:02X}>".encode() for byte in "▁ガ".encode()]
    offsets = [(0, 0), (0, 0), (0, 0), (0, 0), (0, 0), (0, 6)]
    assert _share_bytes(pieces, offsets) == offsets
    assert _share_bytes(pieces[3:], [(0, 0), (0, 0), (0, 3)]) == [(0, 1), (1, 2), (2, 3)]


def test_an_unknown_rank_file_is_never_guessed(tmp_path: Path) -> None:
    path = makers.write_ranks(tmp_path)
    with pytest.raises(TokenizerError, match="its pattern cannot be told"):
        load_tokenizer(str(path))
    with pytest.raises(TokenizerError, match="SHA-256"):
        load_tokenizer(f"tiktoken:{path}@cl100k_base")
    with pytest.raises(TokenizerError, match="no known pattern"):
        load_tokenizer(f"tiktoken:{path}@like-nothing")
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([*lines, base64.b64encode(b"zz") + b" 9999"]))
    with pytest.raises(TokenizerError, match="holes"):
        load_tokenizer(f"tiktoken:{path}@like-r50k_base")


@pytest.mark.parametrize("kind", ["bytelevel", "wordpiece", "unigram"])
def test_a_megabyte_without_a_space(tmp_path: Path, kind: str) -> None:
    tokenizer = load_tokenizer(str(makers.write_hf(tmp_path, kind)))
    encoder = Encoder("t", tokenizer, share=0.0).prepare()
    text = pa.array(["the quick\x00brown".replace(" ", "") * 20_000], pa.large_string())
    assert len(encoder.encode(text).ids) > 0


# --- the list


def test_the_list_says_what_each_can() -> None:
    done = subprocess.run(
        ["tokeval", "list", "tokenizers"],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"COLUMNS": "200"},
    )
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if line.strip()}
    assert "gigatoken" in lines["tiktoken"]
    assert " ".join(lines["bytes"].split()) == "bytes tokeval – ids, decode, spans, vocabulary –"
    assert "memoised words" in lines["hf"]
    assert {"rwkv", "python", "precomputed", "graphemes", "transformers"} <= set(lines)


def test_every_adapter_is_a_tokenizer_or_makes_one() -> None:
    from tokeval import registry

    for entry in registry.entries(registry.TOKENIZERS).values():
        target = entry.load()
        assert callable(target)
        if isinstance(target, type):
            assert issubclass(target, Tokenizer)


def test_the_document_that_a_tokenizer_fails_on_is_named(tmp_path: Path) -> None:
    path = edited(tmp_path, "wordpiece", lambda c: c["model"].update(unk_token="[NONE]"))
    encoder = Encoder("broken", load_tokenizer(str(path))).prepare()
    assert len(encoder.encode(pa.array(["the dog"], pa.large_string())).ids) > 0
    with pytest.raises(TokenizerError, match="'broken' fails on the document 'zebra ☃'") as caught:
        encoder.encode(pa.array(["the dog", "zebra ☃", "the dog"], pa.large_string()))
    assert "\n" not in caught.value.message
