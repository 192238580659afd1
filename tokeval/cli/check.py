"""`tokeval check`: the health check of one tokenizer."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from xml.etree import ElementTree as Tree

import typer

from tokeval.cli import options
from tokeval.errors import FAILED

if TYPE_CHECKING:
    from tokeval.engine.check.outcome import Finding

_MARKS = {"pass": "[green]pass[/]", "remark": "[yellow]remark[/]", "fail": "[red]FAIL[/]", "skipped": "[dim]skipped[/]"}


def command(
    tokenizer: Annotated[str, typer.Option("-t", "--tokenizer", metavar="SPEC", help="The tokenizer to check.")],
    against: Annotated[
        str | None,
        typer.Option(metavar="SPEC", help="A second file of the same tokenizer, which must give the same ids."),
    ] = None,
    severity: Annotated[
        list[str] | None,
        typer.Option(metavar="PROBE=fail|remark|ignore", help="Of a probe or a glob of them; may be repeated."),
    ] = None,
    threshold: Annotated[
        list[str] | None,
        typer.Option(metavar="PROBE=SHARE", help="The share of problems up to which a failure is a remark."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Remarks fail too.")] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the findings as JSON; - for stdout.")
    ] = None,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the findings as JUnit XML.")] = None,
    trust_remote_code: Annotated[bool, options.trust_remote_code()] = False,
    quiet: Annotated[bool, options.quiet("Print only what does not pass.")] = False,
) -> int:
    """Check one tokenizer before it is published: exit code 0 if no probe fails, 1 if one does."""
    from tokeval.cli.parse import pairs
    from tokeval.cli.pipe import unread
    from tokeval.engine.check.run import check, failed

    severities = pairs(severity or [], "--severity")
    thresholds = {name: _share(name, value) for name, value in pairs(threshold or [], "--threshold").items()}
    spec = tokenizer.partition("=")[2] if _is_named(tokenizer) else tokenizer
    findings = check(
        spec,
        against=against,
        severities=severities,
        thresholds=thresholds,
        trust_remote_code=trust_remote_code,
    )
    bad = failed(findings, remarks_fail=strict)
    content = as_json(spec, against, findings, passed=not bad)
    if junit is not None:
        _write(junit, as_junit(spec, findings, remarks_fail=strict))
    if json_file is not None and str(json_file) != "-":
        _write(json_file, content)
    with unread():
        if str(json_file) == "-":
            sys.stdout.write(content.decode())
        else:
            _print(findings, quiet=quiet, passed=not bad)
        sys.stdout.flush()
    return FAILED if bad else 0


def as_json(spec: str, against: str | None, findings: Sequence[Finding], *, passed: bool) -> bytes:
    """The findings as JSON."""
    from dataclasses import asdict

    from tokeval import __version__

    content = {
        "tokeval": __version__,
        "tokenizer": spec,
        "against": against,
        "passed": passed,
        "findings": [asdict(finding) for finding in findings],
    }
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def as_junit(spec: str, findings: Sequence[Finding], *, remarks_fail: bool) -> bytes:
    """The findings as JUnit XML; a remark is an output of a test that passes, unless remarks fail."""
    bad = {"fail", "remark"} if remarks_fail else {"fail"}
    counts = {
        "tests": str(len(findings)),
        "failures": str(sum(str(finding.outcome) in bad for finding in findings)),
        "skipped": str(sum(str(finding.outcome) == "skipped" for finding in findings)),
    }
    suite = Tree.Element("testsuite", {"name": _xml(f"tokeval check {spec}"), **counts})
    for finding in findings:
        case = Tree.SubElement(suite, "testcase", classname="tokeval.check", name=_xml(finding.probe))
        text = finding.message + (f": {finding.example}" if finding.example else "")
        if str(finding.outcome) in bad:
            Tree.SubElement(case, "failure", message=_xml(finding.message)).text = _xml(text)
        elif str(finding.outcome) == "skipped":
            Tree.SubElement(case, "skipped", message=_xml(finding.message))
        else:
            Tree.SubElement(case, "system-out").text = _xml(text)
    Tree.indent(suite)
    content: bytes = Tree.tostring(suite, encoding="utf-8", xml_declaration=True)
    return content + b"\n"


def _print(findings: Sequence[Finding], *, quiet: bool, passed: bool) -> None:
    from rich.markup import escape

    from tokeval.report.console import make_console

    console = make_console(sys.stdout)
    width = max((len(finding.probe) for finding in findings), default=0)
    for finding in findings:
        word = str(finding.outcome)
        if quiet and word in {"pass", "skipped"}:
            continue
        example = f"\n{'':{width + 9}}[dim]for instance[/] {escape(finding.example)}" if finding.example else ""
        mark = f"{_MARKS[word]}{'':{7 - len(word)}}"
        console.print(f"{mark}  {finding.probe:{width}}  {escape(finding.message)}{example}", soft_wrap=True)
    counts = {word: sum(str(finding.outcome) == word for finding in findings) for word in _MARKS}
    shown = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    console.print(f"check: {'passed' if passed else 'failed'} ({shown})", soft_wrap=True)


def _share(name: str, value: str) -> float:
    from tokeval.errors import UsageError

    try:
        return float(value)
    except ValueError as error:
        raise UsageError(f"--threshold {name}={value} is not a share", hint="for instance unreachable=0.01") from error


def _is_named(text: str) -> bool:
    """Whether it is NAME=SPEC, as in compare, rather than a path that holds an equals sign."""
    name, equals, _ = text.partition("=")
    return bool(equals) and not Path(text).exists() and ":" not in name and "/" not in name


def _write(path: Path, content: bytes) -> None:
    from tokeval.errors import UsageError
    from tokeval.results.store import write_file

    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent} for {path.name}")
    write_file(path, content)


def _xml(text: str) -> str:
    """Text that XML 1.0 can carry; what it cannot is written as its escape."""
    return "".join(c if _allowed(ord(c)) else f"\\x{ord(c):02x}" for c in text)


def _allowed(point: int) -> bool:
    return point in (0x9, 0xA, 0xD) or 0x20 <= point <= 0xD7FF or 0xE000 <= point <= 0xFFFD or point >= 0x10000
