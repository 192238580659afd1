"""One text as several tokenizers cut it: aligned on a terminal, and as a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, TextIO

from tokeval.report.cuts import Piece, pieces
from tokeval.report.values import clean, visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_NAME = 16
_SHADES = ("black on #8fd3c8", "black on #f0c48a", "black on #b3c2f0", "black on #e3b0cd", "black on #c5d796")
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Token:
    """A token as it is listed."""

    id: int
    piece: str
    data: bytes
    text: str


@dataclass(frozen=True)
class Cut:
    """A text as one tokenizer cuts it.

    Attributes:
        name: the tokenizer's.
        ids: the tokens.
        starts: first UTF-8 byte of each token in the text; None where the tokenizer gives no spans.
        ends: the byte after the last of each token.
        spelled: the tokens as the tokenizer's file has them; empty if it declares no vocabulary.
    """

    name: str
    text: str
    ids: Sequence[int]
    starts: Sequence[int] | None
    ends: Sequence[int] | None
    spelled: Sequence[str] = ()

    @cached_property
    def pieces(self) -> list[Piece]:
        """Whole characters with the tokens in them; none without spans."""
        return pieces(self.text, self.starts, self.ends) if self.starts is not None and self.ends is not None else []

    @property
    def tokens(self) -> list[Token]:
        """Every token with its bytes; one inside a character is told as its place in it, `日 2/3`."""
        data = self.text.encode()
        said = {i: visible(p.text) if not p.split else f"{visible(p.text)} {k}/{len(p.tokens)}"
                for p in self.pieces for k, i in enumerate(p.tokens, 1)}  # fmt: skip
        spelled = self.spelled or [""] * len(self.ids)
        spans = zip(self.starts or [], self.ends or [], strict=True)
        covered = [data[start:end] for start, end in spans] or [b""] * len(self.ids)
        return [
            Token(one, clean(piece), part, said.get(i, ""))
            for i, (one, piece, part) in enumerate(zip(self.ids, spelled, covered, strict=True))
        ]


def print_cuts(text: str, cuts: Sequence[Cut], stream: TextIO, *, brief: bool = False) -> None:
    """The cuts under one another, aligned by character; then, unless brief, every token with id and bytes."""
    from rich.text import Text

    from tokeval.report.console import make_console

    console = make_console(stream)
    segments = _segments(text, cuts)
    spanned = [cut for cut in cuts if cut.pieces]
    marks = {cut.name: {piece.end: len(piece.tokens) for piece in cut.pieces if piece.split} for cut in spanned}
    widths = [
        max(_cells(visible(part)) + max((_cells(_count(m.get(end))) for m in marks.values()), default=0), 1)
        for part, end in segments
    ]
    for first, last in _lines(widths, console.width - _NAME - 3):
        for cut in spanned:
            line = Text(_name(cut.name))
            _aligned(line, cut, segments, widths, first, last)
            console.print(line, overflow="ignore", crop=False, soft_wrap=True)
        console.print()
    for cut in cuts:
        console.print(Text(f"{clean(cut.name)}: {_counted(len(cut.ids), 'token')}", style="bold"))
        if cut.starts is None:
            console.print(Text("  gives no spans: ids " + " ".join(map(str, cut.ids))))
        elif not brief:
            _print_list(console, cut)


def render_page(text: str, cuts: Sequence[Cut]) -> bytes:
    """The same as an HTML page that needs no network and no script."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("tokeval.report", "page")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters |= {"clean": clean, "visible": visible}
    style = (files("tokeval.report") / "page" / "style.css").read_text("utf-8")
    page = environment.get_template("tokens.html.j2").render(text=text, cuts=cuts, style=style)
    return page.encode("utf-8", "replace")


def _segments(text: str, cuts: Sequence[Cut]) -> list[tuple[str, int]]:
    """The text between all tokenizers' boundaries, each part with the byte at which it ends."""
    data = text.encode()
    borders = sorted({0, len(data), *(piece.end for cut in cuts for piece in cut.pieces)})
    return [(data[start:end].decode(), end) for start, end in pairwise(borders)]


def _lines(widths: Sequence[int], room: int) -> list[tuple[int, int]]:
    """Ranges of segments that fit on a line; each takes a column more for the boundary."""
    made: list[tuple[int, int]] = []
    first, used = 0, 0
    for i, width in enumerate(widths):
        if used and used + width + 1 > room:
            made.append((first, i))
            first, used = i, 0
        used += width + 1
    return [*made, (first, len(widths))] if widths else made


def _aligned(
    line: Text, cut: Cut, segments: Sequence[tuple[str, int]], widths: Sequence[int], first: int, last: int
) -> None:
    """One line of a cut: a bar after each of its pieces, a raised count where a piece has cuts inside characters."""
    ends = [piece.end for piece in cut.pieces]
    at = sum(end < segments[first][1] for end in ends)
    for i in range(first, last):
        part, end = segments[i]
        piece = cut.pieces[min(at, len(ends) - 1)]
        closes = end == piece.end
        shown = visible(part) + (_count(len(piece.tokens)) if closes and piece.split else "")
        style = _SHADES[at % len(_SHADES)] if piece.tokens else "dim"
        line.append(shown + " " * (widths[i] - _cells(shown)), style=style)
        line.append("│" if closes else " ", style="" if closes else style)
        at += closes


def _print_list(console: Console, cut: Cut) -> None:
    table = _listing()
    for i, token in enumerate(cut.tokens):
        table.add_row(*map(_plain, (str(i), str(token.id), token.data.hex(" ") or "–", token.text, token.piece)))
    console.print(table)


def _listing() -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("#", "id"):
        table.add_column(name, justify="right")
    for name in ("bytes", "text", "as in the file"):
        table.add_column(name, overflow="fold")
    return table


def _plain(text: str) -> Text:
    from rich.text import Text

    return Text(text)


def _name(name: str) -> str:
    shown = clean(name, 80)
    while _cells(shown) > _NAME:
        shown = shown[:-2] + "…"
    return shown + " " * (_NAME - _cells(shown) + 1) + "│"


def _count(tokens: int | None) -> str:
    return str(tokens).translate(_SUPERSCRIPTS) if tokens else ""


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _cells(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)
