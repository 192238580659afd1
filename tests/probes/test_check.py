"""The health check: each probe must be able to fail, exit codes, JSON and JUnit."""

from __future__ import annotations

import json
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.conftest import ROOT
from tests.probes.helpers import BPE, UNIGRAM, WORDPIECE
from tests.tokenizers import makers
from tokeval.engine.check.outcome import Finding, Outcome
from tokeval.engine.check.run import PROBES, check
from tokeval.engine.check.subject import shrink
from tokeval.engine.check.texts import every_byte
from tokeval.errors import TokenizerError, UsageError


def found(spec: str, **options: Any) -> dict[str, Finding]:
    return {finding.probe: finding for finding in check(spec, **options)}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tokeval.cli.main", "check", *arguments], capture_output=True, text=True, cwd=ROOT
    )


def changed(tmp_path: Path, change: Any, source: str = BPE) -> str:
    content = json.loads(Path(source).read_text())
    content = change(content) or content
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(content))
    return str(path)


def test_a_sound_tokenizer_passes() -> None:
    findings = found("bytes:")
    assert len(findings) == len(PROBES) == len({probe.name for probe in PROBES})
    assert {f.outcome for f in findings.values()} == {Outcome.PASSED, Outcome.SKIPPED}
    assert findings["bytes"].tried == 243


def test_every_byte_of_utf8_has_a_character() -> None:
    table = every_byte()
    assert len(table) == 243
    assert all(value in character.encode() for value, character in table.items())


def test_a_lossy_tokenizer_fails_with_the_smallest_example() -> None:
    findings = found(WORDPIECE)
    assert findings["round_trip:tabs"].outcome is Outcome.FAIL
    assert findings["round_trip:tabs"].example is not None
    assert "'\\t'" in findings["round_trip:tabs"].example
    assert findings["bytes"].outcome in {Outcome.FAIL, Outcome.REMARK}


def test_added_tokens_declared_twice(tmp_path: Path) -> None:
    def twice(content: dict) -> None:
        token = {"id": 0, "content": "<twice>", "special": True, "single_word": False, "lstrip": False,
                 "rstrip": False, "normalized": False}  # fmt: skip
        size = len(content["model"]["vocab"])
        content["added_tokens"] += [{**token, "id": size + 50}, {**token, "id": size + 51}]

    finding = found(changed(tmp_path, twice))["added_twice"]
    assert finding.outcome is Outcome.FAIL
    assert finding.example == "'<twice>'"


def test_a_piece_that_stands_twice_in_the_vocabulary_whatever_it_is_called(tmp_path: Path) -> None:
    spec = changed(
        tmp_path, lambda content: content["model"]["vocab"].update({"__twice__": len(content["model"]["vocab"])})
    )
    assert found(spec)["added_twice"].outcome is Outcome.PASSED
    path = Path(spec)
    path.write_text(path.read_text("utf-8").replace('"__twice__": ', '"__twice__": 0, "__twice__": '), "utf-8")
    finding = found(spec)["added_twice"]
    assert (finding.outcome, finding.problems, finding.example) == (Outcome.FAIL, 1, "'__twice__'")


def test_a_declared_size_that_is_too_small_fails_and_padding_is_a_remark(tmp_path: Path) -> None:
    spec = changed(tmp_path, lambda content: content)
    (tmp_path / "config.json").write_text('{"vocab_size": 10}')
    assert found(spec)["vocabulary_size"].outcome is Outcome.FAIL
    (tmp_path / "config.json").write_text('{"text_config": {"vocab_size": 1000000}}')
    assert found(spec)["vocabulary_size"].outcome is Outcome.REMARK


def test_against_itself_agrees_and_against_another_does_not() -> None:
    assert found(BPE, against=BPE)["against"].outcome is Outcome.PASSED
    other = found(BPE, against=UNIGRAM)["against"]
    assert other.outcome is Outcome.FAIL
    assert other.example is not None
    assert found(BPE)["against"].outcome is Outcome.SKIPPED


def test_against_shows_the_smallest_text_on_which_two_files_part(tmp_path: Path) -> None:
    def without_er(content: dict) -> None:
        merges = content["model"]["merges"]
        merges.remove(next(merge for merge in merges if "".join(merge).replace(" ", "") == "er"))

    finding = found(BPE, against=changed(tmp_path, without_er))["against"]
    assert finding.outcome is Outcome.FAIL
    assert 0 < finding.problems < finding.tried
    assert finding.example is not None
    assert finding.example.startswith("'er': ")
    mine, theirs = json.loads("[" + finding.example.removeprefix("'er': ").replace(" and ", ",") + "]")
    assert (len(mine), len(theirs)) == (1, 2)
    assert found(BPE, against=str(tmp_path / "tokenizer.json"), thresholds={"against": 0.9})["against"].outcome is (
        Outcome.REMARK
    )


