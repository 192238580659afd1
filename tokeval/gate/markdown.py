"""The verdict as Markdown, for a job summary or a pull request."""

from __future__ import annotations

from tokeval.gate.rules import Rule
from tokeval.gate.verdict import Check, Outcome, Verdict

_ESCAPES = str.maketrans({c: f"\\{c}" for c in "\\`*_[]|"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;"})
_MARKS = {Outcome.PASSED: "✅", Outcome.FAILED: "❌", Outcome.WARNED: "⚠️", Outcome.ALLOWED: "➖"}

#: What holds is folded; of what does not, so many rows are open to the eye.
_OPEN_ROWS = 50


def render(verdict: Verdict) -> str:
    """A heading with the verdict, the figures that do not pass, and the others folded."""
    bad = [check for rule in verdict.rules.rules for check in verdict.of(rule) if check.bad]
    good = [check for rule in verdict.rules.rules for check in verdict.of(rule) if not check.bad]
    mark = "✅" if verdict.passed else "❌"
    parts = [f"## {mark} tokeval {verdict.summary}"]
    about = [f"results: {_escape(verdict.results)}"] if verdict.results else []
    about += [f"baseline: {_escape(verdict.baseline)}"] if verdict.baseline else []
    parts += [", ".join([*about, f"rules: {_escape(verdict.rules.path)}"])]
    if bad:
        parts.append(_table(verdict, bad[:_OPEN_ROWS]))
    if bad[_OPEN_ROWS:]:
        parts.append(_folded(f"{len(bad) - _OPEN_ROWS} more", _table(verdict, bad[_OPEN_ROWS:])))
    advice = [f"- **{_escape(r.title)}**: {_escape(r.message)}" for r in _failing(bad) if r.message]
    if advice:
        parts.append("\n".join(advice))
    if good:
        parts.append(_folded(f"{len(good)} that hold", _table(verdict, good)))
    return "\n\n".join(parts) + "\n"


def _failing(bad: list[Check]) -> list[Rule]:
    return list({id(check.rule): check.rule for check in bad}.values())


def _table(verdict: Verdict, checks: list[Check]) -> str:
    lines = ["| | figure | found | would pass | rule |", "| :-- | :-- | --: | --: | :-- |"]
    for check in checks:
        rule = f"{_escape(check.rule.title)} (line {verdict.rules.place(check.rule).line})"
        beside = f"<br>{check.comparison}" if check.comparison else ""
        cells = [_escape(check.where), _escape(check.found) + beside, _escape(check.wanted), rule]
        lines.append(f"| {_MARKS[check.outcome]} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _folded(title: str, text: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{text}\n\n</details>"


def _escape(text: str) -> str:
    """Text as Markdown shows it literally: no table breaks, no markup, no HTML."""
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return text.translate(_ESCAPES)
