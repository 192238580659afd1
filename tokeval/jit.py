"""Compiled kernels: one decorator, so that the compiler's settings are stated once.

Kernels are compiled on first use and cached on disk; they hold no GIL, so worker threads run them in parallel.
Import a kernel module only inside a function: numba takes longer to import than `tokeval --help` may.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numba


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile `function` with numba on its first call (cached, no GIL, wrap-around integers)."""
    return cast("Callable[..., Any]", numba.njit(cache=True, nogil=True)(function))
