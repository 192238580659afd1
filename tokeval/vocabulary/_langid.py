"""langid.py (Lui & Baldwin 2012) over many short strings at once; nothing but Qtok's view uses it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np


def installed() -> bool:
    """Whether the optional library is there."""
    return find_spec("langid") is not None


def ranks(texts: Sequence[str], languages: Sequence[str]) -> Iterator[list[str]]:
    """The given languages for each text, the likeliest first, as langid's `rank` orders them.

    langid walks an automaton over the bytes of one text and multiplies a vector of some 7,000 features; a state
    always adds the same features, so here all texts walk together and add a row of log-probabilities per step.
    """
    model = _model()
    chosen = [i for i, name in enumerate(model.nb_classes) if name in languages]
    chosen.sort(key=lambda i: model.nb_classes[i], reverse=True)  # of equal ones langid has the later name first
    moves = np.asarray(model.tk_nextmove)
    added = np.zeros((len(moves) >> 8, len(chosen)))
    for state, features in model.tk_output.items():
        added[state] = model.nb_ptc[np.ix_(features, chosen)].sum(axis=0)
    encoded = [text.encode() for text in texts]
    lengths = np.array([len(data) for data in encoded], np.int64)
    begins = np.cumsum(lengths) - lengths
    data = np.frombuffer(b"".join(encoded), np.uint8)
    scores = np.zeros((len(encoded), len(chosen))) + model.nb_pc[chosen]
    states = np.zeros(len(encoded), np.int64)
    for step in range(int(lengths.max(initial=0))):
        left = np.flatnonzero(lengths > step)
        states[left] = moves[(states[left] << 8) + data[begins[left] + step]]
        scores[left] += added[states[left]]
    names = [str(model.nb_classes[i]) for i in chosen]
    for row in np.argsort(-scores, axis=1, kind="stable").tolist():
        yield [names[k] for k in row]


@cache
def _model() -> Any:
    from langid.langid import LanguageIdentifier, model

    return LanguageIdentifier.from_modelstring(model)
