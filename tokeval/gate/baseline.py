"""What figures are held against: another run, or a small sorted file of a repository."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tokeval import signature
from tokeval.errors import GateError, ResultsError
from tokeval.gate.figures import place_of, same_pair
from tokeval.results.store import Row, to_parquet
from tokeval.results.sums import Sums, sums_table
from tokeval.schema import MACRO, Status

FORMAT = "tokeval baseline 1"

_KEYS = ("corpus", "metric", "slice", "tokenizer")
_HINTS = {
    "corpus": "the documents are others: make the baseline again on the corpus of this run",
    "tokeval": "make the baseline again with this version, for instance with --update-baseline",
}


@dataclass(frozen=True)
class Baseline:
    """Figures to compare with, by what they are about, and the sums behind them where there are any."""

    name: str
    rows: Mapping[tuple[str, ...], Sequence[Row]]
    sums: Sums | None = None

    @classmethod
    def of(cls, name: str, rows: Iterable[Row], sums: Sums | None = None) -> Baseline:
        """Rows of a result table, or of a baseline file."""
        by_key: dict[tuple[str, ...], list[Row]] = {}
        for row in rows:
            by_key.setdefault(_key(row, row["tokenizer"]), []).append(row)
        return cls(name, by_key, sums)

    def find(self, row: Row, tokenizer: str, *, pairs: bool) -> Row | str:
        """The figure of a tokenizer that a row is compared with, or why there is none.

        Args:
            row: the figure.
            tokenizer: whose figure to look for.
            pairs: whether the metric has a figure per pair.

        Raises:
            GateError: the two are not comparable; the message names the part of the signatures that differs.
        """
        found = same_pair(self.rows.get(_key(row, tokenizer), ()), row, pairs=pairs)
        if found is None:
            return f"{self.name} has no such figure of {tokenizer}"
        if found["value"] is None:
            return f"{self.name} has it as {found['status']}"
        differing = signature.differing(found["signature"], row["signature"], ignore=signature.COMPARED)
        for part, (there, here) in differing.items():
            raise GateError(
                f"{self.name} is no baseline for {place_of(row)}: their signatures differ in {part}, "
                f"{there or 'none'} there and {here or 'none'} here",
                hint=_HINTS.get(part, "a figure and its baseline may differ in the tokenizer alone"),
            )
        return found


def _key(row: Row, tokenizer: str) -> tuple[str, ...]:
    return (tokenizer, row["corpus"], row["slice"], row["metric"])


def write_baseline(rows: Iterable[Row]) -> bytes:
    """A baseline file: one figure per line, sorted, and what all signatures share said once."""
    kept = [row for row in rows if row["status"] == Status.OK]
    parts = [signature.read(row["signature"]) for row in kept]
    common = dict(sorted(set.intersection(*(set(part.items()) for part in parts)))) if parts else {}
    figures = []
    for row, part in zip(kept, parts, strict=True):
        own = {key: value for key, value in part.items() if key not in common}
        figure: dict[str, Any] = {key: row[key] for key in _KEYS}
        if row["reference"] is not None:
            figure["reference"] = row["reference"]
        figures.append(figure | {"value": row["value"], "signature": signature.write(own)})
    figures.sort(key=lambda figure: [figure.get(key) or "" for key in (*_KEYS, "reference")])
    lines = ",\n".join("    " + json.dumps(figure, ensure_ascii=False) for figure in figures)
    head = json.dumps({"format": FORMAT, "common": common}, indent=2, ensure_ascii=False)
    return f'{head[:-2]},\n  "figures": [\n{lines}\n  ]\n}}\n'.encode()


def write_sums(rows: Iterable[Row], sums: Sums) -> bytes:
    """The sums behind some figures, sorted: what a baseline file needs beside it for paired tests."""
    wanted = set()
    for row in rows:
        tokenizer, corpus, metric = row["tokenizer"], row["corpus"], row["metric"]
        names = sums.slices(tokenizer, corpus, metric) if row["slice"] == MACRO else [row["slice"]]
        wanted |= {(tokenizer, corpus, name, metric) for name in names}
    keys = sorted(wanted)
    found = ((key, sums.get(*key)) for key in keys)
    return to_parquet(sums_table((key, values) for key, values in found if values is not None))


def read_baseline(content: bytes, name: str, sums: Sums | None = None) -> Baseline:
    """The baseline in a file that `write_baseline` made.

    Raises:
        ResultsError: it is no such file.
    """
    try:
        read = json.loads(content)
        if read["format"] != FORMAT:
            raise ResultsError(f"{name} is {read['format']!r}; this tokeval reads {FORMAT!r}")
        common = signature.write(read["common"])
        rows = [
            {
                **{key: str(figure[key]) for key in _KEYS},
                "reference": figure.get("reference"),
                "value": float(figure["value"]),
                "status": str(Status.OK),
                "signature": f"{common}|{figure['signature']}",
            }
            for figure in read["figures"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ResultsError(f"{name} is no baseline file", hint="--update-baseline writes one") from error
    return Baseline.of(name, rows, sums)
