"""Result tables made by hand, for renderers to be tried on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from tokeval.results.about import About, CorpusAbout, TokenizerAbout
from tokeval.results.store import Results
from tokeval.schema import ALL, MetricInfo, result_schema

INFOS = {
    "documents": MetricInfo("documents", "size", "count", "neither", "Documents that are not null."),
    "bytes": MetricInfo("bytes", "size", "count", "neither", "UTF-8 bytes of the text."),
    "tokens": MetricInfo("tokens", "size", "count", "neither", "Tokens, special tokens left out."),
    "bytes_per_token": MetricInfo(
        "bytes_per_token", "size", "bytes/token", "higher", "Σ bytes / Σ tokens.", "A. Author 2023", "Mind it.", True
    ),
    "tokens_per_word": MetricInfo(
        "tokens_per_word", "size", "tokens/word", "lower", "Σ tokens / Σ words.", "", "", True
    ),
    "gini": MetricInfo("gini", "fairness", "1", "lower", "Inequality.", "", "", True),
    "premium": MetricInfo("premium", "fairness", "1", "lower", "Σ tokens(slice) / Σ tokens(pivot)."),
    "overlap_jsd": MetricInfo("overlap_jsd", "fairness", "1", "neither", "Divergence of two slices.", pairs=True),
    "unknown_token_rate": MetricInfo("unknown_token_rate", "fidelity", "1", "lower", "UNK tokens / tokens."),
}  # fmt: skip
SLICES = ("deu_Latn", "eng_Latn", "jpn_Jpan")


def row(tokenizer: str, part: str, metric: str, value: float | None, **more: Any) -> dict[str, Any]:
    """One row of the result table."""
    info = INFOS.get(metric) or MetricInfo(metric, "", "1", "neither", "")
    low, high = more.pop("ci", (None, None))
    return {
        "tokenizer": tokenizer,
        "corpus": "demo",
        "slice": part,
        "metric": metric,
        "value": value,
        "unit": info.unit,
        "ci_low": low,
        "ci_high": high,
        "n": 8,
        "numerator": None,
        "denominator": None,
        "reference": None,
        "status": "ok" if value is not None else "undefined",
        "reason": None,
        "signature": f"tokeval:0.1.0|metric:{metric}.1|tokenizer:{tokenizer[:20]}|library:l/1|corpus:abc|slice:{part}",
    } | more


def results(
    rows: Sequence[Mapping[str, Any]],
    tokenizers: Sequence[str],
    *,
    corpus: str = "demo",
    yardsticks: Sequence[str] = (),
    slices: int = 3,
    beside: Mapping[str, pa.Table] | None = None,
) -> Results:
    """Results of rows, with all that a run would say of itself."""
    metrics = list(dict.fromkeys(r["metric"] for r in rows))
    about = About(
        version="0.1.0",
        tokenizers={
            name: TokenizerAbout(f"hf:{name}.json", f"print-{name[:20]}", "lib/1", 1000, name in yardsticks)
            for name in tokenizers
        },
        corpora={corpus: CorpusAbout("abc", 24, 2400, slices, ["language"])},
        metrics=[INFOS.get(m) or MetricInfo(m, "", "1", "neither", "") for m in metrics],
        pivot="eng_Latn",
    )
    table = pa.Table.from_pylist(
        [{**r, "corpus": corpus} for r in rows], schema=result_schema().with_metadata(about.to_metadata())
    )
    return Results.of(table, beside)


def small() -> Results:
    """Two tokenizers and a yardstick, three slices: every kind of figure that a report shows."""
    rows = []
    figures = {"alpha": (4.125, 3.0, 1.5), "be|ta": (3.96, 3.25, 0.75), "bytes": (1.0, 1.0, 1.0)}
    for name, values in figures.items():
        pooled = sum(values) / 3
        rows += [row(name, ALL, "documents", 24.0), row(name, ALL, "bytes", 2400.0)]
        rows += [row(name, part, "documents", 8.0) for part in SLICES]
        rows += [row(name, part, "bytes", 800.0) for part in SLICES]
        rows += [row(name, ALL, "tokens", round(2400 / pooled))]
        rows += [row(name, ALL, "bytes_per_token", pooled, ci=(pooled * 0.95, pooled * 1.04))]
        rows += [
            row(name, part, "bytes_per_token", value, ci=(value - 0.001, value + 0.001))
            for part, value in zip(SLICES, values, strict=True)
        ]
        reason = "30.0% of the characters are of scripts written without spaces between words"
        rows += [row(name, ALL, "tokens_per_word", None, status="not_applicable", reason=reason)]
        rows += [row(name, part, "tokens_per_word", 5.5 / values[0]) for part in SLICES[:2]]
        rows += [row(name, SLICES[2], "tokens_per_word", None, status="not_applicable", reason=reason)]
        rows += [row(name, ALL, "gini", 0.25 / values[0])]
        rows += [
            row(name, part, "premium", values[1] / value, reference="eng_Latn")
            for part, value in zip(SLICES, values, strict=True)
        ]
        rows += [row(name, ALL, "unknown_token_rate", 0.125 if name == "be|ta" else 0.0)]
    return results(rows, list(figures), yardsticks=["bytes"], beside={"samples": samples(figures)})


def samples(names: Sequence[str]) -> pa.Table:
    """Two sentences, cut by word, by character and by byte."""
    texts = {"eng_Latn": "A <b>cat</b> sat.", "jpn_Jpan": "猫が\u202e\n座る。"}
    rows = []
    for part, text in texts.items():
        data = text.encode()
        borders = [len(text[:i].encode()) for i in range(len(text) + 1)]
        cuts = [[0, borders[4], len(data)], borders, list(range(len(data) + 1))]
        for name, cut in zip(names, cuts, strict=False):
            rows.append(
                {"corpus": "demo", "slice": part, "tokenizer": name, "text": text, "ids": list(range(len(cut) - 1))}
                | {"starts": cut[:-1], "ends": cut[1:]}
            )
    return pa.Table.from_pylist(rows)
