"""`results.json`: the whole table and what it says of itself. Schema: `docs/results.schema.json`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict

from tokeval.results.store import Results

#: Named in every file; a change that a reader could trip over raises the number.
FORMAT = "tokeval-results/1"


def render(results: Results) -> Mapping[str, bytes]:
    """The file `results.json`: `format`, `about`, and `figures` as in the result table; null, never NaN."""
    columns = results.table.column_names
    values = zip(*(results.table[name].to_pylist() for name in columns), strict=True)
    figures = [dict(zip(columns, map(_finite, row), strict=True)) for row in values]
    content = {"format": FORMAT, "about": asdict(results.about), "figures": figures}
    text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False, default=dict)
    return {"results.json": (text + "\n").encode("utf-8", "replace")}


def _finite(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value
