"""A report as blocks (headings, paragraphs, tables, drawings), written once and rendered as Markdown and as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from tokeval.report.markdown import table as markdown_table

_MARKUP = str.maketrans({c: f"\\{c}" for c in "\\`*[]|_"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;"})


@dataclass(frozen=True)
class Heading:
    """A heading of level 1 to 3."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """Plain text; nothing in it is markup."""

    text: str


@dataclass(frozen=True)
class Drawing:
    """Lines of text whose columns matter, and the same as SVG for pages."""

    text: str
    svg: str = ""


@dataclass(frozen=True)
class Cell:
    """A figure as text; `share` from 0 to 1 is drawn behind it on pages."""

    text: str
    share: float | None = None


@dataclass(frozen=True)
class Table:
    """Rows of cells; the first `left` columns hold names. A `folded` title hides it until asked for."""

    header: Sequence[str]
    rows: Sequence[Sequence[Cell | str]]
    left: int = 1
    folded: str = ""


Block = Heading | Paragraph | Drawing | Table


def as_markdown(blocks: Iterable[Block]) -> str:
    """The blocks as Markdown."""
    return "\n\n".join(_markdown(block) for block in blocks) + "\n"


def as_html(title: str, blocks: Iterable[Block]) -> str:
    """The blocks as one page that needs no network and runs nothing."""
    body = "\n".join(_html(block) for block in blocks)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<style>{_STYLE}</style></head><body><main>\n{body}\n</main></body></html>\n"
    )


def _markdown(block: Block) -> str:
    if isinstance(block, Heading):
        return f"{'#' * block.level} {_plain(block.text)}"
    if isinstance(block, Paragraph):
        return _plain(block.text)
    if isinstance(block, Drawing):
        return f"```\n{_visible(block.text).replace('```', '` ` `')}\n```"
    text = markdown_table(
        [_plain(h) for h in block.header], [[_plain(_text(c)) for c in row] for row in block.rows], block.left
    )
    return f"<details><summary>{_plain(block.folded)}</summary>\n\n{text}\n\n</details>" if block.folded else text


def _html(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h{block.level}>{escape(_visible(block.text))}</h{block.level}>"
    if isinstance(block, Paragraph):
        return f"<p>{escape(_visible(block.text))}</p>"
    if isinstance(block, Drawing):
        return block.svg or f"<pre>{escape(_visible(block.text))}</pre>"
    head = "".join(f'<th scope="col">{escape(_visible(h))}</th>' for h in block.header)
    rows = "\n".join(
        "<tr>" + "".join(_html_cell(cell, k < block.left) for k, cell in enumerate(row)) + "</tr>" for row in block.rows
    )
    text = f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>\n{rows}\n</tbody></table></div>'
    if block.folded:
        return f"<details><summary>{escape(_visible(block.folded))}</summary>{text}</details>"
    return text


def _html_cell(cell: Cell | str, name: bool) -> str:
    text = escape(_visible(_text(cell)))
    if name:
        return f'<th scope="row">{text}</th>'
    if isinstance(cell, Cell) and cell.share is not None:
        return f'<td style="--share:{100 * cell.share:.4g}%">{text}</td>'
    return f"<td>{text}</td>"


def _text(cell: Cell | str) -> str:
    return cell.text if isinstance(cell, Cell) else cell


def _visible(text: str) -> str:
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


def _plain(text: str) -> str:
    return _visible(text).translate(_MARKUP)


_STYLE = """
:root{color-scheme:light dark;--ink:#1b1b1f;--paper:#fff;--line:#c9ccd4;--bar:#bcd4f2}
@media (prefers-color-scheme:dark){:root{--ink:#e6e6ea;--paper:#16171b;--line:#44474f;--bar:#2c4a70}}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:75rem;margin:0 auto;padding:1.5rem}
h1{font-size:1.6rem}h2{margin-top:2.2rem;border-bottom:1px solid var(--line)}
p{max-width:50rem}pre{overflow-x:auto;line-height:1.25}
.scroll{overflow-x:auto;max-height:36rem;overflow-y:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.15rem .6rem;border-bottom:1px solid var(--line);white-space:nowrap}
td{text-align:right;background:linear-gradient(to right,var(--bar) var(--share,0%),transparent var(--share,0%))}
th{text-align:left}thead th+th{text-align:right}
thead th{position:sticky;top:0;background:var(--paper);vertical-align:bottom}
svg text{fill:var(--ink);font:13px system-ui,sans-serif}svg path{stroke:var(--ink);fill:none}
details{margin:.6rem 0}summary{cursor:pointer}
"""
