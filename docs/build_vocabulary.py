"""Write the table of figures into docs/vocabulary.md from their definitions: `python docs/build_vocabulary.py`."""

from __future__ import annotations

from pathlib import Path

from tokeval.report.markdown import table
from tokeval.vocabulary import qtok, qtok_languages
from tokeval.vocabulary.alphabets import exemplars
from tokeval.vocabulary.definitions import METRICS, USE_METRICS

PAGE = Path(__file__).resolve().parent / "vocabulary.md"
BEGIN, END = "<!-- figures: written by docs/build_vocabulary.py -->", "<!-- end of figures -->"


def build(text: str) -> str:
    """The page with its table written anew."""
    version, alphabets = exemplars()
    rows = [
        [
            f"`{m.name}`",
            m.unit,
            {"higher": "↑", "lower": "↓"}.get(m.direction, "–"),
            f"{m.definition} {m.misleads}".strip(),
        ]
        for m in (*METRICS, *USE_METRICS, *qtok.METRICS, *qtok_languages.METRICS)
    ]
    note = f"Alphabets: CLDR {version}, {len(alphabets)} languages (in some, one per script)."
    figures = table(["figure", "unit", "better", "definition"], rows, left=4)
    return "\n\n".join([text[: text.index(BEGIN)] + BEGIN, note, figures, END + text[text.index(END) + len(END) :]])


if __name__ == "__main__":
    PAGE.write_text(build(PAGE.read_text("utf-8")), "utf-8")
