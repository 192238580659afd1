"""`report.md`: what a person would paste into a pull request, within the size that GitHub takes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from tokeval.report.summary import losses
from tokeval.report.values import ARROWS, POOLS, TEXT_COUNTS, Cell, Grid, clean, grids, headline, interval, shown
from tokeval.results.store import Results
from tokeval.schema import ALL, MACRO, MetricInfo

#: GitHub takes no longer comment; a little is left for what a bot writes around it.
LIMIT = 65_000  # bytes

# For the line that says what was left out.
_SPARE = 1000

#: Tables of more rows are folded.
_FOLD = 20

# Within a word an underscore marks nothing.
_LONE_UNDERSCORE = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_ESCAPES = str.maketrans(
    {c: f"\\{c}" for c in "\\`*[]|~"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;", "@": "@<!-- -->", "\n": " "}
)


def render(results: Results) -> Mapping[str, bytes]:
    """The file `report.md`: a summary, one table per metric as far as there is room, and how it was made."""
    found = {corpus: grids(results, corpus) for corpus in results.about.corpora}
    first = ["# Tokenizer comparison", _opening(results)]
    for corpus, metrics in found.items():
        first += [f"## Summary: {_escape(corpus)}", *_summary(results, corpus, metrics)]
    last = _method(results, LIMIT - _length(first))
    room = LIMIT - _length([*first, *last]) - _SPARE
    middle: list[str] = []
    left_out: list[str] = []
    for corpus, metrics in found.items():
        title = f"## By slice: {_escape(corpus)}"
        sections = [(grid.info.name, _by_slice(grid)) for grid in _headline_first(metrics) if len(grid.slices) > 1]
        sections.insert(0, ("the text", _of_text(metrics)))
        for name, section in sections:
            needed = _length([title, section])
            if section and needed <= room:
                middle += [title, section] if title not in middle else [section]
                room -= needed
            elif section:
                left_out.append(name)
    if left_out:
        rest = ", ".join(dict.fromkeys(left_out[:12])) + (", ..." if len(left_out) > 12 else "")
        middle.append(f"No room here for: {_escape(rest)}. They are in `results.csv` and in the HTML report.")
    return {"report.md": ("\n\n".join([*first, *middle, *last]) + "\n").encode("utf-8", "replace")}


def table(header: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """A Markdown table; all but the first `left` columns are aligned to the right."""
    marks = [":--" if i < left else "--:" for i in range(len(header))]
    lines = [header, marks, *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _length(parts: Sequence[str]) -> int:
    return sum(len(part.encode()) + 2 for part in parts)


def _opening(results: Results) -> str:
    about = results.about
    many = "tokenizers" if len(about.tokenizers) != 1 else "tokenizer"
    lines = []
    for name, corpus in about.corpora.items():
        by = ", ".join(_escape(column) for column in corpus.slice_by)
        sliced = f" in {corpus.slices} slices by {by}" if by else ""
        if not corpus.read:
            lines.append(f"{len(about.tokenizers)} {many}, **{_escape(name)}**: no text was read.")
            continue
        line = f"{len(about.tokenizers)} {many} on **{_escape(name)}**: {corpus.documents:,} documents"
        lines.append(f"{line}, {corpus.bytes:,} bytes{sliced}.")
        if corpus.nulls:
            lines.append(f"{sum(corpus.nulls.values()):,} null texts were left out.")
    lines += [f"\n**Note:** {_escape(warning, 400)}." for warning in about.warnings]
    return "\n".join(lines)


def _summary(results: Results, corpus: str, metrics: Sequence[Grid]) -> list[str]:
    found = headline(metrics)
    header = ["tokenizer", "vocabulary", *(_title(grid.info, grid.title) for grid in found)]
    rows = []
    for name, about in results.about.tokenizers.items():
        size = "–" if about.vocabulary_size is None else f"{about.vocabulary_size:,}"
        rows.append([_escape(name), size, *(_cell(grid, grid.cells.get((name, grid.pooled))) for grid in found)])
    passed_over = "yardsticks and what leaves documents out" if results.about.corpora[corpus].skipped else "yardsticks"
    notes = [f"Best in **bold**, {passed_over} not counted. ↑ higher is better, ↓ lower is better."]
    if any(grid.pooled == MACRO for grid in found):
        notes.append("(macro): the mean over the slices that have the figure; the pool of all has none.")
    if any(cell.wide for grid in found for cell in grid.pool):
        notes.append("Small print: 95 % interval, where it is wider than 2 % to either side.")
    reasons = {(grid.info.name, cell.reason) for grid in found for cell in grid.pool if cell.reason}
    notes += [f"– {_escape(name)}: {_escape(reason, 300)}." for name, reason in sorted(reasons)[:8]]
    notes += [
        f"**{_escape(loss.name)} loses text**: {100 * loss.rate:.2g} % of its tokens are the unknown token."
        for loss in losses(results, {grid.info.name: grid for grid in metrics})
    ]
    kept = _rows_within(rows, LIMIT // 2)
    if len(kept) < len(rows):
        notes.append(f"{len(rows) - len(kept)} more tokenizers are in `results.csv`.")
    return [table(header, kept), "  \n".join(notes)]


def _of_text(metrics: Sequence[Grid]) -> str:
    """What does not depend on the tokenizer, once."""
    counts = [grid for grid in metrics if grid.info.name in TEXT_COUNTS and grid.info.unit == "count"]
    if not counts or len(counts[0].slices) < 2:
        return ""
    header = ["slice", *(_escape(grid.info.name) for grid in counts)]
    # of a tokenizer that leaves no document out, or else the fewest
    fullest = max(counts[0].tokenizers, key=lambda t: counts[0].cells.get((t, ALL), Cell(None)).value or 0)
    rows = [
        [_slice(part), *(_cell(grid, grid.cells.get((fullest, part))) for grid in counts)] for part in counts[0].slices
    ]
    return "\n\n".join(["### The text", _folded(table(header, rows), len(rows))])


def _headline_first(metrics: Sequence[Grid]) -> list[Grid]:
    rest = [grid for grid in metrics if grid.info.name not in TEXT_COUNTS]
    return sorted(rest, key=lambda grid: not grid.info.headline)


def _by_slice(grid: Grid) -> str:
    header = ["slice", *(_escape(name) for name in grid.tokenizers)]
    rows = [[_slice(s), *(_cell(grid, grid.cells.get((t, s))) for t in grid.tokenizers)] for s in grid.slices]
    reasons = sorted({f"{s}: {c.reason}" for (_, s), c in grid.cells.items() if c.reason and s not in POOLS})
    parts = [f"### {_title(grid.info)} ({_escape(grid.info.unit)})", _escape(grid.info.definition, 400)]
    return "\n\n".join([*parts, _folded(table(header, rows), len(rows)), *_reasons(reasons)])


def _folded(text: str, rows: int) -> str:
    if rows <= _FOLD:
        return text
    return f"<details><summary>{rows} rows</summary>\n\n{text}\n\n</details>"


def _reasons(reasons: Sequence[str]) -> list[str]:
    if not reasons:
        return []
    more = [f"- and {len(reasons) - 4} more"] if len(reasons) > 4 else []
    return ["Without a figure (–):\n\n" + "\n".join([*(f"- {_escape(r, 300)}" for r in reasons[:4]), *more])]


def _method(results: Results, room: int) -> list[str]:
    about = results.about
    rows = [[_escape(n), _code(t.spec), _code(t.fingerprint), _escape(t.library)] for n, t in about.tokenizers.items()]
    kept = _rows_within(rows, room // 2)
    more = [f"and {len(rows) - len(kept)} more in `run.json`."] if len(kept) < len(rows) else []
    corpora = table(
        ["corpus", "fingerprint", "documents", "bytes"],
        [
            [_escape(n), _code(c.fingerprint), *((f"{c.documents:,}", f"{c.bytes:,}") if c.read else ("–", "–"))]
            for n, c in about.corpora.items()
        ],
        left=2,
    )
    definitions = "\n".join(_definition(info) for info in about.metrics)
    signature = results.table["signature"][0].as_py() if results.table.num_rows else ""
    facts = [f"words: {_escape(about.words)}", f"seed: {about.seed}"]
    facts += [f"baseline: {_escape(about.baseline)}"] if about.baseline else []
    facts += [f"pivot: {_escape(about.pivot)}"] if about.pivot else []
    return [
        "## How it was made",
        f"tokeval {_escape(about.version)}; " + ", ".join(facts) + ".",
        table(["tokenizer", "spec", "fingerprint", "library"], kept, left=4),
        *more,
        corpora,
        "Every figure has a signature in `results.csv`; figures with equal signatures are equal. The first:",
        _code(signature, 1000),
        f"<details><summary>Definitions</summary>\n\n{definitions}\n\n</details>",
    ]


def _rows_within(rows: list[list[str]], room: int) -> list[list[str]]:
    """As many rows as fit into so many bytes."""
    kept = []
    for row in rows:
        room -= sum(len(cell.encode()) + 3 for cell in row) + 2
        if room < 0:
            break
        kept.append(row)
    return kept


def _definition(info: MetricInfo) -> str:
    source = f" *{_escape(info.source, 200)}.*" if info.source else ""
    misleads = f" Mind: {_escape(info.misleads, 400)}" if info.misleads else ""
    return f"- **{_escape(info.name)}** ({_escape(info.unit)}): {_escape(info.definition, 400)}{source}{misleads}"


def _title(info: MetricInfo, title: str | None = None) -> str:
    return f"{_escape(title or info.name)} {ARROWS[info.direction]}".rstrip()


@lru_cache(4096)  # a name stands in the table of every metric
def _slice(name: str) -> str:
    return f"**{name}**" if name in POOLS else _escape(name)


def _cell(grid: Grid, cell: Cell | None) -> str:
    if cell is None or cell.value is None:
        return "–"
    text = shown(cell.value, grid.info.unit)
    small = f" <sub>{interval(cell, grid.info.unit)}</sub>" if cell.wide else ""
    return (f"**{text}**" if cell.best else text) + small


def _escape(text: str, limit: int = 80) -> str:
    """Text as Markdown shows it literally: no table breaks, no markup, no HTML, no mention of a person."""
    return _LONE_UNDERSCORE.sub(r"\\_", clean(text, limit).translate(_ESCAPES))


def _code(text: str, limit: int = 160) -> str:
    return f"`{clean(text, limit).replace('`', chr(39)).replace('|', chr(92) + '|')}`"
