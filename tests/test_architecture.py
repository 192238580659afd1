"""The layering and the lazy imports that the design promises, checked on the syntax trees and in fresh processes."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "tokeval"

#: Rows from the top; a module imports from lower rows only, never from a sibling.
ROWS = [
    {"cli"},
    {"engine", "report", "gate"},
    {"results"},
    {"corpus", "tokenizers", "metrics", "vocabulary"},
]
LIBRARIES = {
    "tokenizers": {"tokeval/tokenizers/_huggingface.py"},
    "sentencepiece": {"tokeval/tokenizers/_sentencepiece.py"},
    "tiktoken": {"tokeval/tokenizers/_tiktoken.py"},
    "mistral_common": {"tokeval/tokenizers/_mistral.py"},
    "huggingface_hub": {"tokeval/tokenizers/_hub.py"},
    "transformers": {"tokeval/tokenizers/_transformers.py"},
    "gigatoken": {"tokeval/tokenizers/_gigatoken.py"},
}
MODULES = sorted(PACKAGE.rglob("*.py"))


def rank(part: str) -> int:
    return next((i for i, row in enumerate(ROWS) if part in row), len(ROWS))


def part_of(path: Path) -> str:
    inside = path.relative_to(PACKAGE).parts
    return inside[0] if len(inside) > 1 else ""


def imports(path: Path) -> list[tuple[str, int, bool]]:
    """Every imported module with its line, and whether the import stands inside a function."""
    tree = ast.parse(path.read_text("utf-8"))
    found: list[tuple[str, int, bool]] = []

    def walk(node: ast.AST, inside: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                found.extend((alias.name, child.lineno, inside) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"{path}:{child.lineno}: relative import"
                module = child.module or ""
                found.append((module, child.lineno, inside))
                found.extend((f"{module}.{alias.name}", child.lineno, inside) for alias in child.names)
            elif isinstance(child, ast.If) and getattr(child.test, "id", "") == "TYPE_CHECKING":
                continue
            else:
                walk(child, inside or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef))

    walk(tree, False)
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_down_only(path: Path) -> None:
    mine = part_of(path)
    if mine in {"", "testing"}:
        allowed_rows: set[str] | None = set() if mine == "" and path.name not in {"__init__.py"} else None
    else:
        allowed_rows = {part for row in ROWS[rank(mine) + 1 :] for part in row}
    for module, line, _ in imports(path):
        parts = module.split(".")
        if parts[0] != "tokeval" or len(parts) < 2 or not (PACKAGE / parts[1]).is_dir():
            continue
        if parts[1] == mine or allowed_rows is None:
            continue
        assert parts[1] in allowed_rows, f"{path}:{line}: {mine or 'row 1'} must not import {module}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_tokenizer_libraries_are_imported_in_their_adapter_and_inside_functions(path: Path) -> None:
    name = str(path.relative_to(ROOT).as_posix())
    for module, line, inside in imports(path):
        top = module.split(".")[0]
        if top in LIBRARIES:
            assert name in LIBRARIES[top], f"{path}:{line}: only its adapter imports {top}"
            assert inside, f"{path}:{line}: import {top} inside a function"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_stays_small(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 400


def loaded_after(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint('\\n'.join(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return {line.split(".")[0] for line in done.stdout.splitlines()}


def test_help_loads_nothing_heavy() -> None:
    loaded = loaded_after("import tokeval.cli.main")
    heavy = {"numpy", "pyarrow", "pandas", "numba", *LIBRARIES}
    assert not loaded & heavy


@pytest.mark.parametrize("spec", ["bytes:", "chars:", "words:"])
def test_a_yardstick_loads_no_tokenizer_library(spec: str) -> None:
    loaded = loaded_after(f"import tokeval; tokeval.load_tokenizer({spec!r}).encode_batch(['a b'])")
    assert not loaded & set(LIBRARIES)
