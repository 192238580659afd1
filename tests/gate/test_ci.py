"""The GitHub action, the hooks and the documented examples: valid by their schemas, and run as a shell would."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT
from tests.gate.conftest import make_corpus, make_tokenizer

ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
CI = (ROOT / "docs" / "ci.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    """The code blocks of the page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", CI, re.DOTALL | re.MULTILINE)


def is_valid(schema: str, path: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_action_is_valid() -> None:
    is_valid("github-actions", ROOT / "action.yml")


@pytest.mark.parametrize(("schema", "number"), [("github-workflows", 0), ("gitlab-ci", 1)])
def test_the_documented_pipelines_are_valid(schema: str, number: int, tmp_path: Path) -> None:
    path = tmp_path / "pipeline.yml"
    path.write_text(blocks("yaml")[number], "utf-8")
    is_valid(schema, path)


def test_the_workflow_uses_inputs_that_the_action_has() -> None:
    workflow = yaml.safe_load(blocks("yaml")[0])
    (step,) = [s for s in workflow["jobs"]["gate"]["steps"] if "tokeval" in s.get("uses", "")]
    assert set(step["with"]) <= set(ACTION["inputs"])
    assert {name for name, i in ACTION["inputs"].items() if i.get("required")} <= set(step["with"])
    named = set(re.findall(r"steps\.tokeval\.outputs\.(\w+)", blocks("yaml")[0]))
    assert named == set(ACTION["outputs"])


def test_the_hooks_are_what_the_page_names() -> None:
    hooks = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))}
    (repository,) = yaml.safe_load(blocks("yaml")[2])["repos"]
    assert {hook["id"] for hook in repository["hooks"]} == set(hooks)
    for hook in hooks.values():
        assert {"id", "name", "entry", "language"} <= set(hook)
        re.compile(hook["files"])


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the page names."""
    folder = tmp_path_factory.mktemp("project")
    for name, merges in {"current": [("a", "b")], "candidate": [("a", "b"), ("c", "d")]}.items():
        place = folder / "tokenizers" / name
        place.mkdir(parents=True)
        make_tokenizer(place / "tokenizer.json", merges)
    make_corpus(folder / "corpus.parquet")
    config, rules = blocks("toml")
    (folder / "tokenizers.toml").write_text(config)
    (folder / "rules.toml").write_text(rules)
    (folder / "relative.toml").write_text('[[rule]]\nmetric = "bytes_per_token"\nmax_regression = "1%"\n')
    return folder


def environment(**more: str) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    return {"PATH": path, "PYTHONPATH": str(ROOT), "HOME": "/nonexistent", "LANG": "C.UTF-8"} | more


def shell(text: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text],
        cwd=folder,
        env=environment(**more),
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_documented_commands_run(project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shell"
    shutil.copytree(project, folder)
    codes = [shell(block, folder).returncode for block in blocks("sh")]
    assert codes == [0, 0, 0, 0, 0]
    assert {"junit.xml", "verdict.md", "verdict.sarif", "verdict.json", "baseline.json"} <= {
        path.name for path in folder.iterdir()
    }


def run_action(folder: Path, inputs: dict[str, str], **more: str) -> tuple[int, dict[str, str], str]:
    """Run the action's steps one by one as a runner does; exit code, outputs of the gate step, what was printed."""
    given = {name: str(i.get("default", "")) for name, i in ACTION["inputs"].items()} | inputs

    def filled(text: str) -> str:
        return re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda m: given[m[1]], text)

    output, summary, printed = folder / "github_output", folder / "summary.md", ""
    for step in ACTION["runs"]["steps"]:
        condition = re.fullmatch(r"inputs\.(\w+) != ''", step.get("if", "inputs.rules != ''"))
        assert condition
        if not given[condition[1]] or "run" not in step:
            continue
        assert "${{" not in step["run"], "inputs must come as variables, not as text of the script"
        variables = {name: filled(value) for name, value in step["env"].items()}
        files = {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary)}
        done = shell(step["run"], folder, **variables, **files, **more)
        printed += done.stdout + done.stderr
        if done.returncode:
            break
    lines: list[Any] = output.read_text().splitlines() if output.exists() else []
    return done.returncode, dict(line.split("=", 1) for line in lines), printed


def test_the_action_compares_and_gates(project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "action"
    shutil.copytree(project, folder)
    code, outputs, printed = run_action(
        folder, {"config": "tokenizers.toml", "rules": "rules.toml", "install": "", "python": ""}
    )
    assert (code, outputs) == (0, {"verdict": "passed"}), printed
    assert {path.name for path in (folder / "tokeval-verdict").iterdir()} == {
        "junit.xml",
        "verdict.md",
        "verdict.sarif",
        "verdict.json",
    }
    assert "tokeval gate passed" in (folder / "summary.md").read_text("utf-8")

    bad = "[[rule]]\nmetric = 'bytes_per_token'\nmin = 99\n"
    (folder / "a b; touch owned.toml").write_text(bad)
    inputs = {"rules": "a b; touch owned.toml", "baseline": "$(touch owned)", "install": "", "python": ""}
    code, outputs, printed = run_action(folder, inputs)
    assert (code, outputs) == (1, {"verdict": "failed"})
    assert "::error file=a b; touch owned.toml,line=1" in printed
    assert not (folder / "owned").exists()

    (folder / "tokeval-results" / "run.json").write_text('{"complete": false}')
    assert run_action(folder, inputs)[:2] == (3, {"verdict": "incomplete"})
    assert run_action(folder, inputs | {"rules": "none.toml"})[:2] == (2, {"verdict": "error"})


def test_the_action_installs_what_it_is_told(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    fake = tmp_path / "bin" / "python"
    fake.write_text('#!/bin/sh\nprintf "%s\\n" "$@" > "$RECORD"\nexit 7\n')
    fake.chmod(0o755)
    record = tmp_path / "arguments"
    path = f"{tmp_path / 'bin'}:/usr/bin:/bin"
    code, _, _ = run_action(tmp_path, {"rules": "r", "install": "tokeval[all]==0.1.0"}, PATH=path, RECORD=str(record))
    assert code == 7
    assert record.read_text().splitlines()[-1] == "tokeval[all]==0.1.0"
    assert record.read_text().splitlines()[:3] == ["-m", "pip", "install"]


def test_the_page_of_rules_is_what_the_program_says() -> None:
    import importlib.util

    spec = importlib.util.spec_from_file_location("build_rules", ROOT / "docs" / "build_rules.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "docs" / "rules.md").read_text("utf-8") == module.page(), "run: python docs/build_rules.py"
