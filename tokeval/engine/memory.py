"""The process's memory: what a batch has given back goes back to the system, so that the peak does not creep up."""

from __future__ import annotations

import ctypes
import os
import sys

import pyarrow as pa

#: Of glibc's mallopt, and from how many bytes on an allocation is mapped on its own and unmapped when it is freed.
_M_MMAP_THRESHOLD, _MAPPED_FROM = -3, 4 << 20


def release_at_once() -> None:
    """Let large buffers leave the process when they are freed; for processes that are ours, not for the library.

    Arrow's default pool and glibc keep freed buffers, each thread its own. With batches of 4 MB, whose parts are freed
    in other threads than made them, that grows with the length of a run. A setting of the user's own stays.
    """
    if "ARROW_DEFAULT_MEMORY_POOL" not in os.environ:
        pa.set_memory_pool(pa.system_memory_pool())
    if sys.platform == "linux" and "MALLOC_MMAP_THRESHOLD_" not in os.environ:
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
        if mallopt is not None:
            mallopt(_M_MMAP_THRESHOLD, _MAPPED_FROM)
