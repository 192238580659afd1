"""The verdict's files, checked by schemas and models that others wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Tree

import pytest
import xmlschema
from pydantic import BaseModel
from sarif_pydantic import Sarif

from tests.gate.made import results, row, rules
from tokeval.gate import github, junit, markdown, record, sarif
from tokeval.gate.baseline import Baseline
from tokeval.gate.judge import judge
from tokeval.gate.verdict import Verdict

#: The schema of Jenkins' xUnit plugin (MIT, see the file), which other tools follow.
JUNIT = Path(__file__).parent / "schemas" / "junit-10.xsd"

RULES = """
[[rule]]
metric = "premium"
slice = "*"
max = 2
message = "Too dear: 100% <of> it, see A:B."

[[rule]]
name = "warn only"
metric = "tokens"
tokenizer = "a"
max = 1
severity = "warn"

[[rule]]
metric = "tokens_per_word"
tokenizer = "a"
max = 1
allow = ["not_applicable"]

  [[rule]]
  metric = "bytes_per_token"
  tokenizer = "a"
  max_regression = "1%"
  within = "ci"
"""


@pytest.fixture
def verdict(tmp_path: Path) -> Verdict:
    rows = [row("premium", t, s, v) for t in "ab" for s, v in (("x", 1.0), ("y,z:\n\x1b|<b>", 3.0))]
    rows += [row("tokens", "a", "all", 5.0), row("bytes_per_token", "a", "all", 2.0, ci_low=1.5, ci_high=2.5)]
    rows += [row("tokens_per_word", "a", "all", None, status="not_applicable", reason="no words")]
    baseline = Baseline.of("git:main:out", [row("bytes_per_token", "a", "all", 3.0)])
    return judge(results(rows), rules(tmp_path, RULES), baseline, lambda *_: (-1.5, -0.5, 0.001))


def test_junit_is_valid_and_counts(verdict: Verdict) -> None:
    content = junit.render(verdict)
    xmlschema.XMLSchema(str(JUNIT)).validate(content.decode())
    root = Tree.fromstring(content)
    assert root.attrib == {"name": "tokeval gate", "tests": "7", "failures": "3", "errors": "0"}
    counts = [(s.get("name"), s.get("tests"), s.get("failures"), s.get("skipped")) for s in root]
    assert counts == [
        ("premium at most 2", "4", "2", "0"),
        ("warn only", "1", "0", "1"),
        ("tokens_per_word at most 1", "1", "0", "1"),
        ("bytes_per_token at most 1% worse", "1", "1", "0"),
    ]
    assert len(root.findall(".//failure")) == 3
    assert len(root.findall(".//skipped")) == 2
    assert len(root.findall(".//system-out")) == 2


def test_junit_says_what_was_found_and_what_would_pass(verdict: Verdict) -> None:
    root = Tree.fromstring(junit.render(verdict))
    failure = root.find(".//testsuite[4]/testcase/failure")
    assert failure is not None
    assert failure.get("message") == (
        "bytes_per_token of a on c/all is 2 [1.5, 2.5], below 2.97 by 0.97, 1% from 3 of git:main:out; "
        "the difference is significant (p = 0.001 after Holm's correction)"
    )
    assert failure.text == "found: 2 [1.5, 2.5]\nwanted: at least 2.97, or no significant difference"
    advised = root.find(".//testsuite[1]/testcase/failure")
    assert advised is not None
    assert advised.text == "found: 3\nwanted: at most 2\nToo dear: 100% <of> it, see A:B."
    warned, allowed = root.findall(".//skipped")
    assert (warned.get("message") or "").startswith("warning: tokens of a on c/all is 5, above 1")
    assert allowed.get("message") == "tokens_per_word of a on c/all is not_applicable, no words (allowed)"
    properties = {p.get("name"): p.get("value") for p in root.findall(".//testsuite[2]/properties/property")}
    assert properties["severity"] == "warn"
    assert (properties["rule"] or "").endswith("rules.toml:8")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x00\x0b\x1f", "���"),
        ("\ud7ff\ue000\ufffd", "\ud7ff\ue000\ufffd"),
        ("\ufffe\uffff", "��"),
        ("\ud800\udfff", "��"),
        ("a \t\n\x20\U00010000\U0010ffff", "a \t\n\x20\U00010000\U0010ffff"),
    ],
)
def test_xml_carries_only_what_xml_may(text: str, shown: str) -> None:
    assert junit._text(text) == shown


def extras(model: Any, path: str = "") -> list[str]:
    """Every key that the SARIF model does not know."""
    if isinstance(model, list | tuple):
        return [e for i, item in enumerate(model) for e in extras(item, f"{path}[{i}]")]
    if not isinstance(model, BaseModel):
        return []
    found = [f"{path}.{key}" for key in model.model_extra or {}]
    for name in type(model).model_fields:
        found += extras(getattr(model, name), f"{path}.{name}")
    return found


def test_sarif_is_sarif(verdict: Verdict) -> None:
    content = sarif.render(verdict)
    log = Sarif.model_validate_json(content)
    assert set(extras(log)) <= {".runs[0].columnKind"}  # in SARIF 3.14.27, not in the model
    raw = json.loads(content)
    assert raw["version"] == "2.1.0"
    (run,) = raw["runs"]
    assert [(r["ruleIndex"], r["ruleId"], r["level"]) for r in run["results"]] == [
        (0, "rule-1", "error"),
        (0, "rule-1", "error"),
        (1, "rule-2", "warning"),
        (3, "rule-4", "error"),
    ]
    region = run["results"][3]["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 21, "startColumn": 3}
    assert [r["defaultConfiguration"]["level"] for r in run["tool"]["driver"]["rules"]] == [
        "error",
        "warning",
        "error",
        "error",
    ]
    message = run["results"][0]["message"]["text"]
    assert "is 3, above 2 by 1, the maximum. Too dear: 100% <of> it, see A:B. (would pass: at most 2)" in message


def test_github_annotations_are_one_line_each_and_point_at_the_rule(verdict: Verdict) -> None:
    lines = github.render(verdict).splitlines()
    assert len(lines) == 3
    kinds = [line.partition(" ")[0] for line in lines]
    assert kinds == ["::error", "::warning", "::error"]
    head, _, message = lines[0].partition(" ")[2].partition("::")
    properties = dict(part.split("=", 1) for part in head.split(","))
    assert properties["line"] == "2"
    assert properties["col"] == "1"
    assert properties["title"] == "tokeval gate%3A premium at most 2"
    assert message.startswith("Too dear: 100%25 <of> it, see A:B.%0Apremium of a on c/y,z:%0A")
    assert "line=21,col=3" in lines[2]


def test_github_folds_many_figures_into_one_annotation(tmp_path: Path) -> None:
    rows = [row("premium", "a", f"s{i}", 3.0) for i in range(7)]
    text = '[[rule]]\nmetric = "premium"\nslice = "*"\nmax = 2\n'
    rendered = github.render(judge(results(rows, ["a"]), rules(tmp_path, text), None, lambda *_: ""))
    assert rendered.count("::error") == 1
    assert rendered.count("is 3, above") == 5
    assert rendered.endswith("%0Aand 2 more figures\n")
    rendered = github.render(judge(results(rows[:5], ["a"]), rules(tmp_path, text), None, lambda *_: ""))
    assert "more figures" not in rendered


def test_nothing_is_annotated_where_all_holds(tmp_path: Path) -> None:
    verdict = judge(
        results([row("tokens", "a", "all", 1.0)], ["a"]),
        rules(tmp_path, '[[rule]]\nmetric = "tokens"\nmax = 2\n'),
        None,
        lambda *_: "",
    )
    assert github.render(verdict) == ""
    assert json.loads(sarif.render(verdict))["runs"][0]["results"] == []
    text = markdown.render(verdict)
    assert text.startswith("## ✅ tokeval gate passed: 1 passed\n")
    assert "1 that hold" in text
    assert json.loads(record.render(verdict))["passed"] is True


def test_json_has_every_number(verdict: Verdict) -> None:
    content = json.loads(record.render(verdict))
    assert content["passed"] is False
    assert content["counts"] == {"passed": 2, "failed": 3, "warned": 1, "allowed": 1}
    rule = content["rules"][3]
    assert (rule["line"], rule["severity"], rule["limits"]) == (21, "error", "at most 1% worse")
    (check,) = rule["checks"]
    assert check["outcome"] == "failed"
    assert check["would_pass"] == "at least 2.97, or no significant difference"
    assert check["figure"]["value"] == 2.0
    assert (check["figure"]["ci_low"], check["figure"]["ci_high"]) == (1.5, 2.5)
    assert check["baseline"]["value"] == 3.0
    assert check["baseline"]["p_corrected"] == 0.001
    missing = content["rules"][0]["checks"][0]
    assert missing["baseline"] is None


def test_markdown_escapes_names_and_folds_what_holds(verdict: Verdict) -> None:
    text = markdown.render(verdict)
    assert text.startswith("## ❌ tokeval gate failed: 2 passed, 3 failed, 1 warned, 1 allowed\n")
    assert "y,z:��\\|&lt;b&gt;" in text
    assert "<b>" not in text
    assert "2 \\[1.5, 2.5\\]<br>-1 [-1.5, -0.5], p = 0.001" in text
    assert "- **premium at most 2**: Too dear: 100% &lt;of&gt; it, see A:B." in text
    assert "<details><summary>3 that hold</summary>" in text
    opened, _, folded = text.partition("<details>")
    assert (opened.count("❌"), opened.count("⚠️"), folded.count("✅"), folded.count("➖")) == (4, 1, 2, 1)


def test_markdown_keeps_fifty_rows_open(tmp_path: Path) -> None:
    text = '[[rule]]\nmetric = "premium"\nslice = "*"\nmax = 2\n'
    for count, folded in ((50, False), (51, True)):
        rows = [row("premium", "a", f"s{i}", 3.0) for i in range(count)]
        shown = markdown.render(judge(results(rows, ["a"]), rules(tmp_path, text), None, lambda *_: ""))
        assert ("<summary>1 more</summary>" in shown) is folded
