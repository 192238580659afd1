"""Local servers that speak as much of Google's storage and of the Hugging Face hub as reading a corpus takes.

Buckets and repositories are folders on disk. Their names say who may read them: `open` anyone, `private` who brings the
token `good`, `gated` nobody. A server can be down for a while, and notes what it was asked.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True)
class Cloud:
    """A server in a process of its own: pyarrow's client of Google's storage may hold Python's lock while it waits."""

    address: str
    notes: Path

    def down(self, seconds: float) -> None:
        """Answer everything with 503 from now on, for so long."""
        (self.notes / "down").write_text(str(time.monotonic() + seconds))

    def asked(self) -> list[tuple[str, str, str, str | None]]:
        """Status, method, path and authorization of every request so far."""
        return [tuple(json.loads(line)) for line in (self.notes / "asked").read_text().splitlines()]

    def refused(self) -> int:
        """How many requests have met an outage."""
        return sum(1 for status, *_ in self.asked() if status == 503)


@contextmanager
def serving(kind: str, root: Path) -> Iterator[Cloud]:
    notes = root.with_name(root.name + "-notes")
    notes.mkdir()
    command = [sys.executable, "-u", __file__, kind, str(root), str(notes)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    (notes / "asked").touch()
    yield Cloud(f"http://127.0.0.1:{process.stdout.readline().strip()}", notes)
    process.terminate()
    process.communicate()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer in one packet, or each waits 40 ms for the last to be acknowledged
    root: Path
    notes: Path

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        down = self.notes / "down"
        if down.exists() and time.monotonic() < float(down.read_text() or "inf"):
            return self.send(503, b"")
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        return self.route([unquote(part) for part in parts.path.strip("/").split("/")], query, body)

    def do_POST(self) -> None:
        self.do_GET()

    def do_HEAD(self) -> None:
        self.do_GET()

    def route(self, parts: list[str], query: dict[str, str], body: bytes) -> None:
        raise NotImplementedError

    def may(self, name: str) -> int:
        """The status for who asks for a bucket or repository of this name."""
        if name == "gated":
            return 403
        if name == "private" and self.headers.get("Authorization") != "Bearer good":
            return 401
        return 200 if (self.root / name).is_dir() else 404

    def send(self, status: int, content: bytes, **headers: str) -> None:
        with (self.notes / "asked").open("a") as log:
            log.write(json.dumps([status, self.command, self.path, self.headers.get("Authorization")]) + "\n")
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def send_json(self, value: Any) -> None:
        self.send(200, json.dumps(value).encode(), Content_Type="application/json")

    def send_range(self, content: bytes, **headers: str) -> None:
        wanted = self.headers.get("Range")
        if not wanted:
            return self.send(200, content, **headers)
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        start, stop = int(first), min(len(content), int(last) + 1 if last else len(content))
        total = f"bytes {start}-{stop - 1}/{len(content)}"
        return self.send(206, content[start:stop], Content_Range=total, **headers)


class Google(_Handler):
    """Google Cloud Storage: metadata, listings, media; and the endpoint that gives out tokens."""

    def route(self, parts: list[str], query: dict[str, str], body: bytes) -> None:
        if parts == ["token"]:
            good = parse_qs(body.decode())["refresh_token"] == ["mine"]
            token = {"access_token": "good" if good else "bad", "expires_in": 3600, "token_type": "Bearer"}
            return self.send_json(token)
        parts = parts[1:] if parts[0] == "download" else parts
        bucket, name = parts[3], "/".join(parts[5:])
        if self.may(bucket) != 200:
            return self.send(self.may(bucket), b"{}")
        folder = self.root / bucket
        if not name:
            found = [p for p in sorted(folder.rglob("*")) if p.is_file()]
            items = [self.about(bucket, p) for p in found if str(p.relative_to(folder)).startswith(query["prefix"])]
            return self.send_json({"kind": "storage#objects", "items": items})
        path = folder / name
        if not path.is_file():
            return self.send(404, b"{}")
        if query.get("alt") == "media":
            return self.send_range(path.read_bytes(), X_Goog_Generation="1")
        return self.send_json(self.about(bucket, path))

    def about(self, bucket: str, path: Path) -> dict[str, str]:
        status = path.stat()
        written = (
            time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(status.st_mtime)) + f".{status.st_mtime_ns % 10**9:09}Z"
        )
        return {
            "kind": "storage#object",
            "bucket": bucket,
            "name": str(path.relative_to(self.root / bucket)),
            "size": str(status.st_size),
            "generation": "1",
            "timeCreated": written,
            "updated": written,
        }


class Hub(_Handler):
    """The Hugging Face hub: `datasets/org/NAME`, its tree, and files by byte range."""

    def route(self, parts: list[str], query: dict[str, str], body: bytes) -> None:
        api, parts = parts[0] == "api", parts[1:] if parts[0] == "api" else parts
        if parts[:2] != ["datasets", "org"] or len(parts) == 2:  # some versions ask whether org is a name by itself
            return self.send(404, b"", X_Error_Code="RepoNotFound")
        name, rest = parts[2], parts[3:]
        status = self.may(name)
        if status != 200:
            code = {401: "RepoNotFound", 403: "GatedRepo", 404: "RepoNotFound"}[status]
            return self.send(status, b"", X_Error_Code=code)
        folder = self.root / name
        if api and rest[:1] == ["tree"]:
            inner = folder / "/".join(rest[2:])
            if not inner.is_dir():
                return self.send(404, b"", X_Error_Code="EntryNotFound")
            every = sorted(inner.rglob("*") if query.get("recursive", "").lower() == "true" else inner.iterdir())
            return self.send_json([self.about(folder, path) for path in every])
        if api:
            return self.send_json({"id": f"org/{name}", "sha": "0" * 40, "siblings": [], "tags": []})
        path = folder / "/".join(rest[2:])
        if not path.is_file():
            return self.send(404, b"", X_Error_Code="EntryNotFound")
        return self.send_range(path.read_bytes(), ETag=f'"{self.about(folder, path)["oid"]}"', X_Repo_Commit="0" * 40)

    def about(self, folder: Path, path: Path) -> dict[str, Any]:
        kind, content = ("directory", b"") if path.is_dir() else ("file", path.read_bytes())
        oid = hashlib.sha1(content).hexdigest()
        return {"type": kind, "path": str(path.relative_to(folder)), "size": len(content), "oid": oid}


def main(kind: str, root: str, notes: str) -> None:
    handler = {"google": Google, "hub": Hub}[kind]
    handler.root, handler.notes = Path(root), Path(notes)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    print(server.server_port)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
