"""`tokeval report`: render again, nothing recomputed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder written by tokeval compare.")],
    formats: Annotated[
        list[str] | None,
        typer.Option("-f", "--format", metavar="FORMAT", help="A report; may be repeated.  [default: md, csv]"),
    ] = None,
) -> int:
    """Render the reports of a results folder again; only results.parquet is read."""
    from tokeval.cli.options import renders
    from tokeval.cli.progress import say
    from tokeval.results.store import Results, add_files, load_results

    chosen = renders(formats or ["md", "csv"])
    results = Results.of(load_results(folder))
    files = {name: content for render in chosen for name, content in render(results).items()}
    written = add_files(folder if folder.is_dir() else folder.parent, files)
    say("wrote " + ", ".join(str(path) for path in written))
    return 0
