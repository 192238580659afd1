"""The contract of a tokenizer. A custom one is a class with one method, `encode_batch`; the rest is optional."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt

from tokeval.errors import NotSupportedError, first_line
from tokeval.schema import IDS, NORMAL, SPECIAL, VOCABULARY, Batch, Spelling, TokenizerFacts

if TYPE_CHECKING:
    import pyarrow as pa

    from tokeval.tokenizers.fast import FastPath
    from tokeval.tokenizers.forms import Normal

P = ParamSpec("P")
T = TypeVar("T")

#: How the time of an adapter grows with a text that has no space: with the text; with the text and its logarithm,
#: as a queue of merges does.
LINEAR, QUEUED = "n", "n log n"


@dataclass(frozen=True)
class Spans:
    """Token ids with the text that each covers.

    Attributes:
        ids: `list<uint32>`, as `encode_batch` gives them.
        starts, ends: UTF-8 byte positions in the token's document, flat, aligned with the flat ids.
    """

    ids: pa.Array
    starts: npt.NDArray[np.int32]
    ends: npt.NDArray[np.int32]


def without_panic(call: Callable[P, T]) -> Callable[P, T]:
    """An adapter's method with the panics of a library in Rust, which are no `Exception`, as one."""

    @wraps(call)
    def guarded(*arguments: P.args, **options: P.kwargs) -> T:
        try:
            return call(*arguments, **options)
        except BaseException as error:
            if type(error).__name__ != "PanicException":
                raise
            raise RuntimeError(f"its library panics: {first_line(error)}") from error

    return guarded


