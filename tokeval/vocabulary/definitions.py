"""The figures on vocabularies: names, units, definitions. Every count by slice sums to its row `all`."""

from __future__ import annotations

from tokeval.schema import HIGHER, LOWER, NEITHER, MetricInfo

FAMILY = "vocabulary"
#: What stands in the result table's column `corpus`: no text was read.
CORPUS = "vocabulary"


def _count(name: str, definition: str, direction: str = NEITHER, misleads: str = "", source: str = "") -> MetricInfo:
    return MetricInfo(name, FAMILY, "count", direction, definition, source, misleads)


METRICS = (
    _count("tokens_by_kind", "Ids by kind: text, control or white space, byte, partial character, special, unused."),
    MetricInfo(
        "byte_completeness",
        FAMILY,
        "1",
        HIGHER,
        "Distinct bytes that are tokens by themselves / 256.",
        misleads="13 bytes occur in no UTF-8 text; below 1 a tokenizer without an unknown token can lose text.",
        headline=True,
    ),
    _count(
        "tokens_by_script",
        "Ids by Unicode Script (UAX 24) of their characters, Common and Inherited ignored; Han with kana is Japanese;"
        " several scripts are joined by +.",
    ),
    _count("tokens_by_position", "Ids by position in a word, as the tokenizer's file declares it (Ġ, ▁, ##, </w>)."),
    _count("tokens_by_class", "Ids by what their characters are, one leading space apart."),
    _count("tokens_by_bytes", "Ids by length in bytes, special and unused ones apart."),
    _count("tokens_by_digits", "Ids that are one numeral, by its number of digits, one leading space apart."),
    MetricInfo(
        "numeral_completeness",
        FAMILY,
        "1",
        NEITHER,
        "Share of the numerals 0 … 9, 00 … 99, 000 … 999 that are tokens: where it is 1, digits go in such groups.",
        "Singh and Strouse 2024",
    ),
    *(
        MetricInfo(
            f"token_{unit}_{name}",
            FAMILY,
            f"{unit}/token",
            NEITHER,
            f"{words} of the length in {what}, special and unused ids apart.",
        )
        for unit, what in (("bytes", "bytes"), ("chars", "code points, over tokens that are UTF-8"))
        for name, words in (("mean", "Mean"), ("p50", "Median"), ("p95", "95th percentile"), ("max", "Maximum"))
    ),
    MetricInfo(
        "alphabet_completeness",
        FAMILY,
        "1",
        HIGHER,
        "Share of a language's CLDR exemplar characters that are single tokens, a word mark before them apart.",
        misleads="Says nothing of how often a character is used: rare ideographs weigh as much as common ones.",
    ),
    MetricInfo(
        "complete_alphabets",
        FAMILY,
        "count",
        HIGHER,
        "Languages of CLDR whose exemplar characters are all single tokens.",
        headline=True,
    ),
    _count(
        "tokens_of_language",
        "Ids whose every letter is in the language's CLDR exemplar set, in either case: they could come from it.",
        misleads="A token counts for every language that it fits; most Latin ones fit a hundred.",
    ),
    _count("tokens_of_language_only", "Of these, ids that fit no other language."),
    MetricInfo(
        "tokens_without_language",
        FAMILY,
        "1",
        NEITHER,
        "Share of ids of which no language can be told: no letters, or letters that no one language has.",
    ),
    MetricInfo(
        "unreachable_tokens",
        FAMILY,
        "count",
        LOWER,
        "Ids that no context tried produces, and that a BPE's merges cannot build or no UTF-8 text holds.",
        "Land and Bartolo 2024",
        headline=True,
    ),
    _count(
        "not_produced_tokens",
        "Ids that no context tried produces although nothing shows that none can.",
        LOWER,
    ),
    _count("twin_tokens", "Ids that another equals but for a leading space, case, or Unicode normal form.", LOWER),
    _count(
        "suspicious_tokens",
        "Ids across scripts, across words, of letters with punctuation, of one character eight times or more in a row,"
        " of several digits.",
        LOWER,
    ),
    _count("private_use_tokens", "Ids with a private-use code point.", LOWER),
    _count("unassigned_tokens", "Ids with a code point that is not assigned.", LOWER),
    MetricInfo(
        "overlap_jaccard",
        FAMILY,
        "1",
        NEITHER,
        "Byte strings that both vocabularies have / those that either has; special and unused ones apart.",
        misleads="A vocabulary that marks words otherwise than by a space (##) shares fewer strings than words.",
        pairs=True,
    ),
    _count("core_tokens", "Byte strings that every vocabulary of the run has."),
    _count("unique_tokens", "Byte strings that no other vocabulary of the run has."),
)

USE_METRICS = (
    _count(
        "tokens_by_language_of_use",
        "Ids by the slice that holds more than half of their use, compared by rates; five uses at least.",
    ),
    MetricInfo(
        "tokens_without_language_of_use",
        FAMILY,
        "1",
        NEITHER,
        "Share of ids of which the text does not tell a language: used less than five times, or by several alike.",
    ),
)
