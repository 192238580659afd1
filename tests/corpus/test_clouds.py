"""`gs://` and `hf://` over real HTTP: folders, globs, outages, refusals, tokens, and files that change."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.corpus.clouds import Cloud, serving
from tests.engine.conftest import run_plan
from tokeval.corpus import places
from tokeval.corpus.reader import Intake, read_piece
from tokeval.corpus.source import Corpus, open_corpus
from tokeval.engine.plan import make_plan
from tokeval.errors import CorpusError, IncompleteRunError

pytestmark = pytest.mark.filterwarnings("default")  # the clients warn of their own parts
TEXTS = [f"text {n} ğ" * (n % 5) for n in range(300)]


@dataclass(frozen=True)
class Place:
    """A cloud, the folder on disk that it shows, and how its addresses begin."""

    server: Cloud
    root: Path
    prefix: str

    def at(self, name: str, inside: str = "corpus") -> str:
        return f"{self.prefix}{name}/{inside}"


@pytest.fixture
def google(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with serving("google", _filled(tmp_path / "cloud")) as server:
        monkeypatch.setenv("CLOUD_STORAGE_EMULATOR_ENDPOINT", server.address)
        monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
        monkeypatch.setattr(places, "_GOOGLE_PATIENCE", 1)
        places._filesystem.cache_clear()
        yield Place(server, tmp_path / "cloud", "gs://anonymous@")
    places._filesystem.cache_clear()


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    constants = pytest.importorskip("huggingface_hub.constants")
    from huggingface_hub import HfFileSystem

    with serving("hub", _filled(tmp_path / "cloud")) as server:
        template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, server.address)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "ENDPOINT", server.address)  # HF_ENDPOINT, read on import
        monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
        monkeypatch.delenv("HF_TOKEN", raising=False)
        HfFileSystem.clear_instance_cache()
        places._filesystem.cache_clear()
        yield Place(server, tmp_path / "cloud", "hf://datasets/org/")
    places._filesystem.cache_clear()
    HfFileSystem.clear_instance_cache()


@pytest.fixture(params=["google", "hub"])
def place(request: pytest.FixtureRequest) -> Place:
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]


def _filled(root: Path) -> Path:
    table = pa.table({"text": TEXTS, "id": [str(n) for n in range(300)]})
    for name in ("open", "private", "gated"):
        for language in ("eng_Latn", "tur_Latn"):
            folder = root / name / "corpus" / f"language={language}"
            folder.mkdir(parents=True)
            pq.write_table(table, folder / "part-0.parquet", row_group_size=50)
        (root / name / "corpus" / "_SUCCESS.parquet").write_bytes(b"")
        (root / name / "README.md").write_text("# data\n")
    return root


def read_all(corpus: Corpus) -> tuple[list[str], str]:
    intake = Intake()
    batches = [b for piece in corpus.pieces for b in read_piece(piece, corpus.columns, intake)]
    return [text for batch in batches for text in batch.texts.to_pylist()], intake.fingerprint


def test_a_cloud_equals_the_same_files_on_disk(place: Place) -> None:
    tables = [
        run_plan(make_plan({"bytes": "bytes:"}, {"c": where}, pivot="eng_Latn"))[0]
        for where in (place.at("open"), str(place.root / "open" / "corpus"))
    ]
    assert tables[0].equals(tables[1], check_metadata=True)


def test_a_single_file_and_a_glob(place: Place) -> None:
    assert read_all(open_corpus("c", place.at("open", "corpus/language=eng_Latn/part-0.parquet")))[0] == TEXTS
    for pattern in ("part-*.parquet", "part-?.parquet"):
        found = open_corpus("c", place.at("open", f"corpus/*/{pattern}"))
        assert read_all(found)[0] == TEXTS * 2
        assert found.columns.slices == ("language",)


def test_gcs_is_another_name_of_gs(google: Place) -> None:
    assert read_all(open_corpus("c", "gcs://anonymous@open/corpus"))[0] == TEXTS * 2


def test_an_outage_in_the_middle(place: Place) -> None:
    corpus = open_corpus("c", place.at("open"))
    whole = read_all(corpus)
    intake, texts = Intake(), []
    for number, piece in enumerate(corpus.pieces):
        if number == 7:
            place.server.down(1.3)
        for batch in read_piece(piece, corpus.columns, intake):
            texts += batch.texts.to_pylist()
    assert (texts, intake.fingerprint) == whole
    assert place.server.refused() > 0


def test_an_outage_at_the_beginning(place: Place) -> None:
    place.server.down(0.8)
    assert read_all(open_corpus("c", place.at("open")))[0] == TEXTS * 2
    assert place.server.refused() > 0


def test_an_outage_that_lasts(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "RETRY_DELAYS", (0.0,))
    place.server.down(3600)
    with pytest.raises(CorpusError, match="cannot be read") as caught:
        open_corpus("c", place.at("open"))
    assert "\n" not in caught.value.message
    assert "503" in caught.value.message


@pytest.mark.parametrize("inside", ["corpus", "corpus/*.parquet", "corpus/language=eng_Latn/part-0.parquet"])
@pytest.mark.parametrize(
    ("name", "message"), [("private", "access is denied"), ("gated", "access is denied"), ("none", "there is no file")]
)
def test_a_place_that_refuses(place: Place, name: str, message: str, inside: str) -> None:
    with pytest.raises(CorpusError, match=message) as caught:
        open_corpus("c", place.at(name, inside))
    if message == "access is denied":
        assert ("HF_TOKEN" if "hf:" in place.prefix else "GOOGLE_APPLICATION_CREDENTIALS") in str(caught.value.hint)


@pytest.mark.parametrize(("inside", "message"), [("nothing", "there is no file"), ("corpus/*.nope", "no file matches")])
def test_nothing_there(place: Place, inside: str, message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        open_corpus("c", place.at("open", inside))


@pytest.mark.parametrize("change", ["written again", "gone"])
def test_a_file_that_changes_during_the_run(place: Place, change: str) -> None:
    plan = make_plan({"bytes": "bytes:"}, {"c": place.at("open")})
    path = place.root / "open" / "corpus" / "language=tur_Latn" / "part-0.parquet"
    if change == "gone":
        path.unlink()
    else:
        pq.write_table(pq.read_table(path, partitioning=None).slice(1), path, row_group_size=50)
        os.utime(path, ns=(1, 1))
    with pytest.raises(IncompleteRunError, match=change) as caught:
        run_plan(plan)
    assert caught.value.exit_code == 3


def test_googles_credentials_in_the_environment(google: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = {"type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "mine"}
    (tmp_path / "key.json").write_text(json.dumps({**key, "token_uri": f"{google.server.address}/token"}))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    assert read_all(open_corpus("c", "gs://private/corpus"))[0] == TEXTS * 2
    assert {token for _, _, path, token in google.server.asked() if path != "/token"} == {"Bearer good"}


def test_google_without_credentials(google: Place) -> None:
    """Outside Google's own machines nothing answers for them; that is said within seconds, not a quarter of an hour."""
    clock = time.monotonic()
    with pytest.raises(CorpusError, match="gs://open/corpus: access is denied") as caught:
        open_corpus("c", "gs://open/corpus")
    assert "gs://anonymous@BUCKET" in str(caught.value.hint)
    assert time.monotonic() - clock < 60


