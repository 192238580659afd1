"""`tokeval cache`: the states that are kept between runs."""

from __future__ import annotations

import typer

app = typer.Typer(help="The states that earlier comparisons left, so that a further one computes only what is new.")


@app.command("info")
def info() -> int:
    """Say where the cache lies, what it holds and what it may hold."""
    from tokeval.engine.cache import LIMIT, StateCache, cache_folder

    usage = StateCache(cache_folder()).usage()
    print(f"{usage.folder}: {usage.files} states, {usage.bytes / 1e6:.1f} MB of at most {LIMIT / 1e6:.0f} MB")
    return 0


@app.command("clear")
def clear() -> int:
    """Remove every state; nothing is lost but time."""
    from tokeval.engine.cache import StateCache, cache_folder

    usage = StateCache(cache_folder()).clear()
    print(f"{usage.folder}: removed {usage.files} states, {usage.bytes / 1e6:.1f} MB")
    return 0
