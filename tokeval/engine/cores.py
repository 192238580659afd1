"""How many cores there are, and how they are shared with the tokenizer libraries."""

from __future__ import annotations

import os


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def share_cores(jobs: int) -> None:
    """Keep the libraries' own threads within `jobs`; to be called before a tokenizer is loaded.

    A setting of the user's own stays.
    """
    os.environ.setdefault("RAYON_NUM_THREADS", str(jobs))
