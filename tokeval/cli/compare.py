"""`tokeval compare`: the main job."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokeval.cli import compare_options as opt
from tokeval.cli import options

if TYPE_CHECKING:
    from tokeval.config import CompareConfig
    from tokeval.engine.plan import Plan


def command(
    config: opt.Config = None,
    tokenizer: opt.Tokenizer = None,
    corpus: opt.Corpus = None,
    metric: opt.Metric = None,
    preset: opt.Preset = None,
    baseline: opt.Baseline = None,
    pivot: opt.Pivot = None,
    text_column: opt.TextColumn = None,
    slice_by: opt.SliceBy = None,
    id_column: opt.IdColumn = None,
    words: opt.Words = None,
    limit: opt.Limit = None,
    seed: opt.Seed = None,
    lexicon: opt.Lexicon = None,
    gold: opt.Gold = None,
    lexical_decision: opt.LexicalDecision = None,
    decision_columns: opt.DecisionColumns = None,
    engine: opt.Engine = "local",
    accelerate: opt.Accelerate = None,
    cache_mb: opt.CacheMb = None,
    on_error: opt.OnError = None,
    trust_remote_code: opt.TrustRemoteCode = False,
    jobs: opt.Jobs = None,
    ray_address: opt.RayAddress = None,
    resume: opt.Resume = False,
    shard_mb: opt.ShardMb = 256,
    no_cache: opt.NoCache = False,
    output: opt.Output = None,
    formats: opt.Formats = None,
    gate: opt.Gate = None,
    progress_style: opt.ProgressStyle = "auto",
    gate_baseline: opt.GateBaseline = None,
    junit: opt.Junit = None,
    github: opt.Github = False,
    quiet: opt.Quiet = False,
    no_color: options.NoColor = False,
) -> int:
    """Compare tokenizers on multilingual Parquet corpora.

    Writes DIR/results.parquet, DIR/run.json and the reports; the summary goes to the terminal.
    """
    del no_color  # its callback has seen to it
    from tokeval.engine.memory import reuse_buffers

    reuse_buffers()  # before Arrow is loaded
    from tokeval.arrow import without_pandas
    from tokeval.cli import progress, rates
    from tokeval.cli.gate import judge, prepare, publish
    from tokeval.cli.parse import columns, pairs, renders, several
    from tokeval.config import CompareConfig, read_toml
    from tokeval.engine.cache import cache_folder
    from tokeval.engine.run import finish, run_plan, write_results
    from tokeval.errors import UsageError
    from tokeval.report.terminal import print_summary
    from tokeval.results.store import COMPARE, check_folder

    without_pandas()
    file = read_toml(config, CompareConfig) if config is not None else CompareConfig()
    folder = output
    if folder is None and config is not None and file.output:
        folder = Path(os.path.normpath(config.parent / options.folder(file.output)))
    chosen = renders(formats or file.formats or ["md", "csv"])
    if ray_address and engine != "ray":
        raise UsageError(f"--ray-address is for --engine ray, not {engine}")
    if gate is None:
        for option, value in {"--junit": junit, "--github": github, "--gate-baseline": gate_baseline}.items():
            if value:
                raise UsageError(f"{option} is for a gate", hint="add --gate RULES.toml")
    if folder is None and resume:
        raise UsageError("there is no folder whose run could be resumed", hint="add -o DIR")
    if folder is None and (formats or gate):
        raise UsageError("there is no folder for the reports", hint="add -o DIR")
    if folder is not None:
        check_folder(folder, COMPARE)
    given = {
        "metrics": metric,
        "baseline": baseline,
        "pivot": pivot,
        "text_column": text_column,
        "slice_by": columns(slice_by),
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
        if folder is not None:
            meter.begin("write", {})
            written = write_results(folder, results, record, chosen)
            finish(folder)
    for line in results.about.warnings:
        progress.say(f"warning: {line}")
    if not quiet or folder is None:
        print_summary(results, sys.stdout if folder is None else sys.stderr)
        rates.show(results, to_stdout=folder is None)
    if folder is not None and not quiet:
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
    from tokeval.cli.parse import located
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
