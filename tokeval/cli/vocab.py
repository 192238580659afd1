"""`tokeval vocab`: the vocabulary itself."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

_WHAT, _HOW, _OUT = "What is described", "How the corpus is read", "What is written"


def command(
    tokenizer: Annotated[
        list[str],
        typer.Option(
            "-t", "--tokenizer", metavar="NAME=SPEC", help="A tokenizer; may be repeated.", rich_help_panel=_WHAT
        ),
    ],
    corpus: Annotated[
        str | None,
        typer.Option(
            "-c",
            "--corpus",
            metavar="NAME=PATH",
            help="Text by language, to see in which language each token is used.",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    qtok: Annotated[
        bool,
        typer.Option("--qtok", help="Add the tables of Qtok 0.11, beside the right figures.", rich_help_panel=_WHAT),
    ] = False,
    reach: Annotated[
        bool,
        typer.Option(
            "--reach/--no-reach", help="Look for tokens that no text produces; this encodes.", rich_help_panel=_WHAT
        ),
    ] = True,
    text_column: Annotated[
        str, typer.Option(envvar="TOKEVAL_TEXT_COLUMN", help="The column of documents.", rich_help_panel=_HOW)
    ] = "text",
    slice_by: Annotated[
        str | None,
        typer.Option(
            envvar="TOKEVAL_SLICE_BY",
            metavar="COLUMN[,COLUMN]",
            help="The columns whose values are the languages.  [default: language, where there is one]",
            rich_help_panel=_HOW,
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(envvar="TOKEVAL_LIMIT", help="Read only the first so many rows.", rich_help_panel=_HOW),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            envvar="TOKEVAL_OUTPUT",
            metavar="DIR",
            help="The folder for vocabulary.parquet, results.parquet and the reports; without it a summary is printed.",
            rich_help_panel=_OUT,
        ),
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "-f",
            "--format",
            metavar="FORMAT",
            help="A report; may be repeated.  [default: vocab, csv]",
            rich_help_panel=_OUT,
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress and no summary.", rich_help_panel=_OUT)
    ] = False,
) -> int:
    """Describe the vocabulary itself: kinds, bytes, scripts, languages, unreachable tokens, twins, overlap.

    No text is read, unless a corpus is named. Writes DIR/vocabulary.parquet (one row per token), DIR/results.parquet,
    DIR/run.json and the reports.
    """
    from tokeval.cli import progress
    from tokeval.cli.options import pairs, renders
    from tokeval.engine.vocab import vocab
    from tokeval.engine.vocab_files import written_to
    from tokeval.errors import UsageError
    from tokeval.report.terminal import print_summary
    from tokeval.results.store import Results

    names = pairs(tokenizer, "-t")
    chosen = renders(formats or ["vocab", "csv"])
    if output is None and formats:
        raise UsageError("there is no folder for the reports", hint="add -o DIR")
    options: dict[str, Any] = {
        "corpora": pairs([corpus], "-c") if corpus else None,
        "text_column": text_column,
        "slice_by": None if slice_by is None else [c for c in slice_by.split(",") if c and c != "none"],
        "limit": limit,
        "reach": reach,
        "qtok": qtok,
    }
    options["progress"] = None if quiet else progress.say
    if output is None:
        results = Results.of(vocab(names, **options))
    else:
        results, written = written_to(output, names, chosen, **options)
    if not quiet or output is None:
        print_summary(results, sys.stdout if output is None else sys.stderr)
    if output is not None and not quiet:
        progress.say("wrote " + ", ".join(str(path) for path in written))
    return 0
