"""What a run says while it goes: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from tokeval.engine.plan import Plan

#: What `--progress` takes; auto is a bar on a terminal and lines elsewhere.
STYLES = ("auto", "bar", "lines", "json", "none")
_SECONDS_BETWEEN_LINES = 10.0
#: Columns of a terminal that a bar with sizes and rates takes; a narrower one shows shares and time.
_WIDE = 70
_STAGES = {"load": "loading tokenizers", "scan": "scanning", "compute": "computing figures", "write": "writing"}


def say(line: str) -> None:
    """One line on stderr."""
    print(line, file=sys.stderr)


class Meter:
    """How far a run has come; told by worker threads.

    Attributes:
        stage: what goes on: load, scan, compute.
        totals: bytes of text to scan by tokenizer, about: Parquet footers know the size of encoded columns only, and
            text that repeats is encoded once.
    """

    def __init__(self) -> None:
        self.stage = ""
        self.totals: dict[str, int] = {}
        self._lock = threading.Lock()
        self._began = self._scan_began = time.monotonic()
        self._done: dict[str, int] = {}
        self._timed: dict[str, tuple[int, float]] = {}

    def begin(self, stage: str, totals: Mapping[str, int]) -> None:
        """A stage begins."""
        with self._lock:
            self.stage = stage
            if totals:
                self.totals, self._scan_began = dict(totals), time.monotonic()
        self.changed(True)

    def __call__(self, name: str, size: int, seconds: float) -> None:
        """A tokenizer got through a batch; 0 seconds if it was done by an earlier run."""
        with self._lock:
            self._done[name] = self._done.get(name, 0) + size
            if seconds:
                timed, busy = self._timed.get(name, (0, 0.0))
                self._timed[name] = timed + size, busy + seconds
        self.changed(False)

    def changed(self, stage: bool) -> None:
        """Something happened; what shows it takes it from here."""

    def done(self, name: str) -> int:
        """Bytes of text that a tokenizer is through with."""
        return self._done.get(name, 0)

    def total(self, name: str) -> int | None:
        """Bytes of text that a tokenizer has to get through, about; None once there were more than expected."""
        expected = self.totals[name]
        return expected if self.done(name) <= 1.02 * expected else None

    def rates(self) -> dict[str, float]:
        """MB of text per second of a core's time, encoding and metrics together, by tokenizer."""
        return {name: size / 1e6 / busy for name, (size, busy) in sorted(self._timed.items()) if busy}

    def seconds(self) -> float:
        """Since the run began."""
        return time.monotonic() - self._began

    def seconds_left(self) -> float | None:
        """Of the scan, if its pace lasts; None where nothing can be said."""
        if any(self.total(name) is None for name in self.totals):
            return None
        timed = sum(size for size, _ in list(self._timed.values()))
        left = sum(max(0, total - self.done(name)) for name, total in self.totals.items())
        elapsed = time.monotonic() - self._scan_began
        return left * elapsed / timed if timed else None

    def line(self) -> str:
        """The run in one line."""
        rates = ", ".join(f"{name} {rate:.1f} MB/s" for name, rate in self.rates().items())
        read = max(self._done.values(), default=0) / 1e6
        how = f"per core: {rates}" if rates else "nothing had to be computed again"
        return f"{read:.1f} MB in {self.seconds():.1f} s; {how}"


class _Lines(Meter):
    _last = time.monotonic()

    def changed(self, stage: bool) -> None:
        now = time.monotonic()
        if self.stage == "scan" and not stage and now - self._last >= _SECONDS_BETWEEN_LINES:
            self._last = now
            done, total = sum(map(self.done, self.totals)), sum(self.totals.values())
            left = self.seconds_left()
            read = max(map(self.done, self.totals), default=0) / 1e6
            say(
                f"{self.seconds():.0f} s: "
                + (f"{min(1.0, done / max(1, total)):.0%}, {left:.0f} s left" if left is not None else f"{read:.0f} MB")
                + "".join(f", {name} {rate:.1f} MB/s" for name, rate in self.rates().items())
            )


