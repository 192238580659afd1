"""Where files lie: local paths, and `s3://`, `gs://`, `https://`, `hf://` addresses through pyarrow and fsspec."""

from __future__ import annotations

import fnmatch
import glob
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.fs as pafs

from tokeval.errors import CorpusError, MissingExtraError, first_line, near_file

#: Seconds to wait before each further attempt on a remote file.
RETRY_DELAYS = (0.5, 1.0, 2.0, 4.0)

#: Protocols that fsspec serves, with the module it needs and tokeval's extra.
_FSSPEC = {"http": ("aiohttp", "https"), "https": ("aiohttp", "https"), "hf": ("huggingface_hub", "hf")}
_NATIVE = {"s3", "gs", "gcs"}
#: Where a bucket's address ends and pyarrow's options begin: any other `?` is part of a key.
_OPTIONS = re.compile(r"\?(?=(?:endpoint_override|region|scheme|retry_limit_seconds)=)")
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


def parted(location: str) -> tuple[str, str]:
    """An address and the options behind it, from their `?` on."""
    scheme = _scheme(location)
    found = _OPTIONS.search(location) if scheme in _NATIVE else None
    if scheme in {"http", "https"}:
        found = re.search(r"[?#]", location)
    end = found.start() if found else len(location)
    return location[:end], location[end:]


def _scheme(location: str) -> str:
    return location.partition("://")[0].lower()


def find(location: str, suffixes: tuple[str, ...]) -> tuple[list[File], str]:
    """The files that a path, a folder, a glob or an address stands for, sorted; and the folder they were sought in.

    Of a folder, those that end in one of the suffixes. Hidden files and folders (those that begin with a dot or an
    underscore) are left out of folders, and of globs that do not name such ones themselves.

    Raises:
        CorpusError: nothing there, or it cannot be reached.
    """
    sought = _find_remote if is_remote(location) else _find_local
    return persist(lambda: sought(location, suffixes), location)


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
        return CorpusError(f"{path}: access is denied", hint=_KEYS.get(_scheme(path).replace("gcs", "gs")))
    if isinstance(error, PermissionError):
        return CorpusError(f"{path} may not be read: {error.strerror or text}")
    if "redirect" in f"{type(error).__name__} {text}".lower():
        return CorpusError(f"{path} redirects without end", hint="open the address in a browser to see where it leads")
    return CorpusError(f"{path} cannot be read: {text}")


@lru_cache(maxsize=64)
def _filesystem(base: str) -> tuple[Any, str]:
    """The filesystem of an address and the address's path inside it."""
    scheme = _scheme(base)
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
    address, options = parted(location)
    scheme, _, rest = address.partition("://")
    if scheme.lower() in _NATIVE:
        bucket, slash, key = rest.partition("/")
        filesystem, _ = _filesystem(f"{scheme.lower()}://{bucket}{options}")
        return filesystem, (bucket.rpartition("@")[2] + slash + key).rstrip("/")
    return _filesystem(location)


def _find_remote(location: str, suffixes: tuple[str, ...]) -> tuple[list[File], str]:
    filesystem, inner = connect(location)
    if _scheme(location) in {"http", "https"}:  # names one file: the web has no folders
        return [describe(location)], location.rpartition("/")[0]
    whole, options = parted(location)
    whole = whole.rstrip("/")
    address = whole.removesuffix(inner) if whole.endswith(inner) else ""
    if glob.has_magic(inner):
        root = _fixed(inner)
        listing = _listing(filesystem, root)
        found = {inner: listing[inner]} if inner in listing else _matching(listing, inner, root)
        if not found:
            raise _no_match(location)
    else:
        single = _look(filesystem, inner, location)
        if single is not None:
            return [single], whole.rpartition("/")[0]
        root = inner
        listing = {n: file for n, file in _listing(filesystem, root).items() if n.lower().endswith(suffixes)}
        found = {n: file for n, file in listing.items() if not _is_left_out(n[len(root) :])}
        if not found:
            raise _nothing_in(location, suffixes)
    files = [replace(file, path=f"{address}{name}{options}") for name, file in sorted(found.items())]
    return files, f"{address}{root}"


