"""Whether a BPE's own merges can build a token at all: the token's text merged by itself, in the order of the ranks.

If the token appears in any text, no merge crossed its borders on the way, so inside them the merges ran as they
would have run alone. A token that merging alone does not give back is therefore given by no text, unless the tokenizer
takes whole words without merging: that shows in the contexts.
"""

from __future__ import annotations

from itertools import pairwise

from tokeval.schema import BY_SUFFIX, Spelling


def can_be_built(data: bytes, piece: str, spelling: Spelling) -> bool:
    """Whether merging ends in the token, starting from its bytes or from its piece's characters."""
    return len(merged(data, piece, spelling)) <= 1


def merged(data: bytes, piece: str, spelling: Spelling) -> list[str]:
    """What the merges make of a token: always the pair of the lowest rank, the leftmost first."""
    assert spelling.rank is not None
    symbols = list(data.decode("latin-1") if spelling.bytewise else piece)
    if spelling.words == BY_SUFFIX and spelling.mark and piece.endswith(spelling.mark) and piece != spelling.mark:
        letters = piece.removesuffix(spelling.mark)
        symbols = [*letters[:-1], letters[-1] + spelling.mark]
    ranks = [spelling.rank(a, b) for a, b in pairwise(symbols)]
    while True:
        best = min((rank for rank in ranks if rank is not None), default=None)
        if best is None:
            return symbols
        at = ranks.index(best)
        symbols[at : at + 2] = [symbols[at] + symbols[at + 1]]
        del ranks[at]
        if at:
            ranks[at - 1] = spelling.rank(symbols[at - 1], symbols[at])
        if at < len(ranks):
            ranks[at] = spelling.rank(symbols[at], symbols[at + 1])
