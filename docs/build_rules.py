"""Write docs/rules.md from the model of a rule, so that the page says what the program reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tokeval.gate.rules import Rule

PAGE = Path(__file__).parent / "rules.md"

_HEAD = """\
# Rules of the gate

A rules file is TOML: one `[[rule]]` table per demand. `tokeval gate DIR RULES.toml` judges the results in DIR by it;
[ci.md](ci.md) shows it at work. This page is written by `docs/build_rules.py` from the program itself.

A rule names figures (`metric`, `tokenizer`, `slice`, `corpus`) and limits them. It needs one limit at least, and may
have several. What a rule names and the results lack fails, so a gate never passes on nothing.

| key | value | default | meaning |
| :-- | :-- | :-- | :-- |
"""

_TAIL = """

## Which way is worse

`max_regression`, `min_delta` and `max_rank` know from the metric whether higher or lower is better. Counts have no
better direction; limit them with `min`, `max` or `max_change`.

## What a baseline is

With `against = "NAME"` it is another tokenizer of the same run. Without, it is the same tokenizer in the run given with
`--baseline`: a results folder, a baseline file, `git:REVISION:PATH`, or a URL (`https://…`, `s3://…`, `gs://…`). The
signatures of a figure and its baseline must agree in all but the tokenizer (and its library): another corpus, another
version of tokeval or other parameters are refused, and the part that differs is named.

`tokeval gate DIR RULES.toml --baseline FILE.json --update-baseline` writes such a file, sorted, a line per figure, for
the repository. Where a rule has `within = "ci"`, the sums that the test needs go to `FILE.sums.parquet` beside it.

## What `within = "ci"` means

The difference from the baseline is drawn again and again over buckets of documents, the same ones on both sides. Its p
is corrected by Holm's method over all figures that the rule judges. The rule fails where the limit is missed and the
corrected p is below 0.05. A figure that is no ratio of sums (gini, quantiles) has no such test: there a missed limit
fails.

## Exit codes

| code | meaning |
| :-- | :-- |
| 0 | every rule of severity `error` holds |
| 1 | one does not |
| 2 | the rules, the baseline or the results cannot be used; the message says why, with line and column |
| 3 | the run did not finish |
"""


def page() -> str:
    """The page."""
    fields = Rule.model_json_schema()["properties"]
    rows = []
    for name, field in Rule.model_fields.items():
        default = "required" if field.is_required() else _shown(field.get_default(call_default_factory=True))
        text = (field.description or "").replace("|", "\\|")
        rows.append(f"| `{name}` | {_values(name, fields[name])} | {default} | {text} |")
    return _HEAD + "\n".join(rows) + _TAIL


def _values(name: str, schema: dict[str, Any]) -> str:
    if name in {"max_regression", "min_delta", "max_change"}:
        return "number or percentage"
    parts = schema.get("anyOf", [schema])
    said = [_one(part) for part in parts if part.get("type") != "null"]
    return " or ".join(dict.fromkeys(said))


def _one(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema["type"] == "array":
        return f"list of {_one(schema['items'])}" if "enum" in schema["items"] else "list"
    names = {"string": "text", "number": "number", "integer": "whole number", "boolean": "true or false"}
    return names[schema["type"]]


def _shown(value: object) -> str:
    if value is None or value == []:
        return "none"
    return f"`{str(value).lower()}`" if isinstance(value, bool) else f"`{value}`"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
