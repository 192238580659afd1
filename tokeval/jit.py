"""Compiled kernels: one decorator, so that the compiler's settings are stated once.

Kernels are compiled on first use and cached on disk; they hold no GIL, so worker threads run them in parallel.
Import a kernel module only inside a function: numba takes longer to import than `tokeval --help` may. Kernels of the
default metrics make no array and slice none, they are handed room: what numba has for arrays takes 40 ms to import.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numba
from numba.core.caching import FunctionCache
from numba.core.runtime.nrt import rtsys


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile `function` with numba on its first call (cached, no GIL, wrap-around integers)."""
    made: Any = numba.njit(nogil=True)(function)
    made._cache = _Cache(function)  # type: ignore[no-untyped-call]
    # What other packages teach the compiler (importing themselves to do so) is in no kernel of ours.
    made._compilation_chain_init_hook = _nothing
    return cast("Callable[..., Any]", made)


def plain(compiled: Any) -> Callable[..., Any]:
    """The Python function of a kernel, for a few calls that are not worth compiling it."""
    return cast("Callable[..., Any]", compiled.py_func)


class _Cache(FunctionCache):
    """Numba's cache on disk, which loads machine code without reading in first all that numba could compile.

    That takes half a second at the first kernel. A kernel that is not in the cache is compiled, and the compiler reads
    it in itself.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        rtsys.initialize(target_context)  # the allocator that kernels are linked with
        try:
            with self._guard_against_spurious_io_errors():
                return self._load_overload(sig, target_context)  # type: ignore[no-untyped-call]
        except Exception:  # a damaged file, or one of another place: None has it compiled and written again
            return None


def _nothing() -> None:
    pass
