"""What there is to choose from: built-ins by name, and third parties through entry points. Loaded on first use."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoints, entry_points
from importlib.util import find_spec
from typing import Any, cast

from tokeval.errors import MissingExtraError, TokevalError, UsageError, suggest

TOKENIZERS, METRICS, REPORTS, ENGINES = "tokenizers", "metrics", "reports", "engines"
LEXICONS = "lexicons"

#: group -> name -> (target `module:attribute`, library module or "", extra or "")
_BUILTIN: dict[str, dict[str, tuple[str, str, str]]] = {
    TOKENIZERS: {
        "bytes": ("tokeval.tokenizers._yardsticks:Bytes", "", ""),
        "chars": ("tokeval.tokenizers._yardsticks:Chars", "", ""),
        "derive": ("tokeval.tokenizers._derive:Derived", "", ""),
        "graphemes": ("tokeval.tokenizers._graphemes:Graphemes", "regex", ""),
        "hf": ("tokeval.tokenizers._huggingface:HuggingFace", "tokenizers", ""),
        "mistral": ("tokeval.tokenizers._mistral:load", "mistral_common", "mistral"),
        "precomputed": ("tokeval.tokenizers._precomputed:Precomputed", "", ""),
        "python": ("tokeval.tokenizers._python:load", "", ""),
        "rwkv": ("tokeval.tokenizers._rwkv:Rwkv", "", ""),
        "sentencepiece": ("tokeval.tokenizers._sentencepiece:SentencePiece", "sentencepiece", ""),
        "tiktoken": ("tokeval.tokenizers._tiktoken:Tiktoken", "tiktoken", ""),
        "transformers": ("tokeval.tokenizers._transformers:Transformers", "transformers", "transformers"),
        "words": ("tokeval.tokenizers._yardsticks:Words", "", ""),
    },
    METRICS: {
        "code": ("tokeval.metrics.code.figures:METRICS", "", ""),
        "fairness": ("tokeval.metrics.fairness:METRICS", "", ""),
        "fidelity": ("tokeval.metrics.fidelity:METRICS", "", ""),
        "information": ("tokeval.metrics.information:METRICS", "", ""),
        "linguistic": ("tokeval.metrics.linguistic.family:METRICS", "", ""),
        "numbers": ("tokeval.metrics.numbers.figures:METRICS", "", ""),
        "predictability": ("tokeval.metrics.ngrams.figures:METRICS", "", ""),
        "robustness": ("tokeval.metrics.robustness.figures:METRICS", "", ""),
        "size": ("tokeval.metrics.size:METRICS", "", ""),
        "speed": ("tokeval.metrics.speed:METRICS", "", ""),
    },
    REPORTS: {
        "csv": ("tokeval.report.csv:render", "", ""),
        "html": ("tokeval.report.html:render", "", ""),
        "json": ("tokeval.report.json:render", "", ""),
        "latex": ("tokeval.report.latex:render", "", ""),
        "md": ("tokeval.report.markdown:render", "", ""),
        "vocab": ("tokeval.report.vocabulary:render", "", ""),
    },
    ENGINES: {
        "local": ("tokeval.engine.local:run", "", ""),
        "ray": ("tokeval.engine.ray:run", "ray", "ray"),
    },
    LEXICONS: {
        "affixes": ("tokeval.metrics.linguistic.lists:affixes", "", ""),
        "hunspell": ("tokeval.metrics.linguistic._hunspell:load", "hunspell", "hunspell"),
        "python": ("tokeval.metrics.linguistic.plugin:load", "", ""),
        "roots": ("tokeval.metrics.linguistic.lists:roots", "", ""),
        "unimorph": ("tokeval.metrics.linguistic.tables:load", "", ""),
        "wordfreq": ("tokeval.metrics.linguistic._wordfreq:load", "wordfreq", "wordfreq"),
        "words": ("tokeval.metrics.linguistic.lists:words", "", ""),
        "zeyrek": ("tokeval.metrics.linguistic._zeyrek:load", "zeyrek", "zeyrek"),
    },
}


@dataclass(frozen=True)
class Entry:
    """One thing that can be chosen: where it comes from and what it needs."""

    group: str
    name: str
    target: str
    origin: str
    module: str = ""
    extra: str = ""

    @property
    def installed(self) -> bool:
        """Whether the library behind it is there."""
        return not self.module or find_spec(self.module) is not None

    def load(self) -> Any:
        """The object behind the name.

        Raises:
            MissingExtraError: its optional library is not installed.
        """
        if not self.installed:
            raise MissingExtraError.of(self.extra, f"{self.name!r} ({self.group})")
        module, _, attribute = self.target.partition(":")
        return getattr(importlib.import_module(module), attribute)


@cache
def _points() -> EntryPoints:
    """What installed packages offer, to whatever group; reading it takes 20 ms."""
    return cast("EntryPoints", entry_points().select())


@cache
def entries(group: str) -> dict[str, Entry]:
    """Every entry of a group by name, sorted; two of one name are an error."""
    found = {
        name: Entry(group, name, target, "tokeval", module, extra)
        for name, (target, module, extra) in _BUILTIN[group].items()
    }
    for point in _points().select(group=f"tokeval.{group}"):
        origin = f"{point.dist.name} {point.dist.version}" if point.dist else "unknown"
        if point.name in found:
            raise UsageError(
                f"two {group} are called {point.name!r}: from {found[point.name].origin} and from {origin}",
                hint="uninstall one of the two packages",
            )
        found[point.name] = Entry(group, point.name, point.value, origin)
    return dict(sorted(found.items()))


def find(group: str, name: str) -> Entry:
    """The entry of that name.

    Raises:
        UsageError: there is none; the hint names a near one.
    """
    known = entries(group)
    if name not in known:
        raise UsageError(f"there is no {group.removesuffix('s')} {name!r}", hint=suggest(name, known))
    return known[name]


def split(spec: str) -> tuple[str, str]:
    """The kind and the rest of `kind:rest`; a text without a kind, such as a path, has "" for it."""
    kind, colon, rest = spec.partition(":")
    return (kind, rest) if colon and len(kind) > 1 else ("", spec)  # one letter is a Windows drive


def imported(location: str, missing: type[TokevalError]) -> Any:
    """What `package.module:name` stands for, in code of the user's own.

    Raises:
        UsageError: it is not of that form. `missing`: the module or the name is not there.
    """
    module, _, name = location.partition(":")
    if not (module and name):
        raise UsageError(f"python:{location} does not name a factory", hint="write python:package.module:factory")
    try:
        return getattr(importlib.import_module(module), name)
    except ImportError as error:
        hint = "install the package, or put its folder into PYTHONPATH"
        raise missing(f"python:{location}: {error}", hint=hint) from error
    except AttributeError as error:
        raise missing(f"the module {module} has no {name!r}") from error
