"""What the page's own script works on: the figures of every slice, and the cut samples, in short form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tokeval.report.cuts import pieces
from tokeval.report.values import POOLS, TEXT_COUNTS, Grid, clean, rounded, script_of
from tokeval.results.store import Results


def heat_data(results: Results, found: Sequence[Grid]) -> dict[str, Any] | None:
    """Every metric that has figures by slice: values, intervals and reasons, rounded as they are shown.

    Lists run over slices, then tokenizers. None where the corpus is one slice.
    """
    sliced = [grid for grid in found if len(grid.slices) > 1 and grid.info.name not in TEXT_COUNTS]
    if not sliced:
        return None
    slices = list(dict.fromkeys(part for grid in sliced for part in grid.slices))
    about = results.about.tokenizers
    return {
        "tokenizers": [clean(name) for name in about],
        "rivals": [name in sliced[0].rivals for name in about],
        "slices": [clean(part) for part in slices],
        "scripts": [script_of(part) or "" for part in slices],
        "pools": [slices.index(part) for part in POOLS if part in slices],
        "metrics": [_metric(grid, slices) for grid in sliced],
    }


def _metric(grid: Grid, slices: Sequence[str]) -> dict[str, Any]:
    info = grid.info
    cells = [[grid.cells.get((t, s)) for t in grid.tokenizers] for s in slices]
    reasons = sorted({c.reason for row in cells for c in row if c is not None and c.reason})
    made: dict[str, Any] = {
        "name": info.name,
        "unit": info.unit,
        "better": info.direction,
        "definition": info.definition,
        "misleads": info.misleads,
        "values": [[_number(c.value if c else None, info.unit) for c in row] for row in cells],
        "best": [[j for j, c in enumerate(row) if c is not None and c.best] for row in cells],
        "reasons": reasons,
        "why": {
            f"{i},{j}": reasons.index(c.reason)
            for i, row in enumerate(cells)
            for j, c in enumerate(row)
            if c is not None and c.reason
        },
    }
    if any(c is not None and c.low is not None for row in cells for c in row):
        made["low"], made["high"] = (
            [[_number(getattr(c, end) if c else None, info.unit) for c in row] for row in cells]
            for end in ("low", "high")
        )
    return made


def sample_data(results: Results, corpus: str) -> dict[str, Any] | None:
    """The samples of a corpus: text by slice, and per tokenizer its pieces as (code points, tokens) flat.

    None where there are none.
    """
    table = results.beside.get("samples")
    if table is None or "corpus" not in table.column_names:
        return None
    names = list(results.about.tokenizers)
    found: dict[str, dict[str, Any]] = {}
    for row in table.to_pylist():
        if row["corpus"] == corpus and row["tokenizer"] in names:
            kept = found.setdefault(row["slice"], {"text": row["text"], "cuts": [None] * len(names)})
            cut = pieces(row["text"], row["starts"], row["ends"])
            flat = [part for piece in cut for part in (len(piece.text), len(piece.tokens))]
            kept["cuts"][names.index(row["tokenizer"])] = flat
    if not found:
        return None
    pivot = results.about.pivot
    slices = sorted(found)
    return {
        "tokenizers": [clean(name) for name in names],
        "slices": [clean(name) for name in slices],
        "first": slices.index(pivot) if pivot in found else 0,
        "texts": [found[name]["text"] for name in slices],
        "cuts": [found[name]["cuts"] for name in slices],
    }


def _number(value: float | None, unit: str) -> float | int | None:
    """Rounded once, to the digits that are shown, so that the page only has to write it."""
    if value is None:
        return None
    short = rounded(value)
    return round(value) if unit == "count" or abs(short) >= 10000 else short
