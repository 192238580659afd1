"""Build tokeval/vocabulary/exemplars.json from the CLDR release on npm: the letters that each language is written with.

    python corpora/build_exemplars.py [VERSION]

`npm pack` fetches `cldr-misc-full` (licence Unicode-3.0). Of every locale the main exemplar set is taken, sequences
such as {ch} as the characters that they are made of, all in NFC. A regional locale is left out: its language is there.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
import tempfile
import unicodedata
from pathlib import Path

VERSION = "48.2.0"
TARGET = Path(__file__).resolve().parent.parent / "tokeval" / "vocabulary" / "exemplars.json"
LOCALE = re.compile(r"package/main/([a-z]{2,3}(?:-[A-Z][a-z]{3})?)/characters\.json")
ITEM = re.compile(r"\\u(?P<short>[0-9A-Fa-f]{4})|\\U(?P<long>[0-9A-Fa-f]{8})|\\(?P<escaped>.)|(?P<plain>.)", re.DOTALL)


def characters(pattern: str) -> set[str]:
    """The characters of a UnicodeSet without nested sets: ranges, sequences in braces, escapes."""
    tokens: list[tuple[str, bool]] = []
    for match in ITEM.finditer(pattern.removeprefix("[").removesuffix("]")):
        code = match["short"] or match["long"]
        tokens.append((chr(int(code, 16)) if code else match["escaped"] or match["plain"], match["plain"] is None))
    found: list[str] = []
    at = 0
    while at < len(tokens):
        character, literal = tokens[at]
        if not literal and character == "-" and found and at + 1 < len(tokens):
            found += [chr(point) for point in range(ord(found[-1]) + 1, ord(tokens[at + 1][0]) + 1)]
            at += 1
        elif literal or not (character.isspace() or character in "{}"):
            found.append(character)
        at += 1
    return set(unicodedata.normalize("NFC", "".join(found)))


def ranges(found: set[str]) -> str:
    """Characters as sorted text, runs of four and more written as first, U+2026, last (no exemplar is U+2026)."""
    points = sorted(map(ord, found))
    parts: list[str] = []
    start = 0
    for k in range(1, len(points) + 1):
        if k == len(points) or points[k] != points[k - 1] + 1:
            run = points[start:k]
            parts.append(f"{chr(run[0])}…{chr(run[-1])}" if len(run) > 3 else "".join(map(chr, run)))
            start = k
    return "".join(parts)


def main() -> None:
    version = sys.argv[1] if len(sys.argv) > 1 else VERSION
    languages: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", f"cldr-misc-full@{version}"], cwd=folder, check=True)
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as archive:
            for member in archive:
                match = LOCALE.fullmatch(member.name)
                stream = archive.extractfile(member) if match else None
                if match is None or stream is None or match[1] in {"und", "root"}:
                    continue
                content = json.load(stream)["main"][match[1]]["characters"]
                found = characters(content.get("exemplarCharacters") or "[]")
                if found:
                    assert "…" not in found
                    languages[match[1]] = ranges(found)
    # a language with its usual script named beside it is the same set twice
    kept = {c: s for c, s in languages.items() if "-" not in c or languages.get(c.partition("-")[0]) != s}
    table = {
        "cldr": version,
        "source": f"npm cldr-misc-full {version}, main exemplar characters",
        "licence": "Unicode-3.0, © Unicode, Inc.",
        "languages": dict(sorted(kept.items())),
    }
    TARGET.write_text(json.dumps(table, ensure_ascii=False, indent=0) + "\n", "utf-8")
    print(f"wrote {TARGET.name}: {len(kept)} languages, CLDR {version}")


if __name__ == "__main__":
    main()
