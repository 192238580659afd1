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
    about = {"format": FORMAT, "about": asdict(results.about)}
    head = json.dumps(about, ensure_ascii=False, indent=1, allow_nan=False, default=dict).removesuffix("\n}")
    # Indented by the separator, not by `indent`, which would take the encoder that is written in Python.
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",\n   ", ": ")).encode
    figures = [encode(dict(zip(columns, map(_finite, row), strict=True)))[1:-1] for row in values]
    listed = ",\n".join(f"  {{\n   {figure}\n  }}" for figure in figures)
    text = f'{head},\n "figures": [{chr(10) + listed + chr(10) + " " if listed else ""}]\n}}\n'
    return {"results.json": text.encode("utf-8", "replace")}


def _finite(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value
