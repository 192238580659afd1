"""How the pieces of a tokenizer.json spell bytes, as its decoder and its model declare it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tokeval.arrow import text_buffers
from tokeval.tokenizers.bytelevel import byte_of_fallback, bytes_of_alphabet, is_byte
from tokeval.tokenizers.spelling import types_of


def scheme_of(content: Mapping[str, Any], kind: str) -> set[str]:
    """How pieces spell bytes: the types of the declared decoders, and of the pre-tokenizers where none is.

    Args:
        content: of the file.
        kind: of its model.
    """
    if content.get("decoder"):
        declared = set(types_of(content["decoder"]))
    else:
        declared = set(types_of(content.get("pre_tokenizer"))) & {"ByteLevel", "Metaspace"}
    if kind == "WordPiece":
        declared.add("WordPiece")
    if content["model"].get("byte_fallback"):
        declared.add("ByteFallback")
    return declared


def spelled_pieces(
    pieces: pa.Array, model: Mapping[str, Any], scheme: set[str]
) -> tuple[pa.Array, npt.NDArray[np.bool_]]:
    """The bytes of each piece as `large_binary`, and whether it is a byte token.

    Args:
        pieces: a `large_string` array.
        model: what the file declares of it.
        scheme: as `scheme_of` tells it.
    """
    suffix = model.get("end_of_word_suffix")
    if suffix:  # before the byte alphabet, in which </w> is text
        pieces = pc.if_else(pc.ends_with(pieces, suffix), pc.utf8_slice_codeunits(pieces, 0, -len(suffix)), pieces)
    if "ByteLevel" not in scheme:
        return _spelled_texts(pieces, model, scheme)
    data, inside = bytes_of_alphabet(pieces)
    byte = is_byte(*text_buffers(data))
    others, byte[~inside] = _spelled_texts(pieces.filter(pa.array(~inside)), model, scheme)
    return put(data, ~inside, others), byte


def _spelled_texts(
    pieces: pa.Array, model: Mapping[str, Any], scheme: set[str]
) -> tuple[pa.Array, npt.NDArray[np.bool_]]:
    """`spelled_pieces` of those that are not in the byte alphabet."""
    byte, values = np.zeros(len(pieces), np.bool_), {}
    if "ByteFallback" in scheme:
        may = np.flatnonzero(pc.starts_with(pieces, "<0x"))
        found = zip(may.tolist(), map(byte_of_fallback, pieces.take(pa.array(may)).to_pylist()), strict=True)
        values = {k: value for k, value in found if value is not None}
        byte[list(values)] = True
    if "WordPiece" in scheme:
        prefix = model.get("continuing_subword_prefix") or "##"
        pieces = pc.if_else(pc.starts_with(pieces, prefix), pc.utf8_slice_codeunits(pieces, len(prefix)), pieces)
    if "Metaspace" in scheme:
        pieces = pc.replace_substring(pieces, "▁", " ")
    data = pieces.cast(pa.large_binary())
    return put(data, byte, [bytes([value]) for value in values.values()]), byte


def put(data: pa.Array, rows: npt.NDArray[np.bool_], values: list[bytes] | pa.Array) -> pa.Array:
    """A `large_binary` array with other values in some rows, one for each that is marked."""
    if not isinstance(values, pa.Array):
        values = pa.array(values, pa.large_binary())
    return pc.replace_with_mask(data, pa.array(rows), values)
