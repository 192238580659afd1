"""What every tokenizer promises, as checks that need no test framework.

With pytest, for an adapter of your own:

    @pytest.mark.parametrize("check", tokeval.testing.CHECKS)
    def test_conformance(check):
        tokeval.testing.run_check(check, MyTokenizer(), gaps={"pickling": TypeError})

A gap is declared with its exception, and strictly: a check that passes, or fails otherwise, is an error too.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa

from tokeval.arrow import id_buffers
from tokeval.schema import BYTE, CAPABILITIES, DECODE, NORMAL, SPANS, SPECIAL, UNUSED, VOCABULARY
from tokeval.tokenizers.base import Tokenizer
from tokeval.tokenizers.fast import Accelerator
from tokeval.tokenizers.hard import hard_strings, in_context

Gaps = Mapping[str, type[BaseException]]


def check_tokenizer(tokenizer: Tokenizer, gaps: Gaps | None = None) -> dict[str, str]:
    """Run every check on a tokenizer.

    Args:
        tokenizer: the adapter, loaded.
        gaps: checks that it is known to fail, with the exception that each raises.

    Returns:
        What came of each check: `ok`, `gap: ExceptionName`, or `not declared` for what it need not do.

    Raises:
        AssertionError: a check failed that is no declared gap, or a declared gap did not fail as declared.
    """
    return {name: run_check(name, tokenizer, gaps) for name in CHECKS}


def run_check(name: str, tokenizer: Tokenizer, gaps: Gaps | None = None) -> str:
    """Run one check by its name; see `check_tokenizer`."""
    needs, check = CHECKS[name]
    if needs and needs not in tokenizer.capabilities:
        return "not declared"
    expected = (gaps or {}).get(name)
    try:
        check(tokenizer)
    except Exception as error:
        if expected is None:
            raise AssertionError(f"{tokenizer.spec or tokenizer}: {name}: {type(error).__name__}: {error}") from error
        if type(error) is not expected:
            raise AssertionError(f"{name}: declared {expected.__name__}, met {type(error).__name__}") from error
        return f"gap: {expected.__name__}"
    if expected is not None:
        raise AssertionError(f"{name}: declared as a gap with {expected.__name__}, but it passes")
    return "ok"


def _texts(tokenizer: Tokenizer) -> pa.Array:
    literals = list(tokenizer.literals())[:32]
    return pa.array(dict.fromkeys([*hard_strings(), *in_context(literals)]), pa.large_string())


def _shape(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode_batch(pa.array(["one two", None, "", "three"], pa.large_string()))
    assert ids.type == pa.list_(pa.uint32()), f"encode_batch gives {ids.type}, not list<uint32>"
    rows = ids.to_pylist()
    assert len(rows) == 4, "not one row per text"
    assert rows[1] is None, "null does not stay null"
    assert rows[2] == [], "empty text does not give an empty list"
    assert rows[0], "text gives no tokens"
    assert tokenizer.encode_batch(pa.array([], pa.large_string())).to_pylist() == [], "an empty batch is not empty"


def _batches(tokenizer: Tokenizer) -> None:
    texts = _texts(tokenizer)
    whole = tokenizer.encode_batch(texts)
    singles = [tokenizer.encode_batch(texts.slice(k, 1)) for k in range(0, len(texts), 7)]
    assert [s[0].as_py() for s in singles] == whole.take(list(range(0, len(texts), 7))).to_pylist()
    cut = len(texts) // 3
    parts = [*tokenizer.encode_batch(texts.slice(0, cut)), *tokenizer.encode_batch(texts.slice(cut))]
    assert [p.as_py() for p in parts] == whole.to_pylist(), "batch size changes ids"
    backwards = pa.array(range(len(texts) - 1, -1, -1))
    assert tokenizer.encode_batch(texts.take(backwards)).equals(whole.take(backwards)), "order changes ids"


def _inputs(tokenizer: Tokenizer) -> None:
    texts = ["one", "zwei — drei", "", "四"]
    plain = tokenizer.encode_batch(pa.array(texts, pa.large_string())).to_pylist()
    assert tokenizer.encode_batch(pa.array(texts, pa.string())).to_pylist() == plain, "string differs"
    padded = pa.array(["x", *texts, "y"], pa.large_string()).slice(1, len(texts))
    assert tokenizer.encode_batch(padded).to_pylist() == plain, "a slice of an array differs"


def _threads(tokenizer: Tokenizer) -> None:
    texts = _texts(tokenizer)
    whole = tokenizer.encode_batch(texts)
    with ThreadPoolExecutor(4) as pool:
        for ids in pool.map(tokenizer.encode_batch, [texts] * 4):
            assert ids.equals(whole), "ids differ when several threads encode"


def _pickling(tokenizer: Tokenizer) -> None:
    again = pickle.loads(pickle.dumps(tokenizer))  # noqa: S301 - its own bytes
    texts = _texts(tokenizer).slice(0, 50)
    assert again.encode_batch(texts).equals(tokenizer.encode_batch(texts)), "ids differ after pickling"
    assert again.fingerprint == tokenizer.fingerprint, "the fingerprint differs after pickling"


def _identity(tokenizer: Tokenizer) -> None:
    assert tokenizer.fingerprint, "no fingerprint"
    assert tokenizer.library, "no library"
    assert set(tokenizer.capabilities) <= set(CAPABILITIES), "unknown capabilities"


def _special(tokenizer: Tokenizer) -> None:
    table = tokenizer.vocabulary()
    special = set(table["id"].filter(pa.array([k == SPECIAL for k in table["kind"].to_pylist()])).to_pylist())
    special -= {tokenizer.unknown_id}
    flat, _ = id_buffers(tokenizer.encode_batch(_texts(tokenizer)))
    met = special & set(np.unique(flat).tolist())
    assert not met, f"special ids {sorted(met)[:5]} come out of plain text"


def _vocabulary(tokenizer: Tokenizer) -> None:
    table = tokenizer.vocabulary()
    types = [("id", pa.uint32()), ("piece", pa.large_string()), ("bytes", pa.large_binary())]
    types += [("kind", pa.string()), ("score", pa.float64())]
    assert table.schema.remove_metadata() == pa.schema(types), f"columns are {table.schema}"
    ids = table["id"].to_numpy()
    assert np.all(np.diff(ids.astype(np.int64)) > 0), "ids are not sorted, or not unique"
    assert set(table["kind"].to_pylist()) <= {NORMAL, BYTE, SPECIAL, UNUSED}, "unknown kinds"
    flat, _ = id_buffers(tokenizer.encode_batch(_texts(tokenizer)))
    assert np.isin(flat, ids).all(), "an id that comes out is not in the vocabulary"
    assert tokenizer.unknown_id is None or tokenizer.unknown_id in ids, "the unknown id is not in the vocabulary"


def _decode(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode_batch(pa.array(["one two", None, "", "three"], pa.large_string()))
    rows = tokenizer.decode_batch(ids).to_pylist()
    assert len(rows) == 4, "not one text per row"
    assert rows[1] is None, "null does not stay null"
    assert rows[2] == "", "no ids do not give an empty text"
    texts = _texts(tokenizer)
    again = tokenizer.decode_batch(tokenizer.encode_batch(texts))
    assert len(again) == len(texts), "not one text per row"


def _spans(tokenizer: Tokenizer) -> None:
    texts = _texts(tokenizer)
    found = tokenizer.spans_batch(texts)
    assert found.ids.equals(tokenizer.encode_batch(texts)), "ids with spans differ from ids without"
    flat, offsets = id_buffers(found.ids)
    assert len(found.starts) == len(found.ends) == len(flat), "not one span per token"
    assert found.starts.dtype == found.ends.dtype == np.int32, "spans are not int32"
    sizes = np.array([len(text.as_py().encode()) for text in texts], np.int64)
    assert np.all(found.starts >= 0) and np.all(found.starts <= found.ends), "a span ends before it starts"
    assert np.all(found.ends <= np.repeat(sizes, np.diff(offsets))), "a span ends behind its document"


def _fast_path(tokenizer: Tokenizer) -> None:
    accelerator = Accelerator(tokenizer.spec, tokenizer)
    if not accelerator.path:  # none, or one that was tried and found wanting: the reference does the work
        assert accelerator.reason, "there is no fast path, and no reason is given"
        return
    accelerator.encode(_texts(tokenizer), True)
    assert not accelerator.dropped, accelerator.reason


#: The checks by name, each with the capability that it is about ("" for what every tokenizer must do).
CHECKS: Mapping[str, tuple[str, Callable[[Tokenizer], None]]] = {
    "identity": ("", _identity),
    "shape": ("", _shape),
    "batches": ("", _batches),
    "inputs": ("", _inputs),
    "threads": ("", _threads),
    "pickling": ("", _pickling),
    "decode": (DECODE, _decode),
    "spans": (SPANS, _spans),
    "vocabulary": (VOCABULARY, _vocabulary),
    "special text": (VOCABULARY, _special),
    "fast path": ("", _fast_path),
}
