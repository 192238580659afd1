"""Bounds on what is read, so that a hostile or mistaken file is refused before it fills the memory."""

from __future__ import annotations

import json
import os
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from tokeval.errors import TokenizerError, UsageError

#: Setting -> default. Each can be raised in the environment.
LIMITS = {"TOKEVAL_MAX_TOKENIZER_MB": 256, "TOKEVAL_MAX_VOCABULARY": 4_000_000}

#: A JSON file may hold so many times as many elements, in all its lists and objects, as its vocabulary may.
_SHARE = 8


def limit(name: str) -> int:
    """The bound of that name, from the environment or the default.

    Raises:
        UsageError: the environment holds something that is no positive number.
    """
    text = os.environ.get(name)
    if text is None:
        return LIMITS[name]
    if not text.isdigit() or int(text) < 1:
        raise UsageError(f"{name} is {text!r}, it must be a whole number of 1 or more")
    return int(text)


def check_size(path: Path) -> None:
    """Refuse a file that is larger than any tokenizer.

    Raises:
        TokenizerError: it is; the hint names the setting.
    """
    most = limit("TOKEVAL_MAX_TOKENIZER_MB")
    if path.is_file() and path.stat().st_size > most << 20:
        raise TokenizerError(
            f"{path} has {path.stat().st_size >> 20:,} MiB, more than the {most:,} MiB that a tokenizer file may have",
            hint="set TOKEVAL_MAX_TOKENIZER_MB higher if it is meant to be so large",
        )


def check_entries(path: Path, entries: int) -> None:
    """Refuse a vocabulary with more entries than any tokenizer has; to be asked before they are read into memory.

    Raises:
        TokenizerError: it has; the hint names the setting.
    """
    most = limit("TOKEVAL_MAX_VOCABULARY")
    if entries > most:
        raise TokenizerError(
            f"{path} has {entries:,} vocabulary entries, more than the {most:,} that are read",
            hint="set TOKEVAL_MAX_VOCABULARY higher if it is meant to be so large",
        )


def read_json(path: Path) -> Any:
    """The content of a JSON file, checked before it is parsed (see `check_json`).

    Raises:
        TokenizerError: it is too large.
        ValueError, RecursionError: it is broken, or nested too deep.
    """
    return parse_json(check_json(path))


def parse_json(data: bytes) -> Any:
    """The content of JSON in UTF-8, with a byte order mark or without.

    Raises:
        ValueError, RecursionError: it is broken, or nested too deep.
    """
    try:
        return orjson.loads(data)  # a vocabulary of 256,000 takes 0.1 to 0.15 s; json's 0.2 to 0.4
    except orjson.JSONDecodeError:  # it takes less than json does, such as no NaN, and tells less of what is wrong
        return json.loads(data.decode("utf-8-sig"))


def check_json(path: Path) -> bytes:
    """The bytes of a JSON file within bounds, told without parsing it: ten million entries would take gigabytes.

    Raises:
        TokenizerError: it is too large, or one of its lists or objects is, or all of them together.
    """
    check_size(path)
    data = path.read_bytes()
    most = limit("TOKEVAL_MAX_VOCABULARY")
    if data.count(b",") >= most:  # else nothing in it can have more elements
        from tokeval.tokenizers.kernels import count_elements

        largest, total = count_elements(np.frombuffer(data, np.uint8))
        # a vocabulary, as many merges, and two pieces in each of them
        check_entries(path, max(largest, -(-total // _SHARE)))
    return data


def read_lines(path: Path) -> list[str]:
    """The lines of a text file, counted before they are cut.

    Raises:
        TokenizerError: it is too large, or has too many lines. UnicodeDecodeError: it is not UTF-8.
    """
    return TextIOWrapper(BytesIO(check_lines(path)), "utf-8").read().split("\n")


def check_lines(path: Path) -> bytes:
    """The bytes of a file within bounds, with no more lines than a vocabulary may have entries.

    Raises:
        TokenizerError: it is too large, or has too many.
    """
    check_size(path)
    data = path.read_bytes()
    check_entries(path, data.count(b"\n"))
    return data