def test_the_fast_path_is_held_against_the_reference() -> None:
    hurried = found("python:tests.probes.broken:Hurried")["fast_path"]
    assert (hurried.outcome, hurried.problems) == (Outcome.REMARK, 1)
    assert hurried.example == '"don\'t stop"'
    quick = found("python:tests.probes.broken:Quick")["fast_path"]
    assert (quick.outcome, quick.problems) == (Outcome.PASSED, 0)
    assert quick.tried < hurried.tried + 1
    assert "leaves" in quick.message
    assert "leaves 0" not in quick.message  # texts with a tab are the reference's
    assert found("bytes:")["fast_path"].outcome is Outcome.SKIPPED
    strict = found("python:tests.probes.broken:Hurried", severities={"fast_path": "fail"})["fast_path"]
    assert strict.outcome is Outcome.FAIL


def test_the_fast_path_of_a_real_model_agrees() -> None:
    finding = found(BPE)["fast_path"]
    assert finding.outcome is Outcome.PASSED
    assert "gigatoken" in finding.message


def test_an_unreachable_token_is_found(tmp_path: Path) -> None:
    def orphan(content: dict) -> None:
        vocabulary = content["model"]["vocab"]
        vocabulary["zqzqzqzq"] = max(vocabulary.values()) + 1 + len(content["added_tokens"])

    findings = found(changed(tmp_path, orphan))
    assert findings["unreachable"].outcome is Outcome.REMARK
    assert "zqzqzqzq" in str(findings["unreachable"].example)
    strict = found(changed(tmp_path, orphan), severities={"unreachable": "fail"})
    assert strict["unreachable"].outcome is Outcome.FAIL
    assert "no text produces 1;" in strict["unreachable"].message
    lenient = found(changed(tmp_path, orphan), severities={"unreachable": "fail"}, thresholds={"unreachable": 0.9})
    assert lenient["unreachable"].outcome is Outcome.REMARK


def test_a_harmless_finding_fails_where_that_is_asked_for(tmp_path: Path) -> None:
    def hole(content: dict) -> None:
        content["added_tokens"] = []
        vocabulary = content["model"]["vocab"]
        last = max(vocabulary, key=vocabulary.get)
        vocabulary[last] += 7

    spec = changed(tmp_path, hole)
    assert found(spec)["holes"].outcome is Outcome.REMARK
    assert found(spec, severities={"holes": "fail"})["holes"].outcome is Outcome.FAIL
    assert found(spec, severities={"*": "remark"})["holes"].outcome is Outcome.REMARK


def test_composing_characters_loses_none_of_them(tmp_path: Path) -> None:
    def compose(content: dict) -> None:
        content["normalizer"] = {"type": "NFC"}

    findings = found(changed(tmp_path, compose))
    assert findings["bytes"].outcome is findings["text_kept"].outcome is Outcome.PASSED
    assert findings["round_trip:nfd"].outcome is Outcome.REMARK
    first, second = str(findings["round_trip:nfd"].example).split(" → ")
    assert first != second
    assert first.isascii()


def test_the_example_of_a_loss_is_a_loss(tmp_path: Path) -> None:
    """Where some texts are changed and others come back in another form, a changed one is shown."""

    def compatible(content: dict) -> None:
        content["normalizer"] = {"type": "NFKC"}

    finding = found(changed(tmp_path, compatible))["round_trip:compatibility"]
    assert finding.outcome is Outcome.FAIL
    first, second = str(finding.example).split(" → ")
    assert unicodedata.normalize("NFC", first) != unicodedata.normalize("NFC", second)


def test_tokens_of_the_same_bytes_are_duplicates_whatever_their_pieces(tmp_path: Path) -> None:
    def twin(content: dict) -> None:
        flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized", "special"), False)
        number = 1 + max(*content["model"]["vocab"].values(), *(t["id"] for t in content["added_tokens"]))
        content["added_tokens"].append({"id": number, "content": " the", **flags})

    finding = found(changed(tmp_path, twin))["duplicates"]
    assert (finding.outcome, finding.problems) == (Outcome.REMARK, 1)
    assert "b' the'" in str(finding.example)
    assert found(WORDPIECE)["duplicates"].outcome is Outcome.PASSED


def test_a_piece_that_is_listed_twice(tmp_path: Path) -> None:
    def twice(content: dict) -> None:
        pieces = content["model"]["vocab"]
        pieces.append(list(pieces[20]))

    finding = found(changed(tmp_path, twice, str(makers.write_hf(tmp_path, "unigram"))))["duplicates"]
    assert (finding.outcome, finding.problems) == (Outcome.REMARK, 1)
    assert "ids [20, " in str(finding.example)


def test_an_added_token_that_the_library_numbers_otherwise(tmp_path: Path) -> None:
    def far(content: dict) -> None:
        flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized", "special"), False)
        content["added_tokens"].append({"id": 9999, "content": "<|far|>", **flags})

    finding = found(changed(tmp_path, far))["added_ids"]
    assert finding.outcome is Outcome.FAIL
    assert str(finding.example).startswith("'<|far|>': declared 9999, is ")
    assert found(BPE)["added_ids"].outcome is Outcome.PASSED


