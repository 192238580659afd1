"""Configuration files: TOML, validated by pydantic models; unknown keys are refused with a suggestion."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tokeval.errors import ConfigError, suggest
from tokeval.places import Path as Key
from tokeval.places import Place, nearest, places

Model = TypeVar("Model", bound=BaseModel)


class Strict(BaseModel):
    """Base of all models: no unknown keys, no silent conversions of meaning, unchangeable once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class CompareConfig(Strict):
    """`tokeval compare CONFIG.toml`. The command line and the environment (`TOKEVAL_*`) come before the file."""

    tokenizers: dict[str, str] = Field(default_factory=dict, description="Spec strings by name.")
    corpora: dict[str, str] = Field(default_factory=dict, description="Paths (file, folder, glob) by name.")
    preset: str | None = Field(default=None, description="A named list of metrics and corpora; see docs/presets.md.")
    metrics: list[str] = Field(default_factory=list, description="Families, metrics, or metrics with parameters.")
    baseline: str | None = Field(default=None, description="The tokenizer that nsl refers to.")
    pivot: str | None = Field(default=None, description="The slice that premium refers to.")
    text_column: str | None = Field(default=None, description="The column of documents; default `text`.")
    slice_by: list[str] | None = Field(default=None, description="Columns whose values are the slices; [] for none.")
    id_column: str | None = Field(
        default=None, description="The column of parallel ids; default `id` where there is one."
    )
    words: str | None = Field(default=None, description="The word segmenter: `whitespace` (default), `icu` or `auto`.")
    lexicons: dict[str, str | list[str]] | None = Field(default=None, description="Lexicon specs by language.")
    gold: dict[str, str] | None = Field(default=None, description="Gold segmentations by language.")
    lexical_decision: dict[str, str] | None = Field(
        default=None, description="Files of lexical-decision studies by language."
    )
    decision_columns: dict[str, str] | None = Field(
        default=None, description="The names of their columns: word, lexicality, rt, accuracy."
    )
    limit: int | None = Field(
        default=None, ge=1, description="Read no more than the first so many rows of each corpus."
    )
    seed: int | None = Field(default=None, ge=0, description="Of everything that is drawn at random; default 0.")
    accelerate: bool | None = Field(
        default=None, description="Whether verified fast paths stand in for the reference libraries; default true."
    )
    cache_mb: int | None = Field(
        default=None, ge=1, description="Memory for the caches of all fast paths, in MiB; default 1024."
    )
    on_error: str | None = Field(
        default=None,
        description="When a tokenizer fails on a document: `stop` (default), or `skip` to leave it out and count it.",
    )
    formats: list[str] | None = Field(default=None, description="Reports to write; default md and csv.")
    output: str | None = Field(default=None, description="The folder for the results.")


def read_toml(path: Path, model: type[Model]) -> Model:
    """Read and validate a TOML file.

    Raises:
        ConfigError: not there, not TOML, an unknown key or a wrong value; the message names line and column.
    """
    try:
        text = path.read_text("utf-8")
        content = tomllib.loads(text)
    except FileNotFoundError as error:
        raise ConfigError(f"there is no file {path}") from error
    except tomllib.TOMLDecodeError as error:
        message, line, column = _syntax(str(error))
        raise ConfigError(f"{path}{line}{column}: this is not TOML: {message}") from error
    except (UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise _first_problem(path, model, error, places(text)) from error


def _syntax(message: str) -> tuple[str, str, str]:
    """What tomllib says, and `:line` and `:column` out of it (it has no attributes for them before Python 3.14)."""
    found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", message, re.DOTALL)
    return (found[1], f":{found[2]}", f":{found[3]}") if found else (message, "", "")


def _first_problem(
    path: Path, model: type[BaseModel], error: ValidationError, known: Mapping[Key, Place]
) -> ConfigError:
    problem = error.errors()[0]
    found, place = nearest(problem["loc"], known)
    start = f"{path}:{place}"
    if problem["type"] == "extra_forbidden":
        name = ".".join(str(part) for part in problem["loc"])
        keys = _keys_at(model, problem["loc"][:-1])
        return ConfigError(f"{start}: unknown key {name!r}", hint=suggest(str(problem["loc"][-1]), keys))
    # pydantic adds the names of a union's branches behind the key; only what the file has means something to a reader
    shown = problem["loc"] if problem["type"] == "missing" else found
    name = ".".join(str(part) for part in shown)
    message = problem["msg"].removeprefix("Value error, ")
    return ConfigError(f"{start}: {name or 'the file'}: {message}")


def _keys_at(model: type[BaseModel], place: tuple[int | str, ...]) -> list[str]:
    """The keys that a model takes at a place inside it."""
    for part in place:
        if isinstance(part, int):
            continue
        annotation = model.model_fields[part].annotation
        inner = [a for a in getattr(annotation, "__args__", (annotation,)) if isinstance(a, type)]
        models = [a for a in inner if issubclass(a, BaseModel)]
        if not models:
            return []
        model = models[0]
    return list(model.model_fields)
