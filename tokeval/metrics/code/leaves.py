"""The leaves of a parse, by class, and the indentation of lines: found once per batch, shared by all tokenizers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tokeval.arrow import Int64, text_buffers
from tokeval.metrics.code.grammars import language_of, parser
from tokeval.schema import Batch

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

#: The classes of leaves that are scored; others (comments, what no class fits) are counted apart.
CLASSES = ("identifier", "keyword", "operator", "literal", "delimiter")
OTHER = len(CLASSES)

#: What a leaf stands in. In a string all marks are part of it, in a comment nothing is code.
IN_CODE, IN_STRING, IN_COMMENT = range(3)
#: Where code stands in a string.
_FILLED_IN = frozenset({"interpolation", "template_substitution"})

_DELIMITERS = frozenset(["(", ")", "[", "]", "{", "}", ",", ";", ":", ".", "::", "...", "?.", "=>", "->", "@", "#"])
_DELIMITERS |= {"${", "'", "optional_chain"}  # a quote by itself begins a lifetime
_LITERAL_PARTS = ("string", "char", "number", "integer", "float", "literal", "escape", "regex", "heredoc", "rune")
_LITERALS = frozenset({"true", "false", "null", "none", "nil", "undefined", "iota", "nullptr", "ellipsis"})
_LITERALS |= {"format_specifier", "type_conversion"}
_QUOTES = frozenset(['"', "`", '"""', "'''", 'L"', 'u8"', 'R"', 'r"', 'b"', 'f"'])
_NAMES = frozenset({"label_name", "identifier", "property_name", "name", "metavariable", "_"})
_WORDS_OF_THE_LANGUAGE = frozenset({"this", "self", "super", "crate", "auto", "preproc_directive"})


@dataclass(frozen=True)
class Parsed:
    """What a batch's source files hold.

    Attributes:
        starts, ends, classes: of each leaf, byte range in its document and index into CLASSES (or OTHER).
        rows: n + 1 positions into the leaves. Documents of slices that are no programming language have none.
        nodes, errors: per document, nodes of the parse, and those among them that are ERROR or missing.
        is_code: per document, whether it was parsed.
    """

    starts: npt.NDArray[np.int32]
    ends: npt.NDArray[np.int32]
    classes: npt.NDArray[np.int32]
    rows: Int64
    nodes: Int64
    errors: Int64
    is_code: npt.NDArray[np.bool_]


def parsed(batch: Batch) -> Parsed:
    """The parse of a batch, made at the first call.

    Raises:
        MissingExtraError: a grammar is not installed.
    """
    found: Parsed = batch.once("code", parse)
    return found


def parse(batch: Batch) -> Parsed:
    """Parse every document whose slice names a language with a grammar."""
    data, offsets = text_buffers(batch.texts)
    parsers = {code: parser(name) for code, s in enumerate(batch.slices) if (name := language_of(s)) is not None}
    flat: list[tuple[int, int, int]] = []
    leaves, nodes, errors = (np.zeros(len(batch), np.int64) for _ in range(3))
    is_code = np.isin(batch.codes, list(parsers))
    for row in np.flatnonzero(is_code).tolist():
        tree = parsers[int(batch.codes[row])].parse(data[offsets[row] : offsets[row + 1]].tobytes())
        before = len(flat)
        for kind, bad, start, end in _walk(tree):
            nodes[row] += 1
            errors[row] += bad
            if kind >= 0 and end > start:
                flat.append((start, end, kind))
        leaves[row] = len(flat) - before
    table = np.array(flat, np.int32).reshape(-1, 3)
    starts, ends, classes = (np.ascontiguousarray(table[:, k]) for k in range(3))
    return Parsed(starts, ends, classes, np.concatenate(([0], np.cumsum(leaves))), nodes, errors, is_code)


_INNER = -1


def _walk(tree: Tree) -> Iterator[tuple[int, bool, int, int]]:
    """Every node's class (or _INNER), whether it is an error or missing, and its byte range.

    A loop, since nesting may be thousands deep.
    """
    cursor = tree.walk()
    contexts = [IN_CODE]
    while True:
        node = cursor.node
        assert node is not None
        kind = _INNER
        if node.child_count == 0 and not node.is_missing:
            kind = OTHER if node.is_error else class_of(node, contexts[-1])
        yield kind, node.is_error or node.is_missing, node.start_byte, node.end_byte
        if cursor.goto_first_child():
            contexts.append(context_inside(node, contexts[-1]))
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return
            contexts.pop()


def context_inside(node: Node, around: int) -> int:
    """What the parts of a node stand in, which itself stands in what is `around`."""
    kind = node.type
    if "comment" in kind:
        return IN_COMMENT
    if kind in _FILLED_IN:
        return IN_CODE
    return IN_STRING if any(part in kind for part in ("string", "char_literal", "regex")) else around


def class_of(node: Node, context: int) -> int:
    """The class of a leaf, as an index into CLASSES, or OTHER."""
    kind = node.type
    if context == IN_COMMENT or "comment" in kind:
        return OTHER
    if kind.lower() in _LITERALS or (not node.is_named and (context == IN_STRING or kind in _QUOTES)):
        return CLASSES.index("literal")
    if kind in _DELIMITERS:
        return CLASSES.index("delimiter")
    if kind in _NAMES or (node.is_named and "identifier" in kind):
        return CLASSES.index("identifier")
    if not node.is_named:
        if kind[:1].isalpha() or (kind[:1] in "#_" and kind[1:2].isalpha()):
            return CLASSES.index("keyword")
        return CLASSES.index("operator") if kind.strip() else OTHER
    if any(part in kind for part in _LITERAL_PARTS):
        return CLASSES.index("literal")
    if kind in _WORDS_OF_THE_LANGUAGE or kind.endswith(("_specifier", "_type")):
        return CLASSES.index("keyword")
    return OTHER
