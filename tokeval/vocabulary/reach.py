"""Which tokens some text produces. A token is put into many contexts; one that appears is reachable, and that is proof.

That none was found is weaker evidence of the contrary. The rest is `unreachable` where no UTF-8 text holds the bytes,
where a BPE's merges cannot build the token either, or where the model is none of merges (WordPiece, Unigram); else it
is `not produced`. Only what was not found yet is tried in the next context, so nearly all the work is the first one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice, product
from math import gcd

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tokeval.arrow import id_buffers
from tokeval.schema import BPE, Spelling
from tokeval.vocabulary.merging import can_be_built
from tokeval.vocabulary.tokens import BYTE, PARTIAL, SPECIAL, UNUSED, part_of

Encode = Callable[[pa.Array], pa.Array]

#: Answers; special and unused tokens are `not tested`.
REACHABLE, NOT_PRODUCED, UNREACHABLE, NOT_TESTED = "reachable", "not produced", "unreachable", "not tested"
ANSWERS = (REACHABLE, NOT_PRODUCED, UNREACHABLE, NOT_TESTED)

#: `{0}` is the token as it stands, `{1}` its text without a leading space.
_FIRST = ("{0}", " {1}", "a{0}", "a {1}")
_AFTER = ("a", "1", ".", "\n", " ", "  ", "\t", "x", "q", "Z", "(", "-", "_", "'", "é", "я", "の", "한", "ا", "क", "☃")
_BEFORE = ("a", " a", "1", ".", "\n", " ", "s", "е", "の", "~", "¤", "?")
_CONTEXTS = (
    *("{0}{0}", "{0} {1}", "{0}\n{0}"),  # doubled
    *(f"{mark}{{0}}" for mark in _AFTER),
    *(f"{{0}}{mark}" for mark in _BEFORE),
    *(f"{after}{{0}}{before}" for after, before in product(("a", " ", "\n", "1"), ("a", " ", ".", "1"))),
)
#: Texts encoded in one call: the ids that a library returns are Python objects.
_BATCH = 1 << 14
#: Where a token is a part of characters, ways to complete them are tried in rounds that double up to so many.
_COMPLETIONS, _FIRST_ROUND = 512, 8
#: Continuation bytes that stand for all, and what may follow one.
_SAMPLE = (0x80, 0x86, 0x8B, 0x92, 0x98, 0x9F, 0xA0, 0xA8, 0xB3, 0xBF)
_MORE = [b"", b"\x80", b"\x9f", b"\xa0", b"\xbf", b"\x80\x80"]


def find_reach(
    tokens: pa.Table, pieces: pa.ChunkedArray, spelling: Spelling, encode: Encode, quick: Encode | None = None
) -> pa.DictionaryArray:
    """An answer per token, one of `ANSWERS`.

    Args:
        tokens: id, bytes, text, kind as `describe` gives them.
        pieces: the tokens as the file has them.
        spelling: the merges of a BPE.
        encode: a tokenizer's `encode_batch`.
        quick: a checked fast path to the same ids, no ids where it cannot tell. It may say what the first contexts
            produce; that no text produces a token is for `encode` to say.
    """
    kinds, data = tokens["kind"].cast(pa.string()).combine_chunks(), tokens["bytes"].combine_chunks()
    silent = pc.is_in(kinds, pa.array([SPECIAL, UNUSED])).to_numpy(zero_copy_only=False)
    tested = ~silent & (tokens["byte_length"].to_numpy() > 0)
    produced = _produced(tokens, tested, encode, quick)
    answers = np.where(produced, REACHABLE, np.where(tested, NOT_PRODUCED, NOT_TESTED)).astype(object)
    rows = np.flatnonzero(tested & ~produced)
    some = pa.array(rows)
    # <0x41> stands in only for a character that has no token
    replaced = pc.is_in(data.take(some), data.filter(pc.not_equal(kinds, BYTE))).to_pylist()
    asked = zip(*(column.take(some).to_pylist() for column in (data, pieces, kinds)), replaced, strict=True)
    for row, (value, piece, kind, has_token) in zip(rows.tolist(), asked, strict=True):
        if kind == BYTE and not spelling.bytewise and len(piece) > 1:
            impossible = has_token
        elif spelling.model == BPE:
            impossible = spelling.rank is not None and not can_be_built(value, piece, spelling)
        else:  # of parts of characters only a sample of texts was tried
            impossible = bool(spelling.model) and kind not in {BYTE, PARTIAL}
        if impossible or _never_in_text(value):
            answers[row] = UNREACHABLE
    return pa.array(answers, pa.string()).dictionary_encode()


def _produced(
    tokens: pa.Table, tested: npt.NDArray[np.bool_], encode: Encode, quick: Encode | None
) -> npt.NDArray[np.bool_]:
    ids = tokens["id"].to_numpy()
    texts, data = tokens["text"].combine_chunks(), tokens["bytes"]
    found = ~tested
    whole = texts.is_valid().to_numpy(zero_copy_only=False)
    for context in _FIRST:
        if quick is None:
            break
        rows = np.flatnonzero(~found & whole)
        found[rows] = _holds(quick(_put_into(context, texts.take(pa.array(rows)))), ids[rows])
    for context in (*_FIRST, *_CONTEXTS):
        rows = np.flatnonzero(~found & whole)
        if not len(rows):
            break
        found[rows] = _appears(texts.take(pa.array(rows)), ids[rows], encode, context)
    ways = {row: completions(data[row].as_py()) for row in np.flatnonzero(~found & ~whole).tolist()}
    size = _FIRST_ROUND
    while size <= _COMPLETIONS:
        pairs = [(row, text) for row, tries in ways.items() if not found[row] for text in islice(tries, size)]
        if not pairs:
            break
        rows = np.array([row for row, _ in pairs], np.int64)
        tried = pa.array([text for _, text in pairs], pa.large_string())
        found[rows[_appears(tried, ids[rows], encode)]] = True
        size *= 2
    return found & tested


def _appears(
    texts: pa.Array, wanted: npt.NDArray[np.uint32], encode: Encode, context: str = _FIRST[0]
) -> npt.NDArray[np.bool_]:
    """Whether each text's ids, in its context, hold the wanted one."""
    found = np.zeros(len(texts), np.bool_)
    for at in range(0, len(texts), _BATCH):
        part = slice(at, at + _BATCH)
        found[part] = _appears_at_once(_put_into(context, texts[part]), wanted[part], encode)
    return found


