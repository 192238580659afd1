"""The `tokeval` command: its sub-commands, and what a user sees when something goes wrong."""

from __future__ import annotations

import gc
import os
import sys
from typing import Annotated

import typer

from tokeval import __version__
from tokeval.cli import cache, check, compare, corpus, diff, gate, inspect, listing, report, vocab
from tokeval.errors import TokevalError

app = typer.Typer(
    name="tokeval",
    help="Compare tokenizers on your own text: comparable, citable figures that can gate a CI.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("compare")(compare.command)
app.command("inspect")(inspect.command)
app.command("vocab")(vocab.command)
app.command("check")(check.command)
app.command("report")(report.command)
app.command("diff")(diff.command)
app.command("gate")(gate.command)
app.command("list")(listing.command)
app.add_typer(corpus.app, name="corpus")
app.add_typer(cache.app, name="cache")

INTERRUPTED = 130
#: New objects between two searches for garbage in cycles. Vocabularies are millions of objects that live on and hold no
#: cycles: with Python's 700, going through them again and again was a third of the time of `tokeval vocab`.
_OBJECTS = 100_000


def _version(wanted: bool) -> None:
    if wanted:
        print(f"tokeval {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    del version


def main() -> None:
    """Run the command line; errors are one line and a hint on stderr, with an exit code by kind."""
    gc.set_threshold(_OBJECTS)
    try:
        code = app(standalone_mode=False)
    except TokevalError as error:
        _complain(error.message, error.hint)
        code = error.exit_code
    except typer.TyperException as error:
        message = error.format_message()
        if message:  # empty where help was printed because nothing was asked
            _complain(message[:1].lower() + message[1:].rstrip("."), "see tokeval --help, or tokeval COMMAND --help")
        code = error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        _complain("interrupted; nothing was written", None)
        code = INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        code = 0
    if code == INTERRUPTED:  # worker threads may still be deep in a long document: nothing waits for them
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(INTERRUPTED)
    sys.exit(code if isinstance(code, int) else 0)


def _complain(message: str, hint: str | None) -> None:
    first = " ".join(message.split())
    print(f"error: {first}", file=sys.stderr)
    if hint:
        print(f"hint: {hint}", file=sys.stderr)


if __name__ == "__main__":
    main()
