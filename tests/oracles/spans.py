"""How tokens lie along a text, told slowly: bytes are put together and compared."""

from __future__ import annotations


def lay(text: bytes, tokens: list[bytes | None]) -> tuple[int, list[tuple[int, int]]]:
    """What the tokens spell before the text (0 nothing, 1 a space, -1 they do not spell it) and their byte ranges.

    None is a token that spells nothing known. The space before the text belongs to the first token.
    """
    known = [token for token in tokens if token is not None]
    whole = b"".join(known)
    lead = len(whole) - len(text)
    if len(known) < len(tokens) or whole[lead:] != text or (lead and not known[0].startswith(b" ")) or lead > 1:
        return -1, []
    ends = [sum(map(len, known[: k + 1])) - lead for k in range(len(known))]
    return lead, [(max(end - len(token), 0), end) for end, token in zip(ends, known, strict=True)]
