"""Hunspell dictionaries (`.dic` beside `.aff`), as LibreOffice and Debian ship them for some 90 languages.

Words are what the Hunspell library accepts. Roots are the headwords of the `.dic` and affixes the strings that the
`.aff` adds, both as the dictionary's makers cut them: a headword can be a derived word and an affix a chain of several.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tokeval.errors import LexiconError
from tokeval.metrics.linguistic.casing import capitalise, fold
from tokeval.metrics.linguistic.files import Intake, existing
from tokeval.metrics.linguistic.lexicon import AFFIX, ROOT, WORD, Answers, Lexicon, Sets
from tokeval.signature import digest, file_digest

#: Longer strings are no words of any language, and the library cuts what it is given at a fixed length.
LONGEST_BYTES = 256


class Hunspell(Lexicon):
    """The library for words, sets read from the two files for roots and affixes."""

    questions = frozenset({WORD, ROOT, AFFIX})

    def __init__(self, dictionary: Path, rules: Path, language: str) -> None:
        super().__init__()
        import hunspell

        affixes = read_affixes(rules)
        roots = read_headwords(dictionary, affixes, self.intake)
        self._sets = Sets(
            language,
            {ROOT: {fold(root, language) for root in roots}, AFFIX: {fold(a, language) for a in affixes.strings}},
            "",
            self.intake,
        )
        self._library = hunspell.Hunspell(dictionary.stem, hunspell_data_dir=str(dictionary.parent))
        self._language = language
        self._encoding = affixes.encoding
        self.fingerprint = digest("hunspell", file_digest(dictionary), file_digest(rules))

    def judge(self, strings: Sequence[str]) -> Mapping[str, Answers]:
        """Words as written, in lower case, or with a capital: a token may come from any place in a sentence."""
        words = np.fromiter((self._is_word(text) for text in strings), np.bool_, len(strings))
        return {WORD: words, **self._sets.judge(strings)}

    def _is_word(self, text: str) -> bool:
        # the library takes numbers, full stops and the empty string for words
        if not (_is_letter(text[0]) and _is_letter(text[-1])) or "\0" in text:
            return False
        folded = fold(text, self._language)
        return any(self._spell(form) for form in dict.fromkeys((text, folded, capitalise(folded, self._language))))

    def _spell(self, text: str) -> bool:
        try:
            if len(text.encode(self._encoding)) > LONGEST_BYTES:
                return False
        except UnicodeEncodeError:  # a character that the dictionary's encoding has not
            return False
        return bool(self._library.spell(text))


@dataclass
class Affixes:
    """What an `.aff` file says, as far as it matters here. Flags are bytes: they need not be in the file's encoding.

    Attributes:
        encoding: of the strings in both files.
        flags: how flags are written: `short` (one byte each), `long` (two), `num` (numbers) or `UTF-8`.
        aliases: flag strings by number, where the dictionary refers to them (AF).
        forbidden: the flag of headwords that are no words, or empty.
        strings: what the rules add to stems.
    """

    encoding: str = "iso8859-1"
    flags: str = "short"
    aliases: list[bytes] = field(default_factory=list)
    forbidden: bytes = b""
    strings: set[str] = field(default_factory=set)


def load(location: str, language: str) -> Lexicon:
    """The dictionary of a `.dic` or `.aff` path; the other file must lie beside it."""
    base = location.removesuffix(".dic").removesuffix(".aff")
    dictionary = existing(f"{base}.dic", "Hunspell dictionary")
    rules = existing(f"{base}.aff", "Hunspell affix file")
    return Hunspell(dictionary, rules, language)


def read_affixes(path: Path) -> Affixes:
    """Read an `.aff` file.

    Raises:
        LexiconError: it does not parse or is not in the encoding that it states; the message names the line.
    """
    data = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    stated = re.search(rb"^SET[ \t]+(\S+)", data, re.MULTILINE)
    found = Affixes(encoding=_codec(path, stated[1].decode("ascii", "replace")) if stated else "iso8859-1")
    left, table = 0, [b"", b""]  # rules still to come of the current table, its kind and flag
    for number, line in enumerate(data.split(b"\n"), 1):
        cells = line.split()
        kind = cells[0] if cells else b"#"
        if kind.startswith(b"#"):
            continue
        if left and (cells[:2] != table or len(cells) < 4):
            raise _broken(path, number, f"{left} more rules of {_shown(table)} were announced")
        if left:
            left -= 1
            text = _strict(path, number, cells[3].partition(b"/")[0], found.encoding)
            if text not in {"0", ""}:
                found.strings.add(text)
        elif kind in {b"SFX", b"PFX"}:
            if len(cells) < 4 or cells[2] not in {b"Y", b"N"} or not cells[3].isdigit():
                raise _broken(path, number, f"{kind.decode()} needs a flag, Y or N, and a count")
            left, table = int(cells[3]), cells[:2]
        elif kind == b"FLAG" and len(cells) > 1:
            found.flags = cells[1].decode("ascii", "replace")
        elif kind == b"FORBIDDENWORD" and len(cells) > 1:
            found.forbidden = cells[1]
        elif kind == b"AF" and len(cells) > 1:
            found.aliases.append(cells[1])
    if left:
        raise LexiconError(f"{path} does not parse: it ends before the rules of {_shown(table)} do")
    found.aliases = found.aliases[1:]  # the first AF line is their number
    return found


def read_headwords(path: Path, affixes: Affixes, intake: Intake) -> Iterator[str]:
    """The headwords of a `.dic` file; phrases are left out and counted.

    Raises:
        LexiconError: it is not in the affix file's encoding, or does not begin with its number of entries.
    """
    lines = path.read_bytes().removeprefix(codecs.BOM_UTF8).split(b"\n")
    first = lines[0].split()
    if not first or not first[0].isdigit():
        raise LexiconError(f"{path} is no Hunspell dictionary: its first line is not the number of entries")
    for number, line in enumerate(lines[1:], 2):
        entry = re.sub(rb"\s+\w\w:\S+", b"", line.partition(b"\t")[0]).strip()  # without morphological fields
        head, _, flags = entry.replace(b"\\/", b"\1").partition(b"/")
        word = _strict(path, number, head, affixes.encoding).replace("\1", "/")
        if not word:
            continue
        if len(word.split()) > 1:
            intake.leave_out(number, word, "white space inside")
        elif not _is_forbidden(flags.strip(), affixes):
            intake.taken += 1
            yield word


def _is_forbidden(flags: bytes, affixes: Affixes) -> bool:
    if not affixes.forbidden or not flags:
        return False
    if affixes.aliases and flags.isdigit() and 0 < int(flags) <= len(affixes.aliases):
        flags = affixes.aliases[int(flags) - 1]
    if affixes.flags == "num":
        return affixes.forbidden in flags.split(b",")
    if affixes.flags == "UTF-8":
        return affixes.forbidden.decode("utf-8", "replace") in flags.decode("utf-8", "replace")
    width = 2 if affixes.flags == "long" else 1
    return affixes.forbidden in {flags[i : i + width] for i in range(0, len(flags), width)}


def _strict(path: Path, number: int, text: bytes, encoding: str) -> str:
    try:
        return text.decode(encoding)
    except UnicodeDecodeError as error:
        raise LexiconError(
            f"{path}:{number} is not in {encoding}, the encoding that the affix file states",
            hint="the SET line of the .aff must name the encoding of both files",
        ) from error


def _shown(table: list[bytes]) -> str:
    return " ".join(cell.decode("ascii", "replace") for cell in table)


def _codec(path: Path, name: str) -> str:
    """The Python codec of an encoding as Hunspell names it (`ISO8859-9`, `microsoft-cp1251`, `KOI8-R`)."""
    try:
        return codecs.lookup(name.lower().removeprefix("microsoft-")).name
    except LookupError as error:
        raise LexiconError(f"{path} states an unknown encoding: SET {name}") from error


def _broken(path: Path, line: int, why: str) -> LexiconError:
    return LexiconError(f"{path}:{line} does not parse: {why}", hint="is it the .aff of a Hunspell dictionary?")


def _is_letter(char: str) -> bool:
    return unicodedata.category(char)[0] in "LM"
