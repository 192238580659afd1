"""Code: tokens against the leaves of a tree-sitter parse, and on indentation."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from tokeval.arrow import Int64
from tokeval.metrics.base import Accumulator, Context, Measure, Metric
from tokeval.metrics.code import measures as m
from tokeval.metrics.code.grammars import LANGUAGES, language_of
from tokeval.metrics.code.leaves import CLASSES
from tokeval.metrics.columns import Figures, Problem, plain, quotients, ratios
from tokeval.metrics.ratios import Pools, by_pool, inapplicable, missing, pools, spoken
from tokeval.schema import ALL, HIGHER, LOWER, NEITHER, MetricInfo, Status

FAMILY = "code"
_SOURCE = "Meister et al. 2025 (TokEval)"


def spearman(table: Int64) -> tuple[float, float] | None:
    """Spearman's rank correlation of a table of counts, ties sharing their mean rank, as (covariance, deviations).

    The correlation is their quotient; None where one of the two never varies.
    """
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    total = int(table.sum())
    # twice the mean rank less (total + 1): whole numbers, centred
    x = 2 * np.cumsum(rows) - rows - total
    y = 2 * np.cumsum(columns) - columns - total
    # Python's integers: the products pass 2^63 on large corpora
    pairs = [(int(i), int(j)) for i, j in zip(*np.nonzero(table), strict=True)]
    both = sum(int(table[i, j]) * int(x[i]) * int(y[j]) for i, j in pairs)
    of_x = sum(int(rows[i]) * int(x[i]) ** 2 for i in range(len(x)))
    of_y = sum(int(columns[j]) * int(y[j]) ** 2 for j in range(len(y)))
    if of_x == 0 or of_y == 0:
        return None
    # one root, exact where it is whole: with two, a perfect order falls short of 1
    root = math.isqrt(of_x * of_y)
    return float(both), float(root) if root**2 == of_x * of_y else math.sqrt(of_x * of_y)


def _pools(context: Context) -> Pools:
    """The rows by name, and the programming languages that each sums over."""

    def pool(context: Context) -> Pools:
        known = {name for name in context.slices if language_of(name) is not None}
        return {name: tuple(m for m in members if m in known) for name, members in pools(context).items()}

    made: Pools = context.once("code pools", pool)
    return made


def _problems(context: Context, *needed: Measure) -> dict[int, Problem]:
    """What stands in the way of figures, by row."""
    known, found = ", ".join(sorted(LANGUAGES)), inapplicable(pools(context), missing(context.mine, *needed))
    for row, ((name, code), members) in enumerate(zip(_pools(context).items(), pools(context).values(), strict=True)):
        if not code and (len(members) != 1 or name == ALL):
            found[row] = Status.NOT_APPLICABLE, f"no slice is a programming language with a grammar ({known})"
        elif not code:
            found[row] = Status.NOT_APPLICABLE, f"the slice {name!r} is no programming language with a grammar"
    return found


def _documents(context: Context) -> Int64:
    """Source files behind each row."""
    counted: Int64 = context.once("source files", lambda c: by_pool(c.mine, m.CODE_DOCUMENTS, _pools(c)).sum(axis=1))
    return counted


def _ratio(info: MetricInfo, above: Measure, below: Measure) -> Metric:
    def compute(context: Context) -> Figures:
        named = _pools(context)
        parts = by_pool(context.mine, above, named), by_pool(context.mine, below, named)
        made = ratios(list(named), _documents(context), parts, spoken(below))
        return made.without(_problems(context, above, below))

    return Metric(info, compute, (above, below, m.CODE_DOCUMENTS), default=False)


def _count(info: MetricInfo, measure: Measure) -> Metric:
    def compute(context: Context) -> Figures:
        named = _pools(context)
        totals = by_pool(context.mine, measure, named).sum(axis=1)
        return plain(list(named), _documents(context), totals).without(_problems(context, measure))

    return Metric(info, compute, (measure, m.CODE_DOCUMENTS), default=False)


def _consistency(context: Context) -> Figures:
    named, problems = _pools(context), _problems(context, m.INDENTED_LINES)
    above, below = np.full((2, len(named)), np.nan)
    for row, code in enumerate(named.values()):
        if row in problems:
            continue
        table = context.state(m.Depths).table(code)  # not there where the tokenizer has no spans, which is a problem
        found = spearman(table)
        if not table.any():
            problems[row] = Status.UNDEFINED, "no indented lines"
        elif found is None:
            problems[row] = Status.UNDEFINED, "depth or tokens are the same on every indented line"
        else:
            above[row], below[row] = found
    return quotients(list(named), _documents(context), above, below, "variation").without(problems)


def _info(
    name: str, unit: str, direction: str, definition: str, misleads: str = "", *, headline: bool = False
) -> MetricInfo:
    # the second version of each: what is a leaf of which class, and what is an error, was mended
    return MetricInfo(name, FAMILY, unit, direction, definition, _SOURCE, misleads, headline=headline, version=2)


_BOUNDARY = _info(
    "ast_boundary_rate",
    "1",
    HIGHER,
    "Share of the leaves of the parse (identifiers, keywords, operators, literals, delimiters) that start and end at "
    "token boundaries; white space at a token's edge does not count against it.",
    "Tokens of single bytes score 1: read it beside identifier_tokens.",
    headline=True,
)
_DEPTHS: tuple[type[Accumulator], ...] = (m.Depths,)

METRICS = (
    _ratio(_BOUNDARY, m.WHOLE_LEAVES, m.ALL_LEAVES),
    *(
        _ratio(
            replace(
                _BOUNDARY,
                name=f"ast_boundary_rate:{kind}",
                definition=f"Share of the {kind} leaves of the parse that start and end at token boundaries.",
                parameters={"leaf": kind},
                headline=False,
            ),
            m.leaf(kind, True),
            m.leaf(kind, False),
        )
        for kind in CLASSES
    ),
    _count(_info("code_leaves", "count", NEITHER, "Leaves of the parse that were scored."), m.ALL_LEAVES),
    _count(
        _info("code_leaves_left_out", "count", LOWER, "Leaves that no token, or the unknown token, covers."), m.LEFT_OUT
    ),
    _ratio(
        _info("code_error_rate", "1", NEITHER, "Nodes of the parse that are errors or missing / all nodes."),
        m.ERRORS,
        m.NODES,
    ),
    _ratio(
        _info(
            "identifier_tokens",
            "tokens/identifier",
            LOWER,
            "Tokens overlapping identifiers / identifiers.",
            headline=True,
        ),
        m.NAME_TOKENS,
        m.NAMES,
    ),
    _ratio(
        _info("identifier_split_rate", "1", LOWER, "Share of the identifiers that two or more tokens overlap."),
        m.SPLIT_NAMES,
        m.NAMES,
    ),
    _ratio(
        _info(
            "indent_tokens",
            "tokens/line",
            LOWER,
            "Σ tokens overlapping the white space before indented lines / indented lines, blank lines left out.",
        ),
        m.INDENT_TOKENS,
        m.INDENTED_LINES,
    ),
    Metric(
        _info(
            "indent_consistency",
            "1",
            HIGHER,
            "Spearman's correlation of the depth of indented lines (columns, a tab is four) and the tokens on "
            "their white space; beyond 128 columns or tokens all are alike.",
            "Undefined where one token holds every indentation, which is as consistent as can be.",
        ),
        _consistency,
        (m.CODE_DOCUMENTS, m.INDENTED_LINES),
        _DEPTHS,
        default=False,
    ),
)
