"""The result table as it grows, the figures of one metric after those of another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tokeval.metrics.base import Metric
from tokeval.metrics.columns import Figures
from tokeval.schema import result_schema


class Rows:
    """The columns of the result table, text and numbers apart."""

    def __init__(self) -> None:
        self._texts: dict[str, list[str | None]] = {}
        self._numbers: dict[str, list[npt.NDArray[Any]]] = {}

    def add(self, owners: Sequence[str], corpus: str, metric: Metric, figures: Figures, signed: Sequence[str]) -> None:
        """Add the figures of one metric on one corpus: whose each is, and its signature, beside them."""
        size = len(figures)
        texts: dict[str, Sequence[str | None]] = {
            "tokenizer": owners,
            "corpus": [corpus] * size,
            "slice": figures.slices,
            "metric": [metric.name] * size,
            "unit": [metric.info.unit] * size,
            "reference": figures.references,
            "status": figures.statuses,
            "reason": figures.reasons,
            "signature": signed,
        }
        numbers: dict[str, npt.NDArray[Any]] = {
            "value": np.where(figures.ok, figures.values, np.nan),
            "ci_low": figures.ci[:, 0],
            "ci_high": figures.ci[:, 1],
            "n": figures.n,
            "numerator": figures.numerators,
            "denominator": figures.denominators,
        }
        for name, text in texts.items():
            self._texts.setdefault(name, []).extend(text)
        for name, column in numbers.items():
            self._numbers.setdefault(name, []).append(column)

    def table(self, metadata: Mapping[bytes, bytes]) -> pa.Table:
        """All that was added; numbers that are not there, NaN so far, become null."""
        schema = result_schema().with_metadata(metadata)
        columns = {
            **self._texts,
            **{name: pa.array(np.concatenate(parts), from_pandas=True) for name, parts in self._numbers.items()},
        }
        return pa.Table.from_pydict({name: columns.get(name, []) for name in schema.names}, schema)
