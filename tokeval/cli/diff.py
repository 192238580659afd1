"""`tokeval diff OLD NEW`: what changed between two results, or between two versions of a tokenizer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_TOKENIZERS = "Two versions of a tokenizer"


def command(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A tokenizer's SPEC.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="A tokenizer's SPEC.")],
    corpus: Annotated[
        list[str] | None,
        typer.Option(
            "-c",
            "--corpus",
            metavar="NAME=PATH",
            help="Text on which their segmentation is compared; may be repeated.",
            rich_help_panel=_TOKENIZERS,
        ),
    ] = None,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND",
            help="Exit with 1 if this changed: ids, vocabulary, decoding or segmentation; may be repeated.",
            rich_help_panel=_TOKENIZERS,
        ),
    ] = None,
    examples: Annotated[
        int, typer.Option(min=0, help="How many of the documents that changed most.", rich_help_panel=_TOKENIZERS)
    ] = 10,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="Read only the first so many rows of each corpus.", rich_help_panel=_TOKENIZERS),
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(metavar="FILE.md", help="Write it as Markdown too.", rich_help_panel=_TOKENIZERS)
    ] = None,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Write all of it as JSON.", rich_help_panel=_TOKENIZERS)
    ] = None,
) -> int:
    """Compare two versions of a tokenizer: ids that moved, tokens added and removed, text cut differently."""
    from tokeval.cli.review import command_review

    return command_review(
        old,
        new,
        corpora=corpus or [],
        fail_on=fail_on or [],
        examples=examples,
        limit=limit,
        markdown=markdown,
        json=json,
    )
