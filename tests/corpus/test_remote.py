"""Corpora over real HTTP: an S3-compatible server and a plain web server, outages, refusals, redirect loops."""

from __future__ import annotations

import http.server
import io
import logging
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq
import pytest

from tests.engine.conftest import run_plan
from tokeval.corpus import places, reader
from tokeval.corpus.reader import Intake, read_parts, read_piece
from tokeval.corpus.source import Corpus, open_corpus
from tokeval.engine.plan import make_plan
from tokeval.errors import CorpusError, MissingExtraError

pytestmark = pytest.mark.filterwarnings("default")  # the servers warn of their own parts
SERVERS: dict[str, Any] = {}
TEXTS = [f"text {n} ğ" * (n % 5) for n in range(300)]


def parquet(**columns: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, row_group_size=50)
    return sink.getvalue()


CONTENT = parquet(text=TEXTS, id=[str(n) for n in range(300)])


def read_all(corpus: Corpus) -> tuple[list[str], str]:
    intake = Intake()
    texts = [
        t for piece in corpus.pieces for b in read_piece(piece, corpus.columns, intake) for t in b.texts.to_pylist()
    ]
    return texts, intake.fingerprint


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    moto = pytest.importorskip("moto.server")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = moto.ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    SERVERS[f"{host}:{port}"] = server
    yield f"{host}:{port}"
    SERVERS.pop(f"{host}:{port}").stop()


