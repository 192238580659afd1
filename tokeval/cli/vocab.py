"""`tokeval vocab`: the vocabulary itself."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from tokeval.cli import options

_WHAT, _HOW, _OUT = "What is described", "How the corpus is read", "What is written"


def command(
    tokenizer: Annotated[list[str], options.tokenizers(_WHAT)],
    corpus: Annotated[
        str | None, options.corpora("Text by language, to see in which language each token is used.", _WHAT)
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
    text_column: Annotated[str, options.text_column(_HOW)] = "text",
    slice_by: Annotated[str | None, options.slice_by("the languages", _HOW)] = None,
    limit: Annotated[int | None, options.limit("Read only the first so many rows.", _HOW)] = None,
    output: Annotated[
        Path | None,
        options.output(
            "The folder for vocabulary.parquet, results.parquet and the reports; without it a summary is printed.",
            _OUT,
            "TOKEVAL_OUTPUT",
        ),
    ] = None,
    formats: Annotated[list[str] | None, options.formats("vocab, csv", _OUT)] = None,
    quiet: Annotated[bool, options.quiet("No progress and no summary.", _OUT)] = False,
) -> int:
    """Describe the vocabulary itself: kinds, bytes, scripts, languages, unreachable tokens, twins, overlap.

    No text is read, unless a corpus is named. Writes DIR/vocabulary.parquet (one row per token), DIR/results.parquet,
    DIR/run.json and the reports.
    """
    from tokeval.engine.memory import reuse_buffers

    reuse_buffers(batches=False)  # before Arrow is loaded
    from tokeval.arrow import without_pandas
    from tokeval.cli import progress
    from tokeval.cli.parse import columns, pairs, renders
    from tokeval.engine.vocab import vocab
    from tokeval.engine.vocab_files import written_to
    from tokeval.errors import UsageError
    from tokeval.report.terminal import print_summary
    from tokeval.results.store import Results

    without_pandas()
    names = pairs(tokenizer, "-t")
    chosen = renders(formats or ["vocab", "csv"])
    if output is None and formats:
        raise UsageError("there is no folder for the reports", hint="add -o DIR")
    request: dict[str, Any] = {
        "corpora": pairs([corpus], "-c") if corpus else None,
        "text_column": text_column,
        "slice_by": columns(slice_by),
        "limit": limit,
        "reach": reach,
        "qtok": qtok,
        "progress": None if quiet else progress.say,
    }
    if output is None:
        results = Results.of(vocab(names, **request))
    else:
        results, written = written_to(output, names, chosen, **request)
    if not quiet or output is None:
        print_summary(results, sys.stdout if output is None else sys.stderr)
    if output is not None and not quiet:
        progress.say("wrote " + ", ".join(str(path) for path in written))
    return 0
