"""`results.csv`, tidy: one row per figure; `results-wide.csv`: a row per tokenizer and slice, a column per metric."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from tokeval.report.values import grids
from tokeval.results.cells import inert
from tokeval.results.store import Results

#: So many rows are Python objects at once.
_TOGETHER = 1 << 14


def render(results: Results) -> Mapping[str, bytes]:
    """Both files, UTF-8, with a header; numbers at full precision, null as an empty cell."""
    return {"results.csv": _tidy(results), "results-wide.csv": _written(*_wide(results))}


def _tidy(results: Results) -> bytes:
    """A part at a time: a run of hundreds of tokenizers has hundreds of thousands of rows."""
    columns, parts = results.table.column_names, []
    for at in range(0, max(1, results.table.num_rows), _TOGETHER):
        part = results.table.slice(at, _TOGETHER)
        parts.append(_written([] if at else columns, [part[name].to_pylist() for name in columns]))
    return b"".join(parts)


def _wide(results: Results) -> tuple[list[str], list[list[object]]]:
    """The header and the columns."""
    rows: dict[tuple[str, str, str], dict[str, object]] = {}
    metrics: dict[str, None] = {}
    for corpus in results.about.corpora:
        found = grids(results, corpus)
        for grid in found:
            metrics[grid.info.name] = None
            for (tokenizer, name), cell in grid.cells.items():
                rows.setdefault((corpus, tokenizer, name), {})[grid.info.name] = cell.value
    header = ["corpus", "tokenizer", "slice", *metrics]
    keys: list[list[object]] = [[key[part] for key in rows] for part in range(3)]
    return header, [*keys, *([row.get(metric) for row in rows.values()] for metric in metrics)]


def _written(header: Sequence[str], columns: Sequence[list[object]]) -> bytes:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    if header:
        writer.writerow([_cell(name) for name in header])
    writer.writerows(zip(*map(_cells, columns), strict=True))
    return stream.getvalue().encode("utf-8", "replace")


def _cells(values: list[object]) -> list[str]:
    """A column as text; most of its values stand there many times."""
    spelled = {value: _cell(value) for value in set(values)}
    return [spelled[value] for value in values]


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        text = value.replace("\0", "\N{REPLACEMENT CHARACTER}").replace("\r", "\n")  # only \n makes the writer quote
        return inert(text)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return repr(value)
