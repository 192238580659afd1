"""`tokeval.vocab`: vocabularies one after another, then what they share. No text is read unless a corpus is named."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from tokeval import __version__, signature
from tokeval.arrow import id_lists
from tokeval.aside import aside
from tokeval.engine.memory import give_back
from tokeval.errors import NotSupportedError, TokenizerError, UsageError
from tokeval.results.about import About, CorpusAbout, TokenizerAbout
from tokeval.schema import VOCABULARY, Figure, MetricInfo, Status, result_schema
from tokeval.tokenizers.base import Tokenizer
from tokeval.tokenizers.fast import Accelerator, share_checked
from tokeval.tokenizers.load import Spec, check_name, declared, load_tokenizer, parse_spec
from tokeval.tokenizers.sniff import sniff
from tokeval.vocabulary import qtok as qtok_view
from tokeval.vocabulary import qtok_languages
from tokeval.vocabulary.qtok import QtokToken

if TYPE_CHECKING:
    from tokeval.engine.plan import Plan
    from tokeval.vocabulary.figures import Described
    from tokeval.vocabulary.reach import Encode

#: Called with each tokenizer's name, its spec and a table, in the order given; the table is not kept.
Sink = Callable[[str, Spec, pa.Table], None]
_QTOK = (*qtok_view.METRICS, *qtok_languages.METRICS)
_Row = dict[str, object]
_MANY = 1 << 16  # tokens from which on a fast path is worth what it takes to build
_USE = "use"  # what the signature calls a corpus that shows the use of tokens


def vocab(
    tokenizers: Mapping[str, str | Spec],
    *,
    corpora: Mapping[str, str] | None = None,
    text_column: str = "text",
    slice_by: Sequence[str] | None = None,
    limit: int | None = None,
    reach: bool = True,
    qtok: bool = False,
    progress: Callable[[str], None] | None = None,
    tokens: Sink | None = None,
    use: Sink | None = None,
) -> pa.Table:
    """Describe the vocabularies of tokenizers.

    Args:
        tokenizers: spec strings by name; any number, one vocabulary is held at a time.
        corpora: none, or one: a path by its name, with text by language, to see where each token is used.
        text_column: the column of documents.
        slice_by: the columns whose values are the languages; None takes `language` where there is one.
        limit: read no more than the first so many rows, 1 or more; None for all.
        reach: whether to look for tokens that no text produces.
        qtok: whether to add the tables of Qtok 0.11, as it computes them.
        progress: told in a line what has been done.
        tokens: receives each table of tokens: id, piece, bytes, text, kind, part, position, script, class,
            byte_length, char_length, languages, flags, reach; with a corpus uses, use_slice, use_count, use_share;
            with qtok qtok_category, qtok_languages.
        use: receives how often each slice of the corpus has each id: slice, id, count.

    Returns:
        The result table; its column `corpus` is `vocabulary` where no text was read.

    Raises:
        UsageError: no tokenizer, several corpora, or a value out of its range.
        TokenizerError: one that cannot be loaded.
        NotSupportedError: one that declares no vocabulary.
        CorpusError: the corpus cannot be read, or has no text.
        MissingExtraError: an optional library is not installed; the hint says how to get it.
    """
    from tokeval.vocabulary.alphabets import exemplars
    from tokeval.vocabulary.characters import unicode_version
    from tokeval.vocabulary.definitions import CORPUS, METRICS, USE_METRICS
    from tokeval.vocabulary.figures import figures_of, overlap_figures
    from tokeval.vocabulary.overlap import keys_of, overlap
    from tokeval.vocabulary.usage import usage, use_figures

    if not tokenizers:
        raise UsageError("no tokenizer was named", hint="add -t NAME=SPEC, for instance -t gpt2=tokenizer.json")
    if corpora is not None and len(corpora) != 1:
        raise UsageError(f"the use of tokens is read from one corpus, not {len(corpora)}")
    specs = {check_name(n): s if isinstance(s, Spec) else parse_spec(s) for n, s in tokenizers.items()}
    for name, spec in specs.items():
        _require_vocabulary(name, spec, declared(spec))
    sources = {"unicode": unicode_version(), "cldr": exemplars()[0]}
    about = {CORPUS: CorpusAbout(f"Unicode {sources['unicode']}, CLDR {sources['cldr']}", 0, 0, 0, [])}
    metrics = [*METRICS, *(USE_METRICS if corpora else ()), *(_QTOK if qtok else ())]
    infos = {info.name: info for info in metrics}
    known: dict[str, TokenizerAbout] = {}
    keys = []

    def describe(name: str, spec: Spec) -> list[_Row]:
        """The figures of one tokenizer; when it returns, nothing of the vocabulary is held any more."""
        rows: list[_Row] = []
        known[name], described = _read(name, spec, reach)
        give_back()
        counted = aside(lambda: list(figures_of(described)))  # while the table of tokens is written
        table = described.tokens
        if qtok:
            view = _qtok(spec)
            rows += _rows(name, CORPUS, qtok_view.figures(view), infos, known, sources)
            languages = qtok_languages.answers(view)
            rows += _rows(name, CORPUS, qtok_languages.figures(view, languages), infos, known, sources)
            ids = table["id"].to_numpy()
            table = table.append_column("qtok_category", qtok_view.column(view, ids))
            table = table.append_column("qtok_languages", qtok_languages.column(languages, ids))
        if len(specs) > 1:
            keys.append(keys_of(table))
        for corpus, place in (corpora or {}).items():
            from tokeval.engine.plan import make_plan  # what reads text is loaded where there is some

            plan = make_plan(
                {name: spec},
                {corpus: place},
                metrics=["vocabulary_used"],
                text_column=text_column,
                slice_by=slice_by,
                limit=limit,
            )
            counts, about[corpus] = _count_use(name, plan)
            uses = usage(table["id"].to_numpy(), counts)
            for column in uses.columns.column_names:
                table = table.append_column(column, uses.columns[column])
            rows += _rows(name, corpus, use_figures(uses), infos, known, {_USE: about[corpus].fingerprint})
            if use is not None:
                use(name, spec, counts)
        if progress is not None:
            progress(f"{name}: {table.num_rows:,} tokens")
        if tokens is not None:
            tokens(name, spec, table)
        return _rows(name, CORPUS, counted.result(), infos, known, sources) + rows

    parts = [_table(describe(name, spec)) for name, spec in specs.items()]
    if len(keys) > 1:
        shared = overlap_figures(list(specs), overlap(keys))
        parts.append(
            _table(
                [
                    row
                    for name, metric, figure in shared
                    for row in _rows(name, CORPUS, [(metric, figure)], infos, known, sources)
                ]
            )
        )
    told = About(
        version=__version__,
        tokenizers=known,
        corpora=about,
        metrics=metrics,
    )
    return pa.concat_tables(parts).combine_chunks().replace_schema_metadata(told.to_metadata())


def _table(rows: list[_Row]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=result_schema())


def _require_vocabulary(name: str, spec: Spec, capabilities: frozenset[str] | None) -> None:
    if capabilities is not None and VOCABULARY not in capabilities:
        raise NotSupportedError(f"the tokenizer {name!r} has no vocabulary: {spec} does not declare one")


def _read(name: str, spec: Spec, reach: bool) -> tuple[TokenizerAbout, Described]:
    """What needs the tokenizer; when it returns, nothing of the tokenizer is held any more."""
    from tokeval.vocabulary.analysis import analyze

    tokenizer = load_tokenizer(spec, sparing=True)
    give_back()
    vocabulary = _vocabulary(name, tokenizer, spec)
    about = TokenizerAbout(
        str(spec), tokenizer.fingerprint, tokenizer.library, vocabulary.num_rows, tokenizer.yardstick
    )

    def wait() -> None:
        tokenizer.wait()
        give_back()

    encode = tokenizer.encode_batch if reach else None
    worth = reach and tokenizer.slow and vocabulary.num_rows >= _MANY
    return about, analyze(vocabulary, tokenizer.spelling(), encode, _quick(name, tokenizer) if worth else None, wait)


@contextmanager
def _quick(name: str, tokenizer: Tokenizer) -> Iterator[Encode]:
    """The fast path of a tokenizer, where it has one that agrees with its library on hard strings."""
    yield partial(_ids, Accelerator(name, tokenizer, share_checked(tokenizer.entries.num_rows)))
    give_back()


def _ids(fast: Accelerator, texts: pa.Array) -> pa.Array:
    found = fast.encode(texts, spans=False)
    if found is None:  # none, or it disagreed on the sample
        return id_lists(np.zeros(0, np.uint32), np.zeros(len(texts) + 1, np.int64))
    return id_lists(found.ids, found.offsets)


def _vocabulary(name: str, tokenizer: Tokenizer, spec: Spec) -> pa.Table:
    _require_vocabulary(name, spec, tokenizer.capabilities)
    table = tokenizer.entries
    if not table.num_rows:
        raise TokenizerError(f"the vocabulary of {name!r} is empty")
    return table


def _qtok(spec: Spec) -> list[QtokToken] | None:
    """Qtok's view of a tokenizer.json; None where Qtok 0.11 cannot read the tokenizer at all."""
    path = Path(spec.location)
    path = path / "tokenizer.json" if path.is_dir() else path
    if spec.backend != "hf" or not path.is_file() or sniff(path) != "hf":
        return None
    text = path.read_text("utf-8")
    return qtok_view.classify(text, json.loads(text))