@pytest.fixture
def bucket(s3: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a bucket with a hive-partitioned corpus, and what makes pyarrow find the server."""
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{s3}",
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    places._filesystem.cache_clear()
    native = pafs.S3FileSystem(
        endpoint_override=s3,
        scheme="http",
        access_key="k",
        secret_key="s",
        region="us-east-1",
        allow_bucket_creation=True,
    )
    native.create_dir("bucket", recursive=True)
    for language in ("eng_Latn", "tur_Latn"):
        with native.open_output_stream(f"bucket/corpus/language={language}/part-0.parquet") as stream:
            stream.write(CONTENT)
    with native.open_output_stream("bucket/corpus/_SUCCESS.parquet") as stream:
        stream.write(b"")
    yield "s3://bucket"
    places._filesystem.cache_clear()


def test_a_hive_folder_in_a_bucket(bucket: str) -> None:
    corpus = open_corpus("c", f"{bucket}/corpus")
    assert corpus.columns.slices == ("language",)
    texts, _ = read_all(corpus)
    assert texts == TEXTS * 2
    assert [piece.partition[0][1] for piece in corpus.pieces[::6]] == ["eng_Latn", "tur_Latn"]


def test_a_bucket_equals_the_same_files_on_disk(bucket: str, tmp_path: Path) -> None:
    for language in ("eng_Latn", "tur_Latn"):
        folder = tmp_path / "corpus" / f"language={language}"
        folder.mkdir(parents=True)
        (folder / "part-0.parquet").write_bytes(CONTENT)
    tables = [
        run_plan(make_plan({"bytes": "bytes:"}, {"c": place}, pivot="eng_Latn"))[0]
        for place in (f"{bucket}/corpus", str(tmp_path / "corpus"))
    ]
    assert tables[0].equals(tables[1], check_metadata=True)


def test_a_single_object_and_a_glob(bucket: str) -> None:
    assert len(read_all(open_corpus("c", f"{bucket}/corpus/language=eng_Latn/part-0.parquet"))[0]) == 300
    assert len(read_all(open_corpus("c", f"{bucket}/corpus/*/part-*.parquet"))[0]) == 600


@pytest.mark.parametrize("pattern", ["corpus/**/*.parquet", "**/part-0.parquet", "**/*=tur*/*", "corpus/*", "*.p*"])
def test_a_glob_finds_the_same_in_a_bucket_as_on_disk(bucket: str, tmp_path: Path, pattern: str) -> None:
    for language in ("eng_Latn", "tur_Latn"):
        folder = tmp_path / "corpus" / f"language={language}"
        folder.mkdir(parents=True)
        (folder / "part-0.parquet").write_bytes(CONTENT)

    def found(place: str) -> list[str] | str:
        try:
            return [file.path.removeprefix(place) for file in open_corpus("c", f"{place}/{pattern}").files]
        except CorpusError as error:
            assert "stays within one folder" in (error.hint or "")
            return "none"

    assert found(bucket) == found(str(tmp_path))
    assert (found(bucket) == "none") == ("**" not in pattern)


@pytest.mark.parametrize("place", ["", "/*.parquet", "/part-?.parquet", "/part-0.parquet"])
def test_the_folders_of_a_path_make_slices_however_it_is_given(bucket: str, place: str) -> None:
    corpus = open_corpus("c", f"{bucket}/corpus/language=tur_Latn{place}")
    assert corpus.columns.slices == ("language",)
    assert {piece.partition for piece in corpus.pieces} == {(("language", "tur_Latn"),)}


def test_hidden_objects_are_left_out_of_globs(bucket: str) -> None:
    with pytest.raises(CorpusError, match="size is 0 bytes"):
        open_corpus("c", f"{bucket}/corpus/_*.parquet")
    assert len(open_corpus("c", f"{bucket}/corpus/**/*.parquet").files) == 2


@pytest.mark.parametrize("place", ["", "/a#b%20é?+.parquet", "/*.parquet"])
@pytest.mark.parametrize("options", ["", "?region=us-east-1"])
def test_a_key_stands_as_it_is(bucket: str, place: str, options: str) -> None:
    """Only the options that pyarrow knows are none of the key."""
    native, _ = places.connect(bucket)
    with native.open_output_stream("bucket/sp ace/a#b%20é?+.parquet") as stream:
        stream.write(CONTENT)
    assert len(read_all(open_corpus("c", f"{bucket}/sp ace{place}{options}"))[0]) == 300


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("/nothing", "there is no file s3://bucket/nothing"),
        ("/corpus/*.nope", "no file matches"),
        ("-of-another/x.parquet", r"there is no file|cannot be read"),
    ],
)
def test_nothing_there(bucket: str, place: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "RETRY_DELAYS", ())
    with pytest.raises(CorpusError, match=message):
        open_corpus("c", f"{bucket}{place}")


def test_a_server_that_goes_down_in_the_middle_and_comes_back(bucket: str, s3: str) -> None:
    """The moto server itself stops between two row groups and is back a second later, with what it held."""
    moto = pytest.importorskip("moto.server")
    corpus = open_corpus("c", f"{bucket}/corpus")
    whole = read_all(corpus)
    host, _, port = s3.rpartition(":")
    running, intake, texts = SERVERS[s3], Intake(), []
    again = moto.ThreadedMotoServer(host, int(port), verbose=False)
    for number, piece in enumerate(corpus.pieces):
        if number == 4:
            running.stop()
            threading.Timer(1.0, again.start).start()
        for batch in read_piece(piece, corpus.columns, intake):
            texts += batch.texts.to_pylist()
    SERVERS[s3] = again
    assert (texts, intake.fingerprint) == whole


def test_a_broken_connection_gives_every_row_once(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection breaks twice in the middle of row groups; every row comes once."""
    monkeypatch.setattr(reader, "RETRY_DELAYS", (0.0, 0.0))
    corpus = open_corpus("c", f"{bucket}/corpus")
    whole = read_all(corpus)
    breaks = _breaking(monkeypatch, {2, 7})
    assert read_all(corpus) == whole
    assert breaks() == 2


def _breaking(monkeypatch: pytest.MonkeyPatch, at: set[int]) -> Callable[[], int]:
    real, count, broken = reader._records, 0, 0

    def records(*arguments: Any) -> Iterator[pa.RecordBatch]:
        nonlocal count, broken
        for record in real(*arguments):
            for start in range(0, record.num_rows, 20):
                count += 1
                if count in at:
                    broken += 1
                    raise OSError("When reading: AWS Error NETWORK_CONNECTION: curlCode: 7")
                yield record.slice(start, 20)

    monkeypatch.setattr(reader, "_records", records)
    return lambda: broken


def test_an_outage_that_lasts_is_an_error(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "RETRY_DELAYS", (0.0, 0.0))
    corpus = open_corpus("c", f"{bucket}/corpus")
    breaks = _breaking(monkeypatch, set(range(3, 100)))
    with pytest.raises(CorpusError, match="cannot be read to its end: When reading"):
        read_all(corpus)
    assert breaks() == 3


def test_a_local_file_is_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "c.parquet").write_bytes(CONTENT)
    corpus = open_corpus("c", tmp_path / "c.parquet")
    breaks = _breaking(monkeypatch, {2})
    with pytest.raises(CorpusError, match="cannot be read to its end"):
        list(read_parts(corpus.pieces[0], corpus.columns))
    assert breaks() == 1


