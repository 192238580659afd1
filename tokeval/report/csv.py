"""`results.csv`, tidy: one row per figure; `results-wide.csv`: a row per tokenizer and slice, a column per metric."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from tokeval.report.values import grids
from tokeval.results.cells import inert
from tokeval.results.store import Results


def render(results: Results) -> Mapping[str, bytes]:
    """Both files, UTF-8, with a header; numbers at full precision, null as an empty cell."""
    columns = results.table.column_names
    tidy = zip(*(results.table[name].to_pylist() for name in columns), strict=True)
    return {"results.csv": _written(columns, tidy), "results-wide.csv": _written(*_wide(results))}


def _wide(results: Results) -> tuple[list[str], list[list[object]]]:
    rows: dict[tuple[str, str, str], dict[str, object]] = {}
    metrics: dict[str, None] = {}
    for corpus in results.about.corpora:
        found = grids(results, corpus)
        for grid in found:
            metrics[grid.info.name] = None
            for (tokenizer, name), cell in grid.cells.items():
                rows.setdefault((corpus, tokenizer, name), {})[grid.info.name] = cell.value
    header = ["corpus", "tokenizer", "slice", *metrics]
    return header, [[*key, *(row.get(metric) for metric in metrics)] for key, row in rows.items()]


def _written(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([_cell(name) for name in header])
    writer.writerows([_cell(value) for value in row] for row in rows)
    return stream.getvalue().encode("utf-8", "replace")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        text = value.replace("\0", "\N{REPLACEMENT CHARACTER}").replace("\r", "\n")  # only \n makes the writer quote
        return inert(text)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return repr(value)
