"""Which tokens some text produces. A token that appears in any text is reachable, and that is proof.

Many tokens are tried in one text first. Each that did not appear is then put into several contexts, one text for each.
That none was found is weaker evidence of the contrary. The rest is `unreachable` where no UTF-8 text holds the bytes,
where a BPE's merges cannot build the token either, or where the model is none of merges (WordPiece, Unigram). What is
left is tried in more contexts, and then is `not produced`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, product
from math import gcd

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tokeval.arrow import UInt32, id_buffers
from tokeval.schema import BPE, BYTE, SPECIAL, UNUSED, Spelling
from tokeval.vocabulary.characters import named
from tokeval.vocabulary.merging import can_be_built
from tokeval.vocabulary.tokens import PARTIAL, part_of

Encode = Callable[[pa.Array], pa.Array]
Quick = AbstractContextManager[Encode]

#: Answers; special and unused tokens are `not tested`.
REACHABLE, NOT_PRODUCED, UNREACHABLE, NOT_TESTED = "reachable", "not produced", "unreachable", "not tested"
ANSWERS = (REACHABLE, NOT_PRODUCED, UNREACHABLE, NOT_TESTED)

#: `{0}` is the token as it stands, `{1}` its text without a leading space. The first two find nearly all.
_FIRST = ("{0}", "a{0}")
#: By what they added to these in 38 published tokenizers, most first; those after the snowman added nothing.
_CONTEXTS = ("{1}", "{0}{0}", "ا{0}", "{0}の", "{0}¤", "☃{0}", "1{0}", ".{0}", "\n{0}", "a {1}", "{0}\n{0}")
#: For tokens of which neither these nor the merges tell.
_AFTER = (" ", "  ", "\t", "x", "q", "Z", "(", "-", "_", "'", "é", "я", "の", "한", "क")
_BEFORE = ("a", " a", "1", ".", "\n", " ", "s", "е", "~", "?")
_MORE_CONTEXTS = (
    "{0} {1}",
    *(f"{mark}{{0}}" for mark in _AFTER),
    *(f"{{0}}{mark}" for mark in _BEFORE),
    *(f"{after}{{0}}{before}" for after, before in product(("a", " ", "\n", "1"), ("a", " ", ".", "1"))),
)
#: Tokens tried in one text, and texts encoded in one call: the ids that a library returns are Python objects.
_TOGETHER, _BATCH = 64, 3 << 12
#: Where a token is a part of characters, ways to complete them are tried in rounds that double up to so many.
_COMPLETIONS, _FIRST_ROUND = 512, 8
#: Continuation bytes that stand for all, and what may follow one.
_SAMPLE = (0x80, 0x86, 0x8B, 0x92, 0x98, 0x9F, 0xA0, 0xA8, 0xB3, 0xBF)
_MORE = [b"", b"\x80", b"\x9f", b"\xa0", b"\xbf", b"\x80\x80"]


def find_reach(
    tokens: pa.Table, pieces: pa.ChunkedArray, spelling: Spelling, encode: Encode, quick: Quick | None = None
) -> pa.DictionaryArray:
    """An answer per token, one of `ANSWERS`.

    Args:
        tokens: id, bytes, text, kind as `describe` gives them.
        pieces: the tokens as the file has them.
        spelling: the merges of a BPE.
        encode: a tokenizer's `encode_batch`.
        quick: gives a checked fast path to the same ids, no ids where it cannot tell. It may say what the first
            contexts produce, and is done with then; that no text produces a token is for `encode` to say.
    """
    kinds = tokens["kind"].cast(pa.string()).combine_chunks()
    silent = pc.is_in(kinds, pa.array([SPECIAL, UNUSED])).to_numpy(zero_copy_only=False)
    tested = ~silent & (tokens["byte_length"].to_numpy() > 0)
    search = _Search(tokens["id"].to_numpy(), tokens["text"].combine_chunks(), ~tested)
    if quick is not None:
        with quick as look:
            search.attempt(_FIRST, look)
            del look  # it keeps much
    if quick is None or search.left > _BATCH:  # else it found what these would
        search.attempt(_FIRST, encode, together=True)
    search.attempt((*_FIRST, *_CONTEXTS), encode)
    search.complete(tokens["bytes"], encode)
    # a Unigram takes <0x41> for a piece like any other, where it is typed
    search.look(pieces.filter(pc.equal(kinds, BYTE)).to_pylist(), encode)
    rows = np.flatnonzero(~search.found)
    impossible = np.zeros(len(tested), np.bool_)
    impossible[rows] = _impossible(rows, tokens["bytes"].combine_chunks(), pieces, kinds, spelling)
    search.attempt(_MORE_CONTEXTS, encode, among=~impossible)
    told = {NOT_TESTED: ~tested, REACHABLE: search.found, UNREACHABLE: impossible}
    codes = np.select(list(told.values()), list(map(ANSWERS.index, told)), ANSWERS.index(NOT_PRODUCED))
    return named(codes, ANSWERS).cast(pa.string()).dictionary_encode()


def _impossible(
    rows: npt.NDArray[np.int64], data: pa.Array, pieces: pa.ChunkedArray, kinds: pa.Array, spelling: Spelling
) -> list[bool]:
    """Of tokens that were not found so far, whether the model or the bytes say that no text produces them."""
    some = pa.array(rows)
    # <0x41> stands in only for a character that has no token; few are asked of, so these are looked for in all
    others = pc.and_(pc.is_in(data, data.take(some)), pc.not_equal(kinds, BYTE))
    tokens = set(data.filter(others).to_pylist())
    asked = zip(*(column.take(some).to_pylist() for column in (data, pieces, kinds)), strict=True)
    found = []
    for value, piece, kind in asked:
        if kind == BYTE and not spelling.bytewise and len(piece) > 1:
            impossible = value in tokens
        elif spelling.model == BPE:
            impossible = spelling.rank is not None and not can_be_built(value, piece, spelling)
        else:  # of parts of characters only a sample of texts was tried
            impossible = bool(spelling.model) and kind not in {BYTE, PARTIAL}
        found.append(impossible or _never_in_text(value))
    return found


@dataclass(frozen=True)
class _Search:
    """What was found so far.

    Attributes:
        ids, texts: of each token; a null where its bytes are not UTF-8.
        found: whether each token appeared, or is none to look for; written to.
    """

    ids: UInt32
    texts: pa.Array
    found: npt.NDArray[np.bool_]

    @cached_property
    def _whole(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self.texts.is_valid().to_numpy(zero_copy_only=False), np.bool_)

    @property
    def left(self) -> int:
        """How many were not found."""
        return int(np.count_nonzero(~self.found))

    def attempt(
        self,
        contexts: Sequence[str],
        encode: Encode,
        *,
        together: bool = False,
        among: npt.NDArray[np.bool_] | None = None,
    ) -> None:
        """Put what was not found into each of some contexts in turn, each token by itself or many in one text.

        Of few tokens, several contexts are asked about at once: a call for few texts costs as much as the texts.
        """
        while contexts:
            rows = np.flatnonzero(~self.found & self._whole & (True if among is None else among))
            if not together:  # in the order of the texts what is looked up lies together: half of a fast path's time
                rows = rows[pc.array_sort_indices(self.texts.take(pa.array(rows)))]
            some = max(1, _BATCH // max(1, len(rows)))
            for at in range(0, len(rows), _BATCH):
                texts = self.texts.take(pa.array(rows[at : at + _BATCH]))
                put = [_put_into(context, texts) for context in contexts[:some]]
                self._mark(pa.concat_arrays(map(_together, put) if together else put), encode)
            contexts = contexts[some:]

    def complete(self, data: pa.ChunkedArray, encode: Encode) -> None:
        """Look for parts of characters inside characters."""
        ways = {row: completions(data[row].as_py()) for row in np.flatnonzero(~self.found & ~self._whole).tolist()}
        size = _FIRST_ROUND
        while size <= _COMPLETIONS:
            tried = [text for row, tries in ways.items() if not self.found[row] for text in islice(tries, size)]
            if not tried:
                break
            for at in range(0, len(tried), _BATCH):
                self.look(tried[at : at + _BATCH], encode)
            size *= 2

    def look(self, texts: Sequence[str], encode: Encode) -> None:
        """Mark what appears in some texts."""
        self._mark(pa.array(texts, pa.large_string()), encode)

    def _mark(self, texts: pa.Array, encode: Encode) -> None:
        self.found[np.isin(self.ids, _ids(texts, encode))] = True


def _put_into(context: str, texts: pa.Array) -> pa.Array:
    if context == _FIRST[0]:  # as they stand
        return texts
    rows = texts.to_pylist()
    return pa.array(map(context.format, rows, (text.removeprefix(" ") for text in rows)), pa.large_string())


def _together(texts: pa.Array) -> pa.Array:
    """The texts, many in one: those that begin with a space one after the other, those that do not on lines."""
    spaced = pc.starts_with(texts, " ")
    joined = []
    for chosen, between in ((texts.filter(spaced), ""), (texts.filter(pc.invert(spaced)), "\n")):
        rows = chosen.to_pylist()
        joined += [between.join(rows[at : at + _TOGETHER]) for at in range(0, len(rows), _TOGETHER)]
    return pa.array(joined, pa.large_string())


def _ids(texts: pa.Array, encode: Encode) -> UInt32:
    """All the ids of some texts; of a text that the tokenizer refuses, none."""
    if not len(texts):
        return np.zeros(0, np.uint32)
    try:
        ids = encode(texts)
    except Exception:  # such as a WordPiece without [UNK]; libraries raise what they like
        half = len(texts) // 2
        parts = (texts[:half], texts[half:]) if half else ()
        return np.concatenate([np.zeros(0, np.uint32), *(_ids(part, encode) for part in parts)])
    return id_buffers(ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids)[0]


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