class Tokenizer(ABC):
    """Text to token ids.

    Attributes:
        spec: the string that `load_tokenizer` made it from; a tokenizer is pickled as its spec.
        capabilities: what it declares beside `encode_batch`; the conformance suite checks each claim.
        fingerprint: short hash of the defining file and the parameters; part of every signature.
        library: `name/version` of the library that defines it.
        unknown_id: the id that stands for text outside the vocabulary, if there is one.
        text_prefix: what the bytes of the tokens spell before the text itself and `decode_batch` takes off again
            (SentencePiece's dummy space); None if decoding is not the concatenation of the tokens' bytes.
        long_text: how its time grows with a text that has no space, for the table of tokenizers.
        slow: whether the library takes several times as long for a word as the fast path does.
        accelerated: which kind of fast path its files may have, for the table of tokenizers; "" for none.
        spares: whether it takes the option `sparing`: see `load_tokenizer`.
        yardstick: whether it is a measure to hold others against, such as bytes; never marked as the best.
        fixed: whether it knows the tokens of given documents alone: figures that need other texts are not for it.
    """

    spec: str = ""
    capabilities: frozenset[str] = frozenset({IDS})
    fingerprint: str = ""
    library: str = ""
    unknown_id: int | None = None
    text_prefix: bytes | None = None
    long_text: str = LINEAR
    slow: bool = False
    accelerated: str = ""
    spares: bool = False
    yardstick: bool = False
    fixed: bool = False

    @abstractmethod
    def encode_batch(self, texts: pa.Array) -> pa.Array:
        """Encode each text by itself.

        Args:
            texts: string array of n documents.

        Returns:
            `list<uint32>` array of n rows in the same order, without BOS, EOS or any other added token. Text that
            looks like a special token is ordinary text. Null stays null, empty text gives an empty list.
        """

    def wait(self) -> None:
        """Finish loading: return when it is ready to encode, and keep only what that and its description need.

        Raises:
            TokenizerError: it turned out broken.
        """
        return  # most are when they are made

    def asked(self, batch: Batch) -> pa.Array:
        """What `encode_batch` is given for the documents of a corpus: their texts, unless it knows them otherwise."""
        return batch.texts

    def found_by(self, slices: tuple[str, ...], has_ids: bool) -> tuple[str, ...] | None:
        """By which of a corpus's slice columns, beside the id, `asked` finds documents; None if by their texts.

        Raises:
            TokenizerError: it cannot find the documents of such a corpus.
        """
        return None

    def decode_batch(self, ids: pa.Array) -> pa.Array:
        """The text of each row of a `list<uint32>` array, as a string array."""
        raise NotSupportedError(f"{self.spec or type(self).__name__} does not declare decode")

    def spans_batch(self, texts: pa.Array) -> Spans:
        """Ids and the byte range of each token, from the library's own offsets."""
        raise NotSupportedError(f"{self.spec or type(self).__name__} does not declare spans")

    def vocabulary(self) -> pa.Table:
        """One row per id: `id` uint32, `piece` string (as the file has it), `bytes` binary, `kind`, `score` double."""
        raise NotSupportedError(f"{self.spec or type(self).__name__} does not declare a vocabulary")

    @cached_property
    def entries(self) -> pa.Table:
        """The `vocabulary`, asked once: an adapter may take a while to spell it."""
        return self.vocabulary()

    def fast_path(self) -> FastPath:
        """A faster way to the same ids: a new instance at each call, for one thread.

        Raises:
            NoFastPathError: there is none; the message says why.
            TokenizerError: so does it where the vocabulary is too large for one.
        """
        from tokeval.tokenizers.fast import NoFastPathError

        raise NoFastPathError(f"no fast path is known for {self.library or type(self).__name__}")

    def decoded_alone(self) -> pa.Array | None:
        """What decoding makes of each id at the beginning of a text, then of each elsewhere, as `large_binary`.

        Only where decoding is nothing but putting these one after the other, if that is UTF-8: then that is how it is
        done, and held against `decode_batch` on a share of the documents. By default the bytes of the tokens, the first
        without the `text_prefix`; None without one: it may be more than that.
        """
        if self.text_prefix is None or VOCABULARY not in self.capabilities:
            return None
        import pyarrow as pa
        import pyarrow.compute as pc

        if not self.text_prefix:
            return pa.concat_arrays([self.spelled, self.spelled])
        begins = pc.starts_with(self.spelled, self.text_prefix)
        first = pc.binary_replace_slice(self.spelled, 0, len(self.text_prefix), b"")
        return pa.concat_arrays([pc.if_else(begins, first, pa.scalar(b"\xff", pa.large_binary())), self.spelled])

    def normal(self) -> Normal | None:
        """How the library brings a text into a normal form, NFC or NFD, before it cuts it.

        Only where the tokens' bytes concatenate to the normal form and each token covers what its bytes come from:
        then that is how its spans are found, and held against `spans_batch` on a share of the documents. The default
        is None: it may be more than that.
        """
        return None

    @cached_property
    def spelled(self) -> pa.Array:
        """The bytes of every id, dense, `large_binary`; 0xFF, as no text has it, for special tokens and missing ids."""
        import pyarrow as pa
        import pyarrow.compute as pc

        table, unlike = self.entries, pa.scalar(b"\xff", pa.large_binary())
        ids = table["id"].to_numpy()
        data = pc.if_else(pc.equal(table["kind"], SPECIAL), unlike, table["bytes"]).combine_chunks()
        dense = np.full(int(ids.max()) + 1 if len(ids) else 0, -1, np.int64)
        dense[ids] = np.arange(len(ids))
        return pc.fill_null(data.take(pa.array(dense, mask=dense < 0)), unlike)

    def literals(self) -> Iterable[str]:
        """Texts that the vocabulary treats as units of their own, such as special tokens; fast paths are tried on them.

        The default names none.
        """
        return ()

    def pretoken_ends(self, text: str) -> list[int]:
        """Where the pre-tokens of a text end, in code points; tokens never cross these. The whole text by default."""
        return [len(text)] if text else []

    def spelling(self) -> Spelling:
        """How the vocabulary marks words and, for BPE, merges; all undeclared unless an adapter says more."""
        return Spelling()

    def facts(self) -> TokenizerFacts:
        """What metrics may know of it."""
        size = self.entries.num_rows if VOCABULARY in self.capabilities else None
        return TokenizerFacts(
            size,
            self.unknown_id,
            self.capabilities,
            fingerprint=self.fingerprint,
            library=self.library,
            yardstick=self.yardstick,
            fixed=self.fixed,
        )

    def __reduce__(self) -> tuple[object, ...]:
        if not self.spec:
            return super().__reduce__()  # type: ignore[return-value]
        from tokeval.tokenizers.load import load_tokenizer

        return (load_tokenizer, (self.spec,))


def vocabulary_table(
    ids: Sequence[int] | npt.NDArray[np.int64],
    pieces: Sequence[str] | pa.Array,
    data: Sequence[bytes] | pa.Array,
    kinds: Sequence[str] | pa.Array,
    scores: Sequence[float | None] | pa.Array,
) -> pa.Table:
    """A vocabulary as `Tokenizer.vocabulary` returns it, sorted by id."""
    import pyarrow as pa

    numbers = np.asarray(ids, np.int64)
    columns = {
        "piece": (pieces, pa.large_string()),
        "bytes": (data, pa.large_binary()),
        "kind": (kinds, pa.string()),
        "score": (scores, pa.float64()),
    }
    table = pa.table(
        {"id": pa.array(numbers).cast(pa.uint32())}
        | {n: v if isinstance(v, pa.Array) else pa.array(v, kind) for n, (v, kind) in columns.items()}
    )
    order = np.argsort(numbers, kind="stable")
    return table if (np.diff(order) == 1).all() else table.take(pa.array(order))


def kinds_of(size: int, marked: Mapping[str, npt.NDArray[np.bool_]]) -> pa.Array:
    """The column of kinds: normal where nothing is marked, of several marks the last."""
    import pyarrow as pa

    codes = np.zeros(size, np.int8)
    for code, mask in enumerate(marked.values(), 1):
        codes[mask] = code
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array([NORMAL, *marked])).cast(pa.string())
