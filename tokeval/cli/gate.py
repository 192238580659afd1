"""`tokeval gate`: pass or fail."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tokeval.errors import FAILED, GateError, ResultsError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tokeval.engine.plan import Plan
    from tokeval.gate.baseline import Baseline
    from tokeval.gate.rules import Rules
    from tokeval.gate.verdict import Verdict
    from tokeval.results.store import Results

_WHAT, _OUT = "What is judged", "Where the verdict goes"


def command(
    folder: Annotated[
        str,
        typer.Argument(metavar="DIR", help="A folder written by tokeval compare; or git:REVISION:PATH, or a URL."),
    ],
    rules: Annotated[Path, typer.Argument(metavar="RULES.toml", help="The rules that the figures must satisfy.")],
    baseline: Annotated[
        str | None,
        typer.Option(
            metavar="PLACE",
            envvar="TOKEVAL_GATE_BASELINE",
            help="The run that rules compare with: a folder, a baseline file, git:REVISION:PATH, or a URL.",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    update_baseline: Annotated[
        bool,
        typer.Option(
            "--update-baseline",
            help="Judge nothing; write the figures that the rules compare to the file named with --baseline.",
            rich_help_panel=_WHAT,
        ),
    ] = False,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE.xml", help="Write JUnit XML.", rich_help_panel=_OUT)
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(metavar="FILE.md", help="Write Markdown.", rich_help_panel=_OUT)
    ] = None,
    sarif: Annotated[
        Path | None, typer.Option(metavar="FILE.sarif", help="Write SARIF 2.1.0.", rich_help_panel=_OUT)
    ] = None,
    json: Annotated[Path | None, typer.Option(metavar="FILE.json", help="Write JSON.", rich_help_panel=_OUT)] = None,
    github: Annotated[
        bool,
        typer.Option(
            "--github",
            help="Print annotations for GitHub, and add the Markdown to $GITHUB_STEP_SUMMARY.",
            rich_help_panel=_OUT,
        ),
    ] = False,
) -> int:
    """Judge results by rules: exit code 0 if every rule holds, 1 if one fails, 3 if the run did not finish."""
    from tokeval.gate.rules import check_names, read_rules
    from tokeval.results.fetch import locate
    from tokeval.results.run import load_run

    parsed = read_rules(rules)
    known = directions()
    try:
        check_names(parsed, known)
        results = load_run(locate(folder))
    except GateError:  # a metric of a package that is not installed here: the results know it
        results = load_run(locate(folder))
        check_names(parsed, known | {info.name: info.direction for info in results.about.metrics})
    written = {junit: "junit", markdown: "markdown", sarif: "sarif", json: "record"}
    if update_baseline:
        if github or any(written):
            raise UsageError("--update-baseline judges nothing, so there is no verdict to write")
        return _update(results, parsed, baseline)
    verdict = judge(results, parsed, baseline, name=folder)
    return publish(verdict, {path: kind for path, kind in written.items() if path is not None}, github=github)


def directions() -> dict[str, str]:
    """Which way is better, by the name of every metric that is installed."""
    from tokeval.metrics.select import all_metrics

    return {name: metric.info.direction for name, metric in all_metrics().items()}


def prepare(path: Path, plan: Plan, baseline: str | None) -> Rules:
    """The rules for a run that is still to be made, checked against what it will compute.

    Raises:
        GateError: a metric that is unknown or not part of the run, or a baseline is needed and none is named.
    """
    from tokeval.gate.rules import check_names, read_rules

    rules = read_rules(path)
    check_names(rules, directions())
    chosen = {metric.name for metric in plan.chosen}
    for rule in rules.rules:
        at = f"{path}:{rules.place(rule, 'metric')}"
        if rule.metric not in chosen:
            needs = "name it with -m, and what it needs with --baseline, --pivot, --lexicon or the like"
            raise GateError(f"{at}: this run does not compute {rule.metric}", hint=needs)
        if rule.needs_run and baseline is None:
            raise GateError(f"{at}: this rule needs a baseline", hint="add --gate-baseline, or against = NAME")
    return rules


def judge(results: Results, rules: Rules, baseline: str | None, *, name: str) -> Verdict:
    """The verdict on results; `baseline` is a place or None."""
    from dataclasses import replace

    from tokeval.cli.progress import say
    from tokeval.gate.judge import judge as judged
    from tokeval.gate.paired import paired_test

    if baseline is not None and not rules.needs_run:
        say(f"note: no rule compares with another run, so {baseline} was not read")
        baseline = None
    against = load_baseline(baseline) if baseline is not None else None
    verdict = judged(results, rules, against, paired_test(results))
    return replace(verdict, results=name, baseline=baseline)


def load_baseline(name: str) -> Baseline:
    """The figures at a place: of a run, or of a baseline file."""
    from tokeval.gate.baseline import Baseline, read_baseline
    from tokeval.results.draws import sums_of
    from tokeval.results.fetch import locate
    from tokeval.results.run import load_run
    from tokeval.results.store import parse_parquet
    from tokeval.results.sums import Sums

    place = locate(name)
    if not place.file.endswith(".json"):
        run = load_run(place)
        return Baseline.of(name, run.table.to_pylist(), sums_of(run))
    content = place.read(place.file)
    if content is None:
        raise ResultsError(f"there is no baseline file {name}", hint="--update-baseline writes one")
    sums = place.read(_sums_file(place.file))
    kept = None if sums is None else Sums.of(parse_parquet(sums, f"the sums beside {name}"))
    return read_baseline(content, name, kept)


def _sums_file(name: str) -> str:
    """The file beside a baseline file that holds the sums for its paired tests."""
    return f"{name.removesuffix('.json')}.sums.parquet"


def publish(verdict: Verdict, files: dict[Path, str], *, github: bool) -> int:
    """Print the verdict, write it where it was asked for; the exit code."""
    from tokeval.cli.pipe import unread
    from tokeval.cli.verdict import show
    from tokeval.gate import github as annotations
    from tokeval.gate import junit, markdown, record, sarif
    from tokeval.results.store import write_file

    renders: dict[str, Callable[[Verdict], bytes]] = {
        "junit": junit.render,
        "sarif": sarif.render,
        "record": record.render,
        "markdown": lambda v: markdown.render(v).encode(),
    }
    for path, kind in files.items():
        write_file(path, renders[kind](verdict))
    with unread():
        show(verdict)
        sys.stdout.write(annotations.render(verdict) if github else "")
        sys.stdout.flush()
    if github:
        summary = os.environ.get("GITHUB_STEP_SUMMARY")
        if summary:
            with Path(summary).open("a", encoding="utf-8") as stream:
                stream.write(markdown.render(verdict))
    return 0 if verdict.passed else FAILED


def _update(results: Results, rules: Rules, baseline: str | None) -> int:
    """Write the baseline file anew from the figures that the rules compare with another run."""
    from tokeval.cli.progress import say
    from tokeval.gate.baseline import write_baseline, write_sums
    from tokeval.gate.figures import Figures
    from tokeval.results.draws import sums_of
    from tokeval.results.store import write_file
    from tokeval.schema import Status

    if baseline is None or not baseline.endswith(".json") or "://" in baseline or baseline.startswith("git:"):
        raise UsageError("--update-baseline writes a file", hint="name it: --baseline FILE.json")
    relative = [rule for rule in rules.rules if rule.needs_run]
    if not relative:
        raise GateError(f"no rule of {rules.path} compares with another run, so there is nothing to write")
    figures = Figures.of(results, [rule.metric for rule in relative])
    matched = [(rule, row) for rule in relative for row in figures.match(rule).rows]
    rows = {id(row): row for _, row in matched}
    tested = {id(row): row for rule, row in matched if rule.within}
    rows = {key: row for key, row in rows.items() if row["status"] == Status.OK}
    if not rows:
        raise GateError(f"the results have no figure that a rule of {rules.path} compares with another run")
    sums = sums_of(results)
    beside = Path(_sums_file(baseline))
    beside.unlink(missing_ok=True)  # an earlier one's are no sums of these figures
    if tested and sums is not None:
        write_file(beside, write_sums(tested.values(), sums))
    write_file(Path(baseline), write_baseline(rows.values()))
    say(f"wrote {baseline}: {len(rows)} figures")
    return 0
