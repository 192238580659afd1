"""`tokeval inspect` as a person sees it."""

from __future__ import annotations

import io
import os
import subprocess
from pathlib import Path

import pytest

from tokeval.report.tokens import Cut, print_cuts, render_page


def tokeval(*arguments: object, stdin: bytes | None = None, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["tokeval", *map(str, arguments)], capture_output=True, input=stdin, env={**os.environ, **environment}
    )


def cut(name: str, text: str, *tokens: bytes, spelled: list[str] | None = None) -> Cut:
    assert b"".join(tokens) == text.encode()
    ends = [sum(map(len, tokens[: i + 1])) for i in range(len(tokens))]
    return Cut(name, text, list(range(10, 10 + len(tokens))), [0, *ends[:-1]], ends, spelled or [])


def printed(text: str, *cuts: Cut, brief: bool = True) -> list[str]:
    stream = io.StringIO()
    print_cuts(text, cuts, stream, brief=brief)
    return [line.rstrip() for line in stream.getvalue().splitlines()]


TEXT = "ab 猫."


def test_tokenizers_are_aligned() -> None:
    one, two = cut("one", TEXT, b"ab", b" \xe7\x8c", b"\xab", b"."), cut("two", TEXT, b"a", b"b", b" \xe7\x8c\xab.")
    assert printed(TEXT, one, two)[:2] == [
        "one              │a b│·猫²│.│",
        "two              │a│b│·猫  .│",
    ]


def test_every_token_with_id_bytes_and_place_in_its_character() -> None:
    one = cut("one", TEXT, b"ab", b" \xe7\x8c", b"\xab", b".", spelled=["ab", "Ġç", "«", "."])
    assert printed(TEXT, one, brief=False)[2:] == [
        "one: 4 tokens",
        "#  id  bytes     text     as in the file",
        "0  10  61 62     ab       ab",
        "1  11  20 e7 8c  ·猫 1/2  Ġç",
        "2  12  ab        ·猫 2/2  «",
        "3  13  2e        .        .",
    ]


def test_long_text_is_broken_between_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    text = "word " * 30
    lines = printed(text, cut("one", text, *[b"word "] * 30))
    body = [line for line in lines if line.startswith("one  ")]
    assert len(body) > 5
    assert all(len(line) <= 40 for line in body)
    assert "".join(line.partition("│")[2] for line in body) == "word·│" * 30


def test_the_page_escapes_and_asks_for_nothing() -> None:
    text = "<b>猫</b>"
    page = render_page(text, [cut("<i>", text, b"<b>", b"\xe7\x8c", b"\xab", b"</b>")]).decode()
    assert "<b>" not in page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert "猫<sub>2</sub>" in page
    assert "<code>e7 8c</code>" in page


def test_the_command(tmp_path: Path) -> None:
    page = tmp_path / "new" / "cut.html"
    done = tokeval("inspect", "猫 a", "-t", "b=bytes:", "-t", "words:", "--html", page)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.decode().splitlines()
    assert lines[0].rstrip() == "b                │猫³│·│a│"
    assert lines[1].rstrip() == "words            │猫 │·│a│"
    assert "b: 5 tokens" in lines
    assert b"\x1b" not in done.stdout
    assert "猫<sub>3</sub>" in page.read_text("utf-8")


def test_text_from_standard_input() -> None:
    assert b"2 tokens" in tokeval("inspect", "-", "-t", "b=bytes:", stdin=b"ab").stdout
    done = tokeval("inspect", "-", "-t", "b=bytes:", stdin=b"\xff")
    assert (done.returncode, done.stderr) == (2, b"error: the text is not valid UTF-8\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["a"], "missing option"),
        (["a", "-t", "x=nowhere.json"], "there is no file"),
        (["a", "-t", "b=bytes:", "-t", "b=chars:"], "given twice"),
        (["a", "-t", "b=bytes:", "--html", "."], "is a folder"),
    ],
)
def test_misuse_is_one_line(arguments: list[str], told: str) -> None:
    done = tokeval("inspect", *arguments)
    assert done.returncode == 2
    assert told in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_empty_text() -> None:
    assert b"b: 0 tokens" in tokeval("inspect", "", "-t", "b=bytes:").stdout


def on_a_terminal(*arguments: str, **environment: str) -> bytes:
    """What a command writes to a terminal."""
    pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")
    master, slave = pty.openpty()
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", **environment}
    process = subprocess.Popen(["tokeval", *arguments], stdout=slave, stderr=slave, stdin=slave, env=env)
    os.close(slave)
    parts = []
    while True:
        try:
            parts.append(os.read(master, 4096))
        except OSError:
            break
        if not parts[-1]:
            break
    process.wait()
    os.close(master)
    return b"".join(parts)


def test_colours_on_a_terminal_and_none_where_unwanted() -> None:
    command = ("inspect", "ab", "-t", "b=bytes:")
    colour = b"\x1b[30;48;5;"
    assert colour in on_a_terminal(*command)
    assert b"48;5" not in on_a_terminal(*command, NO_COLOR="1")
    assert b"48;5" not in on_a_terminal(*command, "--no-color")
