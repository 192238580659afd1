"""`tokeval corpus`: what is in a corpus, whether it is sound, and how other formats become one."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tokeval.corpus.inspect import Report

app = typer.Typer(help="Look into a corpus, check it, or build one from other formats.", no_args_is_help=True)

UNSOUND = 2

Location = Annotated[str, typer.Argument(metavar="PATH", help="A Parquet file, folder, glob or address.")]
TextColumn = Annotated[str, typer.Option(help="The column of documents.")]
SliceBy = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN[,COLUMN]",
        help="The columns of slices, or none.",
        show_default="language, where there is one",
    ),
]
IdColumn = Annotated[str | None, typer.Option(help="The column of ids.", show_default="id, where there is one")]


@app.command("info")
def info(path: Location, text_column: TextColumn = "text", slice_by: SliceBy = None, id_column: IdColumn = None) -> int:
    """Say what a corpus holds: documents, bytes, slices, nulls, duplicates, aligned ids."""
    report = _report(path, text_column, slice_by, id_column)
    _print(report)
    for line in [*report.problems, *report.remarks]:
        print(f"- {line}")
    return 0


@app.command("validate")
def validate(
    path: Location, text_column: TextColumn = "text", slice_by: SliceBy = None, id_column: IdColumn = None
) -> int:
    """Check a corpus: exit code 0 if it can be used, 2 if it cannot."""
    from tokeval.cli.pipe import unread

    report = _report(path, text_column, slice_by, id_column)
    with unread():
        for line in report.problems:
            print(f"problem: {line}")
        for line in report.remarks:
            print(f"remark: {line}")
        print(
            f"{path}: {'not sound' if report.problems else 'sound'}, {report.total('documents'):,} documents",
            flush=True,
        )
    return UNSOUND if report.problems else 0


@app.command("build")
def build(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Files, folders or globs.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE.parquet", help="The corpus to write.")],
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="jsonl|csv|tsv|txt", help="Their format.", show_default="by their names"),
    ] = None,
    documents: Annotated[str, typer.Option(metavar="line|file", help="What a document is in plain text.")] = "line",
    parallel: Annotated[
        bool,
        typer.Option("--parallel", help="One plain-text file per language (tur_Latn.txt), line k the same in each."),
    ] = False,
    language: Annotated[str | None, typer.Option(help="The language of documents whose record names none.")] = None,
    domain: Annotated[str | None, typer.Option(help="The domain of documents whose record names none.")] = None,
    text_field: Annotated[str, typer.Option(help="The field of the text in JSON Lines, CSV and TSV.")] = "text",
    id_field: Annotated[str, typer.Option(help="Likewise of the id.")] = "id",
    language_field: Annotated[str, typer.Option(help="Likewise of the language.")] = "language",
    domain_field: Annotated[str, typer.Option(help="Likewise of the domain.")] = "domain",
) -> int:
    """Convert JSON Lines, CSV, TSV or plain text to a Parquet corpus with id, language, domain and text.

    Documents of plain text get ids that no other file's have, as equal ids mean
    parallel texts: name, content and line, such as news.txt@1f0c9a27:3. With
    --parallel the id is the line alone.
    """
    signal.signal(signal.SIGTERM, _leave)  # by itself it would leave half a file behind

    from tokeval.corpus.build import DOCUMENTS, FORMATS, Recipe
    from tokeval.corpus.build import build as convert
    from tokeval.errors import UsageError, suggest

    for value, known, option in ((source, FORMATS, "--from"), (documents, DOCUMENTS, "--documents")):
        if value is not None and value not in known:
            raise UsageError(f"there is no {option} {value}", hint=suggest(value, known))
    if parallel and (language is not None or documents != "line"):
        raise UsageError("parallel files tell the language by their names, and their documents are lines")
    recipe = Recipe(source, documents, parallel, text_field, id_field, language_field, domain_field, language, domain)
    built = convert(paths, output, recipe)
    print(f"{output}: {built.rows:,} documents, {built.bytes / 1e6:.1f} MB of text from {built.files} files")
    return 0


def _leave(number: int, _: object) -> None:
    sys.exit(128 + number)


def _report(path: str, text: str, slice_by: str | None, id_column: str | None) -> Report:
    from tokeval.cli.parse import columns
    from tokeval.corpus.inspect import inspect_corpus
    from tokeval.corpus.source import open_corpus

    named = columns(slice_by)
    slices = None if named is None else tuple(named)
    return inspect_corpus(open_corpus("corpus", path, text_column=text, slice_by=slices, id_column=id_column))


def _print(report: Report) -> None:
    from rich.markup import escape
    from rich.table import Table

    from tokeval.report.console import make_console
    from tokeval.report.values import clean
    from tokeval.schema import ALL

    shown = ("documents", "bytes", "chars", "words", "nulls", "empty", "duplicates")
    table = Table(box=None, pad_edge=False)
    table.add_column("slice", overflow="fold")
    for name in shown:
        table.add_column(name, justify="right")
    for slice_name, part in report.slices.items():
        table.add_row(escape(clean(slice_name)), *(f"{getattr(part, name):,}" for name in shown))
    if list(report.slices) != [ALL]:
        table.add_row(ALL, *(f"{report.total(name):,}" for name in shown), style="bold")
    make_console(sys.stdout).print(table)
    print(f"fingerprint {report.fingerprint}")
    if report.ids is not None:
        aligned = "" if report.aligned is None else f", {report.aligned:,} of them in every slice"
        print(f"{report.ids:,} ids{aligned}")
