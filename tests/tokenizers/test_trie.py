"""Tries hold the pieces that were entered, and nothing else."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from tokeval.tokenizers.trie import trie_of, wide_trie_of
from tokeval.tokenizers.trie.kernels import piece_of, step, wide_piece_of, wide_step


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


@given(st.lists(st.text(min_size=1, max_size=6)), st.lists(st.text(min_size=1, max_size=8)))
@example(["a", "\0", "ab", "\U0010ffff" * 3, "a"], ["b", "\0\0", "aa", "\U0010ffff"])
def test_exactly_the_pieces_are_found_by_their_characters(pieces: list[str], others: list[str]) -> None:
    trie, symbols = wide_trie_of(pieces)
    number_of = {piece: number for number, piece in enumerate(pieces)}
    for text in [*pieces, *others, *(piece[:-1] for piece in pieces if len(piece) > 1)]:
        node = trie[0]
        for letter in text:
            node = wide_step(trie, node, symbols[ord(letter)]) if node >= 0 else node
        assert (wide_piece_of(node) if node >= 0 else -1) == number_of.get(text, -1)