# A web server that can misbehave


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT with byte ranges; paths choose how it misbehaves."""

    failures: ClassVar[dict[str, int]] = {}
    requests: ClassVar[list[str]] = []
    loops = False

    def log_message(self, *arguments: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.requests.append(self.path)
        if self.path.startswith("/loop") or self.loops:
            self.send_response(302)
            self.send_header("Location", self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if self.path.startswith("/denied"):
            self.send_error(403)
            return
        if self.path.startswith("/missing"):
            self.send_error(404)
            return
        if self.path.startswith("/flaky") and self.command == "GET" and Handler.failures.get(self.path, 0) < 2:
            Handler.failures[self.path] = Handler.failures.get(self.path, 0) + 1
            self.send_error(503)
            return
        start, stop = 0, len(CONTENT)
        wanted = self.headers.get("Range")
        if wanted:
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            start, stop = int(first), min(len(CONTENT), int(last) + 1 if last else len(CONTENT))
        self.send_response(206 if wanted else 200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(stop - start))
        self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{len(CONTENT)}")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(CONTENT[start:stop])


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    pytest.importorskip("aiohttp")
    monkeypatch.setattr(places, "RETRY_DELAYS", (0.01, 0.01, 0.01))
    monkeypatch.setattr(reader, "RETRY_DELAYS", (0.01, 0.01, 0.01))
    Handler.failures, Handler.requests = {}, []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    places._filesystem.cache_clear()


def test_a_file_from_a_web_server(web: str) -> None:
    assert read_all(open_corpus("c", f"{web}/corpus.parquet"))[0] == TEXTS


def test_a_server_that_fails_twice_is_asked_again(web: str) -> None:
    assert read_all(open_corpus("c", f"{web}/flaky.parquet"))[0] == TEXTS
    assert Handler.failures == {"/flaky.parquet": 2}


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/loop.parquet", "redirects without end"),
        ("/denied.parquet", "access is denied"),
        ("/missing.parquet", "there is no file"),
    ],
)
def test_a_server_that_refuses(web: str, path: str, message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        open_corpus("c", f"{web}{path}")


def test_a_server_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("aiohttp")
    monkeypatch.setattr(places, "RETRY_DELAYS", (0.01,))
    with pytest.raises(CorpusError, match="cannot be read"):
        open_corpus("c", "http://127.0.0.1:9/c.parquet")


def test_a_loop_that_begins_during_the_run(web: str, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = open_corpus("c", f"{web}/corpus.parquet")
    monkeypatch.setattr(Handler, "loops", True)
    with pytest.raises(CorpusError, match="redirects without end"):
        read_all(corpus)


@pytest.fixture
def guarded(bucket: str, s3: str) -> Iterator[Callable[[bool], None]]:
    """Says whether the S3 server asks for rights, which the key has not."""

    def guard(on: bool) -> None:
        body = b"0" if on else b"inf"
        request = urllib.request.Request(f"http://{s3}/moto-api/reset-auth", body, {"Content-Type": "text/plain"})
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 200

    yield guard
    guard(False)


@pytest.mark.parametrize("place", ["/corpus", "/corpus/*/*.parquet", "/corpus/language=eng_Latn/part-0.parquet"])
def test_a_bucket_that_denies(bucket: str, guarded: Callable[[bool], None], place: str) -> None:
    guarded(True)
    with pytest.raises(CorpusError, match="access is denied") as caught:
        open_corpus("c", f"{bucket}{place}")
    assert "AWS_PROFILE" in str(caught.value.hint)


def test_a_bucket_that_denies_from_now_on(bucket: str, guarded: Callable[[bool], None]) -> None:
    corpus = open_corpus("c", f"{bucket}/corpus")
    guarded(True)
    with pytest.raises(CorpusError, match="access is denied"):
        read_all(corpus)


def test_a_missing_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    places._filesystem.cache_clear()
    monkeypatch.setitem(places._FSSPEC, "hf", ("no_such_module", "hf"))
    with pytest.raises(MissingExtraError) as caught:
        open_corpus("c", "hf://datasets/a/b/c.parquet")
    assert "tokeval[hf]" in str(caught.value.hint)


def test_an_unknown_protocol() -> None:
    with pytest.raises(CorpusError, match="ftp:// is not known") as caught:
        open_corpus("c", "ftp://host/c.parquet")
    assert "s3, gs, https, hf" in str(caught.value.hint)
