"""Pictures: Vega-Lite specifications drawn to SVG here, so that a page needs no script, no runtime and no network.

Colours are the page's own variables, so that one picture serves light, dark and paper.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tokeval.report.values import POOLS, Grid, clean, interval, shown
from tokeval.schema import ALL

#: The metrics that the picture of lengths is made of.
LENGTHS = tuple(f"tokens_per_document_{part}" for part in ("p50", "p95", "p99", "max"))

#: With more rows than this a picture says less than the table behind it.
MOST_ROWS = 40

# Stand-ins in the specification -> variables of the page's style.
_INK, _FAINT, _RULE, _MARK, _BEST = "#010101", "#020202", "#030303", "#040404", "#050505"
_COLOURS = {
    _INK: "var(--ink)",
    _FAINT: "var(--faint)",
    _RULE: "var(--rule)",
    _MARK: "var(--mark)",
    _BEST: "var(--accent)",
}
_FONT = "system-ui, sans-serif"
_CONFIG = {
    "background": None,
    "font": _FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": _FAINT,
        "titleColor": _FAINT,
        "titleFontWeight": "normal",
        "labelFontSize": 12,
        "titleFontSize": 12,
        "gridColor": _RULE,
        "domainColor": _RULE,
        "tickColor": _RULE,
        "labelLimit": 150,
        "labelOverlap": True,
    },
    "axisY": {"labelColor": _INK, "domain": False, "ticks": False, "labelPadding": 6, "grid": False},
    "axisX": {"tickCount": 4},
    "text": {"font": _FONT, "fontSize": 11, "fill": _FAINT},
}


def intervals(grid: Grid) -> str:
    """A metric's pooled figure of each tokenizer, best first, with its interval; empty with fewer than two."""
    rows = [
        {
            "name": f"{i:03d}{clean(name, 40)}",
            "value": cell.value,
            "low": cell.value if cell.low is None else cell.low,
            "high": cell.value if cell.high is None else cell.high,
            "best": cell.best,
            "said": " ".join([clean(name), shown(cell.value or 0.0, grid.info.unit), interval(cell, grid.info.unit)]),
        }
        for i, (name, cell) in enumerate(grid.ranking()[:MOST_ROWS])
    ]
    if len(rows) < 2:
        return ""
    x = {"type": "quantitative", "title": grid.info.unit if grid.info.unit != "1" else None}
    near = {"scale": {"zero": False, "nice": True, "padding": 10}}
    layer: list[dict[str, Any]] = [
        {
            "mark": {"type": "rule", "strokeWidth": 3, "opacity": 0.45, "aria": False},
            "encoding": {"x": {"field": "low", **x, **near}, "x2": {"field": "high"}, "color": _colour()},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
            "encoding": {"x": {"field": "value", **x, **near}, "color": _colour(), "description": {"field": "said"}},
        },
    ]
    return _svg(rows, layer, f"{grid.info.name} of each tokenizer, best first", width=210)


def strips(grid: Grid, *, log: bool = True) -> str:
    """One dot per slice, one row per tokenizer: how evenly a figure falls over the slices."""
    rows = []
    for i, name in enumerate(grid.tokenizers[:MOST_ROWS]):
        for part in grid.slices:
            cell = grid.cells.get((name, part))
            if part not in POOLS and cell is not None and cell.value is not None and (cell.value > 0 or not log):
                said = f"{clean(name)} {clean(part)} {shown(cell.value, grid.info.unit)}"
                rows.append({"name": f"{i:03d}{clean(name, 40)}", "value": cell.value, "said": said})
    if len(rows) < 3:
        return ""
    x = {
        "field": "value",
        "type": "quantitative",
        "title": grid.info.name if grid.info.unit == "1" else f"{grid.info.name}, {grid.info.unit}",
        "scale": {"type": "log" if log else "linear", "zero": False, "nice": False, "padding": 8},
        "axis": {"tickCount": 6, "format": "~g"},
    }
    layer: list[dict[str, Any]] = [
        {
            "mark": {"type": "point", "filled": True, "size": 34, "opacity": 0.45, "color": _MARK},
            "encoding": {"x": x, "description": {"field": "said"}},
        },
        {
            "mark": {"type": "tick", "thickness": 3, "size": 16, "color": _BEST, "aria": False},
            "encoding": {"x": {**x, "aggregate": "median"}},
        },
    ]
    return _svg(rows, layer, f"{grid.info.name}: one dot per slice, the bar is the median slice", width=600, step=26)


