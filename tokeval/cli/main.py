"""The `tokeval` command: its sub-commands, and what a user sees when something goes wrong."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from typing import Annotated

import typer

from tokeval import __version__
from tokeval.cli import cache, check, compare, corpus, diff, gate, inspect, listing, report, vocab
from tokeval.cli.pipe import unread
from tokeval.errors import InterruptedRunError, TokevalError, UsageError

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
    code: object = 0
    try:
        with unread():
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
        code = InterruptedRunError.exit_code
    except OSError as error:  # what no part expects, such as standard output on a full disk
        _complain(_told(error), None)
        code = UsageError.exit_code
    sys.exit(code if isinstance(code, int) else 0)


def _told(error: OSError) -> str:
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}{error.strerror or error}"


def _complain(message: str, hint: str | None) -> None:
    first = " ".join(message.split())
    print(f"error: {first}", file=sys.stderr)
    if hint:
        print(f"hint: {hint}", file=sys.stderr)


def run() -> None:
    """The command as a process of its own: `main`, and then the end at once.

    What the process holds the system takes back whole; Python would take it apart piece by piece, half a second after
    a comparison. What was registered to be done at the end is done, except after an interrupt: worker threads may
    still be deep in a long document, and nothing waits for them.
    """
    try:
        main()
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 0
        if code != InterruptedRunError.exit_code:
            atexit._run_exitfuncs()
        try:
            sys.stdout.flush()
        except BrokenPipeError:  # whoever read has read enough
            pass
        except OSError as error:
            _complain(_told(error), None)
            code = code or UsageError.exit_code
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    run()
