"""The page on tokenizers is what its script writes."""

from __future__ import annotations

import runpy

from tests.conftest import ROOT


def test_the_page_is_not_stale() -> None:
    written = runpy.run_path(str(ROOT / "docs" / "make_tokenizers.py"))
    assert (ROOT / "docs" / "tokenizers.md").read_text("utf-8") == written["page"](), (
        "run python docs/make_tokenizers.py"
    )
