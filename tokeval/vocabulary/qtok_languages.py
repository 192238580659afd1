"""Qtok 0.11's Latin and Cyrillic tables: languages that langid gives single tokens, fewer the longer the token."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tokeval.schema import ALL, NEITHER, Figure, MetricInfo, Status
from tokeval.vocabulary import _langid
from tokeval.vocabulary.definitions import FAMILY
from tokeval.vocabulary.qtok import QtokToken

_LATIN = "en de es fr pl cs it hu pt nl sk tr vi et fi ro sv lt da sl is mt no id tl ga lv hr cy bs sq"
_CYRILLIC = "ru bg uk sr be kk mn mk ky"
_TABLES = {
    "LATIN": ("qtok_latin_languages", tuple(_LATIN.split())),
    "CYRILLIC": ("qtok_cyrillic_languages", tuple(_CYRILLIC.split())),
}
#: How many languages a token of so many characters is given, without its space; longer ones get one.
_KEPT = {1: 5, 2: 4, 3: 3, 4: 3, 5: 2}

METRICS = tuple(
    MetricInfo(
        metric,
        FAMILY,
        "count",
        NEITHER,
        f"{script.title()} alpha tokens by language as Qtok 0.11 has them: each of two characters or more is shared"
        f" out equally among the likeliest of {len(languages)} languages by langid, five for one letter, one for six"
        " and more. Qtok's percentage divides by the sum of answers (the denominator), the right one by the tokens"
        " (n). Beside tokens_of_language.",
        "Chelombitko et al. 2024",
        "A classifier of documents on single tokens, cut by length: it measures length.",
    )
    for script, (metric, languages) in _TABLES.items()
)

#: The languages of a token by its id, the likeliest first.
Answers = Mapping[int, Sequence[str]]


def answers(tokens: Sequence[QtokToken] | None) -> dict[str, Answers] | None:
    """The languages of each Latin and Cyrillic token, by the script's metric; None without langid."""
    if not _langid.installed():
        return None
    found: dict[str, Answers] = {}
    for script, (metric, languages) in _TABLES.items():
        chosen = [t for t in tokens or () if t.script == script and t.category.endswith("_alpha") and len(t.text) > 1]
        texts = [t.text.strip() for t in chosen]
        found[metric] = {
            token.id: ranked[: _KEPT.get(len(text), 1)]
            for token, text, ranked in zip(chosen, texts, _langid.ranks(texts, languages), strict=True)
        }
    return found


def column(found: Mapping[str, Answers] | None, ids: npt.NDArray[np.uint32]) -> pa.Array:
    """The languages of each id joined by spaces, null where Qtok gives none."""
    every = {i: " ".join(names) for part in (found or {}).values() for i, names in part.items()}
    return pa.array([every.get(i) for i in ids.tolist()], pa.string()).dictionary_encode()


def figures(tokens: Sequence[QtokToken] | None, found: Mapping[str, Answers] | None) -> Iterator[tuple[str, Figure]]:
    """Qtok's two tables; `found` as `answers` gave it."""
    if tokens is None or found is None:
        missing = "needs the library langid: pip install 'tokeval[qtok]'"
        reason = "Qtok 0.11 cannot read this tokenizer" if tokens is None else missing
        for info in METRICS:
            yield info.name, Figure(ALL, None, 0, status=Status.NOT_APPLICABLE, reason=reason)
        return
    for metric, given in found.items():
        told = Counter((name, len(names)) for names in given.values() for name in names)
        total, size = float(sum(told.values())), len(given)
        yield metric, Figure(ALL, float(size), size, float(size), total)
        for language in sorted({name for name, _ in told}):
            mass = sum(told[language, k] / k for k in sorted(set(_KEPT.values()) | {1}))
            yield metric, Figure(language, mass, size, mass, total)
