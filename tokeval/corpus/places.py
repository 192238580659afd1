"""Where files lie: local paths, and `s3://`, `gs://`, `https://`, `hf://` addresses through pyarrow and fsspec."""

from __future__ import annotations

import fnmatch
import glob
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.fs as pafs

from tokeval.errors import CorpusError, MissingExtraError, first_line, near_file

#: Seconds to wait before each further attempt on a remote file.
RETRY_DELAYS = (0.5, 1.0, 2.0, 4.0)

#: Protocols that fsspec serves, with the module it needs and tokeval's extra.
_FSSPEC = {"http": ("aiohttp", "https"), "https": ("aiohttp", "https"), "hf": ("huggingface_hub", "hf")}
_NATIVE = {"s3", "gs", "gcs"}
#: Seconds that Google's client itself tries again; its own default is a quarter of an hour.
_GOOGLE_PATIENCE = 10

#: What may open a place that denies.
_KEYS = {
    "s3": "check the credentials (AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)",
    "gs": "set GOOGLE_APPLICATION_CREDENTIALS; a public bucket is read as gs://anonymous@BUCKET/...",
    "hf": "check the name; a private or gated repository needs HF_TOKEN",
}

#: How S3 and Google say that they deny; Google's client sends nothing where it finds no credentials.
_REFUSALS = (
    "ACCESS_DENIED",
    "AccessDenied",
    "INVALID_ACCESS_KEY_ID",
    "SIGNATURE_DOES_NOT_MATCH",
    "HTTP response code: 403",
    "PERMISSION_DENIED",
    "UNAUTHENTICATED",
    "Could not create a OAuth2 access token",
)

Result = TypeVar("Result")


@dataclass(frozen=True)
class File:
    """A file as it was found.

    Attributes:
        stamp: differs once the file has been written again; "" where its place does not tell.
        entry: differs where it was replaced by another one of the same time, and between copies; "" where nothing does.
    """

    path: str
    size: int
    stamp: str
    entry: str = field(default="", compare=False)


def is_remote(location: str) -> bool:
    """Whether a location is an address rather than a path."""
    return "://" in location


def find(location: str, suffix: str) -> tuple[list[File], str]:
    """The files that a path, a folder, a glob or an address stands for, sorted; and the folder they were sought in.

    Hidden files and folders (those that begin with a dot or an underscore) are left out of folders.

    Raises:
        CorpusError: nothing there, or it cannot be reached.
    """
    if not is_remote(location):
        return _find_local(location, suffix)
    return persist(lambda: _find_remote(location, suffix), location)


def describe(path: str) -> File:
    """A file's size and stamp as they are now.

    Raises:
        FileNotFoundError: it is not there. OSError: it cannot be reached.
    """
    if not is_remote(path):
        status = Path(path).stat()
        return File(path, status.st_size, str(status.st_mtime_ns), str(status.st_ino))
    found = _look(*connect(path), path)
    if found is None:
        raise FileNotFoundError(f"{path} is a folder")
    return found


def open_file(path: str) -> pa.NativeFile:
    """A file for reading at any position."""
    if not is_remote(path):
        return pa.OSFile(path, "rb")
    filesystem, inner = connect(path)
    if isinstance(filesystem, pafs.FileSystem):
        return filesystem.open_input_file(inner)
    return pa.PythonFile(filesystem.open(inner, "rb"), mode="r")


