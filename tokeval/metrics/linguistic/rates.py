"""%TR and %Pure: which of the unique tokens that a text produced are words, roots or affixes of its language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from tokeval.arrow import Int64
from tokeval.errors import suggest
from tokeval.metrics.base import Context
from tokeval.metrics.frequencies import Frequencies
from tokeval.metrics.linguistic.lexicon import AFFIX, QUESTIONS, ROOT, WORD, Answers, Lexicon
from tokeval.metrics.ratios import divided
from tokeval.schema import ALL, IDS, SPECIAL, VOCABULARY, Figure, Status

#: SentencePiece's mark, where a vocabulary spells it as it is.
_MARK = "▁"
_SPACES = b" \t\n\r\x0b\x0c"


@dataclass(frozen=True)
class Judged:
    """The unique tokens of one slice with a lexicon's answers, the most frequent first.

    Attributes:
        language, fingerprint: of the lexicon.
        tokens: `large_binary` array of n distinct byte strings, word marks and white space taken off both ends.
        counts: occurrences, int64 of shape (n,).
        answers: by question, booleans of shape (n,); a question that the lexicon cannot answer is not there.
    """

    language: str
    fingerprint: str
    tokens: pa.Array
    counts: Int64
    answers: Mapping[str, Answers]

    @property
    def of_language(self) -> Answers:
        """Valid words or morphemes, as far as the lexicon can tell; shape (n,)."""
        return self._any(QUESTIONS)

    @property
    def pure(self) -> Answers:
        """Roots and affixes; shape (n,)."""
        return self._any((ROOT, AFFIX))

    def _any(self, questions: Iterable[str]) -> Answers:
        found = np.zeros(len(self.tokens), np.bool_)
        for question in questions:
            if question in self.answers:
                found |= self.answers[question]
        return found


def judge_tokens(vocabulary: pa.Table, ids: Int64, counts: Int64, lexicon: Lexicon, language: str) -> Judged:
    """Judge the tokens that were seen.

    Special tokens (such as an UNK that stands for text) and bytes that are not UTF-8 count and are never words.

    Args:
        vocabulary: a tokenizer's table of id, bytes and kind, sorted by id.
        ids: the ids seen.
        counts: their occurrences.
        lexicon: of the text's language.
        language: its code.
    """
    unique: dict[bytes, int] = {}
    texts: dict[bytes, str] = {}
    for (data, special), count in zip(_spelled(vocabulary, ids), counts.tolist(), strict=True):
        text = None if special else _text(data)
        key = data.strip(_SPACES) if text is None else text.encode()
        if not key:
            continue
        unique[key] = unique.get(key, 0) + count
        if text is not None:
            texts[key] = text
    order = sorted(unique, key=lambda key: (-unique[key], key))
    asked = [key for key in order if key in texts]
    where = np.fromiter((key in texts for key in order), np.bool_, len(order))
    answers = {}
    for question, found in lexicon.judge([texts[key] for key in asked]).items():
        answers[question] = np.zeros(len(order), np.bool_)
        answers[question][where] = found
    return Judged(
        language,
        lexicon.fingerprint,
        pa.array(order, pa.large_binary()),
        np.fromiter((unique[key] for key in order), np.int64, len(order)),
        answers,
    )


def _spelled(vocabulary: pa.Table, ids: Int64) -> Iterable[tuple[bytes, bool]]:
    """Bytes of each id, and whether it is special; an id that the vocabulary lacks counts as special."""
    known = vocabulary["id"].to_numpy()
    at = np.minimum(np.searchsorted(known, ids), max(len(known) - 1, 0))
    found = vocabulary.take(pa.array(at))
    there = (known[at] == ids).tolist()
    for i, data, kind, is_there in zip(
        ids.tolist(), found["bytes"].to_pylist(), found["kind"].to_pylist(), there, strict=True
    ):
        yield (data, kind == SPECIAL) if is_there else (f"<id {i}>".encode(), True)


def _text(data: bytes) -> str | None:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    stripped = text.strip()
    while stripped.startswith(_MARK) or stripped.endswith(_MARK):
        stripped = stripped.strip(_MARK).strip()
    return stripped


def rate(question: str, *, occurrence: bool) -> Callable[[Context], Iterable[Figure]]:
    """The share of unique tokens (or of their occurrences) that are `language` tokens or `pure` ones."""

    def compute(context: Context) -> Iterable[Figure]:
        for name, n, reference, judged in _judgements(context):
            if isinstance(judged, Figure):
                yield judged
                continue
            problem = _unanswered(question, judged)
            if problem:
                yield Figure(name, None, n, reference=reference, status=Status.NOT_APPLICABLE, reason=problem)
                continue
            chosen = judged.of_language if question == "language" else judged.pure
            weights = judged.counts if occurrence else np.ones(len(judged.counts), np.int64)
            above, below = int(weights[chosen].sum()), int(weights.sum())
            figure = divided(name, above, below, n, "tokens that spell text", reference)
            yield replace(figure, signed={"lexicon": judged.fingerprint})

    return compute


def _unanswered(question: str, judged: Judged) -> str | None:
    known = judged.answers.keys()
    if question == "language":
        return None if {WORD, ROOT} & known else "the lexicon knows neither words nor roots"
    missing = [plural for one, plural in ((ROOT, "roots"), (AFFIX, "affixes")) if one not in known]
    if not missing:
        return None
    kinds = " and ".join(missing)
    return f"the lexicon does not know {kinds}; give {' and '.join(m + ':FILE' for m in missing)} beside it"


def _judgements(context: Context) -> Iterable[tuple[str, int, str | None, Judged | Figure]]:
    """For each lexicon: the slice, its documents, the language where that is not the slice, and the judged tokens."""
    loaded, mine = context.material, context.mine
    assert loaded is not None
    for language, lexicon in loaded.lexicons.items():
        alone = context.slices == (ALL,) and len(loaded.lexicons) == 1
        name, reference = (ALL, language if language != ALL else None) if alone else (language, None)
        members = context.slices if name == ALL else (name,)
        n = mine.sums.total("documents", members)
        if name != ALL and name not in context.slices:
            reason = f"the corpus has no slice {name!r}"
            near = [other for other in context.slices if other.partition("_")[0] == name]
            hint = f"did you mean {near[0]!r}?" if near else suggest(name, context.slices)
            loaded.warn(f"a lexicon was given for {name!r}: {reason}" + (f"; {hint}" if hint else ""))
            yield name, 0, reference, Figure(name, None, 0, status=Status.UNDEFINED, reason=reason)
            continue
        missing = next((c for c in (IDS, VOCABULARY) if c not in mine.facts.capabilities), None)
        if missing or mine.tools is None:
            reason = "the tokenizer's ids do not stand for tokens" if missing == IDS else "no vocabulary is declared"
            figure = Figure(name, None, n, reference=reference, status=Status.NOT_APPLICABLE, reason=reason)
            yield name, n, reference, figure
            continue
        key = (context.corpus, context.tokenizer, name)
        if key not in loaded.judged:
            counts = context.state(Frequencies).by_id(members)
            ids = np.flatnonzero(counts)
            loaded.judged[key] = judge_tokens(mine.tools.vocabulary(), ids, counts[ids], lexicon, language)
        yield name, n, reference, loaded.judged[key]
        if name != ALL and len(context.slices) == 1:  # the pool is this slice
            yield ALL, n, language, loaded.judged[key]


def tokens_table(judged: Mapping[tuple[str, str, str], Judged]) -> pa.Table:
    """Every unique token with its verdicts: what `tokens.parquet` holds.

    Columns: corpus, tokenizer, slice, language, token (text, null where the bytes are not UTF-8), bytes, count, word,
    root, affix (null where the lexicon cannot tell), language_token, pure_token (null likewise).
    """
    schema = pa.schema(
        [(name, pa.string()) for name in ("corpus", "tokenizer", "slice", "language", "token")]
        + [("bytes", pa.large_binary()), ("count", pa.int64())]
        + [(name, pa.bool_()) for name in (*QUESTIONS, "language_token", "pure_token")]
    )
    parts = [schema.empty_table()]
    for (corpus, tokenizer, name), found in judged.items():
        size = len(found.tokens)
        unknown = pa.nulls(size, pa.bool_())
        columns = {
            "corpus": pa.repeat(corpus, size),
            "tokenizer": pa.repeat(tokenizer, size),
            "slice": pa.repeat(name, size),
            "language": pa.repeat(found.language, size),
            "token": pa.array([_readable(data) for data in found.tokens.to_pylist()], pa.string()),
            "bytes": found.tokens,
            "count": pa.array(found.counts),
            **{q: pa.array(found.answers[q]) if q in found.answers else unknown for q in QUESTIONS},
            "language_token": unknown if _unanswered("language", found) else pa.array(found.of_language),
            "pure_token": unknown if _unanswered("pure", found) else pa.array(found.pure),
        }
        parts.append(pa.table(columns, schema))
    return pa.concat_tables(parts)


def _readable(data: bytes) -> str | None:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None
