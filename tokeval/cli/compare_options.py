"""The options of `tokeval compare`, as types of its parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tokeval.cli import options

_WHAT, _HOW, _OUT = "What is compared", "How it is computed", "What is written"
_LANGUAGE = "What is known of a language"

Config = Annotated[
    Path | None,
    typer.Argument(metavar="[CONFIG.toml]", help="A configuration file; options given here come before it."),
]
Tokenizer = Annotated[list[str] | None, options.tokenizers(_WHAT)]
Corpus = Annotated[list[str] | None, options.corpora("A Parquet file, folder or glob; may be repeated.", _WHAT)]
Metric = Annotated[
    list[str] | None,
    typer.Option(
        "-m",
        "--metric",
        metavar="METRIC",
        help="A family, a metric, or default for those that run anyway; may be repeated. See tokeval list metrics.",
        rich_help_panel=_WHAT,
    ),
]
Preset = Annotated[
    str | None,
    typer.Option(
        envvar="TOKEVAL_PRESET",
        metavar="NAME",
        help="multilingual, code, numbers, robustness, turkish-benchmark or all: its metrics, and its corpora "
        "if none is named.",
        rich_help_panel=_WHAT,
    ),
]
Baseline = Annotated[
    str | None,
    typer.Option(envvar="TOKEVAL_BASELINE", help="The tokenizer that nsl refers to.", rich_help_panel=_WHAT),
]
Pivot = Annotated[
    str | None,
    typer.Option(envvar="TOKEVAL_PIVOT", help="The slice that premium refers to.", rich_help_panel=_WHAT),
]
TextColumn = Annotated[str | None, options.text_column(_HOW, "text")]
SliceBy = Annotated[str | None, options.slice_by("the slices, or none", _HOW)]
IdColumn = Annotated[
    str | None,
    typer.Option(
        envvar="TOKEVAL_ID_COLUMN",
        help="The column of parallel ids.",
        show_default="id, where there is one",
        rich_help_panel=_HOW,
    ),
]
Words = Annotated[
    str | None,
    typer.Option(envvar="TOKEVAL_WORDS", help="The word segmenter.", show_default="whitespace", rich_help_panel=_HOW),
]
Limit = Annotated[int | None, options.limit("Read only the first so many rows of each corpus.", _HOW)]
Seed = Annotated[
    int | None,
    typer.Option(
        envvar="TOKEVAL_SEED",
        help="Of everything that is drawn at random.",
        show_default="0",
        rich_help_panel=_HOW,
    ),
]
Lexicon = Annotated[
    list[str] | None,
    typer.Option(
        metavar="LANG=KIND:PATH",
        help="What a language's words are, for %TR and %Pure; may be repeated, also for one language.",
        rich_help_panel=_LANGUAGE,
    ),
]
Gold = Annotated[
    list[str] | None,
    typer.Option(
        metavar="LANG=[FORMAT:]PATH",
        help="Where its morphemes end, for boundary metrics; may be repeated.",
        rich_help_panel=_LANGUAGE,
    ),
]
LexicalDecision = Annotated[
    list[str] | None,
    typer.Option(
        metavar="LANG=PATH",
        help="How people recognise its words, for cognitive_correlation; may be repeated.",
        rich_help_panel=_LANGUAGE,
    ),
]
DecisionColumns = Annotated[
    str | None,
    typer.Option(
        metavar="MEANING=COLUMN[,...]",
        help="That file's columns for word, lexicality, rt and accuracy, where they have other names.",
        rich_help_panel=_LANGUAGE,
    ),
]
Engine = Annotated[
    str,
    typer.Option(envvar="TOKEVAL_ENGINE", help="Who runs it. See tokeval list engines.", rich_help_panel=_HOW),
]
Accelerate = Annotated[
    bool | None,
    typer.Option(
        "--accelerate/--no-accelerate",
        envvar="TOKEVAL_ACCELERATE",
        show_default="accelerate",
        help="Let verified fast paths stand in for the reference libraries; no figure depends on it.",
        rich_help_panel=_HOW,
    ),
]
CacheMb = Annotated[
    int | None,
    typer.Option(
        envvar="TOKEVAL_CACHE_MB",
        help="Memory for the caches of all fast paths, in MiB.",
        show_default="1024",
        rich_help_panel=_HOW,
    ),
]
OnError = Annotated[
    str | None,
    typer.Option(
        envvar="TOKEVAL_ON_ERROR",
        metavar="stop|skip",
        help="When a tokenizer fails on a document: stop, or leave it out of that tokenizer's figures and count it.",
        show_default="stop",
        rich_help_panel=_HOW,
    ),
]
TrustRemoteCode = Annotated[bool, options.trust_remote_code(_HOW)]
Jobs = Annotated[
    int | None,
    typer.Option(
        "-j",
        "--jobs",
        min=1,
        envvar="TOKEVAL_JOBS",
        help="How many cores it may use.",
        show_default="all",
        rich_help_panel=_HOW,
    ),
]
RayAddress = Annotated[
    str | None,
    typer.Option(
        envvar="TOKEVAL_RAY_ADDRESS",
        help="The cluster for --engine ray.",
        show_default="a local one",
        rich_help_panel=_HOW,
    ),
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Continue the run into DIR that was stopped.", rich_help_panel=_HOW)
]
ShardMb = Annotated[
    int,
    typer.Option(
        min=1,
        envvar="TOKEVAL_SHARD_MB",
        help="Text between two checkpoints, about.",
        rich_help_panel=_HOW,
    ),
]
NoCache = Annotated[
    bool,
    typer.Option("--no-cache", help="Use no states of earlier runs, and keep none.", rich_help_panel=_HOW),
]
Output = Annotated[
    Path | None,
    options.output(
        "The folder for results.parquet, run.json and the reports; without it the table goes to stdout.",
        _OUT,
        "TOKEVAL_OUTPUT",
    ),
]
Formats = Annotated[list[str] | None, options.formats("md, csv", _OUT)]
Gate = Annotated[
    Path | None,
    typer.Option(
        metavar="RULES.toml",
        help="Judge the results by these rules; the exit code is the gate's.",
        rich_help_panel=_OUT,
    ),
]
ProgressStyle = Annotated[
    str,
    typer.Option(
        "--progress",
        envvar="TOKEVAL_PROGRESS",
        metavar="auto|bar|lines|json|none",
        help="How progress is shown on stderr.",
        rich_help_panel=_OUT,
    ),
]
GateBaseline = Annotated[
    str | None,
    typer.Option(
        metavar="PLACE",
        envvar="TOKEVAL_GATE_BASELINE",
        help="With --gate: the run that rules compare with, as for tokeval gate --baseline.",
        rich_help_panel=_OUT,
    ),
]
Junit = Annotated[
    Path | None,
    typer.Option(metavar="FILE.xml", help="With --gate: write the verdict as JUnit XML.", rich_help_panel=_OUT),
]
Github = Annotated[
    bool,
    typer.Option("--github", help="With --gate: annotations and a job summary for GitHub.", rich_help_panel=_OUT),
]
Quiet = Annotated[bool, options.quiet("No progress and no summary.", _OUT)]
