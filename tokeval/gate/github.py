"""The verdict as GitHub workflow commands: one annotation per rule that fails, at its line in the rules file."""

from __future__ import annotations

from tokeval.gate.verdict import Check, Outcome, Verdict

#: GitHub shows ten annotations of a kind per step, so a rule makes one and tells of its first figures in it.
_FIGURES = 5


def render(verdict: Verdict) -> str:
    """The lines to print; empty where every rule holds."""
    lines = []
    for rule in verdict.rules.rules:
        bad = [check for check in verdict.of(rule) if check.bad]
        if not bad:
            continue
        kind = "error" if bad[0].outcome is Outcome.FAILED else "warning"
        place = verdict.rules.place(rule)
        properties = {
            "file": verdict.rules.path,
            "line": str(place.line),
            "col": str(place.column),
            "title": f"tokeval gate: {rule.title}",
        }
        head = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
        lines.append(f"::{kind} {head}::{_data(_text(bad))}\n")
    return "".join(lines)


def _text(bad: list[Check]) -> str:
    said = [f"{check.message} (would pass: {check.wanted})" for check in bad[:_FIGURES]]
    rest = len(bad) - len(said)
    said += [f"and {rest} more figures"] if rest else []
    advice = bad[0].rule.message
    return "\n".join(([advice] if advice else []) + said)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
