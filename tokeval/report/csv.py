"""`results.csv`: the whole table, one row per figure."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from tokeval.results.store import Results

#: A cell that begins with one of these is taken for a formula by spreadsheets.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def render(results: Results) -> Mapping[str, bytes]:
    """The file `results.csv`, UTF-8, with a header; numbers at full precision, null as an empty cell."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(results.table.column_names)
    for row in results.table.to_pylist():
        writer.writerow([_cell(value) for value in row.values()])
    return {"results.csv": stream.getvalue().encode()}


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return repr(value)
