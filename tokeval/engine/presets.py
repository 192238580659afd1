"""Presets: named lists of metrics and of corpora, so that a run needs no list of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tokeval.errors import UsageError, suggest

#: Corpora that come with tokeval.
DEMO, PROBES, CODE = "demo", "probes", "code"


@dataclass(frozen=True)
class Preset:
    """A named choice.

    Attributes:
        what: what it is for, in one line.
        metrics: families or metrics.
        corpora: names of the corpora that come with tokeval and are taken where the user names none.
        needs: what the user has to bring, in words; empty where nothing.
    """

    what: str
    metrics: tuple[str, ...]
    corpora: tuple[str, ...] = ()
    needs: str = ""


PRESETS: dict[str, Preset] = {
    "multilingual": Preset(
        "How evenly languages are served: size, fairness, information and fidelity by language.",
        ("size", "fairness", "information", "fidelity"),
        (DEMO,),
    ),
    "code": Preset(
        "Source code: tokens on the leaves of a parse, identifiers, indentation, round trip.",
        ("size", "code", "fidelity"),
        (CODE,),
    ),
    "numbers": Preset("Digits, groups of three, operators; by kind of number.", ("tokens", "numbers"), (PROBES,)),
    "robustness": Preset(
        "Typos, look-alikes, case, white space, Unicode forms, and cuts through the text.",
        ("bytes_per_token", "fidelity", "robustness"),
        (DEMO,),
    ),
    "turkish-benchmark": Preset(
        "The five figures of the Turkish benchmark: vocabulary size, token count, processing time, %TR and %Pure.",
        ("vocabulary_size", "tokens", "encode_s", "language_token_rate", "pure_token_rate"),
        needs="a corpus of Turkish text, and what its words, roots and affixes are: add -c NAME=PATH and --lexicon",
    ),
    "all": Preset(
        "Everything that the other presets compute, and predictability.",
        ("size", "fairness", "information", "fidelity", "predictability", "numbers", "code", "robustness"),
        (DEMO, PROBES, CODE),
    ),
}


def find_preset(name: str) -> Preset:
    """The preset of that name.

    Raises:
        UsageError: there is none; the hint names a near one.
    """
    if name not in PRESETS:
        raise UsageError(f"there is no preset {name!r}", hint=suggest(name, PRESETS))
    return PRESETS[name]


def corpora_of(name: str) -> dict[str, str]:
    """Paths by name of the corpora that a preset takes where the user names none.

    Raises:
        UsageError: the user has to name one.
    """
    preset = find_preset(name)
    if not preset.corpora:
        raise UsageError(f"the preset {name!r} brings no corpus", hint=preset.needs)
    return {corpus: str(shipped(corpus)) for corpus in preset.corpora}


def shipped(corpus: str) -> Path:
    """Where a corpus lies that comes with tokeval: in the package, or in the repository's corpora/.

    Raises:
        UsageError: it is in neither.
    """
    package = Path(__file__).resolve().parent.parent
    places = [package / "data" / f"{corpus}.parquet", package.parent / "corpora" / f"{corpus}.parquet"]
    for place in places:
        if place.is_file():
            return place
    raise UsageError(f"the corpus {corpus!r} is not installed", hint="name a corpus of your own: -c NAME=PATH")
