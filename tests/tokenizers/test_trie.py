"""Tries hold the pieces that were entered, and nothing else."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from tokeval.tokenizers.trie import trie_of
from tokeval.tokenizers.trie.kernels import piece_of, step


def look_up(trie: object, data: bytes) -> int:
    node = trie[0]  # type: ignore[index]
    for byte in data:
        node = step(trie, node, byte)
        if node < 0:
            return -1
    return int(piece_of(node))


@given(st.lists(st.binary(min_size=1, max_size=6)), st.lists(st.binary(min_size=1, max_size=8)))
@example([b"\0", b"\0\0", b"\xff", b"a"], [b"a\0", b"\0\0\0", b"\xff\xff", b"\x01", b"a\x01"])
@example([b"a" + bytes([k]) for k in range(256)], [b"a", b"a\0\0", b"b\xff"])
def test_exactly_the_pieces_are_found(pieces: list[bytes], others: list[bytes]) -> None:
    trie = trie_of(pieces)
    number_of = {piece: number for number, piece in enumerate(pieces)}
    for data in [*pieces, *others, *(piece[:-1] for piece in pieces if len(piece) > 1)]:
        assert look_up(trie, data) == number_of.get(data, -1)
