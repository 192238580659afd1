"""Options that several commands have, each written once. Where help or panel differ, the command gives its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from tokeval.errors import UsageError


def tokenizers(panel: str | None = None) -> Any:
    """-t NAME=SPEC, of which there may be several."""
    names, text = ("-t", "--tokenizer"), "A tokenizer; may be repeated."
    return typer.Option(*names, metavar="NAME=SPEC", help=text, rich_help_panel=panel)


def corpora(text: str, panel: str) -> Any:
    """-c NAME=PATH."""
    return typer.Option("-c", "--corpus", metavar="NAME=PATH", help=text, rich_help_panel=panel)


def text_column(panel: str, default: str | bool = True) -> Any:
    """--text-column; `default` is shown where the parameter has none of its own."""
    text = "The column of documents."
    return typer.Option(envvar="TOKEVAL_TEXT_COLUMN", help=text, show_default=default, rich_help_panel=panel)


def slice_by(what: str, panel: str) -> Any:
    """--slice-by, read by `parse.columns`."""
    text = f"The columns whose values are {what}; of several they are joined by / (a / within one is %2F)."
    return typer.Option(
        envvar="TOKEVAL_SLICE_BY",
        metavar="COLUMN[,COLUMN]",
        help=text,
        show_default="language, where there is one",
        rich_help_panel=panel,
    )


def limit(text: str, panel: str) -> Any:
    """--limit."""
    return typer.Option(envvar="TOKEVAL_LIMIT", help=text, rich_help_panel=panel)


def folder(text: str) -> Path:
    """The folder that is meant by an option's value.

    Raises:
        UsageError: it is an address, or empty, which would be the folder that one is in.
    """
    if not text or "://" in text:
        raise UsageError(f"{text!r} is no folder here", hint="results are written to a folder of this machine: -o DIR")
    return Path(text)


def output(text: str, panel: str | None = None, variable: str | None = None, default: str | bool = True) -> Any:
    """-o DIR; `default` is shown where the parameter has none of its own."""
    return typer.Option(
        "-o",
        "--output",
        parser=folder,
        envvar=variable,
        metavar="DIR",
        help=text,
        show_default=default,
        rich_help_panel=panel,
    )


def formats(default: str, panel: str | None = None) -> Any:
    """-f FORMAT, read by `parse.renders`."""
    names, text = ("-f", "--format"), "A report; may be repeated."
    return typer.Option(*names, metavar="FORMAT", help=text, show_default=default, rich_help_panel=panel)


def quiet(text: str, panel: str | None = None) -> Any:
    """-q."""
    return typer.Option("--quiet", "-q", help=text, rich_help_panel=panel)


def trust_remote_code(panel: str | None = None) -> Any:
    """--trust-remote-code; without a variable of the environment, so that it is always said for one command."""
    text = "Let transformers: run code from a tokenizer's folder or repository; never done without."
    return typer.Option("--trust-remote-code", help=text, rich_help_panel=panel)


def _without_color(wanted: bool) -> bool:
    if wanted:
        os.environ["NO_COLOR"] = "1"  # as if the user had set it; what prints looks there
    return wanted


NoColor = Annotated[
    bool, typer.Option("--no-color", callback=_without_color, is_eager=True, help="No colours, as NO_COLOR=1.")
]
