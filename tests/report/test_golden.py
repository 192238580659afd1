"""What is rendered from a small table, to the last character. `python -m tests.report.test_golden` writes it anew."""

from __future__ import annotations

import io
import json
from pathlib import Path

import jsonschema
import pytest

from tests.conftest import ROOT
from tests.report.made import small
from tokeval import registry
from tokeval.report.terminal import print_summary

GOLDEN = Path(__file__).parent / "golden"
FORMATS = ("csv", "json", "latex", "md")


def rendered() -> dict[str, bytes]:
    results = small()
    files = {
        name: content
        for fmt in FORMATS
        for name, content in registry.find(registry.REPORTS, fmt).load()(results).items()
    }
    stream = io.StringIO()
    print_summary(results, stream)
    lines = [line.rstrip() for line in stream.getvalue().splitlines()]
    return {**files, "terminal.txt": ("\n".join(lines) + "\n").encode()}


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize("name", sorted(p.name for p in GOLDEN.iterdir()))
def test_equals_what_was_looked_at(name: str) -> None:
    assert rendered()[name].decode() == (GOLDEN / name).read_text("utf-8")


def test_nothing_is_left_out_of_the_goldens() -> None:
    assert sorted(rendered()) == sorted(p.name for p in GOLDEN.iterdir())


def test_the_terminal_is_kept_within() -> None:
    assert max(map(len, rendered()["terminal.txt"].decode().splitlines())) <= 80


def test_json_is_as_its_schema_says() -> None:
    schema = json.loads((ROOT / "docs" / "results.schema.json").read_text("utf-8"))
    content = json.loads(rendered()["results.json"])
    jsonschema.validate(content, schema)
    content["figures"][0]["value"] = "1.0"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, schema)


def test_the_docs_name_every_format_and_file() -> None:
    page = (ROOT / "docs" / "reports.md").read_text("utf-8")
    for name, entry in registry.entries(registry.REPORTS).items():
        if entry.origin == "tokeval":
            assert f"| `{name}` |" in page
    for name in rendered():
        assert f"`{name}`" in page or name == "terminal.txt"


if __name__ == "__main__":
    for name, content in rendered().items():
        (GOLDEN / name).write_bytes(content)
