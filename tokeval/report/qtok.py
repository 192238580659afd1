"""Qtok's tables beside the right figures, and why they differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tokeval.report.blocks import Block, Cell, Heading, Paragraph, Table
from tokeval.report.vocabulary_values import Figures, number

_WHY = (
    "The counts are those that Qtok 0.11 prints; the tables of kinds, scripts and languages are the right ones. "
    "Qtok guesses from the file's text which character marks a space and whether the vocabulary is byte-level, so "
    "a file saved with escapes is read otherwise; here both are taken from the declared pre-tokenizer and "
    "decoder. It files a vocabulary's one-letter tokens under the byte alphabet, or renames them 0X65 and files "
    "them as other; here a letter is text and only <0xNN> or a byte below a character is a byte. Its errors are "
    "tokens with any character that has no name, a line break for instance. Its script is the first word of each "
    "character's name, so DINGBAT and HALFWIDTH are scripts and a hyphen makes a word other; here it is the "
    "Unicode Script. Its percentages by script divide by the tokens that it calls alpha, not by the vocabulary. "
    "Its Latin and Cyrillic tables share each token out among the first few languages of a classifier of documents "
    "(langid), five for one letter and one for six, so they mostly measure length: ‘ the’ and ‘ und’ are both German, "
    "Spanish and English. They divide by the sum of answers, so that rows do not sum to 100; the right denominator "
    "is the number of tokens. Which languages a token could come from is told above by alphabets, and by use where a "
    "corpus is named."
)


def qtok_section(found: Figures) -> Iterator[Block]:
    """The section, if Qtok's view was asked for."""
    readable = [t for t in found.tokenizers if found.value(t, "qtok_tokens") is not None]
    if not any(found.slices(metric) for metric in ("qtok_tokens", "qtok_script_tokens")):
        return
    yield Heading("As Qtok 0.11 has it")
    yield Paragraph(_WHY)
    left_out = [t for t in found.tokenizers if t not in readable]
    if left_out:
        yield Paragraph(
            f"Qtok cannot read {', '.join(left_out)}: it takes a tokenizer.json with a dictionary of tokens."
        )
    categories = found.slices("qtok_tokens")
    yield Table(
        ["tokenizer", "tokens", *categories],
        [
            [t, number(found.value(t, "qtok_tokens")), *(number(found.value(t, "qtok_tokens", c)) for c in categories)]
            for t in readable
        ],
    )
    kinds = found.slices("tokens_by_kind")
    yield Paragraph("Beside them the right kinds:")
    yield Table(
        ["tokenizer", "ids", *kinds],
        [
            [
                t,
                number(found.value(t, "tokens_by_kind")),
                *(number(found.value(t, "tokens_by_kind", k) or 0.0) for k in kinds),
            ]
            for t in readable
        ],
    )
    yield Paragraph("Alpha tokens by position and script, Qtok's percentage, and the same count over the vocabulary:")
    rows: list[list[Cell | str]] = []
    for label in found.slices("qtok_script_tokens"):
        for t in readable:
            count, size = found.value(t, "qtok_script_tokens", label), found.value(t, "qtok_tokens")
            if count and size:
                share = found.share(t, "qtok_script_tokens", label) or 0.0
                rows.append([label, t, number(count), f"{100 * share:.2f} %", f"{100 * count / size:.2f} %"])
    yield Table(
        ["position and script", "tokenizer", "tokens", "Qtok", "of the vocabulary"], rows, 2, "Qtok's Unicode table"
    )
    for metric, script in (("qtok_latin_languages", "Latin"), ("qtok_cyrillic_languages", "Cyrillic")):
        yield from _languages(found, readable, metric, script)


def _languages(found: Figures, readable: Sequence[str], metric: str, script: str) -> Iterator[Block]:
    """Tokens shared out among languages: Qtok's percentage, over the sum of answers, and that over the tokens."""
    told = [t for t in readable if found.value(t, metric) is not None]
    if not told:
        reasons = sorted({str(found.reason(t, metric)) for t in readable})
        yield Paragraph(f"Qtok's {script} table: {'; '.join(reasons)}." if reasons else f"No {script} table.")
        return
    rows: list[list[Cell | str]] = []
    for language in found.slices(metric):
        for t in told:
            mass, seen = found.value(t, metric, language), found.value(t, metric)
            if mass and seen:
                share = found.share(t, metric, language) or 0.0
                rows.append([language, t, number(mass), f"{100 * share:.2f} %", f"{100 * mass / seen:.2f} %"])
    header = ["language", "tokenizer", "tokens", "Qtok", f"of {script} tokens"]
    yield Table(header, rows, 2, f"Qtok's {script} table")
