"""`tables.tex`: booktabs tables for a paper; names in other scripts than Latin need XeLaTeX or LuaLaTeX."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from tokeval.report.values import Cell, Grid, clean, grids, headline, interval, shown
from tokeval.results.store import Results
from tokeval.schema import HIGHER, LOWER, MACRO, NEITHER

_ESCAPES = str.maketrans(
    {c: rf"\{c}" for c in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\texttt{\char34}"}
    | {"\u200c": "", "\u200d": "", "–": "--", "…": r"\dots{}", "\N{REPLACEMENT CHARACTER}": "?"}
)
# The signs of definitions, which pdfLaTeX does not know as letters.
_ESCAPES |= {
    ord(sign): f"${command}$"
    for sign, command in {
        "Σ": r"\Sigma", "α": r"\alpha", "−": "-", "×": r"\times", "·": r"\cdot", "÷": r"\div", "≤": r"\le",
        "≥": r"\ge", "→": r"\to", "↑": r"\uparrow", "↓": r"\downarrow", "²": "^2", "₂": "_2", "ᵢ": "_i", "ⱼ": "_j",
    }.items()
}  # fmt: skip
_ARROWS = {HIGHER: r" $\uparrow$", LOWER: r" $\downarrow$", NEITHER: ""}


def render(results: Results) -> Mapping[str, bytes]:
    """The file `tables.tex`: the headline metrics of each corpus, and each of them by slice."""
    parts = [f"% Made by tokeval {clean(results.about.version)}. Needs \\usepackage{{booktabs,graphicx,longtable}}."]
    for index, corpus in enumerate(results.about.corpora):
        found = headline(grids(results, corpus))
        parts.append(_summary(results, corpus, found, f"tab:tokenizers-{index}"))
        parts += [_by_slice(grid, corpus, f"tab:{grid.info.name}-{index}") for grid in found if len(grid.slices) > 1]
    return {"tables.tex": ("\n\n".join(parts) + "\n").encode("utf-8", "replace")}


def _summary(results: Results, corpus: str, found: Sequence[Grid], label: str) -> str:
    header = ["Tokenizer", "$|V|$", *(_escape(g.title) + _ARROWS[g.info.direction] for g in found)]
    rows = []
    for name, about in results.about.tokenizers.items():
        size = "--" if about.vocabulary_size is None else f"{about.vocabulary_size:,}"
        cells = [grid.cells.get((name, grid.pooled)) for grid in found]
        rows.append([_escape(name), size, *map(_cell, found, cells)])
        intervals = [_interval(grid, cell) for grid, cell in zip(found, cells, strict=True)]
        if any(intervals):
            rows.append(["", "", *intervals])
    pooled = "all text pooled" + ("; (macro): the mean over slices" if any(g.pooled == MACRO for g in found) else "")
    caption = f"Tokenizers on {_escape(corpus)}, {pooled}. Best in bold; 95\\,\\% intervals where there are any."
    lines = [
        r"\begin{table}",
        r"  \centering",
        rf"  \caption{{{caption}}}",
        rf"  \label{{{label}}}",
        r"  \resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%  no wider than the page",
        rf"  \begin{{tabular}}{{l{'r' * (len(header) - 1)}}}",
        *_body(header, rows, "    "),
        r"  \end{tabular}}",
        r"\end{table}",
    ]
    return "\n".join(lines)


def _by_slice(grid: Grid, corpus: str, label: str) -> str:
    header = ["Slice", *map(_escape, grid.tokenizers)]
    rows = [[_escape(s), *(_cell(grid, grid.cells.get((t, s))) for t in grid.tokenizers)] for s in grid.slices]
    unit = "" if grid.info.unit == "1" else f" ({_escape(grid.info.unit)})"
    caption = f"{_escape(grid.info.name)}{unit} on {_escape(corpus)} by slice. {_escape(grid.info.definition, 400)}"
    top = [
        rf"\begin{{longtable}}{{l{'r' * len(grid.tokenizers)}}}",
        rf"  \caption{{{caption}}}\label{{{_plain_label(label)}}} \\",
    ]
    return "\n".join([*top, *_body(header, rows, "  ", repeat=True), r"\end{longtable}"])


def _body(header: Sequence[str], rows: Iterable[Sequence[str]], indent: str, *, repeat: bool = False) -> list[str]:
    head = [r"\toprule", _row(header), r"\midrule"]
    if repeat:  # the caption stands before the first, and its label once
        head = [*head, r"\endfirsthead", *head, r"\endhead"]
    return [f"{indent}{line}" for line in [*head, *map(_row, rows), r"\bottomrule"]]


def _row(cells: Sequence[str]) -> str:
    first = "{}" if cells[0][:1] in ("*", "[") else ""  # else it would be taken for an argument of the line above
    return first + " & ".join(cells) + r" \\"


def _cell(grid: Grid, cell: Cell | None) -> str:
    if cell is None or cell.value is None:
        return "--"
    text = shown(cell.value, grid.info.unit)
    return rf"\textbf{{{text}}}" if cell.best else text


def _interval(grid: Grid, cell: Cell | None) -> str:
    text = interval(cell, grid.info.unit) if cell is not None and cell.value is not None else ""
    return rf"{{\scriptsize {text.replace('–', '--')}}}" if text else ""


def _plain_label(label: str) -> str:
    return re.sub(r"[^A-Za-z0-9:-]", "-", label)


def _escape(text: str, limit: int = 80) -> str:
    return clean(text, limit).translate(_ESCAPES)