def _put_into(context: str, texts: pa.Array) -> pa.Array:
    if context == _FIRST[0]:  # as they stand
        return texts
    rows = texts.to_pylist()
    return pa.array(map(context.format, rows, (text.removeprefix(" ") for text in rows)), pa.large_string())


def _appears_at_once(texts: pa.Array, wanted: npt.NDArray[np.uint32], encode: Encode) -> npt.NDArray[np.bool_]:
    """`_appears` in one call; a text that the tokenizer refuses holds none."""
    try:
        return _holds(encode(texts), wanted)
    except Exception:  # such as a WordPiece without [UNK]; libraries raise what they like
        if len(texts) == 1:
            return np.zeros(1, np.bool_)
        half = len(texts) // 2
        return np.concatenate(
            [_appears_at_once(texts[part], wanted[part], encode) for part in (slice(half), slice(half, None))]
        )


def _holds(ids: pa.Array | pa.ChunkedArray, wanted: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    """Whether each row of ids holds the wanted one."""
    flat, offsets = id_buffers(ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids)
    rows = np.repeat(np.arange(len(wanted)), np.diff(offsets))
    found = np.zeros(len(wanted), np.bool_)
    found[rows[flat == wanted[rows]]] = True
    return found


def completions(value: bytes) -> Iterator[str]:
    """Texts that hold bytes which are not UTF-8 by themselves: the characters at their ends completed.

    A fixed sample of the ways there are, in a fixed mixed order, so that the first ones differ much.
    """
    head = 0
    while head < min(len(value), 3) and value[head] & 0xC0 == 0x80:
        head += 1
    tail = next((k for k in range(1, min(len(value) - head, 3) + 1) if value[-k] >= 0xC0), 0)
    before = [b""] if not head else _heads(head)
    # a token of nothing but continuation bytes: their character may go on
    after = _rest(value[-tail:]) if tail else _MORE if head == len(value) else [b""]
    ways = len(before) * len(after)
    step = next(s for s in range(int(ways * 0.618) | 1, 2 * ways + 2) if gcd(s, ways) == 1)
    for k in range(ways):
        first, last = divmod(k * step % ways, len(after))
        try:
            yield (before[first] + value + after[last]).decode()
        except UnicodeDecodeError:
            continue


def _heads(missing_after: int) -> list[bytes]:
    """Bytes that may stand before so many continuation bytes."""
    heads = [bytes([lead]) for lead in range(0xC2, 0xF5)]
    if missing_after < 3:
        heads += [bytes([lead, second]) for lead in range(0xE0, 0xF5) for second in _SAMPLE]
    if missing_after < 2:
        heads += [bytes([0xF0, second, third]) for second in (0x90, 0x9F, 0xA0) for third in _SAMPLE]
    return heads


def _rest(head: bytes) -> list[bytes]:
    """Bytes that may end the character begun by `head`."""
    missing = (2 if head[0] < 0xE0 else 3 if head[0] < 0xF0 else 4) - len(head)
    fillers = {1: [b""], 2: [bytes([c]) for c in _SAMPLE], 3: [b"\x80\x80", b"\x98\x8a"]}.get(missing)
    return [b""] if fillers is None else [bytes([c]) + rest for c in range(0x80, 0xC0) for rest in fillers]


def _never_in_text(value: bytes) -> bool:
    """Whether no UTF-8 text holds the bytes."""
    try:
        value.decode()
    except UnicodeDecodeError:
        return part_of(value) == "invalid"
    return False