def test_the_hubs_token_in_the_environment(hub: Place, tmp_path: Path) -> None:
    """The command as a user runs it: HF_ENDPOINT and HF_TOKEN, while the hub is down for a while."""
    command = [sys.executable, "-m", "tokeval.cli.main", "compare", "--no-cache", "-t", "bytes:", "-f", "csv"]
    environment = os.environ | {"HF_ENDPOINT": hub.server.address, "HF_HOME": str(tmp_path / "home")}

    def compare(out: str, **settings: str) -> subprocess.CompletedProcess[str]:
        where = ["-c", f"c={hub.at('private')}", "-o", str(tmp_path / out)]
        return subprocess.run([*command, *where], env=environment | settings, capture_output=True, text=True)

    refused = compare("refused")
    assert refused.returncode == 2
    assert refused.stderr.splitlines()[0] == f"error: {hub.at('private')}: access is denied"
    assert "HF_TOKEN" in refused.stderr
    hub.server.down(3.0)
    done = compare("done", HF_TOKEN="good")
    assert done.returncode == 0, done.stderr
    assert hub.server.refused() > 0
    disk = make_plan({"bytes": "bytes:"}, {"c": str(hub.root / "private" / "corpus")})
    assert pq.read_table(tmp_path / "done" / "results.parquet").equals(run_plan(disk)[0])