def _count_use(name: str, plan: Plan) -> tuple[pa.Table, CorpusAbout]:
    """How often each slice of the plan's corpus has each id, and what was read."""
    from tokeval.engine.local import run
    from tokeval.engine.shard import load_workers
    from tokeval.engine.work import Work

    state = run(Work(plan, load_workers(plan)))[0]
    counts = state.tokenizers[name].others["frequencies"].state()
    slices = list(plan.corpora[0].columns.slices)
    seen = len(counts["slice"].combine_chunks().dictionary)
    intake = state.intake
    return counts, CorpusAbout(intake.fingerprint, intake.documents, intake.bytes, seen, slices, intake.nulls)


def _rows(
    name: str,
    corpus: str,
    figures: Iterable[tuple[str, Figure]],
    infos: Mapping[str, MetricInfo],
    known: Mapping[str, TokenizerAbout],
    sources: Mapping[str, str],
) -> list[_Row]:
    """Figures as rows of the result table, signed by the tokenizers and the tables behind them."""
    return [
        {
            "tokenizer": name,
            "corpus": corpus,
            "slice": figure.slice,
            "metric": metric,
            "value": figure.value if figure.status is Status.OK else None,
            "unit": infos[metric].unit,
            "n": figure.n,
            "numerator": figure.numerator,
            "denominator": figure.denominator,
            "reference": figure.reference,
            "status": str(figure.status),
            "reason": figure.reason,
            "signature": signature.write(
                {
                    "tokeval": __version__,
                    "metric": f"{metric}.{infos[metric].version}",
                    "tokenizer": known[name].fingerprint,
                    "library": known[name].library,
                    **sources,
                    "slice": figure.slice,
                    "reference": known[figure.reference].fingerprint if figure.reference else None,
                }
            ),
        }
        for metric, figure in figures
    ]
