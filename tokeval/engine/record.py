"""What `run.json` says of a run, beside its results."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import version
from typing import Any

from tokeval import __version__
from tokeval.engine.plan import Plan
from tokeval.metrics.linguistic.material import Loaded
from tokeval.results.store import Results
from tokeval.tokenizers.encode import Encoder

_PACKAGES = ("pyarrow", "numpy", "numba", "tokenizers", "sentencepiece", "tiktoken")


def run_record(
    plan: Plan,
    results: Results,
    material: Loaded,
    *,
    engine: str,
    jobs: int,
    started: datetime,
    seconds: Mapping[str, float],
    accelerations: Mapping[str, Any],
    cached: Mapping[str, Any],
) -> dict[str, Any]:
    """The record, as JSON values.

    Args:
        plan: what was computed; `reference` names the tokenizers whose fast path was dropped, too.
        results: what came of it.
        material: what was read for the linguistic metrics.
        engine: who ran it.
        jobs: on how many cores.
        started: when.
        seconds: what each stage took, by name.
        accelerations: by tokenizer, what became of its fast path.
        cached: by corpus, the tokenizers that earlier runs had computed.
    """
    return {
        "tokeval": __version__,
        "complete": True,
        "started": started.isoformat(timespec="seconds"),
        "plan": plan_record(plan),
        "plan_digest": plan.digest,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}},
        "platform": platform.platform(),
        "engine": engine,
        "accelerations": dict(accelerations),
        "warnings": results.about.warnings,
        "skipped": {name: corpus.skipped for name, corpus in results.about.corpora.items()},
        "linguistic": material.record(),
        "jobs": jobs,
        "cached": dict(cached),
        "seconds": {stage: round(spent, 3) for stage, spent in seconds.items()},
        "about": asdict(results.about),
    }


def plan_record(plan: Plan) -> dict[str, object]:
    """The plan as JSON values."""
    record: dict[str, object] = json.loads(json.dumps(asdict(plan), default=str))
    return record


def acceleration(encoder: Encoder) -> dict[str, object]:
    """What became of a tokenizer's fast path."""
    if encoder.accelerator is None:
        return {"path": None, "checked": 0, "dropped": False, "reason": "not asked for"}
    return encoder.accelerator.record()
