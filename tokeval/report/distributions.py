"""How tokens are distributed: frequencies by rank; in vocabularies lengths and scripts. Pictures and tables."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from tokeval.report import charts
from tokeval.report.values import clean
from tokeval.results.store import Results
from tokeval.schema import ALL, SPECIAL, UNUSED

_LONGEST = 16  # longer tokens stand together, as in `tokens_by_bytes`
_SCRIPTS = 12
_OTHERS = "others"

#: Counts by tokenizer and label.
Counts = dict[str, dict[str, int]]


@dataclass(frozen=True)
class Picture:
    """Pictures by caption (no caption where there is one), and the table behind them.

    Attributes:
        header: names of the columns after the tokenizer.
        rows: a tokenizer and its cells as text.
    """

    drawn: list[tuple[str, str]]
    header: list[str]
    rows: list[tuple[str, list[str]]]


def frequencies(results: Results, corpus: str) -> Picture | None:
    """The share of all tokens that the token of each rank has; None without `frequencies.parquet`."""
    table = results.beside.get("frequencies")
    if table is None or not {"tokenizer", "corpus", "slice", "rank", "share"} <= set(table.column_names):
        return None
    found: dict[str, dict[int, float]] = {name: {} for name in results.about.tokenizers}
    for row in table.to_pylist():
        if row["corpus"] == corpus and row["slice"] == ALL and row["share"] > 0 and row["tokenizer"] in found:
            found[row["tokenizer"]][row["rank"]] = row["share"]
    found = {name: shares for name, shares in found.items() if len(shares) > 1}
    if not found:
        return None
    ranks = [10**k for k in range(7) if any(10**k in shares for shares in found.values())]
    rows = [
        (name, [*(_percent(shares.get(rank)) for rank in ranks), f"{max(shares):,}"]) for name, shares in found.items()
    ]
    said = {name: ", ".join(f"rank {r:,} {_percent(s[r])}" for r in ranks if r in s) for name, s in found.items()}
    series = {name: [(float(rank), share) for rank, share in sorted(s.items())] for name, s in found.items()}
    drawn = charts.curves(series, said, x="rank", y="share of tokens", log=True)
    return Picture(drawn, [*(f"rank {rank:,}" for rank in ranks), "distinct tokens"], rows)


def lengths(results: Results) -> Picture | None:
    """The share of ids of each length in bytes; None without a run of `tokeval vocab`."""
    counts = _counts(results, "tokens_by_bytes")
    labels = [*map(str, range(1, _LONGEST + 1)), f"{_LONGEST + 1}+"]
    if not counts:
        return None
    shares = _shares(counts)
    rows = [(name, [_percent(mine.get(label, 0.0)) for label in labels]) for name, mine in shares.items()]
    said = {
        name: ", ".join(f"{label} bytes {_percent(mine.get(label, 0.0))}" for label in labels)
        for name, mine in shares.items()
    }
    series = {
        name: [(float(k + 1), mine.get(label, 0.0)) for k, label in enumerate(labels)] for name, mine in shares.items()
    }
    drawn = charts.curves(series, said, x=f"bytes ({_LONGEST + 1} and more together)", y="share of ids")
    return Picture(drawn, labels, rows)


def scripts(results: Results) -> Picture | None:
    """The share of ids of the commonest scripts; None without a run of `tokeval vocab`."""
    shares = _shares(_counts(results, "tokens_by_script"))
    if not shares:
        return None
    total: dict[str, float] = {}
    for mine in shares.values():
        for script, share in mine.items():
            total[script] = total.get(script, 0.0) + share
    labels = sorted(total, key=lambda script: (-total[script], script))
    shown, rest = labels[:_SCRIPTS], labels[_SCRIPTS:]
    if rest:
        shown = [*shown, _OTHERS]
        shares = {n: {**mine, _OTHERS: sum(mine.get(s, 0.0) for s in rest)} for n, mine in shares.items()}
    rows = [(name, [_percent(mine.get(script, 0.0)) for script in shown]) for name, mine in shares.items()]
    picture = charts.shading(shares, shown, {name: dict(zip(shown, cells, strict=True)) for name, cells in rows})
    return Picture([("", picture)] if picture else [], [clean(script) for script in shown], rows)


def _counts(results: Results, metric: str) -> Counts:
    """Ids by tokenizer and label: from the figures of a vocabulary run, else from a `vocabulary.parquet` beside."""
    found: Counts = {}
    columns = ("tokenizer", "metric", "slice", "value")
    table = results.table.select(columns).filter(pc.equal(results.table["metric"], metric))
    for tokenizer, _, label, value in zip(*(table[c].to_pylist() for c in columns), strict=True):
        if label != ALL and value is not None:
            found.setdefault(tokenizer, {})[label] = int(value)
    tokens = results.beside.get("vocabulary")
    if found or tokens is None or not {"tokenizer", "kind", "script", "byte_length"} <= set(tokens.column_names):
        return found
    if metric == "tokens_by_bytes":
        spoken = pc.invert(pc.is_in(tokens["kind"].cast(pa.string()), pa.array([SPECIAL, UNUSED])))
        tokens = tokens.filter(spoken)
        long = pc.greater(tokens["byte_length"], _LONGEST)
        labels = pc.if_else(long, f"{_LONGEST + 1}+", tokens["byte_length"].cast(pa.string()))
    else:
        labels = pc.fill_null(tokens["script"].cast(pa.string()), "not text")
    pairs = pa.table({"tokenizer": tokens["tokenizer"].cast(pa.string()), "label": labels})
    for row in pairs.group_by(["tokenizer", "label"]).aggregate([([], "count_all")]).to_pylist():
        if row["tokenizer"] in results.about.tokenizers:
            found.setdefault(row["tokenizer"], {})[row["label"]] = row["count_all"]
    return {name: found[name] for name in results.about.tokenizers if name in found}


def _shares(counts: Counts) -> dict[str, dict[str, float]]:
    return {name: {k: n / sum(mine.values()) for k, n in mine.items()} for name, mine in counts.items()}


def _percent(share: float | None) -> str:
    if share is None:
        return "–"
    return f"{100 * share:.3g} %" if share else "0"
