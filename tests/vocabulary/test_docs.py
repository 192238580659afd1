"""The page on vocabularies is as its script writes it."""

from __future__ import annotations

import importlib.util

from tests.conftest import ROOT


def test_the_page_is_not_stale() -> None:
    spec = importlib.util.spec_from_file_location("build_vocabulary", ROOT / "docs" / "build_vocabulary.py")
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    text = script.PAGE.read_text("utf-8")
    assert script.build(text) == text
