"""`tokeval inspect`: how each tokenizer cuts a text."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tokeval.cli import options

if TYPE_CHECKING:
    from tokeval.report.tokens import Cut
    from tokeval.tokenizers.base import Tokenizer


def command(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The text; - reads it from standard input.")],
    tokenizer: Annotated[list[str], options.tokenizers()],
    brief: Annotated[bool, typer.Option("--brief", help="No list of ids and bytes.")] = False,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it as an HTML page too.")] = None,
    trust_remote_code: Annotated[bool, options.trust_remote_code()] = False,
    no_color: options.NoColor = False,
) -> int:
    """Show how each tokenizer cuts a text, aligned: a bar at each boundary, ids and bytes of every token.

    A raised number says that so many tokens share the characters before it: there are boundaries inside them.
    """
    del no_color  # its callback has seen to it
    from tokeval.cli.parse import pairs
    from tokeval.cli.progress import say
    from tokeval.errors import UsageError
    from tokeval.report.tokens import print_cuts, render_page
    from tokeval.results.store import write_file
    from tokeval.tokenizers.load import check_name, load_tokenizer

    try:
        if text == "-":
            text = sys.stdin.buffer.read().decode()
        text.encode()
    except UnicodeError as error:
        raise UsageError("the text is not valid UTF-8") from error
    if html is not None and html.is_dir():
        raise UsageError(f"{html} is a folder", hint="name a file with --html")
    named = pairs(tokenizer, "-t")
    cuts = [
        _cut(check_name(name), load_tokenizer(spec, trust_remote_code=trust_remote_code), text)
        for name, spec in named.items()
    ]
    print_cuts(text, cuts, sys.stdout, brief=brief)
    if html is not None:
        write_file(html, render_page(text, cuts))
        say(f"wrote {html}")
    return 0


def _cut(name: str, tokenizer: Tokenizer, text: str) -> Cut:
    from tokeval.arrow import text_array
    from tokeval.report.tokens import Cut
    from tokeval.schema import VOCABULARY
    from tokeval.tokenizers.encode import Encoder

    found = Encoder(name, tokenizer, spans=True).encode(text_array([text]))
    ids = found.ids.tolist()
    spelled: list[str] = []
    if VOCABULARY in tokenizer.capabilities:
        table = tokenizer.entries
        pieces = dict(zip(table["id"].to_pylist(), table["piece"].to_pylist(), strict=True))
        spelled = [pieces.get(one) or "" for one in ids]
    starts, ends = (None if side is None else side.tolist() for side in (found.starts, found.ends))
    return Cut(name, text, ids, starts, ends, spelled)
