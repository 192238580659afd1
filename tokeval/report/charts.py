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
_SAID = dict(zip(LENGTHS, ("median", "p95", "p99", "longest"), strict=True))

#: With more rows than this a picture says less than the table behind it.
MOST_ROWS = 40

#: Curves have a picture each, and all are drawn faintly in every one.
MOST_CURVES = 12

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
    # a browser's font may be wider than the one that measured the names
    "padding": {"left": 16, "right": 8, "top": 5, "bottom": 5},
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
    """Tokens per document: median to 95th percentile as a bar, 99th percentile and maximum as marks, where they are."""
    there = [name for name in LENGTHS if name in found]
    rows = []
    for i, tokenizer in enumerate(found[there[0]].tokenizers[:MOST_ROWS] if there else ()):
        values = {name: _value(found[name], tokenizer) for name in there}
        if all(values.values()):
            said = " ".join(f"{_SAID[name]} {value:,.0f}" for name, value in values.items())
            name = f"{i:03d}{clean(tokenizer, 40)}"
            rows.append({"name": name, "said": f"{clean(tokenizer)} {said} tokens", **values})
    if not rows:
        return ""
    x = {"type": "quantitative", "title": "tokens per document", "scale": {"type": "log", "nice": False, "padding": 8}}
    x |= {"axis": {"tickCount": 6, "format": "~s"}}
    p50, p95, p99, most = LENGTHS
    marks = [(p50, 18, _BEST), (p99, 12, _MARK), (most, 6, _INK)]
    layer: list[dict[str, Any]] = []
    if {p50, p95} <= set(there):
        bar = {"x": {"field": p50, **x}, "x2": {"field": p95}, "description": {"field": "said"}}
        layer.append({"mark": {"type": "bar", "size": 10, "color": _MARK, "opacity": 0.5}, "encoding": bar})
    else:
        marks.append((p95, 12, _MARK))
    for field, size, colour in marks:
        if field in there:
            mark = {"type": "tick", "thickness": 2, "size": size, "color": colour, "aria": not layer}
            layer.append({"mark": mark, "encoding": {"x": {"field": field, **x}, "description": {"field": "said"}}})
    return _svg(rows, layer, "Tokens per document of each tokenizer", width=600, step=26)


def _value(grid: Grid, tokenizer: str) -> float | None:
    cell = grid.cells.get((tokenizer, ALL))
    return None if cell is None else cell.value


def curves(
    series: Mapping[str, Sequence[tuple[float, float]]], said: Mapping[str, str], *, x: str, y: str, log: bool = False
) -> list[tuple[str, str]]:
    """A small picture of each tokenizer by its name: its curve before those of the others."""
    names = list(series)[:MOST_CURVES]
    rows = [{"name": f"{i:03d}", "x": a, "y": b} for i, name in enumerate(names) for a, b in series[name]]
    scale = {"scale": {"type": "log" if log else "linear", "nice": False}}
    ticks = {"values": [10**k for k in range(8)]} if log else {"tickCount": 5}
    percent = "format(datum.value * 100, datum.value >= 0.000001 || datum.value == 0 ? '~g' : '.0e') + ' %'"
    encoding = {
        "x": {"field": "x", "type": "quantitative", "title": x, **scale, "axis": {**ticks, "format": "~s"}},
        "y": {
            "field": "y",
            "type": "quantitative",
            "title": y,
            **scale,
            "axis": {"tickCount": 4, "ticks": True, "grid": True, "labelColor": _FAINT, "labelExpr": percent},
        },
    }
    made = []
    for i, name in enumerate(names):
        mine = f"datum.name == '{i:03d}'"
        line = {"type": "line", "strokeCap": "round"}
        layer = [
            {
                "mark": {**line, "strokeWidth": 1, "color": _RULE, "aria": False},
                "encoding": {"detail": {"field": "name"}},
                "transform": [{"filter": f"!({mine})"}],
            },
            {
                "mark": {**line, "strokeWidth": 2, "color": _BEST, "description": f"{clean(name)}: {said[name]}"},
                "transform": [{"filter": mine}],
            },
        ]
        spec = {"width": 210, "height": 150, "data": {"values": rows}, "encoding": encoding, "layer": layer}
        made.append((name, _draw(spec, f"{y} by {x}, {clean(name)}")))
    return made


def shading(
    shares: Mapping[str, Mapping[str, float]], columns: Sequence[str], texts: Mapping[str, Mapping[str, str]]
) -> str:
    """Tokenizers by columns, each share as a shade with its figure; empty where one tokenizer is all."""
    rows = [
        {
            "name": f"{i:03d}{clean(name, 40)}",
            "column": f"{k:03d}{clean(column, 24)}",
            "share": mine.get(column, 0.0),
            "text": _short(mine.get(column, 0.0)),
            "said": f"{clean(name)} {clean(column)} {texts[name][column]}",
        }
        for i, (name, mine) in enumerate(list(shares.items())[:MOST_ROWS])
        for k, column in enumerate(columns)
    ]
    label = {"labelAngle": -40, "labelOverlap": False, "labelLimit": 120, "labelExpr": "slice(datum.label, 3)"}
    spread = {"type": "sqrt", "domain": [0, 1], "range": [0, 0.75]}
    x = {"field": "column", "type": "nominal", "title": None, "axis": {"orient": "top", **label, "ticks": False}}
    layer: list[dict[str, Any]] = [
        {
            "mark": {"type": "rect", "color": _BEST},
            "encoding": {
                "x": x,
                "opacity": {"field": "share", "type": "quantitative", "scale": spread, "legend": None},
                "description": {"field": "said"},
            },
        },
        {
            "mark": {"type": "text", "fill": _INK, "aria": False},
            "encoding": {"x": x, "text": {"field": "text", "type": "nominal"}},
        },
    ]
    return _svg(rows, layer, "Share of ids by script, per cent", width=46 * len(columns), step=24)


def _short(share: float) -> str:
    """A share in per cent, as short as it goes; nothing for none."""
    if share < 0.0005:
        return "<0.1" if share else ""
    return f"{100 * share:.0f}" if share >= 0.0995 else f"{100 * share:.1f}"


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
