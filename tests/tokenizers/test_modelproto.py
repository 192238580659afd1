"""ModelProto files: however a piece is written, it is read as the protocol has it."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokeval.tokenizers.modelproto import NORMAL, count_pieces, read_model

PIECES = st.lists(
    st.tuples(
        st.text(max_size=5) | st.text("ab", min_size=120, max_size=140),
        st.floats(width=32, allow_nan=False),
        st.sampled_from([NORMAL, 3, 6, 300]),
        st.permutations([0, 1, 2]),
        st.booleans(),
    ),
    max_size=8,
)


def varint(value: int) -> bytes:
    return bytes([value]) if value < 0x80 else bytes([value & 0x7F | 0x80]) + varint(value >> 7)


def block(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


@given(PIECES, st.booleans())
def test_pieces_in_any_writing(pieces: list[tuple[str, float, int, list[int], bool]], padded: bool) -> None:
    data = b""
    for text, score, kind, order, brief in pieces:
        fields = [block(1, text.encode()), bytes([2 << 3 | 5]) + struct.pack("<f", score), b"\x18" + varint(kind)]
        kept = [k for k in order if k != 2 or kind != NORMAL or not brief]
        data += block(1, b"".join(fields[k] for k in kept))
    data += block(2, b"\x18\x02") + block(9, b"x" * 300 if padded else b"")  # beyond the last piece or not
    model = read_model(data)
    assert model.pieces == tuple((text, score, kind) for text, score, kind, _, _ in pieces)
    assert model.kind == 2
    assert count_pieces(data) == len(pieces)


@pytest.mark.parametrize("cut", [1, 3, 6, 9])
def test_a_file_that_is_cut_short_is_refused(cut: int) -> None:
    whole = block(1, block(1, b"abc") + b"\x15" + struct.pack("<f", 1.0)) * 40
    with pytest.raises(ValueError, match=r"protocol buffer|cut short"):
        read_model(whole[:-cut])
