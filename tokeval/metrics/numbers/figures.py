"""Numbers and operators: how a tokenizer cuts them in running text."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from tokeval.metrics.base import Context, Metric
from tokeval.metrics.columns import Figures, plain, quotients
from tokeval.metrics.measures import DOCUMENTS
from tokeval.metrics.numbers.digits import UNICODE
from tokeval.metrics.numbers.measures import LENGTHS, found, number, operator
from tokeval.metrics.numbers.patterns import CutPatterns
from tokeval.metrics.ratios import count, documents, inapplicable, pools, ratio
from tokeval.schema import HIGHER, LOWER, NEITHER, SPANS, MetricInfo, Status

FAMILY = "numbers"

# Rows of the kernels' tables, as numbers so that the compiler is not imported with the declarations.
_CLASSES = len(LENGTHS)
_HITS_RIGHT, _HITS_LEFT, _BOUNDS, _LONGER, _SINGLES, _WHOLES, _UNCOVERED, _UNKNOWN = range(
    3 * _CLASSES, 3 * _CLASSES + 8
)
_NUMBER = f"A number is a maximal run of decimal digits of any script (Nd of Unicode {UNICODE})."

_FOUND = found("numbers_found", "number_rows")
_BOUND_COUNT = number("digit_group_bounds", _BOUNDS)
_LONG_NUMBERS = number("numbers_of_2_or_more", _LONGER)
_OPERATORS = operator("operators_scored", 0)


#: Of the numbers of one length in one pool: how many there are, and for each way of cutting them count · bits.
_Cuts = tuple[int, list[float]]


def _cuts(context: Context) -> list[dict[int, _Cuts]]:
    """By pool and length, what the entropy is summed up from."""
    state = context.state(CutPatterns)
    return [
        {
            length: (size := sum(counts), [count * math.log2(size / count) for count in counts])
            for length, counts in state.counts(members).items()
        }
        for members in pools(context).values()
    ]


def _split_entropy(context: Context, digits: str = "2+") -> Figures:
    named, n = list(pools(context)), documents(context)
    if SPANS not in context.mine.facts.capabilities:
        absent = inapplicable(named, "the tokenizer does not declare spans")
        return plain(named, n, np.full(len(named), np.nan)).without(absent)
    low, more = int(digits.removesuffix("+")), digits.endswith("+")
    pooled: list[dict[int, _Cuts]] = context.once("cuts", _cuts)
    chosen = [[cuts for length, cuts in found.items() if length == low or (more and length > low)] for found in pooled]
    totals = np.array([sum(size for size, _ in found) for found in chosen])
    bits = [math.fsum(part for _, parts in found for part in parts) for found in chosen]
    nothing = (Status.UNDEFINED, f"no numbers of {digits} digits")
    made = quotients(named, n, bits, totals, "numbers")
    return made.without(dict.fromkeys(np.flatnonzero(totals == 0).tolist(), nothing))


def _by_length(metric: Callable[[str], Metric]) -> list[Metric]:
    """A metric once per class of digit lengths, the class being its parameter."""
    made = []
    for digits in LENGTHS:
        one = metric(digits)
        info = replace(one.info, name=f"{one.name}:{digits}", headline=False, parameters={"digits": digits})
        made.append(replace(one, info=info))
    return made


def _length_class(digits: str) -> int:
    return LENGTHS.index(digits)


def _count_of(digits: str) -> Metric:
    info = MetricInfo(
        "numbers", FAMILY, "count", NEITHER, f"Numbers of {digits} digits that could be scored. {_NUMBER}"
    )
    return replace(count(info, number(f"numbers_{digits}", _length_class(digits))), default=False)


def _tokens_per_digit(digits: str) -> Metric:
    info = MetricInfo(
        "tokens_per_digit",
        FAMILY,
        "tokens/digit",
        NEITHER,
        f"Σ tokens overlapping the number / Σ digits, over numbers of {digits} digits.",
        "Singh and Strouse 2024",
        "A space fused with the number is not counted apart.",
    )
    kind = _length_class(digits)
    above = number(f"number_tokens_{digits}", _CLASSES + kind)
    below = number(f"number_digits_{digits}", 2 * _CLASSES + kind)
    return ratio(info, above, below, default=False, below_name=f"numbers of {digits} digits")


def _group_f1(side: str, row: int) -> Metric:
    info = MetricInfo(
        f"digit_group_f1_{side}",
        FAMILY,
        "1",
        HIGHER,
        f"F1 of token boundaries inside numbers against groups of three counted from the {side}: "
        "2 · hits / (boundaries made + boundaries of the groups), over all numbers.",
        "Singh and Strouse 2024",
        "Numbers of 3, 6, 9 digits score alike from both sides: read both figures.",
        headline=True,
    )
    return ratio(info, number(f"digit_group_hits_{side}", row), _BOUND_COUNT, default=False)


def _left_out(reason: str, rows: tuple[int, ...], text: str) -> Metric:
    name = f"numbers_left_out:{reason}" if reason else "numbers_left_out"
    info = MetricInfo(
        name,
        FAMILY,
        "count",
        LOWER,
        f"Numbers that are not scored{text}.",
        parameters={"reason": reason} if reason else {},
    )
    return replace(count(info, number(name, *rows)), default=False)


METRICS = (
    replace(count(MetricInfo("numbers", FAMILY, "count", NEITHER, _NUMBER), _FOUND), default=False),
    *_by_length(_count_of),
    _left_out("", (_UNCOVERED, _UNKNOWN), ", for any reason"),
    _left_out("uncovered", (_UNCOVERED,), " because no token covers one of their digits"),
    _left_out("unknown", (_UNKNOWN,), " because the unknown token stands for a part of them"),
    ratio(
        MetricInfo(
            "tokens_per_digit",
            FAMILY,
            "tokens/digit",
            NEITHER,
            "Σ tokens overlapping the number / Σ digits, over all numbers; tokens_per_digit:3 over those of 3.",
            "Singh and Strouse 2024",
            "Neither end is best: 1 is one rule for all numbers, less is shorter.",
            headline=True,
        ),
        number("number_tokens", *range(_CLASSES, 2 * _CLASSES)),
        number("number_digits", *range(2 * _CLASSES, 3 * _CLASSES)),
        default=False,
    ),
    *_by_length(_tokens_per_digit),
    _group_f1("right", _HITS_RIGHT),
    _group_f1("left", _HITS_LEFT),
    ratio(
        MetricInfo(
            "single_digit_rate",
            FAMILY,
            "1",
            NEITHER,
            "Share of the numbers of two digits or more that are cut between all of their digits.",
            "Singh and Strouse 2024",
            headline=True,
        ),
        number("numbers_in_single_digits", _SINGLES),
        _LONG_NUMBERS,
        default=False,
    ),
    ratio(
        MetricInfo(
            "whole_number_rate",
            FAMILY,
            "1",
            NEITHER,
            "Share of the numbers of two digits or more that exactly one token overlaps.",
            "Singh and Strouse 2024",
        ),
        number("whole_numbers", _WHOLES),
        _LONG_NUMBERS,
        default=False,
    ),
    Metric(
        MetricInfo(
            "number_split_entropy",
            FAMILY,
            "bits",
            LOWER,
            "Shannon bits of the cut patterns among numbers of one length, mean over lengths weighted by count; "
            "lengths 2 to 40. 0 means one rule for all.",
            "Meister et al. 2025 (TokEval)",
            "Grows with the number of numbers: compare it on the same corpus only.",
            headline=True,
        ),
        _split_entropy,
        (DOCUMENTS,),
        (CutPatterns,),
        default=False,
    ),
    *(
        Metric(
            MetricInfo(
                f"number_split_entropy:{digits}",
                FAMILY,
                "bits",
                LOWER,
                f"Shannon bits of the cut patterns among numbers of {digits} digits.",
                "Meister et al. 2025 (TokEval)",
                parameters={"digits": digits},
            ),
            partial(_split_entropy, digits=digits),
            (DOCUMENTS,),
            (CutPatterns,),
            default=False,
        )
        for digits in LENGTHS[1:]
    ),
    replace(
        count(
            MetricInfo(
                "operators",
                FAMILY,
                "count",
                NEITHER,
                "Operators: maximal runs of + − × ÷ = < > ≠ ≤ ≥ and of ! % & * - / : ^ | ~ beside them (<=, ->, +=).",
            ),
            found("operators_found", "operator_rows"),
        ),
        default=False,
    ),
    replace(
        count(
            MetricInfo(
                "operators_left_out",
                FAMILY,
                "count",
                LOWER,
                "Operators that are not scored, because no token or the unknown token covers them.",
            ),
            operator("operators_left_out", 2),
        ),
        default=False,
    ),
    ratio(
        MetricInfo(
            "operator_isolation_rate",
            FAMILY,
            "1",
            HIGHER,
            "Share of the operators whose tokens hold nothing else but white space.",
            "Meister et al. 2025 (TokEval); token awareness: Zhang et al. 2025",
            "Markup counts: the brackets of <b> are operators to it.",
        ),
        operator("operators_isolated", 1),
        _OPERATORS,
        default=False,
    ),
)
