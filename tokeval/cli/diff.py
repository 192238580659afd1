"""`tokeval diff`: what changed, and whether it is significant."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tokeval.cli import options

if TYPE_CHECKING:
    from tokeval.results.paired import Difference
    from tokeval.results.store import Results

_RUNS, _VERSIONS = "Two runs, or two tokenizers of one run", "Two versions of a tokenizer"
_REFUSALS_SHOWN = 5


def command(
    a: Annotated[str, typer.Argument(metavar="DIR_A", help="A results folder, or a tokenizer.")],
    b: Annotated[
        str | None, typer.Argument(metavar="[DIR_B]", help="Another; without it the tokenizers of DIR_A are compared.")
    ] = None,
    tokenizers: Annotated[
        list[str] | None,
        typer.Option(
            "-t",
            "--tokenizer",
            metavar="A=B",
            help="Compare A of the first with B of the second; NAME alone stands for NAME=NAME.",
            rich_help_panel=_RUNS,
        ),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option("-m", "--metric", help="Only this metric; may be repeated.", rich_help_panel=_RUNS),
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PART",
            help="Let signatures differ in this part too; the tokenizer and its library always may.",
            rich_help_panel=_RUNS,
        ),
    ] = None,
    slices: Annotated[
        bool, typer.Option("--slices", help="Show every slice, not the pool alone.", rich_help_panel=_RUNS)
    ] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print all as CSV.", rich_help_panel=_RUNS)] = False,
    corpus: Annotated[list[str] | None, options.corpora("Text to encode.", _VERSIONS)] = None,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND", help="Exit with 1 if this changed.", rich_help_panel=_VERSIONS),
    ] = None,
    examples: Annotated[int, typer.Option(help="Examples shown.", rich_help_panel=_VERSIONS)] = 10,
    limit: Annotated[int | None, typer.Option(help="Rows read.", rich_help_panel=_VERSIONS)] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write Markdown there.", rich_help_panel=_VERSIONS)] = None,
    json: Annotated[Path | None, typer.Option(help="Write JSON there.", rich_help_panel=_VERSIONS)] = None,
) -> int:
    """Compare two results folders, two tokenizers of one, or two versions of a tokenizer file.

    Differences between figures are paired by document: an interval of 95 % and a p-value, corrected by Holm's method
    over the slices. Figures whose signatures differ in anything but the tokenizer are refused.
    """
    from tokeval.errors import UsageError
    from tokeval.results.run import is_run

    runs = {name: is_run(Path(name)) for name in (a, b) if name is not None}
    versions = b is not None and not all(runs.values())
    for_runs = {"-t": tokenizers, "-m": metric, "--allow": allow, "--slices": slices, "--csv": csv}
    for_versions = {"-c": corpus, "--fail-on": fail_on, "--limit": limit, "--markdown": markdown, "--json": json}
    for option, value in (for_runs if versions else for_versions).items():
        if value:
            what = "two runs" if versions else "two versions of a tokenizer"
            how = ", ".join(f"{name} is {'a' if run else 'no'} results folder" for name, run in runs.items())
            raise UsageError(f"{option} is for {what}, and these are {'none' if versions else 'runs'}", hint=how)
    if b is None and not runs[a]:
        raise UsageError(
            f"{a} is no results folder: there is no results.parquet",
            hint="name two of them, or two versions of a tokenizer",
        )
    if versions:
        from tokeval.cli.review import command_review

        assert b is not None
        for one, other in ((a, b), (b, a)):
            if runs[one]:
                raise UsageError(f"{one} is a results folder, and {other} is none", hint="name two of the same kind")
        return command_review(
            a,
            b,
            corpora=corpus or [],
            fail_on=fail_on or [],
            examples=examples,
            limit=limit,
            markdown=markdown,
            json=json,
        )
    return _differences(a, b, tokenizers or [], metric or [], allow or [], slices=slices, csv=csv)


def _differences(
    a: str,
    b: str | None,
    tokenizers: Sequence[str],
    metrics: Sequence[str],
    allow: Sequence[str],
    *,
    slices: bool,
    csv: bool,
) -> int:
    from tokeval.errors import ResultsError, UsageError, suggest
    from tokeval.results.paired import between, comparable
    from tokeval.results.run import load_folder
    from tokeval.signature import COMPARED

    left = load_folder(Path(a))
    right = left if b is None else load_folder(Path(b))
    known = [info.name for info in left.about.metrics]
    for name in metrics:
        if name not in known:
            raise UsageError(f"{a} has no metric {name!r}", hint=suggest(name, known))
    parts = _parts_of(left) | _parts_of(right) if allow else set()
    for part in allow:
        if part not in parts:
            raise UsageError(f"no signature has a part {part!r}", hint=suggest(part, sorted(parts)))
    pairs = _pairs(left, right, tokenizers, same=b is None)
    found = [item for x, y in pairs for item in between(left, right, x, y, metrics, (*COMPARED, *allow))]
    units = {info.name: info.unit for info in (*right.about.metrics, *left.about.metrics)}
    _print_csv(found) if csv else _print_table(found, units, slices)
    refused = _refusals(found)
    for line in refused:
        print(line, file=sys.stderr)
    if not comparable(found):
        raise ResultsError(
            "no figure can be compared" + (": " + refused[0].removeprefix("refused: ") if refused else ""),
            hint="compare runs over the same text; --allow PART lets a part of the signatures differ",
        )
    return 0


def _pairs(left: Results, right: Results, wanted: Sequence[str], *, same: bool) -> list[tuple[str, str]]:
    from itertools import combinations

    from tokeval.errors import UsageError, suggest

    names, others = list(left.about.tokenizers), list(right.about.tokenizers)
    pairs = []
    for text in wanted:
        x, equals, y = text.partition("=")
        y = y if equals else x
        for name, side in ((x, names), (y, others)):
            if name not in side:
                raise UsageError(f"there is no tokenizer {name!r} in these results", hint=suggest(name, side))
        pairs.append((x, y))
    if pairs:
        return pairs
    if same:
        if len(names) < 2:
            raise UsageError("these results hold one tokenizer", hint="name a second folder to compare with")
        base = left.about.baseline
        return [(base, name) for name in names if name != base] if base else list(combinations(names, 2))
    shared = [(name, name) for name in names if name in others]
    if not shared and len(names) == len(others) == 1:
        return [(names[0], others[0])]
    if not shared:
        raise UsageError("the two results have no tokenizer in common", hint="pair them with -t A=B")
    return shared


def _parts_of(results: Results) -> set[str]:
    from tokeval import signature

    return {part for text in results.table["signature"].unique().to_pylist() for part in signature.read(text or "")}


def _print_table(found: Sequence[Difference], units: Mapping[str, str], slices: bool) -> None:
    from rich.markup import escape
    from rich.table import Table

    from tokeval.report.console import make_console
    from tokeval.report.values import clean
    from tokeval.schema import ALL, MACRO

    console = make_console(sys.stdout)
    if not console.is_terminal:  # the names of metrics are to be found in what is written
        console.width = 120
    for x, y in dict.fromkeys((item.a, item.b) for item in found):
        mine = [item for item in found if (item.a, item.b) == (x, y) and item.refused is None]
        for corpus in dict.fromkeys(item.corpus for item in mine):
            here = [item for item in mine if item.corpus == corpus]
            title = escape(f"{corpus}: {x} to {y}") if x != y else escape(f"{corpus}: {x}")
            table = Table(title=title, title_justify="left", box=None, pad_edge=False)
            for name in ("metric", "slice", "before", "after", "difference", "95 %", "p", ""):
                table.add_column(name, justify="left" if name in ("metric", "slice", "") else "right")
            for item in here:
                if _differs(item) and (slices or item.slice in (ALL, MACRO)):
                    cells = _cells(item, units.get(item.metric, ""))
                    table.add_row(escape(item.metric), escape(clean(_place(item))), *cells)
            console.print(table)
            console.print(escape(_said(here)))


def _place(item: Difference) -> str:
    return f"{item.slice} ({item.reference})" if item.reference else item.slice


def _differs(item: Difference) -> bool:
    """Whether the figures are not equal, or one side alone has one."""
    return (item.value_a is None) != (item.value_b is None) or bool(item.difference)


def _cells(item: Difference, unit: str) -> list[str]:
    from tokeval.report.values import shown

    before, after = ("–" if value is None else shown(value, unit) for value in (item.value_a, item.value_b))
    if item.difference is None:
        return [before, after, "", "", "", "lost" if item.value_b is None else "gained"]
    interval = "" if item.ci_low is None or item.ci_high is None else f"{item.ci_low:+.3g} … {item.ci_high:+.3g}"
    p = "" if item.p_corrected is None else "<0.0001" if item.p_corrected < 0.0001 else f"{item.p_corrected:.4f}"
    verdict = {"b": "better", "a": "worse", None: ""}[item.better]
    difference = f"{item.difference:+,.0f}" if unit == "count" else f"{item.difference:+.3g}"
    return [before, after, difference, interval, p, verdict]


def _said(found: Sequence[Difference]) -> str:
    from tokeval.schema import ALL, MACRO

    there = [(item.value_a is not None, item.value_b is not None) for item in found]
    kinds = {"lost": (True, False), "gained": (False, True), "on neither side": (False, False)}
    counts = {what: there.count(kind) for what, kind in kinds.items()}
    same = sum(item.difference == 0.0 for item in found)
    lines = [f"{same} of {len(found)} figures are equal" + "".join(f", {n} {what}" for what, n in counts.items() if n)]
    for metric in dict.fromkeys(item.metric for item in found):
        parts = [item for item in found if item.metric == metric and item.slice not in (ALL, MACRO)]
        better, worse = (sum(item.better == side for item in parts) for side in ("b", "a"))
        if better or worse:
            lines.append(f"{metric}: significantly better in {better}, worse in {worse} of {len(parts)} slices")
    lines.append("p and significance of slices are corrected over the slices (Holm).")
    return "\n".join(lines)


def _refusals(found: Sequence[Difference]) -> list[str]:
    counts: dict[str, int] = {}
    for item in found:
        for part, (x, y) in (item.refused or {}).items():
            text = f"{part} ({x or 'none'} against {y or 'none'})"
            counts[text] = counts.get(text, 0) + 1
    lines = [f"refused: {n} figures differ in {text}" for text, n in counts.items()]
    more = len(lines) - _REFUSALS_SHOWN
    return lines[:_REFUSALS_SHOWN] + ([f"refused: and {more} more kinds"] if more > 0 else [])


def _print_csv(found: Sequence[Difference]) -> None:
    import csv
    from dataclasses import fields

    from tokeval.results.cells import inert
    from tokeval.results.paired import Difference

    names = [field.name for field in fields(Difference)]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    for item in found:
        cells = [getattr(item, name) if name != "refused" else " ".join(item.refused or ()) for name in names]
        writer.writerow(["" if c is None else repr(c) if isinstance(c, float) else inert(str(c)) for c in cells])
