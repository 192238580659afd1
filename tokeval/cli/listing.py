"""`tokeval list`: what there is, where from, and what is missing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table


def command(
    group: Annotated[str, typer.Argument(metavar="tokenizers|metrics|reports|lexicons|engines", help="What to list.")],
) -> int:
    """List tokenizer backends, metrics, report formats, kinds of lexicon or engines."""
    from rich.table import Table

    from tokeval import registry
    from tokeval.errors import UsageError, suggest
    from tokeval.metrics.select import all_metrics
    from tokeval.report.console import make_console

    groups = (registry.TOKENIZERS, registry.METRICS, registry.REPORTS, registry.LEXICONS, registry.ENGINES)
    if group not in groups:
        raise UsageError(f"there is no list of {group!r}", hint=suggest(group, groups))
    table = Table(box=None, pad_edge=False)
    if group == registry.METRICS:
        for column in ("family", "metric", "unit", "better", "definition"):
            table.add_column(column)
        for metric in all_metrics().values():
            info = metric.info
            table.add_row(info.family, info.name, info.unit, info.direction, info.definition)
    elif group == registry.TOKENIZERS:
        _tokenizers(table)
    else:
        for column in ("name", "from", "installed"):
            table.add_column(column)
        for entry in registry.entries(group).values():
            state = "yes" if entry.installed else f'no: pip install "tokeval[{entry.extra}]"'
            table.add_row(entry.name, entry.origin, state.replace("[", "\\["))
    console = make_console(sys.stdout)
    if not console.is_terminal:  # names are for the eye and for grep: where nobody reads, a line is as long as it takes
        console.width = 1 << 12
    console.print(table)
    return 0


def _tokenizers(table: Table) -> None:
    from rich.markup import escape

    from tokeval.schema import CAPABILITIES
    from tokeval.tokenizers.marks import all_marks

    table.add_column("name", no_wrap=True)
    for column in ("from", "library", "can", "fast path"):
        table.add_column(column)
    for marks in all_marks():
        library = f"{marks.library} {marks.version}".strip() or "–"
        shown = library if marks.installed else f"missing: {marks.hint}"
        can = "?" if marks.capabilities is None else ", ".join(c for c in CAPABILITIES if c in marks.capabilities)
        table.add_row(marks.name, marks.origin, escape(shown), can, marks.accelerated or "–")