def _matching(listing: Mapping[str, File], pattern: str, root: str) -> dict[str, File]:
    """The files that a pattern names; as on a disk, `*` stays within a folder and `**` is any number of them."""
    sought = pattern.split("/")
    found = {name: file for name, file in listing.items() if _fits(name.split("/"), sought)}
    return {n: file for n, file in found.items() if not _is_left_out(n[len(root) :], pattern[len(root) :])}


def _fits(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return _fits(parts, pattern[1:]) or (bool(parts) and _fits(parts[1:], pattern))
    return bool(parts) and fnmatch.fnmatchcase(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])


def _fixed(pattern: str) -> str:
    """The folder in which what a pattern leaves open begins."""
    return pattern[: min(pattern.index(c) for c in "*?[" if c in pattern)].rpartition("/")[0]


def _no_match(location: str) -> CorpusError:
    hint = None if "**" in location else "`*` stays within one folder; `**/` stands for any folders in between"
    return CorpusError(f"no file matches {location}", hint=hint)


def _nothing_in(folder: str, suffixes: tuple[str, ...]) -> CorpusError:
    return CorpusError(f"there is no {' or '.join(suffixes)} file in the folder {folder}")


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


def _find_local(location: str, suffixes: tuple[str, ...]) -> tuple[list[File], str]:
    path = Path(location)
    if path.is_file():
        return [describe(str(path))], str(path.parent)
    if path.is_dir():
        found = list(_walk(path, suffixes))
        if not found:
            raise _nothing_in(location, suffixes)
        return [describe(name) for name in found], str(path)
    if glob.has_magic(location):
        fixed = _fixed(location)
        root, pattern = Path(fixed or path.anchor), location[len(fixed) :]
        matches = sorted(Path(path.anchor or ".").glob(str(path.relative_to(path.anchor))))
        matches = [p for p in matches if not _is_left_out(p.relative_to(root).as_posix(), pattern)]
        for match in matches:
            if not match.exists():
                raise _leads_nowhere(match)
        matches = [p for p in matches if p.is_file()]
        if not matches:
            raise _no_match(location)
        return [describe(str(p)) for p in matches], str(root)
    if location == "-" or path.exists():
        raise CorpusError(
            f"{location} is no file and no folder", hint="write what comes through a pipe to a file first"
        )
    if path.is_symlink():
        raise _leads_nowhere(path)
    raise CorpusError(f"there is no file {location}", hint=near_file(location))


def _walk(folder: Path, suffixes: tuple[str, ...], above: frozenset[tuple[int, int]] = frozenset()) -> Iterator[str]:
    """The files below a folder that are not hidden, sorted; links are followed, but not back to a folder `above`."""
    try:
        status = folder.stat()
        here = (status.st_dev, status.st_ino)
        for path in [] if here in above else sorted(folder.iterdir()):
            if _is_hidden(path.name):
                continue
            if path.is_dir():
                yield from _walk(path, suffixes, above | {here})
            elif path.is_symlink() and not path.exists():
                raise _leads_nowhere(path)
            elif path.is_file() and path.name.lower().endswith(suffixes):
                yield str(path)
    except OSError as error:
        raise failed(str(error.filename or folder), error) from error


def _leads_nowhere(link: Path) -> CorpusError:
    return CorpusError(f"{link} is a link that leads nowhere", hint="mend it or take it away")


def _is_left_out(inside: str, pattern: str = "") -> bool:
    """Whether a file or one of its folders is hidden, and the pattern that it matches names no such one."""
    folders, _, name = inside.rpartition("/")
    sought_folders, _, sought = pattern.rpartition("/")
    return any(_is_hidden(own) and not _is_hidden(asked) for own, asked in ((folders, sought_folders), (name, sought)))


def _is_hidden(inside: str) -> bool:
    return any(part.startswith((".", "_")) for part in inside.split("/"))


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