def lengths(found: Mapping[str, Grid]) -> str:
    """Tokens per document: median to 95th percentile as a bar, 99th percentile and maximum as marks."""
    if any(name not in found for name in LENGTHS):
        return ""
    rows = []
    for i, tokenizer in enumerate(found[LENGTHS[0]].tokenizers[:MOST_ROWS]):
        cells = [found[name].cells.get((tokenizer, ALL)) for name in LENGTHS]
        values = [None if cell is None else cell.value for cell in cells]
        if all(values):
            p50, p95, p99, most = (float(value or 0) for value in values)
            said = f"{clean(tokenizer)} median {p50:,.0f} p95 {p95:,.0f} p99 {p99:,.0f} longest {most:,.0f} tokens"
            name = f"{i:03d}{clean(tokenizer, 40)}"
            rows.append({"name": name, "p50": p50, "p95": p95, "p99": p99, "max": most, "said": said})
    if not rows:
        return ""
    x = {"type": "quantitative", "title": "tokens per document", "scale": {"type": "log", "nice": False, "padding": 8}}
    axis = {"axis": {"tickCount": 6, "format": "~s"}}
    layer: list[dict[str, Any]] = [
        {
            "mark": {"type": "bar", "size": 10, "color": _MARK, "opacity": 0.5},
            "encoding": {"x": {"field": "p50", **x, **axis}, "x2": {"field": "p95"}, "description": {"field": "said"}},
        },
        *(
            {
                "mark": {"type": "tick", "thickness": 2, "size": size, "color": colour, "aria": False},
                "encoding": {"x": {"field": field, **x, **axis}},
            }
            for field, size, colour in (("p50", 18, _BEST), ("p99", 12, _MARK), ("max", 6, _INK))
        ),
    ]
    return _svg(rows, layer, "Tokens per document of each tokenizer", width=600, step=26)


def _colour() -> dict[str, Any]:
    return {"condition": {"test": "datum.best", "value": _BEST}, "value": _MARK}


def _svg(
    rows: Sequence[Mapping[str, Any]], layer: Sequence[Mapping[str, Any]], title: str, *, width: int, step: int = 22
) -> str:
    """Layers over one row per name; names carry their place in three digits, which the axis leaves out."""
    y = {"field": "name", "type": "nominal", "title": None, "axis": {"labelExpr": "slice(datum.label, 3)"}}
    spec = {
        "width": width,
        "height": {"step": step},
        "data": {"values": list(rows)},
        "encoding": {"y": y},
        "layer": [dict(part) for part in layer],
    }
    return _draw(spec, title)


def _draw(spec: Mapping[str, Any], title: str) -> str:
    import vl_convert

    full = {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "config": _CONFIG, **spec}
    svg: str = vl_convert.vegalite_to_svg(json.dumps(full), vl_version="5.20", allowed_base_urls=[])
    for stand_in, variable in _COLOURS.items():
        svg = re.sub(rf'(fill|stroke)="{stand_in}"', rf'\1="{variable}"', svg)
    start, rest = svg.split(">", 1)
    label = title.translate({ord('"'): "&quot;", ord("<"): "&lt;", ord("&"): "&amp;"})
    size = re.search(r'width="([\d.]+)" height="([\d.]+)"', start)
    assert size is not None
    box = f'width="{size[1]}" height="{size[2]}" viewBox="0 0 {size[1]} {size[2]}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" aria-label="{label}" {box}>{rest}'