def persist(action: Callable[[], Result], path: str) -> Result:
    """The action's result; on a remote file a passing failure is tried again a few times.

    Raises:
        CorpusError: access is denied, nothing is there, or the last attempt failed too.
    """
    for delay in (*(RETRY_DELAYS if is_remote(path) else ()), None):
        try:
            return action()
        except FileNotFoundError as error:
            # fsspec says so of whatever a server answers, and keeps the answer as the cause
            answer = error.__cause__
            if answer is None or _status(answer) == 404:
                raise CorpusError(f"there is no file {path}") from error
            if delay is None or is_final(answer):
                raise failed(path, answer) from error
            time.sleep(delay)
        except (pa.ArrowInvalid, PermissionError) as error:
            raise failed(path, error) from error
        except Exception as error:  # filesystem libraries raise what they like (aiohttp, huggingface_hub)
            if isinstance(error, CorpusError | MissingExtraError) or delay is None or is_final(error):
                raise failed(path, error) from error
            time.sleep(delay)
    raise AssertionError("the last attempt returns or raises")


def failed(path: str, error: BaseException) -> CorpusError | MissingExtraError:
    """The error for the user behind a failure to read."""
    if isinstance(error, CorpusError | MissingExtraError):
        return error
    text = first_line(error) or type(error).__name__
    if _is_denied(error):
        return CorpusError(f"{path}: access is denied", hint=_KEYS.get(urlsplit(path).scheme.replace("gcs", "gs")))
    if isinstance(error, PermissionError):
        return CorpusError(f"{path} may not be read: {error.strerror or text}")
    if "redirect" in f"{type(error).__name__} {text}".lower():
        return CorpusError(f"{path} redirects without end", hint="open the address in a browser to see where it leads")
    return CorpusError(f"{path} cannot be read: {text}")


@lru_cache(maxsize=64)
def _filesystem(base: str) -> tuple[Any, str]:
    """The filesystem of an address and the address's path inside it."""
    scheme = urlsplit(base).scheme
    if scheme in _NATIVE:
        # pyarrow reads AWS_ENDPOINT_URL, the profile, Google's credentials and ?endpoint_override=... itself
        address = base.replace("gcs://", "gs://", 1)
        if address.startswith("gs://") and "retry_limit_seconds" not in address:
            address += f"{'&' if '?' in address else '?'}retry_limit_seconds={_GOOGLE_PATIENCE}"
        native, inner = pafs.FileSystem.from_uri(address)
        return native, inner
    if scheme not in _FSSPEC:
        raise CorpusError(f"{base}: {scheme}:// is not known", hint="known: s3, gs, https, hf")
    module, extra = _FSSPEC[scheme]
    try:
        __import__(module)
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise MissingExtraError.of(extra, f"{scheme}://") from error
    made, inner = url_to_fs(base)
    return made, inner


def connect(location: str) -> tuple[Any, str]:
    """The filesystem of an address, kept for further files of the same bucket or host, and the path inside it."""
    parts = urlsplit(location)
    if parts.scheme in _NATIVE:
        root = f"{parts.scheme}://{parts.netloc}" + (f"?{parts.query}" if parts.query else "")
        filesystem, _ = _filesystem(root)
        return filesystem, (parts.netloc.rpartition("@")[2] + parts.path).rstrip("/")
    return _filesystem(location)


def _find_remote(location: str, suffix: str) -> tuple[list[File], str]:
    filesystem, inner = connect(location)
    if urlsplit(location).scheme in {"http", "https"}:  # names one file: the web has no folders
        return [describe(location)], location.rpartition("/")[0]
    base, _, query = location.partition("?")
    tail = f"?{query}" if query and urlsplit(location).scheme in _NATIVE else ""
    address = base[: len(base.rstrip("/")) - len(inner)] if base.rstrip("/").endswith(inner) else ""
    if glob.has_magic(inner):
        fixed = inner[: min(inner.index(c) for c in "*?[" if c in inner)].rpartition("/")[0]
        found = {name: file for name, file in _listing(filesystem, fixed).items() if fnmatch.fnmatch(name, inner)}
        root = fixed
    else:
        single = _look(filesystem, inner, location)
        if single is not None:
            return [single], base.rpartition("/")[0]
        found, root = _listing(filesystem, inner), inner
        found = {n: file for n, file in found.items() if n.endswith(suffix) and not _is_hidden(n[len(root) :])}
    if not found:
        raise CorpusError(
            f"there is no {suffix} file in {location}" if root == inner else f"no file matches {location}"
        )
    files = [replace(file, path=f"{address}{name}{tail}") for name, file in sorted(found.items())]
    return files, f"{address}{root}"