def test_severities_by_glob() -> None:
    findings = found(WORDPIECE, severities={"round_trip:*": "ignore", "bytes": "remark"})
    assert not any(name.startswith("round_trip") for name in findings)
    assert findings["bytes"].outcome is not Outcome.FAIL


@pytest.mark.parametrize(
    "options",
    [{"severities": {"nosuch": "fail"}}, {"severities": {"bytes": "bad"}}, {"thresholds": {"bytes": 2.0}}],
)
def test_options_that_make_no_sense_are_refused(options: dict) -> None:
    with pytest.raises(UsageError):
        check("bytes:", **options)


#: A planted fault, the probes that must fail or remark, and what their example holds.
FAULTS = [
    ("Raises", {"round_trip:tabs": "fail", "determinism": "fail"}, ""),
    ("Forgetful", {"determinism": "fail"}, "'a'"),
    ("Padded", {"batch": "fail"}, "''"),
    ("Parses", {"special_text": "fail", "holes": "remark"}, "<s>"),
    ("Twins", {"duplicates": "remark", "unreachable": "remark"}, "ab"),
    ("Deaf", {"bytes": "fail", "text_kept": "fail", "round_trip:crlf": "fail", "round_trip:emoji": "fail"}, ""),
]


@pytest.mark.parametrize(("name", "outcomes", "example"), FAULTS, ids=[fault[0] for fault in FAULTS])
def test_a_planted_fault_is_found_and_named(name: str, outcomes: dict[str, str], example: str) -> None:
    findings = found(f"python:tests.probes.broken:{name}")
    assert {probe: str(findings[probe].outcome) for probe in outcomes} == outcomes
    first = findings[next(iter(outcomes))]
    assert example in (first.example or first.message)
    assert findings["round_trip:plain"].outcome is Outcome.PASSED or name in {"Deaf", "Padded", "Forgetful"}


def test_shrink_finds_the_smallest() -> None:
    assert shrink("aaaaXaaaYaaa", lambda t: "X" in t and "Y" in t) == "XY"
    assert len(shrink("x" * 5000, lambda t: len(t) >= 3)) == 3


def test_command_line(tmp_path: Path) -> None:
    passed = run("-t", "bytes:", "--json", "-")
    assert passed.returncode == 0, passed.stderr
    content = json.loads(passed.stdout)
    assert content["passed"] is True
    assert len(content["findings"]) == len(PROBES)
    failed = run("-t", WORDPIECE, "--junit", str(tmp_path / "check.xml"), "--json", str(tmp_path / "check.json"), "-q")
    assert failed.returncode == 1
    assert "FAIL" in failed.stdout
    assert "check: failed" in failed.stdout
    suite = ElementTree.parse(tmp_path / "check.xml").getroot()
    assert int(suite.get("failures", "0")) == len(suite.findall("testcase/failure")) > 0
    assert json.loads((tmp_path / "check.json").read_text())["passed"] is False
    parted = run("-t", BPE, "--against", UNIGRAM, "--json", "-")
    assert parted.returncode == 1
    content = json.loads(parted.stdout)
    assert (content["against"], content["passed"]) == (UNIGRAM, False)
    (against,) = [finding for finding in content["findings"] if finding["probe"] == "against"]
    assert (against["outcome"], bool(against["example"])) == ("fail", True)
    quiet = run("-t", WORDPIECE, "--severity", "*=remark", "-q")
    assert quiet.returncode == 0
    assert run("-t", WORDPIECE, "--severity", "*=remark", "--strict", "-q").returncode == 1


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["-t", "nosuch.json"], "there is no file"),
        (["-t", "bytes:", "--severity", "nosuch=fail"], "no probe"),
        (["-t", "bytes:", "--threshold", "bytes=much"], "share"),
        (["-t", "bytes:", "--against", "nosuch.model"], "there is no file"),
    ],
)
def test_misuse_is_one_line_and_exit_code_2(arguments: list[str], word: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert word in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.real_data
def test_two_files_of_one_tokenizer(data: Path) -> None:
    folder = data / "tokenizers"
    for one, other in (("llama-2-7b-chat-hf", "llama-2/tokenizer.model"), ("gpt2-hf", "r50k_base/r50k_base.tiktoken")):
        same = found(str(folder / one), against=str(folder / other))["against"]
        assert (same.outcome, same.problems) == (Outcome.PASSED, 0)
        assert same.tried > 300
    # phi-2 has GPT-2's merges, and runs of spaces as added tokens
    phi = found(str(folder / "phi-2"), against=str(folder / "gpt2-hf"))["against"]
    assert phi.outcome is Outcome.FAIL
    assert 0 < phi.problems < phi.tried
    assert phi.example is not None
    assert phi.example.startswith("'  ': ")
    with pytest.raises(TokenizerError):
        check(str(data / "tokenizers_invalid" / "nosuch"))
