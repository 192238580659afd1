"""Make the pictures of the README from a run of the demo: `make docs`."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "docs" / "pictures"
#: Picture -> section of the page.
SECTIONS = {"summary": "#c0-summary", "slices": "#c0-slices", "tokens": "#c0-samples"}


def main() -> None:
    """Run, open, photograph."""
    chromium = shutil.which("chromium") or sys.exit("no Chromium: `make test-browser` installs it")
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        command = [sys.executable, "-m", "tokeval.cli.main", "compare", str(ROOT / "configs" / "demo.toml")]
        subprocess.run([*command, "-q", "-f", "html", "-o", f"{folder}/demo"], check=True)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1200, "height": 900}, color_scheme="light")
        page.goto(Path(f"{folder}/demo/report.html").as_uri())
        page.add_style_tag(content="nav { position: static !important }")
        for name, section in SECTIONS.items():
            box = page.locator(section).bounding_box()
            assert box is not None
            clip = {**box, "x": box["x"] - 20, "width": box["width"] + 40, "height": min(box["height"], 900)}
            page.screenshot(path=OUT / f"{name}.png", clip=clip, full_page=True)
        browser.close()


if __name__ == "__main__":
    main()
