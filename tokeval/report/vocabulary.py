"""`vocabulary.md` and `vocabulary.html`: the figures of `tokeval vocab` as tables and pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tokeval.report.blocks import Block, Cell, Drawing, Heading, Paragraph, Table, as_html, as_markdown
from tokeval.report.dendrogram import draw, draw_svg, linkage
from tokeval.report.qtok import qtok_section
from tokeval.report.vocabulary_values import Figures, number, percent
from tokeval.results.store import Results
from tokeval.schema import ALL

#: Beyond so many tokenizers, tables with a column for each become lists of what is nearest.
_WIDE = 24
_SCRIPTS, _LANGUAGES = 12, 12

_PARTITIONS = (
    ("Kinds", "tokens_by_kind", "Every id has one kind; each row sums to the vocabulary."),
    ("Position in the word", "tokens_by_position", "As the tokenizer's own file declares it."),
    ("Classes", "tokens_by_class", "What the characters of a token are, one leading space apart."),
    ("Length in bytes", "tokens_by_bytes", "Special and unused ids apart."),
)


def render(results: Results) -> Mapping[str, bytes]:
    """The files `vocabulary.md` and `vocabulary.html`."""
    blocks = list(_blocks(results))
    title = "Vocabularies"
    return {
        "vocabulary.md": as_markdown(blocks).encode(),
        "vocabulary.html": as_html(title, blocks).encode(),
    }


def _blocks(results: Results) -> Iterator[Block]:
    names = list(results.about.tokenizers)
    corpora = list(results.about.corpora)
    found = {corpus: Figures.of(results.table, corpus, names) for corpus in corpora}
    first = found[corpora[0]]
    yield Heading("Vocabularies", 1)
    tables = results.about.corpora[corpora[0]].fingerprint
    count = f"{len(names)} vocabularies" if len(names) > 1 else "One vocabulary"
    yield Paragraph(f"{count}. Scripts, categories and alphabets by {tables}. No text was read for these tables.")
    if len(names) > _WIDE:
        yield Paragraph(
            "Tables with a column for each vocabulary are left out: the ids of every script (tokens_by_script),"
            " languages one by one (alphabet_completeness, tokens_of_language) and the overlap of every pair"
            " (overlap_jaccard) are in results.csv."
        )
    yield _summary(first)
    for title, metric, note in _PARTITIONS:
        yield Heading(title)
        yield Paragraph(note)
        yield _shares(first, metric, first.slices(metric))
    yield from _scripts(first)
    yield from _numerals(first)
    yield from _languages(first)
    yield from _doubtful(first)
    if len(names) > 1:
        yield from _overlap(first)
    for corpus in corpora[1:]:
        yield from _use(corpus, found[corpus])
    yield from qtok_section(first)
    yield from _method(results)


def _summary(found: Figures) -> Table:
    columns = (
        ("ids", "tokens_by_kind"),
        ("single bytes of 256", "byte_completeness"),
        ("mean bytes", "token_bytes_mean"),
        ("longest, bytes", "token_bytes_max"),
        ("alphabets complete", "complete_alphabets"),
        ("unreachable", "unreachable_tokens"),
        ("not produced", "not_produced_tokens"),
        ("with a twin", "twin_tokens"),
        ("suspicious", "suspicious_tokens"),
    )
    rows = []
    for name in found.tokenizers:
        values = [found.value(name, metric) for _, metric in columns]
        values[1] = None if values[1] is None else 256 * values[1]
        rows.append([name, *(number(value) for value in values)])
    return Table(["tokenizer", *(title for title, _ in columns)], rows)


def _shares(found: Figures, metric: str, names: Sequence[str], rest: str = "") -> Table:
    """Shares of ids by tokenizer; `rest` names a last column for what the others leave."""
    rows: list[list[Cell | str]] = []
    for tokenizer in found.tokenizers:
        shares = [found.share(tokenizer, metric, name) for name in names]
        if rest:
            shares.append(None if None in shares else max(0.0, 1 - sum(s or 0.0 for s in shares)))
        rows.append([tokenizer, *(percent(share) for share in shares)])
    return Table(["tokenizer", *names, *([rest] if rest else [])], rows)


def _scripts(found: Figures) -> Iterator[Block]:
    metric = "tokens_by_script"
    total = {s: sum(found.share(t, metric, s) or 0.0 for t in found.tokenizers) for s in found.slices(metric)}
    ordered = sorted(total, key=lambda name: (-total[name], name))
    yield Heading("Scripts")
    yield Paragraph(
        "Unicode Script of a token's characters, Common and Inherited ignored; several scripts are named together."
    )
    yield _shares(found, metric, ordered[:_SCRIPTS], f"{len(ordered) - _SCRIPTS} others" if ordered[_SCRIPTS:] else "")
    if len(ordered) > _SCRIPTS and len(found.tokenizers) <= _WIDE:
        rows = [[s, *(number(found.value(t, metric, s) or 0.0) for t in found.tokenizers)] for s in ordered]
        yield Table(["script", *found.tokenizers], rows, folded=f"Ids of all {len(ordered)} scripts")


def _numerals(found: Figures) -> Iterator[Block]:
    yield Heading("Numerals")
    yield Paragraph(
        "Tokens that are one numeral by number of digits, and the share of the numerals 0–9, 00–99 and 000–999 that"
        " are tokens. All of a length and none longer: digits go in groups of that length."
    )
    counts, kinds = ("1", "2", "3", "4+"), ("1 digit", "2 digits", "3 digits")
    rows: list[list[Cell | str]] = [
        [
            t,
            *(number(found.value(t, "tokens_by_digits", c) or 0.0) for c in counts),
            *(percent(found.value(t, "numeral_completeness", k)) for k in kinds),
            _grouping(found, t),
        ]
        for t in found.tokenizers
    ]
    header = ["tokenizer", *(f"{c} digits" for c in counts), "of 0–9", "of 00–99", "of 000–999", "grouping implied"]
    yield Table(header, rows)


def _grouping(found: Figures, tokenizer: str) -> str:
    whole = [found.value(tokenizer, "numeral_completeness", k) == 1 for k in ("1 digit", "2 digits", "3 digits")]
    longest = sum(1 for k in range(3) if all(whole[: k + 1]))
    longer = any(
        found.value(tokenizer, "tokens_by_digits", count) for count in ("1", "2", "3", "4+")[longest:] if count
    )
    if not longest:
        return "none"
    if longer:
        return "irregular"
    return "single digits" if longest == 1 else f"up to {longest} digits"


def _languages(found: Figures) -> Iterator[Block]:
    yield Heading("Languages")
    yield Paragraph(
        "A language's alphabet is its CLDR exemplar set. Complete: every character of it is a single token. A "
        "token could come from each language that has all of its letters; it is told by its letters, never by its "
        "length, and most Latin tokens fit a hundred languages. Without letters, or with letters that no one "
        "language has, there is no answer."
    )
    codes = found.slices("alphabet_completeness")
    rows: list[list[Cell | str]] = []
    for t in found.tokenizers:
        shares = [found.value(t, "alphabet_completeness", code) or 0.0 for code in codes]
        rows.append(
            [
                t,
                number(found.value(t, "complete_alphabets")),
                number(float(sum(share >= 0.9 for share in shares))),
                number(float(sum(share < 0.5 for share in shares))),
                percent(found.value(t, "tokens_without_language")),
                percent(found.share(t, "tokens_of_language_only")),
            ]
        )
    header = ["tokenizer", f"complete of {len(codes)}", "90 % or more", "below half", "no answer", "one language only"]
    yield Table(header, rows)
    if len(found.tokenizers) > _WIDE:
        return
    for metric, title in (
        ("alphabet_completeness", "Share of the alphabet that is single tokens, by language"),
        ("tokens_of_language", "Share of ids that could come from the language"),
        ("tokens_of_language_only", "Share of ids that could come from no other language"),
    ):
        table_rows: list[list[Cell | str]] = [
            [c, *(percent(found.share(t, metric, c)) for t in found.tokenizers)] for c in codes
        ]
        if metric == "tokens_of_language_only":
            table_rows = [row for row in table_rows if any(isinstance(cell, Cell) and cell.share for cell in row)]
        yield Table(["language", *found.tokenizers], table_rows, folded=title)


def _doubtful(found: Figures) -> Iterator[Block]:
    yield Heading("Tokens in doubt")
    yield Paragraph(
        "Unreachable: no context tried produces the token, and a BPE's merges cannot build it or no UTF-8 text holds"
        " its bytes. Not produced: no context tried produces it, but nothing shows that none can. Both are listed in"
        " unreachable.csv, and every token's flags in vocabulary.parquet."
    )
    rows: list[list[Cell | str]] = []
    for t in found.tokenizers:
        simple = ["unreachable_tokens", "not_produced_tokens", "private_use_tokens", "unassigned_tokens"]
        rows.append([t, *(number(found.value(t, metric)) for metric in simple)])
    yield Table(["tokenizer", "unreachable", "not produced", "private use", "unassigned"], rows)
    for metric, note in (
        ("twin_tokens", "Tokens that another equals but for what the column names."),
        ("suspicious_tokens", "Merges that look wrong; letters-punctuation is usual in code."),
    ):
        yield Paragraph(note)
        names = found.slices(metric)
        yield Table(
            ["tokenizer", *names],
            [[t, *(number(found.value(t, metric, name)) for name in names)] for t in found.tokenizers],
        )


def _overlap(found: Figures) -> Iterator[Block]:
    names = found.tokenizers
    yield Heading("Overlap")
    core = number(found.value(names[0], "core_tokens"))
    yield Paragraph(f"{core} byte strings are in every vocabulary. Jaccard of byte strings, special and unused apart:")
    jaccard = [[1.0 if a == b else (found.value(a, "overlap_jaccard", ALL, b) or 0.0) for b in names] for a in names]
    if len(names) <= _WIDE:
        rows: list[list[Cell | str]] = [
            [a, *(Cell(f"{j:.3f}", j) for j in row), number(found.value(a, "unique_tokens"))]
            for a, row in zip(names, jaccard, strict=True)
        ]
        yield Table(["tokenizer", *names, "in no other"], rows)
    else:
        nearest = [max((k for k in range(len(names)) if k != i), key=lambda k: row[k]) for i, row in enumerate(jaccard)]
        rows = [
            [a, names[k], Cell(f"{row[k]:.3f}", row[k]), number(found.value(a, "unique_tokens"))]
            for a, k, row in zip(names, nearest, jaccard, strict=True)
        ]
        yield Table(["tokenizer", "nearest", "Jaccard", "in no other"], rows, left=2)
    merges = linkage([[1 - j for j in row] for row in jaccard])
    yield Paragraph("Average linkage on 1 − Jaccard; the number at a fork is the distance of its two sides.")
    yield Drawing(draw(names, merges), draw_svg(names, merges))


def _use(corpus: str, found: Figures) -> Iterator[Block]:
    yield Heading(f"Use in {corpus}")
    yield Paragraph(
        "In which language's text a token is used: the slice whose rate is more than half of the sum of all slices'"
        " rates, five uses at least; else there is no answer. Counts are in vocabulary.parquet and token_use.parquet."
    )
    metric = "tokens_by_language_of_use"
    slices = found.slices(metric)
    best = sorted(slices, key=lambda s: (-sum(found.value(t, metric, s) or 0 for t in found.tokenizers), s))
    rows: list[list[Cell | str]] = [
        [
            t,
            percent(found.value(t, "tokens_without_language_of_use")),
            *(percent(found.share(t, metric, s)) for s in best[:_LANGUAGES]),
        ]
        for t in found.tokenizers
    ]
    yield Table(["tokenizer", "no answer", *best[:_LANGUAGES]], rows)
    if len(found.tokenizers) <= _WIDE and len(best) > _LANGUAGES:
        every = [[s, *(number(found.value(t, metric, s)) for t in found.tokenizers)] for s in best]
        yield Table(["slice", *found.tokenizers], every, folded=f"Ids of all {len(best)} slices")


def _method(results: Results) -> Iterator[Block]:
    about = results.about
    yield Heading("How it was made")
    yield Paragraph(f"tokeval {about.version}. Every figure has a definition and a signature in results.parquet.")
    rows = [[name, t.spec, t.fingerprint, t.library] for name, t in about.tokenizers.items()]
    yield Table(["tokenizer", "spec", "fingerprint", "library"], rows, left=4)
    yield Table(
        ["figure", "unit", "definition"],
        [
            [m.name, m.unit, " ".join([m.definition, f"Mind: {m.misleads}" * bool(m.misleads)]).strip()]
            for m in about.metrics
        ],
        left=3,
        folded="Definitions",
    )
