"""`report.md`: what a person would paste into a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tokeval.report.values import Cell, Grid, grids, shown
from tokeval.results.store import Results
from tokeval.schema import ALL, MetricInfo

_ESCAPES = str.maketrans({c: f"\\{c}" for c in "\\`*[]|"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;"})
_ARROWS = {"higher": " ↑", "lower": " ↓", "neither": ""}


def render(results: Results) -> Mapping[str, bytes]:
    """The file `report.md`: a summary, one table per metric, and how it was made."""
    parts = ["# Tokenizer comparison", _opening(results)]
    for corpus in results.about.corpora:
        metrics = grids(results, corpus)
        parts.append(f"## Summary: {_escape(corpus)}")
        parts.append(_summary(results, metrics))
        for grid in metrics:
            if len(grid.slices) > 1:
                parts.append(_by_slice(grid))
    parts.append(_method(results))
    return {"report.md": ("\n\n".join(parts) + "\n").encode()}


def table(header: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """A Markdown table; all but the first `left` columns are aligned to the right."""
    marks = [":--" if i < left else "--:" for i in range(len(header))]
    lines = [header, marks, *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _opening(results: Results) -> str:
    about = results.about
    lines = []
    for name, corpus in about.corpora.items():
        sliced = f" in {corpus.slices} slices by {', '.join(corpus.slice_by)}" if corpus.slice_by else ""
        line = f"{len(about.tokenizers)} tokenizers on **{_escape(name)}**: {corpus.documents:,} documents"
        lines.append(f"{line}, {corpus.bytes:,} bytes{sliced}.")
        if corpus.nulls:
            lines.append(f"{sum(corpus.nulls.values()):,} null texts were left out.")
    lines += [f"\n**Note:** {_escape(warning)}." for warning in about.warnings]
    return "\n".join(lines)


def _summary(results: Results, metrics: Sequence[Grid]) -> str:
    headline = [grid for grid in metrics if grid.info.headline]
    header = ["tokenizer", "vocabulary", *(f"{g.info.name}{_ARROWS[g.info.direction]}" for g in headline)]
    rows = []
    for name, about in results.about.tokenizers.items():
        size = "–" if about.vocabulary_size is None else f"{about.vocabulary_size:,}"
        rows.append([_escape(name), size, *(_cell(grid, grid.cells.get((name, ALL))) for grid in headline)])
    notes = ["Best in **bold**, yardsticks not counted. ↑ higher is better, ↓ lower is better."]
    notes += sorted({f"– {g.info.name}: {cell.reason}." for g in headline for cell in g.pool() if cell.reason})
    return table(header, rows) + "\n\n" + "  \n".join(notes)


def _by_slice(grid: Grid) -> str:
    header = ["slice", *(_escape(name) for name in grid.tokenizers)]
    rows = [
        [
            _escape(s) if s != ALL else "**all**",
            *(_cell(grid, grid.cells.get((t, s))) for t in grid.tokenizers),
        ]
        for s in grid.slices
    ]
    info = grid.info
    title = f"### {info.name} ({info.unit}){_ARROWS[info.direction]}"
    reasons = sorted({f"{s}: {c.reason}" for (_, s), c in grid.cells.items() if c.reason and s != ALL})
    return "\n\n".join([title, info.definition, _folded(table(header, rows), len(rows)), *_reasons(reasons)])


def _folded(text: str, rows: int) -> str:
    if rows <= 40:
        return text
    return f"<details><summary>{rows} slices</summary>\n\n{text}\n\n</details>"


def _reasons(reasons: Sequence[str]) -> list[str]:
    if not reasons:
        return []
    more = [f"- and {len(reasons) - 8} more"] if len(reasons) > 8 else []
    return ["Without a figure (–):\n\n" + "\n".join([*(f"- {_escape(r)}" for r in reasons[:8]), *more])]


def _method(results: Results) -> str:
    about = results.about
    tokenizers = table(
        ["tokenizer", "spec", "fingerprint", "library"],
        [[_escape(n), f"`{_escape(t.spec)}`", f"`{t.fingerprint}`", t.library] for n, t in about.tokenizers.items()],
        left=4,
    )
    corpora = table(
        ["corpus", "fingerprint", "documents", "bytes"],
        [[_escape(n), f"`{c.fingerprint}`", f"{c.documents:,}", f"{c.bytes:,}"] for n, c in about.corpora.items()],
        left=2,
    )
    definitions = "\n".join(_definition(info) for info in about.metrics)
    signature = results.table["signature"][0].as_py() if results.table.num_rows else ""
    facts = [f"words: {about.words}", f"seed: {about.seed}"]
    facts += [f"baseline: {_escape(about.baseline)}"] if about.baseline else []
    facts += [f"pivot: {_escape(about.pivot)}"] if about.pivot else []
    return "\n\n".join(
        [
            "## How it was made",
            f"tokeval {about.version}; " + ", ".join(facts) + ".",
            tokenizers,
            corpora,
            "Every figure has a signature in `results.csv`; figures with equal signatures are equal. The first:",
            f"```\n{signature}\n```",
            f"<details><summary>Definitions</summary>\n\n{definitions}\n\n</details>",
        ]
    )


def _definition(info: MetricInfo) -> str:
    source = f" *{info.source}.*" if info.source else ""
    misleads = f" Mind: {info.misleads}" if info.misleads else ""
    return f"- **{info.name}** ({info.unit}): {info.definition}{source}{misleads}"


def _cell(grid: Grid, cell: Cell | None) -> str:
    if cell is None or cell.value is None:
        return "–"
    text = shown(cell.value, grid.info.unit)
    return f"**{text}**" if cell.best else text


def _escape(text: str) -> str:
    """Text as Markdown shows it literally: no table breaks, no markup, no HTML."""
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return text.translate(_ESCAPES)
