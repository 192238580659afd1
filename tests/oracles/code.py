"""Tokens on source code in plain Python: leaves of a parse, identifiers, indentation; one document at a time.

Tokens are (start, end, id) in bytes of the document. What a leaf is called by its grammar is a table of the program
itself; that it lies where it does, and what tokens do to it, is found here again from the definitions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import fmean

from tokeval.metrics.code.grammars import parser
from tokeval.metrics.code.leaves import CLASSES, IN_CODE, class_of, context_inside

Token = tuple[int, int, int]
Leaf = tuple[int, int, str]


def leaves(language: str, text: str) -> tuple[list[Leaf], int, int]:
    """The leaves of the parse in order, all nodes, and those that are errors or missing."""
    found: list[Leaf] = []
    nodes = errors = 0
    open_ = [(parser(language).parse(text.encode()).root_node, IN_CODE)]
    while open_:
        node, context = open_.pop()
        bad = node.is_error or node.is_missing
        nodes += 1
        errors += bad
        if node.children:
            open_ += [(child, context_inside(node, context)) for child in reversed(node.children)]
        elif not node.is_missing and node.end_byte > node.start_byte:
            kind = len(CLASSES) if node.is_error else class_of(node, context)
            found.append((node.start_byte, node.end_byte, (*CLASSES, "other")[kind]))
    return found, nodes, errors


def blank(data: bytes, start: int, stop: int) -> bool:
    """Whether all characters that begin in a stretch are white space; never where it begins inside one."""
    if start < stop and data[start] & 0xC0 == 0x80:
        return False
    while stop < len(data) and data[stop] & 0xC0 == 0x80:
        stop += 1
    return all(c.isspace() for c in data[start:stop].decode())


def over(start: int, stop: int, tokens: Sequence[Token]) -> list[Token]:
    return [t for t in tokens if t[0] < stop and t[1] > start and t[1] > t[0]]


def score_leaf(data: bytes, leaf: Leaf, tokens: Sequence[Token], unknown: int | None) -> dict[str, int]:
    start, stop, kind = leaf
    mine = over(start, stop, tokens)
    bare = [at for at in range(start, stop) if not any(t[0] <= at < t[1] for t in mine)]
    gaps = [(at, next(k for k in range(at, stop + 1) if k not in bare)) for at in bare if at - 1 not in bare]
    if not mine or not all(blank(data, *gap) for gap in gaps) or any(t[2] == unknown for t in mine):
        return {"left_out": 1}
    low, high = min([start, *(t[0] for t in mine)]), max([stop, *(t[1] for t in mine)])
    whole = blank(data, low, start) and blank(data, stop, high)
    scored = {kind: 1, f"whole {kind}": int(whole)}
    if kind == "identifier":
        scored |= {"names": 1, "name tokens": len(mine), "split names": int(len(mine) > 1)}
    return scored


def score_leaves(data: bytes, found: Sequence[Leaf], tokens: Sequence[Token], unknown: int | None) -> Counter[str]:
    total: Counter[str] = Counter()
    for leaf in found:
        if leaf[2] in CLASSES:
            total.update(score_leaf(data, leaf, tokens, unknown))
    return total


def indents(data: bytes, tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """Depth in columns and tokens on the white space of every line that is indented and not blank."""
    found, at = [], 0
    for line in data.split(b"\n"):
        width = len(line) - len(line.lstrip(b" \t"))
        if width and line[width : width + 1] not in {b"", b"\r"}:
            depth = sum(4 if byte == 0x09 else 1 for byte in line[:width])
            found.append((depth, len(over(at, at + width, tokens))))
        at += len(line) + 1
    return found


def spearman(pairs: Sequence[tuple[int, int]]) -> float | None:
    """Pearson's correlation of the ranks, ties at their mean rank."""

    def ranks(values: Sequence[int]) -> list[float]:
        ordered = sorted(values)
        first = {value: ordered.index(value) for value in set(values)}
        count = Counter(values)
        return [first[value] + (count[value] + 1) / 2 for value in values]

    if len({a for a, _ in pairs}) < 2 or len({b for _, b in pairs}) < 2:
        return None
    x, y = ranks([min(a, 128) for a, _ in pairs]), ranks([min(b, 128) for _, b in pairs])
    mx, my = fmean(x), fmean(y)
    both = sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True))
    return both / (sum((a - mx) ** 2 for a in x) * sum((b - my) ** 2 for b in y)) ** 0.5


def figures(
    documents: Sequence[tuple[str, str, Sequence[Token]]], unknown: int | None = None
) -> dict[str, float | None]:
    """The figures of one pool, from (language, text, tokens) of its source files."""
    total: Counter[str] = Counter()
    lines: list[tuple[int, int]] = []
    for language, text, tokens in documents:
        found, nodes, errors = leaves(language, text)
        total += score_leaves(text.encode(), found, tokens, unknown)
        total.update({"nodes": nodes, "errors": errors})
        lines += indents(text.encode(), tokens)

    def share(above: float, below: float) -> float | None:
        return above / below if below else None

    scored = sum(total[kind] for kind in CLASSES)
    made: dict[str, float | None] = {
        "ast_boundary_rate": share(sum(total[f"whole {kind}"] for kind in CLASSES), scored),
        "code_leaves": float(scored),
        "code_leaves_left_out": float(total["left_out"]),
        "code_error_rate": share(total["errors"], total["nodes"]),
        "identifier_tokens": share(total["name tokens"], total["names"]),
        "identifier_split_rate": share(total["split names"], total["names"]),
        "indent_tokens": share(sum(count for _, count in lines), len(lines)),
        "indent_consistency": spearman(lines),
    }
    for kind in CLASSES:
        made[f"ast_boundary_rate:{kind}"] = share(total[f"whole {kind}"], total[kind])
    return made