def _look(filesystem: Any, inner: str, path: str) -> File | None:
    """A remote file as it is now; None for a folder.

    Raises:
        FileNotFoundError: there is neither.
    """
    if isinstance(filesystem, pafs.FileSystem):
        info = filesystem.get_file_info(inner)
        if info.type == pafs.FileType.NotFound:
            raise FileNotFoundError(f"{path} is not there")
        return _native_file(path, info) if info.type == pafs.FileType.File else None
    filesystem.invalidate_cache()  # it would tell what it saw when the run began
    entry = filesystem.info(inner)
    return _web_file(path, entry) if entry["type"] == "file" else None


def _listing(filesystem: Any, folder: str) -> dict[str, File]:
    """All files below a folder by their paths inside the filesystem.

    Not through pyarrow's handler for fsspec, which takes every refusal for a folder that is not there.
    """
    if isinstance(filesystem, pafs.FileSystem):
        infos = filesystem.get_file_info(pafs.FileSelector(folder, recursive=True))
        return {info.path: _native_file(info.path, info) for info in infos if info.type == pafs.FileType.File}
    filesystem.invalidate_cache()
    return {name: _web_file(name, entry) for name, entry in filesystem.find(folder, detail=True).items()}


def _native_file(path: str, info: Any) -> File:
    size = -1 if info.size is None else int(info.size)
    return File(path, size, str(info.mtime_ns or ""))


def _web_file(path: str, info: Mapping[str, Any]) -> File:
    marks = ("ETag", "Content-MD5", "Digest", "last_modified", "LastModified", "last_commit", "blob_id", "mtime")
    stamp = " ".join(str(info[mark]) for mark in marks if info.get(mark))
    return File(path, -1 if info.get("size") is None else int(info["size"]), stamp)


def _find_local(location: str, suffix: str) -> tuple[list[File], str]:

    path = Path(location)
    if path.is_file():
        return [describe(str(path))], str(path.parent)
    if path.is_dir():
        found = sorted(p for p in path.rglob(f"*{suffix}") if p.is_file() and not _is_hidden(str(p.relative_to(path))))
        if not found:
            raise CorpusError(
                f"there is no {'Parquet' if suffix == '.parquet' else suffix} file in the folder {location}"
            )
        return [describe(str(p)) for p in found], str(path)
    if glob.has_magic(location):
        root = Path(path.anchor or ".")
        pattern = str(path.relative_to(path.anchor)) if path.anchor else location
        found = sorted(p for p in root.glob(pattern) if p.is_file())
        if not found:
            raise CorpusError(f"no file matches {location}")
        fixed = Path(location[: min(location.index(c) for c in "*?[" if c in location)])
        return [describe(str(p)) for p in found], str(fixed.parent)
    raise CorpusError(f"there is no file {location}", hint=near_file(location))


def _is_hidden(inside: str) -> bool:
    return any(part.startswith((".", "_")) for part in inside.split("/") if part)


def _status(error: BaseException) -> int | None:
    """The answer of the server behind an error of aiohttp or huggingface_hub."""
    status = getattr(error, "status", None) or getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else None


def _is_denied(error: BaseException) -> bool:
    text = str(error)
    return any(mark in text for mark in _REFUSALS) or _status(error) in {401, 403}


def is_final(error: BaseException) -> bool:
    """Whether trying again cannot help."""
    text = f"{type(error).__name__} {error}"
    status = _status(error)
    return (
        _is_denied(error)
        or "redirect" in text.lower()
        or "NO_SUCH_BUCKET" in text
        or (status is not None and 400 <= status < 500 and status not in {408, 425, 429})
    )
