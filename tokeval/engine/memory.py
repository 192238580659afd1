"""The process's memory: what batches need is taken once and used again, and grows little with the length of a run."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from collections.abc import Callable

from tokeval.engine.cores import cores

#: Of glibc's mallopt: trim, map and arenas.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
#: From which size on memory is mapped by itself, and how much of what was freed is kept: for batch after batch, and
#: for a few large tables. A batch's arrays are mostly of 1 to 10 MB, the tables of a fast path's caches larger. With 8
#: and 32 MB, 5 GB of text took 2.9 million page faults and 15 s of the system's time where it takes 1.4 million and
#: 9.6 s; keeping 64 MB saves two seconds more, and now and then a run grows by a fifth.
_LARGE = {True: (16 << 20, 48 << 20), False: (8 << 20, 32 << 20)}
_POOL = "ARROW_DEFAULT_MEMORY_POOL"


def reuse_buffers(*, batches: bool = True) -> None:
    """Let freed buffers be used again by whichever thread; for processes that are ours, not for the library.

    Left to itself, glibc maps each array of a batch anew, and the system clears its pages one by one: an eighth to a
    quarter of the time of a fast scan. And with an arena for each thread, as Arrow's default pool has too, memory
    grows with the length of a run, for what one thread has freed another does not find. Nor is glibc good for Arrow's
    buffers where batch comes after batch: with jemalloc the process took 830 MB after 5 GB of text instead of 1,072
    (they are aligned to 64 bytes, and it seems that small objects take what glibc cuts off for that, so that the gap
    that a buffer leaves is too small for the next of its size). A setting of the user's own stays.

    Args:
        batches: whether batch will come after batch. A few large tables are better in glibc's memory, which
            `give_back` reaches: 440 to 480 MB instead of 530 to 550 for 256,000 tokens.
    """
    if _POOL not in os.environ:
        _choose_pool(batches)
    if sys.platform != "linux":
        return
    mallopt, (mapped, kept) = _of_libc("mallopt"), _LARGE[batches]
    settings = {
        "MALLOC_ARENA_MAX": (_M_ARENA_MAX, cores()),
        "MALLOC_MMAP_THRESHOLD_": (_M_MMAP_THRESHOLD, mapped),
        "MALLOC_TRIM_THRESHOLD_": (_M_TRIM_THRESHOLD, kept),
    }
    for name, (option, value) in settings.items():
        if mallopt is not None and name not in os.environ:
            mallopt(option, value)


def _choose_pool(batches: bool) -> None:
    """Have Arrow take its memory from jemalloc for batches, where its wheels bring that, else from the system."""
    usual = batches and sys.platform == "linux" and platform.machine() == "x86_64"
    os.environ[_POOL] = "jemalloc" if usual else "system"
    import pyarrow as pa  # hears the setting while it is loaded; the only way to say where Parquet's pages go

    del os.environ[_POOL]
    known = usual and "jemalloc" in pa.supported_memory_backends()
    pa.set_memory_pool(pa.jemalloc_memory_pool() if known else pa.system_memory_pool())  # if it was loaded before


def give_back() -> None:
    """Hand freed memory back to the system now, so that what is taken next does not come on top of it."""
    trim = _of_libc("malloc_trim") if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def _of_libc(name: str) -> Callable[..., int] | None:
    """A function of glibc; None where the system's library, such as musl, has none of that name."""
    return getattr(ctypes.CDLL(None), name, None)
