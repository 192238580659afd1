"""The installed command in a fresh folder: exit codes, what is printed, what is written."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as Tree

import pytest
import xmlschema

from tests.gate.conftest import Start
from tests.gate.test_outputs import JUNIT

RULE = '[[rule]]\nmetric = "bytes_per_token"\n'
CI = RULE + 'max_regression = 0\nwithin = "ci"\nslice = '


@pytest.fixture
def fresh(work: Path, tmp_path: Path) -> Path:
    """A folder of its own with the runs `old` and `new`."""
    folder = tmp_path / "fresh"
    shutil.copytree(work, folder)
    return folder


def counts(folder: Path) -> tuple[int, int, int]:
    """Tests, failures and skipped of the JUnit file, which must be valid."""
    content = (folder / "junit.xml").read_text("utf-8")
    xmlschema.XMLSchema(str(JUNIT)).validate(content)
    root = Tree.fromstring(content)
    return int(root.attrib["tests"]), int(root.attrib["failures"]), len(root.findall(".//skipped"))


@pytest.mark.parametrize(
    ("rules", "code", "junit", "said"),
    [
        pytest.param(RULE + "min = 0.5\n", 0, (1, 0, 0), "gate passed: 1 passed", id="pass"),
        pytest.param(RULE + "min = 99\n", 1, (1, 1, 0), "at least 99", id="fail"),
        pytest.param(RULE + "min = 99\nseverity = 'warn'\n", 0, (1, 0, 1), "gate passed: 1 warned", id="warn-only"),
        pytest.param(RULE + "min = 0\nslice = 'fra'\n", 1, (1, 1, 0), "the results have no such figure", id="missing"),
        pytest.param(CI + "'*'\n", 1, (2, 1, 0), "gate failed: 1 passed, 1 failed", id="significant"),
        pytest.param(CI + "'eng'\n", 0, (1, 0, 0), "gate passed: 1 passed", id="not-significant"),
    ],
)
def test_the_gate(fresh: Path, start: Start, rules: str, code: int, junit: tuple[int, int, int], said: str) -> None:
    (fresh / "rules.toml").write_text(rules)
    done = start(fresh, "gate", "new", "rules.toml", "--baseline", "old", "--junit", "junit.xml")
    assert done.returncode == code
    assert done.stderr in ("", "note: no rule compares with another run, so old was not read\n")
    assert counts(fresh) == junit
    assert said in done.stdout


@pytest.mark.parametrize(("least", "code"), [(0, 0), (99, 1)])
def test_the_verdict_stands_whoever_reads_it(fresh: Path, least: int, code: int) -> None:
    (fresh / "rules.toml").write_text(RULE + f"min = {least}\n")
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        ["tokeval", "gate", "new", "rules.toml"], cwd=fresh, stdout=write, stderr=subprocess.PIPE, check=False
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (code, b"")


def test_an_uncertain_loss_is_a_loss_where_no_test_is_asked_for(fresh: Path, inside: Start) -> None:
    for limit, code in (("0", 1), ("'5%'", 0)):
        (fresh / "rules.toml").write_text(RULE + f"max_regression = {limit}\nslice='eng'\n")
        assert inside(fresh, "gate", "new", "rules.toml", "--baseline", "old").returncode == code


def test_significance_is_told_with_p_and_interval(fresh: Path, inside: Start) -> None:
    (fresh / "rules.toml").write_text(CI + "'*'\n")
    inside(fresh, "gate", "new", "rules.toml", "--baseline", "old", "--json", "out/v.json")
    (rule,) = json.loads((fresh / "out" / "v.json").read_text())["rules"]
    by_slice = {check["figure"]["slice"]: check for check in rule["checks"]}
    deu, eng = by_slice["deu"]["baseline"], by_slice["eng"]["baseline"]
    assert deu["p"] < 1e-6
    assert deu["high"] < 0
    assert eng["difference"] < 0 < eng["high"]
    assert eng["p_corrected"] > 0.05
    assert "not significant" in by_slice["eng"]["message"]


def test_a_baseline_file_is_written_used_and_reviewed(fresh: Path, inside: Start) -> None:
    (fresh / "rules.toml").write_text(CI + "'*'\n")
    update = ("gate", "old", "rules.toml", "--baseline", "base.json", "--update-baseline")
    done = inside(fresh, *update)
    assert (done.returncode, done.stderr) == (0, "wrote base.json: 2 figures\n")
    first = (fresh / "base.json").read_bytes(), (fresh / "base.sums.parquet").read_bytes()
    inside(fresh, *update)
    assert first == ((fresh / "base.json").read_bytes(), (fresh / "base.sums.parquet").read_bytes())
    with_file = inside(fresh, "gate", "new", "rules.toml", "--baseline", "base.json")
    with_run = inside(fresh, "gate", "new", "rules.toml", "--baseline", "old")
    assert (with_file.returncode, with_file.stdout) == (1, with_run.stdout)
    (fresh / "base.sums.parquet").unlink()
    without = inside(fresh, "gate", "new", "rules.toml", "--baseline", "base.json")
    assert without.returncode == 1
    assert "it cannot be tested: there are no sums per bucket beside base.json" in " ".join(without.stdout.split())


def test_the_mean_over_slices_is_tested_too(fresh: Path, inside: Start) -> None:
    (fresh / "rules.toml").write_text(CI + "'macro'\n")
    inside(fresh, "gate", "old", "rules.toml", "--baseline", "base.json", "--update-baseline")
    found = []
    for baseline in ("old", "base.json"):
        done = inside(fresh, "gate", "new", "rules.toml", "--baseline", baseline, "--json", "out/v.json")
        (rule,) = json.loads((fresh / "out" / "v.json").read_text())["rules"]
        found.append(rule["checks"][0]["baseline"])
        assert "cannot be tested" not in done.stdout
    assert found[0]["p"] == found[1]["p"] < 0.01
    diff = inside(fresh, "diff", "old", "new", "-m", "bytes_per_token", "--csv").stdout.splitlines()
    (macro,) = [line.split(",") for line in diff if ",macro," in line]
    assert str(found[0]["p"]) in macro


def test_sums_beside_a_baseline_file_are_of_its_figures(fresh: Path, inside: Start) -> None:
    """A baseline that is written without sums leaves none of an earlier one."""
    update = ("rules.toml", "--baseline", "base.json", "--update-baseline")
    (fresh / "rules.toml").write_text(CI + "'*'\n")
    inside(fresh, "gate", "old", *update)
    assert (fresh / "base.sums.parquet").exists()
    (fresh / "rules.toml").write_text(RULE + "max_regression = 0\n")
    inside(fresh, "gate", "new", *update)
    assert not (fresh / "base.sums.parquet").exists()


def test_a_tokenizer_of_the_same_run_can_be_the_baseline(fresh: Path, inside: Start) -> None:
    (fresh / "rules.toml").write_text(CI + "'*'\ntokenizer = 'new'\nagainst = 'old'\n")
    tokenizers = ["-t", "old=old.json", "-t", "new=new.json"]
    run = ["compare", *tokenizers, "-c", "c=corpus.parquet", "-m", "size", "-o", "both", "-q"]
    done = inside(fresh, *run, "--gate", "rules.toml", "--junit", "junit.xml")
    assert done.returncode == 1, done.stderr
    assert counts(fresh) == (2, 1, 0)
    again = inside(fresh, "gate", "both", "rules.toml")
    assert (again.returncode, again.stdout) == (1, done.stdout)


def test_compare_gates_in_one_command(fresh: Path, start: Start) -> None:
    run = ["compare", "-t", "tok=new.json", "-c", "c=corpus.parquet", "-m", "size", "-o", "out", "-q"]
    (fresh / "rules.toml").write_text(RULE + "max_regression = '50%'\n")
    done = start(fresh, *run, "--gate", "rules.toml", "--gate-baseline", "old", "--junit", "junit.xml")
    assert (done.returncode, done.stderr) == (0, "")
    assert counts(fresh) == (1, 0, 0)
    (fresh / "rules.toml").write_text(RULE + "max_regression = '1%'\n")
    done = start(fresh, *run, "--gate", "rules.toml", "--gate-baseline", "old", "--github")
    assert done.returncode == 1
    assert "::error file=rules.toml,line=1,col=1,title=tokeval gate%3A bytes_per_token" in done.stdout
    assert (fresh / "out" / "results.parquet").is_file()


def test_compare_gates_on_a_lexicon(fresh: Path, inside: Start) -> None:
    (fresh / "words.txt").write_text("ab\ncd\n")
    (fresh / "rules.toml").write_text('[[rule]]\nmetric = "language_token_rate"\nslice = "eng"\nmin = 0.1\n')
    run = ["compare", "-t", "tok=new.json", "-c", "c=corpus.parquet", "-o", "out", "-q", "--gate", "rules.toml"]
    done = inside(fresh, *run, "--lexicon", "eng=words:words.txt", "--junit", "junit.xml")
    assert (done.returncode, counts(fresh)) == (0, (1, 0, 0)), done.stderr
    assert "--lexicon" in inside(fresh, *run).stderr  # that of the run, which has none


@pytest.mark.parametrize(
    ("rules", "message", "hint"),
    [
        ('[[rule]]\nmetric = "byte_per_token"\nmin = 1\n', "rules.toml:2:1: there is no metric", "'bytes_per_token'?"),
        ('[[rule]]\nmetric = "premium"\nmin = 1\n', "rules.toml:2:1: this run does not compute premium", "-m"),
        (RULE + "max_regression = 0\n", "rules.toml:2:1: this rule needs a baseline", "--gate-baseline"),
        (RULE, "a rule needs a limit", None),
    ],
)  # fmt: skip
def test_compare_refuses_rules_before_it_reads_any_text(
    fresh: Path, inside: Start, rules: str, message: str, hint: str | None
) -> None:
    (fresh / "rules.toml").write_text(rules)
    run = ["compare", "-t", "tok=new.json", "-c", "c=corpus.parquet", "-m", "size", "-o", "out"]
    done = inside(fresh, *run, "--gate", "rules.toml")
    assert done.returncode == 2
    assert message in done.stderr
    assert (hint or "") in done.stderr
    assert "rows" not in done.stderr  # the run announces the rows that it is going to read
    assert not (fresh / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["gate", "nowhere", "rules.toml"], 2, "nowhere: no results.parquet there"),
        (["gate", "new", "none.toml"], 2, "there is no file none.toml"),
        (["gate", "new", "empty.toml"], 2, "empty.toml holds no rule"),
        (["gate", "new", "slip.toml"], 2, "slip.toml:3:1: unknown key 'rule.0.mni'"),
        (["gate", "new", "contradict.toml"], 2, "contradict each other"),
        (["gate", "new", "typo.toml"], 2, "did you mean 'bytes_per_token'?"),
        (["gate", "new", "relative.toml"], 2, "this rule needs a baseline"),
        (["gate", "new", "relative.toml", "--baseline", "nowhere"], 2, "nowhere: no results.parquet there"),
        (["gate", "new", "relative.toml", "--baseline", "other"], 2, "their signatures differ in corpus"),
        (["gate", "half", "rules.toml"], 3, "the run in half did not finish"),
        (["gate", "new", "relative.toml", "--baseline", "half"], 3, "the run in half did not finish"),
        (["gate", "half", "relative.toml", "--baseline", "b.json", "--update-baseline"], 3, "did not finish"),
        (["gate", "new", "relative.toml", "--update-baseline"], 2, "--update-baseline writes a file"),
        (["gate", "new", "relative.toml", "--baseline", "old", "--update-baseline"], 2, "writes a file"),
        (["gate", "new", "relative.toml", "--baseline", "http://x/b.json", "--update-baseline"], 2, "writes a file"),
        (["gate", "new", "relative.toml", "--baseline", "git:main:b.json", "--update-baseline"], 2, "writes a file"),
        (["gate", "new", "rules.toml", "--baseline", "b.json", "--update-baseline"], 2, "nothing to write"),
        (["gate", "new", "rules.toml", "--junit", "corpus.parquet/x.xml"], 2, "cannot write corpus.parquet/x.xml"),
    ],
)
def test_misuse_is_one_line_and_an_exit_code(
    fresh: Path, inside: Start, arguments: list[str], code: int, message: str
) -> None:
    files = {
        "rules": RULE + "min = 0\n",
        "empty": "# nothing\n",
        "slip": RULE + "mni = 0\n",
        "contradict": f"{RULE}min = 2\n{RULE}max = 1\n",
        "typo": '[[rule]]\nmetric = "bytes_per_tokn"\nmin = 1\n',
        "relative": RULE + "max_regression = 0\n",
    }
    for name, text in files.items():
        (fresh / f"{name}.toml").write_text(text)
    shutil.copytree(fresh / "new", fresh / "half")
    (fresh / "half" / "run.json").write_text('{"complete": false}')
    if "other" in arguments:
        run = ["compare", "-t", "tok=old.json", "-c", "c=corpus.parquet", "-m", "size", "-q", "--limit", "50"]
        assert inside(fresh, *run, "-o", "other").returncode == 0
    before = sorted(str(path) for path in fresh.rglob("*"))
    done = inside(fresh, *arguments)
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) <= 2
    assert sorted(str(path) for path in fresh.rglob("*")) == before


def test_every_output_is_written_and_the_summary_is_added_to(fresh: Path, inside: Start) -> None:
    (fresh / "rules.toml").write_text(RULE + "min = 99\nmessage = 'Ask the team.'\n")
    (fresh / "summary.md").write_text("# before\n")
    files = {"--junit": "o/j.xml", "--markdown": "o/v.md", "--sarif": "o/v.sarif", "--json": "o/v.json"}
    options = [part for pair in files.items() for part in pair]
    done = inside(fresh, "gate", "new", "rules.toml", *options, "--github", GITHUB_STEP_SUMMARY="summary.md")
    assert done.returncode == 1
    assert sorted(path.name for path in (fresh / "o").iterdir()) == ["j.xml", "v.json", "v.md", "v.sarif"]
    markdown = (fresh / "o" / "v.md").read_text("utf-8")
    assert (fresh / "summary.md").read_text("utf-8") == "# before\n" + markdown
    assert "Ask the team." in done.stdout
    assert done.stdout.splitlines()[-1].startswith("::error file=rules.toml,line=1,")
