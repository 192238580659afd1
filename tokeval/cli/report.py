"""`tokeval report`: render again, nothing recomputed; of several folders a leaderboard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tokeval.cli import options

if TYPE_CHECKING:
    from tokeval.results.store import Results


def command(
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="Folders written by tokeval compare (or result files).")
    ],
    formats: Annotated[
        list[str] | None,
        options.formats("md, csv"),
    ] = None,
    output: Annotated[
        Path | None,
        options.output("Where to write; several DIRs need it.", default="DIR"),
    ] = None,
    no_color: options.NoColor = False,
) -> int:
    """Render the reports of a results folder again; several folders become one leaderboard.

    Nothing is recomputed and no tokenizer is loaded: results.parquet is enough. A run that did not finish is refused.
    """
    del no_color  # its callback has seen to it
    import sys

    from tokeval.arrow import without_pandas
    from tokeval.cli.parse import renders
    from tokeval.cli.progress import say
    from tokeval.errors import UsageError
    from tokeval.report.terminal import print_summary
    from tokeval.results.store import add_files, check_folder

    without_pandas()
    chosen = renders(formats or ["md", "csv"])
    if len(folders) > 1 and output is None:
        raise UsageError("there is no folder for the merged reports", hint="add -o DIR")
    folder = output or (folders[0] if folders[0].is_dir() else folders[0].parent)
    check_folder(folder)
    results, left_out = _read(folders)
    for line in left_out:
        say(f"left out: {line}")
    files = {name: content for render in chosen for name, content in render(results).items()}
    written = add_files(folder, files)
    if len(folders) > 1:
        print_summary(results, sys.stderr)
    say("wrote " + ", ".join(str(path) for path in written))
    return 0


def _read(folders: list[Path]) -> tuple[Results, list[str]]:
    from tokeval.errors import UsageError
    from tokeval.results.merge import merge
    from tokeval.results.run import load_folder

    runs = {str(folder): load_folder(folder) for folder in folders}
    if len(runs) < len(folders):
        raise UsageError("a folder is named twice")
    return merge(runs) if len(runs) > 1 else (runs[str(folders[0])], [])
