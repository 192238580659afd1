"""The verdict as JUnit XML, which every CI shows: a suite per rule, a case per figure."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as Tree

from tokeval.gate.verdict import Check, Outcome, Verdict


def render(verdict: Verdict) -> bytes:
    """The XML; warnings and allowed figures are `skipped`, with the reason, since JUnit has no word for them."""
    suites = [(rule, verdict.of(rule)) for rule in verdict.rules.rules]
    root = Tree.Element("testsuites", {"name": "tokeval gate", **_counts(verdict.checks, skipped=False)})
    for rule, checks in suites:
        suite = Tree.SubElement(root, "testsuite", {"name": _text(rule.title), **_counts(checks)})
        properties = Tree.SubElement(suite, "properties")
        facts = {
            "rule": f"{verdict.rules.path}:{verdict.rules.place(rule).line}",
            "severity": rule.severity,
            "limits": rule.limits,
            "message": rule.message or "",
        }
        for name, value in facts.items():
            Tree.SubElement(properties, "property", name=name, value=_text(value))
        for check in checks:
            _case(suite, check)
    Tree.indent(root)
    content: bytes = Tree.tostring(root, encoding="utf-8", xml_declaration=True)
    return content + b"\n"


def _case(suite: Tree.Element, check: Check) -> None:
    case = Tree.SubElement(suite, "testcase", name=_text(check.where), classname=_text(f"tokeval.{check.rule.metric}"))
    advice = f"\n{check.rule.message}" if check.bad and check.rule.message else ""
    body = _text(f"found: {check.found}\nwanted: {check.wanted}{advice}")
    if check.outcome is Outcome.FAILED:
        Tree.SubElement(case, "failure", type=_text(check.rule.metric), message=_text(check.message)).text = body
    elif check.outcome in {Outcome.WARNED, Outcome.ALLOWED}:
        word = "warning: " if check.outcome is Outcome.WARNED else ""
        Tree.SubElement(case, "skipped", message=_text(f"{word}{check.message}")).text = body
    else:
        Tree.SubElement(case, "system-out").text = _text(f"{check.message}\n{body}")


def _counts(checks: Sequence[Check], *, skipped: bool = True) -> dict[str, str]:
    outcomes = [check.outcome for check in checks]
    counts = {"tests": len(outcomes), "failures": outcomes.count(Outcome.FAILED), "errors": 0}
    if skipped:
        counts["skipped"] = outcomes.count(Outcome.WARNED) + outcomes.count(Outcome.ALLOWED)
    return {name: str(count) for name, count in counts.items()}


def _text(text: str) -> str:
    """Text that XML 1.0 can carry: other control characters become U+FFFD."""
    return "".join(c if c in "\t\n" or _allowed(ord(c)) else "\N{REPLACEMENT CHARACTER}" for c in text)


def _allowed(point: int) -> bool:
    return 0x20 <= point <= 0xD7FF or 0xE000 <= point < 0xFFFE or point >= 0x10000
