"""Rules: what a result table must satisfy."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from tokeval.config import Strict, read_toml


class Rule(Strict):
    """One demand on some figures. Names may be globs (`*_Latn`)."""

    metric: str = Field(description="The metric's name in the table.")
    tokenizer: str | list[str] = Field("*", description="Which tokenizers: a name, a glob, or a list of them.")
    slice: str | list[str] = Field(default="all", description="Which slices: a name, a glob, or a list of them.")
    corpus: str | list[str] = Field(default="*", description="Which corpora: a name, a glob, or a list of them.")
    min: float | None = Field(default=None, description="The figure must not be below.")
    max: float | None = Field(default=None, description="The figure must not be above.")

    @model_validator(mode="after")
    def _has_a_limit(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("a rule needs min or max")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}: no figure can pass")
        return self


class Rules(Strict):
    """A rules file: `[[rule]]` tables."""

    rule: list[Rule] = Field(min_length=1, description="The rules; at least one.")


def read_rules(path: Path) -> Rules:
    """Read and validate a rules file.

    Raises:
        ConfigError: the message names the place.
    """
    return read_toml(path, Rules)
