"""Hub ids against a local server that speaks the hub's routes, in fresh processes as a user would run them."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.tokenizers import makers

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(BaseHTTPRequestHandler):
    """`/org/NAME/resolve/REVISION/tokenizer.json`; the name says how it answers."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, str | None]]

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, body: bool) -> None:
        self.seen.append((self.path, self.headers.get("Authorization")))
        parts = self.path.partition("?")[0].strip("/").split("/")
        name = parts[1] if len(parts) > 1 else ""
        if name == "secret" and self.headers.get("Authorization") != "Bearer good":
            return self.refuse(401, "RepoNotFound")
        if name == "gated":
            return self.refuse(403, "GatedRepo")
        if name == "missing":
            return self.refuse(404, "RepoNotFound")
        if name == "empty":
            return self.refuse(404, "EntryNotFound")
        if len(parts) == 5 and parts[3] not in {"main", "v1", COMMIT}:
            return self.refuse(404, "RevisionNotFound")
        if name == "slow":
            time.sleep(1)
        if name == "down":
            return self.refuse(503, "")
        if len(parts) != 5:
            return self.refuse(404, "EntryNotFound")
        content = makers.hf_json("bytelevel").encode()
        self.send_response(200)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if body:
            self.wfile.write(content[: len(content) // 2] if name == "broken" else content)
            if name == "broken":
                self.close_connection = True
        return None

    def refuse(self, status: int, code: str) -> None:
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[ThreadingHTTPServer]:
    Hub.seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


CODE = """
import sys, json, tokeval
from tokeval.errors import TokevalError
for spec in sys.argv[1:]:
    try:
        t = tokeval.load_tokenizer(spec)
        print(json.dumps({"fingerprint": t.fingerprint, "ids": t.encode_batch(["the dog"]).to_pylist()}))
    except TokevalError as error:
        print(json.dumps({"error": error.message, "hint": error.hint}))
"""


def load(spec: str, server: ThreadingHTTPServer | None, home: Path, **settings: str) -> dict[str, object]:
    return load_all([spec], server, home, **settings)[0]


def load_all(
    specs: list[str], server: ThreadingHTTPServer | None, home: Path, **settings: str
) -> list[dict[str, object]]:
    env = {k: v for k, v in os.environ.items() if not k.startswith("HF_")} | {"HF_HOME": str(home)} | settings
    if server is not None:
        env["HF_ENDPOINT"] = f"http://127.0.0.1:{server.server_address[1]}"
    done = subprocess.run([sys.executable, "-c", CODE, *specs], capture_output=True, text=True, env=env, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_repository_at_a_revision(hub: ThreadingHTTPServer, tmp_path: Path) -> None:
    first = load("hf:org/fine@v1", hub, tmp_path)
    assert str(first["fingerprint"]).endswith("@" + COMMIT[:12])
    assert any("/resolve/v1/tokenizer.json" in path for path, _ in Hub.seen)
    assert load("org/fine@v1", hub, tmp_path) == first
    assert load("org/fine@v1", None, tmp_path, HF_HUB_OFFLINE="1") == first


def test_a_token_opens_a_private_repository(hub: ThreadingHTTPServer, tmp_path: Path) -> None:
    assert "ids" in load("hf:org/secret", hub, tmp_path, HF_TOKEN="good")
    refused = load("hf:org/secret", hub, tmp_path / "other")
    assert "private" in str(refused["error"])
    assert "HF_TOKEN" in str(refused["hint"])


WRONG = {
    "hf:org/missing": "no repository 'org/missing'",
    "hf:org/gated": "is gated",
    "hf:org/empty": "has no tokenizer.json",
    "hf:org/fine@nothing": "no revision 'nothing'",
    "hf:org/broken": "hf:org/broken",
}


def test_what_goes_wrong_is_one_line(hub: ThreadingHTTPServer, tmp_path: Path) -> None:
    for found, message in zip(load_all([*WRONG], hub, tmp_path), WRONG.values(), strict=True):
        assert message in str(found["error"])
        assert "\n" not in str(found["error"])
    assert "ids" in load("hf:org/fine", hub, tmp_path)


@pytest.mark.exhaustive  # the client tries again for half a minute
def test_a_hub_that_is_down(hub: ThreadingHTTPServer, tmp_path: Path) -> None:
    assert "hf:org/down" in str(load("hf:org/down", hub, tmp_path)["error"])


def test_a_slow_answer_is_waited_for(hub: ThreadingHTTPServer, tmp_path: Path) -> None:
    assert "ids" in load("hf:org/slow", hub, tmp_path)


def test_offline_and_not_in_the_cache(tmp_path: Path) -> None:
    found = load("hf:org/fine", None, tmp_path, HF_HUB_OFFLINE="1")
    assert "cannot be reached" in str(found["error"])
