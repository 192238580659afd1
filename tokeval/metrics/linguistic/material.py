"""What the user names for linguistic metrics, and the same once it is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from tokeval.errors import UsageError, suggest

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from tokeval.metrics.linguistic.boundaries import Comparison
    from tokeval.metrics.linguistic.decisions import Decisions
    from tokeval.metrics.linguistic.files import Intake
    from tokeval.metrics.linguistic.gold import Gold
    from tokeval.metrics.linguistic.lexicon import Lexicon
    from tokeval.metrics.linguistic.rates import Judged

#: The yardsticks of --gold: one cuts as the gold does and nowhere else, one cuts everywhere.
IDEAL, BYTE = "ideal", "byte"

#: What a metric can need of it.
LEXICON, GOLD, DECISIONS = "lexicon", "gold", "lexical-decision"

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Material:
    """Specs by language, in the order given; part of a run's plan.

    Attributes:
        lexicons: one or more lexicon specs per language.
        gold: one gold file per language.
        decisions: one lexical-decision file per language.
        columns: the names of its columns, by what they mean.
    """

    lexicons: tuple[tuple[str, tuple[str, ...]], ...] = ()
    gold: Pairs = ()
    decisions: Pairs = ()
    columns: Pairs = ()

    @property
    def given(self) -> frozenset[str]:
        """The needs of metrics that it meets."""
        named = {LEXICON: self.lexicons, GOLD: self.gold, DECISIONS: self.decisions}
        return frozenset(need for need, pairs in named.items() if pairs)


def material(
    lexicons: Mapping[str, str | Sequence[str]] | None = None,
    gold: Mapping[str, str] | None = None,
    lexical_decision: Mapping[str, str] | None = None,
    decision_columns: Mapping[str, str] | None = None,
) -> Material:
    """Check what was named, reading nothing yet.

    Raises:
        UsageError: a language that cannot be one, or a column that means nothing.
    """
    from tokeval.metrics.linguistic.decisions import COLUMNS

    specs = {lang: (s,) if isinstance(s, str) else tuple(s) for lang, s in (lexicons or {}).items()}
    for language in (*specs, *(gold or {}), *(lexical_decision or {})):
        if not language.strip() or ":" in language:
            raise UsageError(f"{language!r} is no language", hint="write LANG=SPEC, for instance tur=words:list.txt")
    for meaning in decision_columns or {}:
        if meaning not in COLUMNS:
            raise UsageError(f"no column of a lexical decision is called {meaning!r}", hint=suggest(meaning, COLUMNS))
    return Material(
        tuple(specs.items()),
        tuple((gold or {}).items()),
        tuple((lexical_decision or {}).items()),
        tuple((decision_columns or {}).items()),
    )


@dataclass
class Loaded:
    """The material as read, and what was found out with it, so that several metrics share the work.

    Attributes:
        lexicons, gold, decisions: by language, in the order given.
        judged: the judged tokens by corpus, tokenizer and slice.
        compared: the gold words' counts by tokenizer and language.
        warnings: one line each, about what the user should know.
    """

    lexicons: Mapping[str, Lexicon] = field(default_factory=dict)
    gold: Mapping[str, Gold] = field(default_factory=dict)
    decisions: Mapping[str, Decisions] = field(default_factory=dict)
    judged: dict[tuple[str, str, str], Judged] = field(default_factory=dict)
    compared: dict[tuple[str, str], Comparison] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def record(self) -> dict[str, object]:
        """For run.json: what was taken of each file, and the rows that were left out."""
        return {
            "lexicons": {lang: _intake(lexicon.intake) for lang, lexicon in self.lexicons.items()},
            "gold": {lang: {"segmented": gold.segmented, **_intake(gold.intake)} for lang, gold in self.gold.items()},
            "lexical_decision": {lang: _intake(made.intake) for lang, made in self.decisions.items()},
        }

    def tokens(self) -> pa.Table | None:
        """Every judged token with its verdicts, for `tokens.parquet`; None where nothing was judged."""
        from tokeval.metrics.linguistic.rates import tokens_table

        return tokens_table(self.judged) if self.judged else None

    def warn(self, line: str) -> None:
        """Note a warning once."""
        if line not in self.warnings:
            self.warnings.append(line)

    def warn_of_failed(self, tokenizer: str, failed: npt.NDArray[np.bool_] | None, what: str) -> None:
        """Note how many texts, marked, a tokenizer fails on, if any."""
        if failed is not None and failed.any():
            count = int(failed.sum())
            self.warn(f"{tokenizer} fails on {count:,} of the {len(failed):,} {what}; its figures leave them out")

    def check(self, yardsticks: frozenset[str]) -> None:
        """Warn of lexicons that know not one token of any tokenizer; yardsticks prove nothing."""
        for language in self.lexicons:
            found = [
                judged
                for (_, tokenizer, _), judged in self.judged.items()
                if judged.language == language and tokenizer not in yardsticks and len(judged.tokens)
            ]
            if found and not any(judged.of_language.any() for judged in found):
                self.warn(
                    f"the lexicon of {language!r} covers 0 % of the text: not one token is in it"
                    " (is it of that language and script?)"
                )


def load_material(named: Material) -> Loaded:
    """Read all that was named.

    Raises:
        UsageError: an unknown kind or format. LexiconError: a file that cannot be used.
    """
    from tokeval.metrics.linguistic.decisions import load_decisions
    from tokeval.metrics.linguistic.gold import load_gold
    from tokeval.metrics.linguistic.lexicon import load_lexicon

    loaded = Loaded(
        {language: load_lexicon(specs, language) for language, specs in named.lexicons},
        {language: load_gold(spec) for language, spec in named.gold},
        {language: load_decisions(spec, dict(named.columns)) for language, spec in named.decisions},
    )
    parts = (("lexicon", loaded.lexicons), ("gold file", loaded.gold), ("lexical-decision file", loaded.decisions))
    for what, found in parts:
        for language, part in found.items():
            intake: Intake = part.intake
            if intake.left_out:
                first = intake.problems[0]
                loaded.warn(
                    f"the {what} of {language!r}: {intake.left_out:,} rows left out,"
                    f" the first at line {first.line}: {first.reason}"
                )
    return loaded


def _intake(intake: Intake) -> dict[str, object]:
    return {"taken": intake.taken, "left_out": intake.left_out, "rows": [asdict(p) for p in intake.problems]}
