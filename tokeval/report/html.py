"""`report.html`: one file that opens from disk, without any network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from tokeval.report import charts, distributions
from tokeval.report.beside import word_data
from tokeval.report.page_data import heat_data, sample_data
from tokeval.report.pairs import matrices
from tokeval.report.summary import losses, prices, ranks, winners, wins
from tokeval.report.values import ARROWS, POOLS, Grid, clean, grids, headline, interval, script_of, shown
from tokeval.results.store import Results
from tokeval.schema import ALL

# Within a <script> element no text may end it or begin a comment.
_IN_SCRIPT = str.maketrans({c: f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"})


def render(results: Results) -> Mapping[str, bytes]:
    """The file `report.html`: pictures, sortable tables, the texts as each tokenizer cuts them, and the method."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("tokeval.report", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"clean": clean, "shown": shown, "interval": interval, "arrow": ARROWS.__getitem__}
    sections = [_corpus(results, name, i) for i, name in enumerate(results.about.corpora)]
    data = {f"c{i}": section.pop("data") for i, section in enumerate(sections)}
    page = files("tokeval.report") / "page"
    content = environment.get_template("report.html.j2").render(
        about=results.about,
        corpora=sections,
        data=_json(data),
        scripts=distributions.scripts(results),
        token_lengths=distributions.lengths(results),
        style=(page / "style.css").read_text("utf-8"),
        script=(page / "report.js").read_text("utf-8"),
        signatures=_signatures(results),
        ALL=ALL,
    )
    return {"report.html": content.encode("utf-8", "replace")}


def _corpus(results: Results, name: str, index: int) -> dict[str, Any]:
    found = grids(results, name)
    named = {grid.info.name: grid for grid in found}
    words, samples, data = word_data(results, name), sample_data(results, name), heat_data(results, found)
    scripts = sorted({script for metric in found for part in metric.slices if (script := script_of(part))})
    premium = named.get("premium")
    return {
        "id": f"c{index}",
        "name": name,
        "about": results.about.corpora[name],
        "headline": headline(found),
        "notes": sorted({(g.info.name, c.reason) for g in headline(found) for c in g.pool if c.reason}),
        "intervals": any(cell.low is not None for grid in headline(found) for cell in grid.pool),
        "losses": losses(results, named),
        "winners": winners(headline(found)),
        "ranks": ranks(found),
        "wins": wins(found),
        "prices": prices(results, named),
        "pictures": [(grid.info, picture) for grid in headline(found) if (picture := charts.intervals(grid))],
        "heat": data is not None,
        "uncoloured": 0 < len(results.about.rivals(name)) < len(results.about.tokenizers),
        "scripts": scripts,
        "premium": charts.strips(premium) if premium else "",
        "premium_rows": _spread(premium) if premium else [],
        "lengths": charts.lengths(named),
        "length_grids": [named[name] for name in charts.LENGTHS if name in named],
        "frequencies": distributions.frequencies(results, name),
        "pairs": matrices(results, name, headline(found)),
        "words": words is not None,
        "samples": samples is not None,
        "data": {"heat": data, "words": words, "samples": samples},
    }


def _spread(grid: Grid) -> list[dict[str, Any]]:
    """Per tokenizer the cheapest, the median and the dearest slice of a metric."""
    rows = []
    for name in grid.tokenizers:
        mine = [(cell.value, s) for (t, s), cell in grid.cells.items() if t == name and s not in POOLS]
        known = sorted((value, s) for value, s in mine if value is not None)
        if known:
            rows.append({"name": name, "least": known[0], "median": known[(len(known) - 1) // 2], "most": known[-1]})
    return rows


def _signatures(results: Results) -> list[tuple[str, str]]:
    """One signature per metric: that of its first figure."""
    table = results.table.select(("metric", "signature"))
    found: dict[str, str] = {}
    for metric, signature in zip(table["metric"].to_pylist(), table["signature"].to_pylist(), strict=True):
        found.setdefault(metric, signature)
    return list(found.items())


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).translate(_IN_SCRIPT)
