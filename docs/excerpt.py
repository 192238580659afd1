"""Put the summary of `make demo` into the README: `python docs/excerpt.py [out/demo/report.md]`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- excerpt: written by docs/excerpt.py -->", "<!-- end of excerpt -->"


def excerpt(report: str) -> str:
    """The first table of a Markdown report."""
    lines = report.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("|"))
    last = next(i for i in range(first, len(lines)) if not lines[i].startswith("|"))
    return "\n".join(lines[first:last])


def main() -> None:
    """Rewrite the README's excerpt."""
    report = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "out" / "demo" / "report.md"
    readme = ROOT / "README.md"
    before, _, rest = readme.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    readme.write_text(f"{before}{BEGIN}\n{excerpt(report.read_text('utf-8'))}\n{END}{after}", "utf-8")


if __name__ == "__main__":
    main()
