"""`tokeval.compare`: the library's front door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from tokeval.engine.plan import make_plan
from tokeval.engine.run import run_plan


def compare(
    tokenizers: Mapping[str, str],
    corpora: Mapping[str, str],
    *,
    metrics: Sequence[str] = (),
    baseline: str | None = None,
    pivot: str | None = None,
    text_column: str = "text",
    slice_by: Sequence[str] | None = None,
    id_column: str | None = None,
    words: str = "whitespace",
    limit: int | None = None,
    seed: int = 0,
    accelerate: bool = True,
    cache_mb: int | None = None,
    on_error: str = "stop",
    trust_remote_code: bool = False,
    engine: str = "local",
    jobs: int | None = None,
    cache: str | Path | None = None,
    lexicons: Mapping[str, str | Sequence[str]] | None = None,
    gold: Mapping[str, str] | None = None,
    lexical_decision: Mapping[str, str] | None = None,
    decision_columns: Mapping[str, str] | None = None,
) -> pa.Table:
    """Compare tokenizers on corpora.

    Args:
        tokenizers: spec strings by name.
        corpora: paths (a Parquet file, a folder, a glob) by name.
        metrics: families, metrics or metrics with parameters; empty for the default set.
        baseline: the tokenizer that `nsl` refers to.
        pivot: the slice that `premium` refers to.
        text_column: the column of documents.
        slice_by: columns whose values are the slices; None takes `language` where there is one, () none.
        id_column: the column of parallel ids; None takes `id` where there is one.
        words: the word segmenter: `whitespace`; `icu`, which needs an extra; `auto`, white space, and ICU where a
            script has none and ICU is there.
        limit: read no more than the first so many rows of each corpus, 1 or more; None for all.
        seed: of everything that is drawn at random, 0 or more.
        accelerate: whether verified fast paths may stand in for the reference libraries; no figure depends on it.
        cache_mb: memory for the caches of all fast paths in one worker, in MiB, 1 or more; None for 1024.
        on_error: `stop`, or `skip`: leave a document on which a tokenizer fails out of its figures, and count it.
        trust_remote_code: whether `transformers:` may run code from a tokenizer's folder or repository.
        engine: who runs it: `local`, or `ray`, which needs an extra.
        jobs: how many cores it may use, 1 or more; None for all.
        cache: a folder where the states of this run are kept for the next, which then computes only what is new.
        lexicons: lexicon specs by language (a value of the slice column), one or several each.
        gold: gold segmentations by language, `FORMAT:PATH` or a path.
        lexical_decision: files of lexical-decision studies by language.
        decision_columns: the names of their columns, by what they mean.

    Returns:
        The result table, one row per figure (`.to_pandas()` works).

    Raises:
        UsageError: nothing to compare, an unknown name, or a value out of its range.
        CorpusError: a corpus that is not there, cannot be read to its end, or has no text.
        TokenizerError: one that cannot be loaded, or that fails on a document with `on_error` at `stop`.
        LexiconError: a lexicon, a gold segmentation or a study that cannot be used.
        MissingExtraError: an optional library is not installed; the hint says how to get it.
        IncompleteRunError: a file changed while it was read, or the cluster lost a shard on every attempt.
    """
    plan = make_plan(
        tokenizers,
        corpora,
        metrics=metrics,
        baseline=baseline,
        pivot=pivot,
        text_column=text_column,
        slice_by=slice_by,
        id_column=id_column,
        words=words,
        limit=limit,
        seed=seed,
        accelerate=accelerate,
        cache_mb=cache_mb,
        on_error=on_error,
        trust_remote_code=trust_remote_code,
        lexicons=lexicons,
        gold=gold,
        lexical_decision=lexical_decision,
        decision_columns=decision_columns,
    )
    return run_plan(plan, engine=engine, jobs=jobs, cache=None if cache is None else Path(cache))[0].table
