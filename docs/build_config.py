"""Write docs/config.md from the model of a configuration and the options of the commands, so that it lists them all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from tokeval.cli.main import app
from tokeval.config import CompareConfig
from tokeval.tokenizers.limits import LIMITS

PAGE = Path(__file__).parent / "config.md"

_HEAD = """\
# Configuration

`tokeval compare CONFIG.toml` reads a request from a TOML file; [multilingual.toml](../configs/multilingual.toml) is one
to begin with. What stands on the command line comes first, then the environment, then the file, then the default.
Paths are looked up in the folder of the file first, and `output` lies there. A key that does not exist is refused, with
line, column and the nearest one that does. This page is written by `docs/build_config.py` from the program itself.

## Keys

| key | value | meaning |
| :-- | :-- | :-- |
"""

_VARIABLES = """

## Environment

| variable | for | meaning |
| :-- | :-- | :-- |
"""

#: What no option stands for, and no limit.
_OTHERS = [
    (
        "TOKEVAL_CACHE",
        "`compare`, `cache`",
        "The folder where states are kept for later runs; default `$XDG_CACHE_HOME/tokeval`, or `~/.cache/tokeval`.",
    )
]
_LIMITS = {
    "TOKEVAL_MAX_TOKENIZER_MB": "The largest tokenizer file that is read, in MiB",
    "TOKEVAL_MAX_VOCABULARY": "The most entries that a vocabulary may have",
}

_TAIL = """

The clients that tokeval uses have variables of their own, among them `HF_TOKEN`, `HF_HOME`, `HF_ENDPOINT` and
`HF_HUB_OFFLINE` of the Hugging Face hub.
"""


def page() -> str:
    """The page."""
    schemas = CompareConfig.model_json_schema()["properties"]
    keys = [
        f"| `{name}` | {_kind(schemas[name])} | {_cell(field.description or '')} |"
        for name, field in CompareConfig.model_fields.items()
    ]
    limits = [(name, "every command", f"{_LIMITS[name]}; default {most:,}.") for name, most in LIMITS.items()]
    variables = sorted([*_options(), *_OTHERS, *limits])
    rows = [f"| `{name}` | {where} | {_cell(meaning)} |" for name, where, meaning in variables]
    return _HEAD + "\n".join(keys) + _VARIABLES + "\n".join(rows) + _TAIL


def _options() -> Iterator[tuple[str, str, str]]:
    """Each variable that an option is read from, the commands that have it, and what the first of them says of it."""
    found: dict[str, tuple[list[str], str]] = {}
    commands: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for command, option in ((name, option) for name, made in commands.items() for option in made.params):
        if getattr(option, "envvar", None):
            places, _ = found.setdefault(option.envvar, ([], _help(option)))
            places.append(f"`{command} {option.opts[-1]}`")
    for name, (places, meaning) in found.items():
        yield name, ", ".join(places), meaning


def _help(option: Any) -> str:
    """What is said of an option, and the default where it is told in words."""
    told = option.show_default
    return f"{option.help} [default: {told}]" if isinstance(told, str) else str(option.help)


def _kind(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_kind(part) for part in schema["anyOf"] if part["type"] != "null")
    if schema["type"] == "object":
        return f"table of NAME = {_kind(schema['additionalProperties'])}"
    if schema["type"] == "array":
        return "list"
    return {"string": "text", "integer": "whole number", "boolean": "true or false"}[schema["type"]]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
