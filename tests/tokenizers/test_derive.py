"""Derived tokenizers against their definitions, and against the tokenizer whose vocabulary they take."""

from __future__ import annotations

import math
import unicodedata
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracles import derived
from tests.tokenizers import makers
from tests.tokenizers.real import spec_of
from tokeval import load_tokenizer
from tokeval.errors import TokenizerError, UsageError
from tokeval.testing import check_tokenizer
from tokeval.tokenizers._derive import Derived
from tokeval.tokenizers.base import Tokenizer
from tokeval.tokenizers.load import moved, parse_spec, places_of

ORACLES = {
    "longest-prefix": derived.longest_prefix,
    "longest-suffix": derived.longest_suffix,
    "longest-token": derived.longest_token,
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"tiktoken:{makers.write_ranks(tmp_path_factory.mktemp('ranks'))}@like-r50k_base"


@pytest.fixture(scope="module")
def made(source: str) -> dict[str, Tokenizer]:
    methods = [*ORACLES, "fewest-tokens", "dropout-0", "dropout-0.5", "dropout-1"]
    return {method: load_tokenizer(f"derive:{method}:{source}") for method in methods} | {"": load_tokenizer(source)}


def pieces_of(tokenizer: Tokenizer) -> dict[int, bytes]:
    table = tokenizer.vocabulary()
    return dict(zip(table["id"].to_pylist(), table["bytes"].to_pylist(), strict=True))


@given(text=st.text(st.sampled_from("thernadog é1"), max_size=25))
def test_methods_equal_their_definitions(text: str, made: dict[str, Tokenizer]) -> None:
    source = made[""]
    spelled = pieces_of(source)
    pieces = frozenset(spelled.values())
    ends = [0, *source.pretoken_ends(text)]
    words = [text[a:b].encode() for a, b in pairwise(ends)]
    batch = pa.array([text], pa.large_string())
    for method, oracle in ORACLES.items():
        found = [spelled[i] for i in made[method].encode_batch(batch).to_pylist()[0]]
        assert found == [piece for word in words for piece in oracle(word, pieces)], method
    fewest = made["fewest-tokens"].encode_batch(batch).to_pylist()[0]
    assert b"".join(spelled[i] for i in fewest) == text.encode()
    assert len(fewest) == sum(derived.fewest(word, pieces) for word in words)
    assert made["dropout-0"].encode_batch(batch).equals(source.encode_batch(batch))
    assert made["dropout-1"].encode_batch(batch).to_pylist() == [list(map(int, _single(source, text)))]


def _single(source: Tokenizer, text: str) -> list[int]:
    by_bytes = {data: number for number, data in pieces_of(source).items()}
    return [by_bytes[bytes([value])] for value in text.encode()]


@pytest.mark.parametrize("method", [*ORACLES, "fewest-tokens", "dropout-0.5"])
def test_a_derived_tokenizer_conforms(method: str, made: dict[str, Tokenizer]) -> None:
    check_tokenizer(made[method])


@pytest.mark.parametrize("kind", ["bpe", "bare"])
def test_from_sentencepiece(tmp_path: Path, kind: str) -> None:
    path = makers.write_sentencepiece(tmp_path, kind)
    tokenizer = load_tokenizer(f"derive:fewest-tokens:sentencepiece:{path}")
    check_tokenizer(tokenizer)
    source = load_tokenizer(f"sentencepiece:{path}")
    texts = pa.array(makers.CORPUS[:3], pa.large_string())
    pairs = zip(tokenizer.encode_batch(texts).to_pylist(), source.encode_batch(texts).to_pylist(), strict=True)
    assert all(len(mine) <= len(theirs) for mine, theirs in pairs)
    assert tokenizer.decode_batch(tokenizer.encode_batch(texts)).to_pylist() == makers.CORPUS[:3]


def test_what_cannot_be_derived(tmp_path: Path, source: str) -> None:
    with pytest.raises(UsageError, match="no method 'longest'"):
        load_tokenizer(f"derive:longest:{source}")
    with pytest.raises(UsageError, match="from 0 to 1"):
        load_tokenizer(f"derive:dropout-2:{source}")
    with pytest.raises(UsageError, match="derive:METHOD:SPEC"):
        load_tokenizer("derive:fewest-tokens")
    with pytest.raises(TokenizerError, match="do not concatenate"):
        load_tokenizer(f"derive:fewest-tokens:hf:{makers.write_hf(tmp_path, 'wordpiece')}")
    with pytest.raises(UsageError, match="a seed a whole number") as caught:
        load_tokenizer(f"derive:dropout-0.1-seed-x:{source}")
    assert "dropout-0.1-seed-7" in str(caught.value.hint)
    with pytest.raises(TokenizerError, match="dropout needs merges"):
        load_tokenizer(f"derive:dropout-0.1:sentencepiece:{makers.write_sentencepiece(tmp_path, 'unigram')}")


def test_a_spec_inside_is_looked_up_in_the_folder_of_a_configuration(tmp_path: Path) -> None:
    ranks = makers.write_ranks(tmp_path)
    (tmp_path / "pattern.txt").write_text(r"\S+|\s+")
    spec = parse_spec(f"derive:longest-prefix:tiktoken:{ranks.name}@pattern=pattern.txt", tmp_path)
    assert spec == parse_spec(f"derive:longest-prefix:tiktoken:{ranks}@pattern={tmp_path / 'pattern.txt'}")
    assert places_of(spec) == [str(ranks), str(tmp_path / "pattern.txt")]
    away = moved(spec, {str(ranks): "/away/r", str(tmp_path / "pattern.txt"): "/away/p"})
    assert str(away) == "derive:longest-prefix:tiktoken:/away/r@pattern=/away/p"
    bare = parse_spec(f"derive:fewest-tokens:{makers.write_hf(tmp_path, 'bytelevel').name}", tmp_path)
    assert bare.location == f"fewest-tokens:hf:{tmp_path / 'tokenizer.json'}"


# --- dropout


@pytest.fixture(scope="module")
def sources(source: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A BPE of every kind: ranks, merges over bytes and over characters with byte fallback, scores."""
    folder = tmp_path_factory.mktemp("sources")
    return {
        "ranks": source,
        **{kind: f"hf:{makers.write_hf(folder / kind, kind)}" for kind in ("bytelevel", "fallback")},
        **{kind: f"sentencepiece:{makers.write_sentencepiece(folder, kind)}" for kind in ("bpe", "bare")},
    }


KINDS = ("ranks", "bytelevel", "fallback", "bpe", "bare")
MIXED = [*makers.CORPUS[:5], "the quick  brown\tfox über l'été 狐☃", "лиса", "aaaaaaaaa the the the dog"]


@pytest.mark.parametrize("kind", KINDS)
def test_without_dropout_it_is_the_source(kind: str, sources: dict[str, str]) -> None:
    tokenizer, real = load_tokenizer(f"derive:dropout-0:{sources[kind]}"), load_tokenizer(sources[kind])
    kept = [" ".join(text.split()) for text in MIXED]  # runs of spaces are removed, or tokens that no merge makes
    if kind == "fallback":  # it declares no pre-tokens, and was trained on so little text that it merges across words
        kept = [word for text in kept for word in text.split()]
    texts = pa.array(kept, pa.large_string())
    assert tokenizer.encode_batch(texts).to_pylist() == real.encode_batch(texts).to_pylist()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", ["0.1", "0.5", "0.9", "1"])
def test_dropout_equals_its_definition(kind: str, share: str, sources: dict[str, str]) -> None:
    tokenizer = load_tokenizer(f"derive:dropout-{share}-seed-3:{sources[kind]}")
    assert isinstance(tokenizer, Derived)
    real = load_tokenizer(sources[kind])
    spelling = real.spelling()
    assert spelling.rank is not None
    table = tokenizer.vocabulary().to_pylist()
    piece_of = {row["id"]: row["bytes"].decode("latin-1") if spelling.bytewise else row["piece"] for row in table}
    first: dict[bytes, str] = {}
    for row in sorted(table, key=lambda row: row["kind"] == "byte"):
        if row["kind"] != "special" and (len(piece_of[row["id"]]) == 1 or len(row["bytes"]) == 1):
            first.setdefault(row["bytes"], piece_of[row["id"]])
    texts = pa.array(MIXED, pa.large_string())
    data, cuts, documents = tokenizer._pretokens(texts)
    seeds = tokenizer._seeds(data, cuts, documents)
    wanted = []
    for begin, end in pairwise(documents.tolist()):
        row: list[str] = []
        for word in range(begin, end):
            parts: list[str] = []
            for character in data[cuts[word] : cuts[word + 1]].tobytes().decode():
                spelled = character.encode()
                parts += [first[spelled]] if spelled in first else [first[bytes([byte])] for byte in spelled]
            row += derived.dropout(parts, spelling.rank, float(share), derived.xorshift(int(seeds[word])))
        wanted.append(row)
    found = [[piece_of[i] for i in row] for row in tokenizer.encode_batch(texts).to_pylist()]
    assert found == wanted
    check_tokenizer(tokenizer)


def test_dropout_depends_on_the_document_its_place_and_the_seed_alone(sources: dict[str, str]) -> None:
    spec = sources["bytelevel"]
    texts = pa.array([f"{text} {number}" for number in range(20) for text in MIXED], pa.large_string())
    tokenizer = load_tokenizer(f"derive:dropout-0.3-seed-1:{spec}")
    whole = tokenizer.encode_batch(texts)
    order = pa.array(range(len(texts) - 1, -1, -1))
    assert tokenizer.encode_batch(texts.take(order)).equals(whole.take(order))
    assert [tokenizer.encode_batch(texts.slice(k, 1))[0] for k in range(len(texts))] == list(whole)
    other = load_tokenizer(f"derive:dropout-0.3-seed-2:{spec}")
    assert other.fingerprint != tokenizer.fingerprint
    assert not other.encode_batch(texts).equals(whole)
    assert load_tokenizer(f"derive:dropout-0.3-seed-1:{spec}").encode_batch(texts).equals(whole)
    again = load_tokenizer(f"derive:dropout-0.5:{spec}")
    rows = {tuple(row) for row in again.encode_batch(pa.array([" the" * 40])).to_pylist()}
    assert len(set(zip(*[iter(rows.pop())] * 1, strict=True))) > 1  # one word, cut in several ways in one document


def test_dropout_gives_as_many_tokens_as_the_library_does(sources: dict[str, str]) -> None:
    """The library draws by itself, so that means are compared: within four standard errors of their difference."""
    from tokenizers import Tokenizer as Library

    text = " ".join(makers.CORPUS[:3])
    library = Library.from_file(sources["bytelevel"].removeprefix("hf:"))
    for share in (0.1, 0.5):
        library.model.dropout = share
        theirs = np.array([len(library.encode(text).ids) for _ in range(400)])
        ours = np.array(
            [
                len(
                    load_tokenizer(f"derive:dropout-{share}-seed-{seed}:{sources['bytelevel']}").encode_batch([text])[0]
                )
                for seed in range(100)
            ]
        )
        error = math.sqrt(theirs.var() / len(theirs) + ours.var() / len(ours))
        assert theirs.std() > 0
        assert abs(ours.mean() - theirs.mean()) < 4 * error, (share, ours.mean(), theirs.mean())


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["gpt2-hf", "llama-2", "llama-2-7b-chat-hf", "pythia-12b", "cl100k_base"])
def test_without_dropout_real_files_give_their_own_tokens(name: str, data: Path) -> None:
    spec = spec_of(name, data)
    texts = pq.read_table(data / "corpora" / "flores200_dev.parquet", columns=["text"])["text"].combine_chunks()
    texts = texts.cast(pa.large_string()).take(pa.array(range(0, len(texts), 500)))
    plain = [" ".join(unicodedata.normalize("NFC", text).split()) for text in texts.to_pylist()]
    texts = pa.array(plain, pa.large_string())
    tokenizer, real = load_tokenizer(f"derive:dropout-0:{spec}"), load_tokenizer(spec)
    pairs = zip(tokenizer.encode_batch(texts).to_pylist(), real.encode_batch(texts).to_pylist(), strict=True)
    unequal = [text for text, (mine, theirs) in zip(texts.to_pylist(), pairs, strict=True) if mine != theirs]
    assert unequal == []
