"""`tokeval compare`: the main job."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tokeval.cli.options import NoColor

if TYPE_CHECKING:
    from tokeval.config import CompareConfig
    from tokeval.engine.plan import Plan

_WHAT, _HOW, _OUT = "What is compared", "How it is computed", "What is written"
_LANGUAGE = "What is known of a language"


def command(
    config: Annotated[
        Path | None,
        typer.Argument(metavar="[CONFIG.toml]", help="A configuration file; options given here come before it."),
    ] = None,
    tokenizer: Annotated[
        list[str] | None,
        typer.Option(
            "-t",
            "--tokenizer",
            metavar="NAME=SPEC",
            help="A tokenizer; may be repeated.",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    corpus: Annotated[
        list[str] | None,
        typer.Option(
            "-c",
            "--corpus",
            metavar="NAME=PATH",
            help="A Parquet file, folder or glob; may be repeated.",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            "-m",
            "--metric",
            metavar="METRIC",
            help="A family or a metric; may be repeated. See tokeval list metrics.",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            envvar="TOKEVAL_PRESET",
            metavar="NAME",
            help="multilingual, code, numbers, robustness, turkish-benchmark or all: its metrics, and its corpora "
            "if none is named.",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(envvar="TOKEVAL_BASELINE", help="The tokenizer that nsl refers to.", rich_help_panel=_WHAT),
    ] = None,
    pivot: Annotated[
        str | None,
        typer.Option(envvar="TOKEVAL_PIVOT", help="The slice that premium refers to.", rich_help_panel=_WHAT),
    ] = None,
    text_column: Annotated[
        str | None,
        typer.Option(
            envvar="TOKEVAL_TEXT_COLUMN",
            help="The column of documents.  [default: text]",
            rich_help_panel=_HOW,
        ),
    ] = None,
    slice_by: Annotated[
        str | None,
        typer.Option(
            envvar="TOKEVAL_SLICE_BY",
            metavar="COLUMN[,COLUMN]",
            help="The columns whose values are the slices, or none.  [default: language, where there is one]",
            rich_help_panel=_HOW,
        ),
    ] = None,
    id_column: Annotated[
        str | None,
        typer.Option(
            envvar="TOKEVAL_ID_COLUMN",
            help="The column of parallel ids.  [default: id, where there is one]",
            rich_help_panel=_HOW,
        ),
    ] = None,
    words: Annotated[
        str | None,
        typer.Option(envvar="TOKEVAL_WORDS", help="The word segmenter.  [default: whitespace]", rich_help_panel=_HOW),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            envvar="TOKEVAL_LIMIT",
            help="Read only the first so many rows of each corpus.",
            rich_help_panel=_HOW,
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            envvar="TOKEVAL_SEED",
            help="Of everything that is drawn at random.  [default: 0]",
            rich_help_panel=_HOW,
        ),
    ] = None,
    lexicon: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LANG=KIND:PATH",
            help="What a language's words are, for %TR and %Pure; may be repeated, also for one language.",
            rich_help_panel=_LANGUAGE,
        ),
    ] = None,
    gold: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LANG=[FORMAT:]PATH",
            help="Where its morphemes end, for boundary metrics; may be repeated.",
            rich_help_panel=_LANGUAGE,
        ),
    ] = None,
    lexical_decision: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LANG=PATH",
            help="How people recognise its words, for cognitive_correlation; may be repeated.",
            rich_help_panel=_LANGUAGE,
        ),
    ] = None,
    decision_columns: Annotated[
        str | None,
        typer.Option(
            metavar="MEANING=COLUMN[,...]",
            help="That file's columns for word, lexicality, rt and accuracy, where they have other names.",
            rich_help_panel=_LANGUAGE,
        ),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(envvar="TOKEVAL_ENGINE", help="Who runs it. See tokeval list engines.", rich_help_panel=_HOW),
    ] = "local",
    accelerate: Annotated[
        bool | None,
        typer.Option(
            "--accelerate/--no-accelerate",
            envvar="TOKEVAL_ACCELERATE",
            show_default=False,
            help="Let verified fast paths stand in for the reference libraries; no figure depends on it.  "
            "[default: accelerate]",
            rich_help_panel=_HOW,
        ),
    ] = None,
    cache_mb: Annotated[
        int | None,
        typer.Option(
            envvar="TOKEVAL_CACHE_MB",
            help="Memory for the caches of all fast paths, in MiB.  [default: 1024]",
            rich_help_panel=_HOW,
        ),
    ] = None,
    on_error: Annotated[
        str | None,
        typer.Option(
            envvar="TOKEVAL_ON_ERROR",
            metavar="stop|skip",
            help="When a tokenizer fails on a document: stop, or leave it out of that tokenizer's figures and count "
            "it.  [default: stop]",
            rich_help_panel=_HOW,
        ),
    ] = None,
    trust_remote_code: Annotated[
        bool,
        typer.Option(
            "--trust-remote-code",
            help="Let transformers: run code from a tokenizer's folder or repository; never done without.",
            rich_help_panel=_HOW,
        ),
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option(
            "-j",
            "--jobs",
            min=1,
            envvar="TOKEVAL_JOBS",
            help="How many cores it may use.  [default: all]",
            rich_help_panel=_HOW,
        ),
    ] = None,
    ray_address: Annotated[
        str | None,
        typer.Option(
            envvar="TOKEVAL_RAY_ADDRESS",
            help="The cluster for --engine ray.  [default: a local one]",
            rich_help_panel=_HOW,
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the run into DIR that was stopped.", rich_help_panel=_HOW)
    ] = False,
    shard_mb: Annotated[
        int,
        typer.Option(
            min=1,
            envvar="TOKEVAL_SHARD_MB",
            help="Text between two checkpoints, about.",
            rich_help_panel=_HOW,
        ),
    ] = 256,
    no_cache: Annotated[
        bool,
        typer.Option("--no-cache", help="Use no states of earlier runs, and keep none.", rich_help_panel=_HOW),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            envvar="TOKEVAL_OUTPUT",
            metavar="DIR",
            help="The folder for results.parquet, run.json and the reports; without it the table goes to stdout.",
            rich_help_panel=_OUT,
        ),
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "-f",
            "--format",
            metavar="FORMAT",
            help="A report; may be repeated.  [default: md, csv]",
            rich_help_panel=_OUT,
        ),
    ] = None,
    gate: Annotated[
        Path | None,
        typer.Option(
            metavar="RULES.toml",
            help="Judge the results by these rules; the exit code is the gate's.",
            rich_help_panel=_OUT,
        ),
    ] = None,
    progress_style: Annotated[
        str,
        typer.Option(
            "--progress",
            envvar="TOKEVAL_PROGRESS",
            metavar="auto|bar|lines|json|none",
            help="How progress is shown on stderr.",
            rich_help_panel=_OUT,
        ),
    ] = "auto",
    gate_baseline: Annotated[
        str | None,
        typer.Option(
            metavar="PLACE",
            envvar="TOKEVAL_GATE_BASELINE",
            help="With --gate: the run that rules compare with, as for tokeval gate --baseline.",
            rich_help_panel=_OUT,
        ),
    ] = None,
    junit: Annotated[
        Path | None,
        typer.Option(metavar="FILE.xml", help="With --gate: write the verdict as JUnit XML.", rich_help_panel=_OUT),
    ] = None,
    github: Annotated[
        bool,
        typer.Option("--github", help="With --gate: annotations and a job summary for GitHub.", rich_help_panel=_OUT),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress and no summary.", rich_help_panel=_OUT)
    ] = False,
    no_color: NoColor = False,
) -> int:
    """Compare tokenizers on multilingual Parquet corpora.

    Writes DIR/results.parquet, DIR/run.json and the reports; the summary goes to the terminal.
    """
    del no_color  # its callback has seen to it
    from tokeval.cli import progress, rates
    from tokeval.cli.gate import judge, prepare, publish
    from tokeval.cli.options import pairs, renders, several
    from tokeval.config import CompareConfig, read_toml
    from tokeval.engine.api import check_folder, finish, run_plan, write_results
    from tokeval.engine.cache import cache_folder
    from tokeval.engine.memory import release_at_once
    from tokeval.errors import UsageError
    from tokeval.report.terminal import print_summary

    release_at_once()
    file = read_toml(config, CompareConfig) if config is not None else CompareConfig()
    folder = output
    if folder is None and config is not None and file.output:
        folder = Path(os.path.normpath(config.parent / file.output))
    chosen = renders(formats or file.formats or ["md", "csv"])
    if ray_address and engine != "ray":
        raise UsageError(f"--ray-address is for --engine ray, not {engine}")
    if folder is None and resume:
        raise UsageError("there is no folder whose run could be resumed", hint="add -o DIR")
    if folder is None and (formats or gate):
        raise UsageError("there is no folder for the reports", hint="add -o DIR")
    if folder is not None:
        check_folder(folder)
    given = {
        "metrics": metric,
        "baseline": baseline,
        "pivot": pivot,
        "text_column": text_column,
        "slice_by": None if slice_by is None else [c for c in slice_by.split(",") if c and c != "none"],
        "id_column": id_column,
        "words": words,
        "limit": limit,
        "seed": seed,
        "accelerate": accelerate,
        "cache_mb": cache_mb,
        "on_error": on_error,
        "trust_remote_code": trust_remote_code or None,
        "lexicons": several(lexicon or [], "--lexicon") or None,
        "gold": pairs(gold or [], "--gold", bare=False) or None,
        "lexical_decision": pairs(lexical_decision or [], "--lexical-decision", bare=False) or None,
        "decision_columns": pairs((decision_columns or "").split(",") if decision_columns else [], "--decision-columns")
        or None,
    }
    corpora = pairs(corpus or [], "-c")
    if preset or file.preset:
        from tokeval.engine.presets import corpora_of, find_preset

        name = preset or file.preset or ""
        given["metrics"] = [*find_preset(name).metrics, *(metric or file.metrics)]
        corpora = corpora or ({} if file.corpora else corpora_of(name))
    plan = _plan(file, config, pairs(tokenizer or [], "-t"), corpora, given)
    rules = prepare(gate, plan, gate_baseline) if gate is not None else None
    cluster: dict[str, Any] = {"address": ray_address} if ray_address else {}
    with progress.show(plan, style=progress_style, quiet=quiet) as meter:
        results, record = run_plan(
            plan,
            engine=engine,
            jobs=jobs,
            progress=meter,
            stage=meter.begin,
            output=folder,
            resume=resume,
            cache=None if no_cache else cache_folder(),
            shard_bytes=shard_mb << 20,
            **cluster,
        )
    for line in results.about.warnings:
        progress.say(f"warning: {line}")
    if not quiet or folder is None:
        print_summary(results, sys.stdout if folder is None else sys.stderr)
        rates.show(results, to_stdout=folder is None)
    if folder is not None:
        written = write_results(folder, results, record, chosen)
        finish(folder)
        if not quiet:
            progress.say("wrote " + ", ".join(str(path) for path in written))
    if rules is None:
        return 0
    verdict = judge(results, rules, gate_baseline, name=str(folder))
    return publish(verdict, {junit: "junit"} if junit is not None else {}, github=github)


def _plan(
    file: CompareConfig,
    path: Path | None,
    tokenizers: dict[str, str],
    corpora: dict[str, str],
    given: dict[str, Any],
) -> Plan:
    """The plan of a configuration file and of what was given beside it; relative paths in the file are its folder's."""
    from tokeval.cli.options import located
    from tokeval.engine.plan import make_plan
    from tokeval.tokenizers.load import parse_spec

    folder = path.parent if path is not None else None
    specs = {name: parse_spec(spec, folder) for name, spec in file.tokenizers.items() if name not in tokenizers}
    specs |= {name: parse_spec(spec) for name, spec in tokenizers.items()}
    places = {name: str(folder / place) if folder else place for name, place in file.corpora.items()}
    if folder is not None:
        file = file.model_copy(update=located(file, folder))
    named = file.model_dump(include=set(given), exclude_none=True) | {k: v for k, v in given.items() if v is not None}
    return make_plan(specs, places | corpora, **named)
