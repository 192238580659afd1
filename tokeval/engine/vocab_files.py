"""The files of `tokeval vocab -o DIR`: tokens stream to disk one vocabulary at a time, all appear at the end."""

from __future__ import annotations

import platform
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tokeval import __version__
from tokeval.engine.api import Render
from tokeval.engine.vocab import vocab
from tokeval.results.store import Results, check_folder, save
from tokeval.tokenizers.load import Spec

TOKENS, USE = "vocabulary.parquet", "token_use.parquet"


def written_to(
    folder: Path, tokenizers: Mapping[str, str], renders: Sequence[Render], **options: Any
) -> tuple[Results, list[Path]]:
    """Describe vocabularies and write what was found.

    Args:
        folder: where results.parquet, run.json, vocabulary.parquet and the reports go; with a corpus token_use.parquet.
        tokenizers: spec strings by name.
        renders: of the report formats wanted.
        options: as `vocab` takes them.

    Returns:
        The results and the paths written.
    """
    check_folder(folder)
    started, clock = datetime.now(UTC), time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="tokeval-") as scratch:
        tables = {name: _Stream(Path(scratch) / name) for name in (TOKENS, USE)}
        try:
            table = vocab(tokenizers, tokens=tables[TOKENS].write, use=tables[USE].write, **options)
        finally:
            for stream in tables.values():
                stream.close()
        results = Results.of(table)
        files: dict[str, bytes | Path] = {n: t.path for n, t in tables.items() if t.path.exists()}
        for render in renders:
            files |= render(results)
        record = {
            "tokeval": __version__,
            "complete": True,
            "started": started.isoformat(timespec="seconds"),
            "platform": platform.platform(),
            "seconds": round(time.perf_counter() - clock, 3),
            "about": asdict(results.about),
        }
        return results, save(folder, table, record, files)


class _Stream:
    """A Parquet file that grows by one table per tokenizer."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer: pq.ParquetWriter | None = None

    def write(self, name: str, spec: Spec, table: pa.Table) -> None:
        del spec
        names = pa.DictionaryArray.from_arrays(pa.array([0] * table.num_rows, pa.int32()), pa.array([name]))
        table = table.add_column(0, "tokenizer", names)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self.path, table.schema, compression="zstd")
        self._writer.write_table(table)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