class _Json(Meter):
    _last = 0.0

    def changed(self, stage: bool) -> None:
        now = time.monotonic()
        if stage or now - self._last >= 1.0:
            self._last = 0.0 if stage else now  # the first batch is told at once
            self.write("stage" if stage else "progress")

    def write(self, event: str) -> None:
        rates, left = self.rates(), self.seconds_left()
        tokenizers = {
            name: {
                "bytes": self.done(name),
                "total_bytes": self.total(name),
                "mb_per_s": round(rates[name], 3) if name in rates else None,
            }
            for name in self.totals
        }
        record = {
            "event": event,
            "stage": self.stage,
            "seconds": round(self.seconds(), 3),
            "seconds_left": None if left is None else round(left, 1),
            "tokenizers": tokenizers,
        }
        say(json.dumps(record, ensure_ascii=False))


class _Bar(Meter):
    def __init__(self, bars: Bars) -> None:
        super().__init__()
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def changed(self, stage: bool) -> None:
        if stage:
            for task in self._tasks.values():
                self._bars.remove_task(task)
            scanned = {name: total for name, total in self.totals.items() if self.stage == "scan" and total}
            self._tasks = {
                name: self._bars.add_task(_plain(name), total=total, size="", rate="")
                for name, total in scanned.items()
            } or {"": self._bars.add_task(_STAGES.get(self.stage, self.stage), total=None, size="", rate="")}
            return
        rates = self.rates()
        for name, task in self._tasks.items():
            if name:
                done, total = self.done(name), self.total(name)
                size = f"{done / 1e6:.0f}" + (f"/{total / 1e6:.0f} MB" if total is not None else " MB")
                rate = f"{rates[name]:.1f} MB/s" if name in rates else ""
                if total is None:  # a bar without an end; `update` takes None for no change
                    next(t for t in self._bars.tasks if t.id == task).total = None
                self._bars.update(task, completed=min(done, total or done), size=size, rate=rate)


@contextmanager
def show(plan: Plan, *, style: str, quiet: bool) -> Iterator[Meter]:
    """A meter to be told of stages and batches, that shows them on stderr.

    Raises:
        UsageError: there is no such style.
    """
    from tokeval.errors import UsageError, suggest

    if style not in STYLES:
        raise UsageError(f"there is no --progress {style}", hint=suggest(style, STYLES))
    if style == "auto":
        style = "bar" if sys.stderr.isatty() else "lines"
    if quiet or style == "none":
        yield Meter()
    elif style == "json":
        records = _Json()
        yield records
        records.write("end")
    else:
        rows = sum(piece.rows for corpus in plan.corpora for piece in corpus.pieces)
        corpora = ", ".join(corpus.name for corpus in plan.corpora)
        say(f"comparing {', '.join(name for name, _ in plan.tokenizers)} on {corpora} ({rows:,} rows)")
        if not _compiled():
            say("the first run compiles its inner loops, which takes up to a minute; later runs start at once")
        if style == "lines":
            meter: Meter = _Lines()
            yield meter
        else:
            with _bars() as bars:
                meter = _Bar(bars)
                yield meter
        say(meter.line())


def _compiled() -> bool:
    """Whether compiled loops lie in the cache beside the package, or where numba was told to put them."""
    folders = [Path(__file__).resolve().parent.parent, *map(Path, filter(None, [os.environ.get("NUMBA_CACHE_DIR")]))]
    return any(next(folder.rglob("*.nbi"), None) is not None for folder in folders)


def _bars() -> Bars:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.table import Column

    console = Console(stderr=True)
    name = TextColumn("{task.description}", table_column=Column(no_wrap=True, overflow="ellipsis", ratio=2))
    size = TextColumn("{task.fields[size]}", table_column=Column(no_wrap=True, justify="right"))
    rate = TextColumn("{task.fields[rate]}", table_column=Column(no_wrap=True, justify="right"))
    bar = BarColumn(bar_width=None, table_column=Column(ratio=3))
    narrow, wide = (name, size, TimeElapsedColumn()), (name, bar, size, rate, TimeRemainingColumn())
    return Progress(*(wide if console.width >= _WIDE else narrow), console=console, transient=True, expand=True)


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)
