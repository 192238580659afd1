"""Results wherever they lie: a folder, a file, a URL, another git revision. Nothing fetched is written to disk."""

from __future__ import annotations

import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tokeval.errors import ResultsError, first_line

_TIMEOUT_S = 30
_SUFFIXES = (".parquet", ".json")

#: The content of a file beside the others by its name, or None where there is none.
Reader = Callable[[str], bytes | None]


@dataclass(frozen=True)
class Place:
    """A folder somewhere.

    Attributes:
        name: as the user gave it.
        read: reads a file of the folder.
        file: the file that was named, or "" where the folder itself was.
        folder: where it lies on this machine, if it does.
    """

    name: str
    read: Reader
    file: str = ""
    folder: Path | None = None


def locate(name: str) -> Place:
    """The place that a location stands for; nothing is read yet.

    Args:
        name: a folder or a file; `git:REVISION:PATH` of the repository around the working folder; a URL (`http`,
            `https`, and what Arrow's file systems know: `s3`, `gs`). What ends in `.parquet` or `.json` is a file.

    Raises:
        ResultsError: not a location.
    """
    if name.startswith("git:"):
        revision, colon, path = name.removeprefix("git:").partition(":")
        if not revision or not colon or not path or revision.startswith("-"):
            raise ResultsError(f"{name!r} is not git:REVISION:PATH", hint="for instance git:origin/main:out/results")
        folder, file = _split(path)
        return Place(name, lambda wanted: _git(revision, _join(folder, wanted)), file)
    if name.startswith(("http://", "https://")):
        folder, file = _split(name)
        return Place(name, lambda wanted: _http(f"{folder}/{wanted}"), file)
    if "://" in name:
        folder, file = _split(name)
        return Place(name, lambda wanted: _arrow(f"{folder}/{wanted}"), file)
    return local(Path(name))


def local(path: Path) -> Place:
    """The place of a folder or a file on this machine."""
    here, file = path, ""
    if not here.is_dir() and here.suffix in _SUFFIXES:
        here, file = here.parent, here.name
    return Place(str(path), lambda wanted: _local(here / wanted), file, here)


def _split(path: str) -> tuple[str, str]:
    folder, _, last = path.rstrip("/").rpartition("/")
    return (folder, last) if last.endswith(_SUFFIXES) else (path.rstrip("/"), "")


def _join(folder: str, file: str) -> str:
    return str(PurePosixPath(folder) / file)


def _local(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ResultsError(f"{path} cannot be read: {error.strerror or error}") from error


def _http(url: str) -> bytes | None:
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - the caller checked the scheme
            content: bytes = answer.read()
            return content
    except urllib.error.HTTPError as error:
        error.close()  # it holds the connection
        if error.code == 404:
            return None
        raise ResultsError(f"{url} answers {error.code} {error.reason}") from error
    except (OSError, ValueError) as error:
        raise ResultsError(f"{url} cannot be fetched: {getattr(error, 'reason', error)}") from error


def _arrow(url: str) -> bytes | None:
    import pyarrow as pa
    from pyarrow import fs

    try:
        system, path = fs.FileSystem.from_uri(url)
        with system.open_input_stream(path) as stream:
            content: bytes = stream.readall()
            return content
    except FileNotFoundError:
        return None
    except (OSError, pa.ArrowException) as error:
        raise ResultsError(f"{url} cannot be fetched: {first_line(error)}") from error


def _git(revision: str, path: str) -> bytes | None:
    git = shutil.which("git")
    if git is None:
        raise ResultsError("git is not installed, so no other revision can be read")
    # the revision first and by itself: a revision that is not there must not read as a file that is not
    known = subprocess.run([git, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"], capture_output=True)  # noqa: S603
    if known.returncode:
        raise ResultsError(
            f"there is no git revision {revision!r} here",
            hint="is this a git repository, and was the revision fetched? (actions/checkout takes fetch-depth: 0)",
        )
    shown = subprocess.run([git, "show", f"{revision}:./{path}"], capture_output=True)  # noqa: S603
    return None if shown.returncode else shown.stdout
