"""Work beside the main thread, for what holds no GIL: libraries that load, kernels, files."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def aside(work: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> Future[T]:
    """Begin some work in a thread of its own; its result, or what it raised, when that is asked for."""
    thread = ThreadPoolExecutor(1)
    begun = thread.submit(work, *arguments, **options)
    thread.shutdown(wait=False)  # it ends with the work
    return begun
