"""The files of `tokeval vocab -o DIR`: tokens stream to disk one vocabulary at a time, all appear at the end."""

from __future__ import annotations

import csv
import io
import platform
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tokeval import __version__
from tokeval.corpus.places import find, is_remote
from tokeval.engine.vocab import vocab
from tokeval.results.cells import inert
from tokeval.results.store import TOKENS, VOCAB, Results, check_folder, check_inputs, save
from tokeval.tokenizers.load import Spec, parse_spec, places_of
from tokeval.vocabulary.reach import NOT_PRODUCED, UNREACHABLE

if TYPE_CHECKING:
    from tokeval.engine.run import Render

USE, DOUBTFUL = "token_use.parquet", "unreachable.csv"


def written_to(
    folder: Path, tokenizers: Mapping[str, str], renders: Sequence[Render], **options: Any
) -> tuple[Results, list[Path]]:
    """Describe vocabularies and write what was found.

    Args:
        folder: where results.parquet, run.json, vocabulary.parquet (a row per token), unreachable.csv and the reports
            go; with a corpus token_use.parquet too.
        tokenizers: spec strings by name.
        renders: of the report formats wanted.
        options: as `vocab` takes them.

    Returns:
        The results and the paths written.

    Raises:
        ResultsError: the folder cannot be written to, or holds the results of a comparison.
        UsageError: the results would overwrite what is read.
    """
    check_folder(folder, VOCAB)
    places = [place for spec in tokenizers.values() for place in places_of(parse_spec(spec))]
    for corpus in (options.get("corpora") or {}).values():
        places += [] if is_remote(corpus) else [file.path for file in find(corpus, (".parquet",))[0]]
    check_inputs(folder, map(Path, places))
    started, clock = datetime.now(UTC), time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="tokeval-") as scratch:
        tables = {name: _Stream(Path(scratch) / name) for name in (TOKENS, USE)}
        doubtful = ["tokenizer,id,answer,kind,bytes,piece\r\n"]

        def take(name: str, spec: Spec, table: pa.Table) -> None:
            tables[TOKENS].write(name, spec, table)
            doubtful.extend(_doubtful(name, table))

        try:
            table = vocab(tokenizers, tokens=take, use=tables[USE].write, **options)
        finally:
            for stream in tables.values():
                stream.close()
        results = Results.of(table)
        files: dict[str, bytes | Path] = {n: t.path for n, t in tables.items() if t.path.exists()}
        files[DOUBTFUL] = "".join(doubtful).encode()
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


def _doubtful(name: str, tokens: pa.Table) -> Iterator[str]:
    """A line per token that no text was seen to produce; a piece cannot start a formula in a spreadsheet."""
    if "reach" not in tokens.column_names:
        return
    chosen = tokens.filter(pc.is_in(tokens["reach"].cast(pa.string()), pa.array([NOT_PRODUCED, UNREACHABLE])))
    for row in chosen.select(["id", "reach", "kind", "bytes", "piece"]).to_pylist():
        line = io.StringIO()
        piece = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in row["piece"])
        safe = inert(piece)
        csv.writer(line).writerow([name, row["id"], row["reach"], row["kind"], row["bytes"].hex(), safe])
        yield line.getvalue()


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
            # a dictionary of texts that are all different takes time and room
            named = [column.name for column in table.schema if pa.types.is_dictionary(column.type)]
            self._writer = pq.ParquetWriter(self.path, table.schema, compression="zstd", use_dictionary=named)
        self._writer.write_table(table)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
