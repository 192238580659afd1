"""Flip every comparison in tokeval/gate/ and of its paired test, one at a time, and see that the fast tests fail.

    python tests/gate/mutate.py [--every N]

Each comparison gets two mutants where it orders (`<` becomes `<=` and `>=`), else one (`==` becomes `!=`, `in` becomes
`not in`). A mutant is the module with one operator changed; the tests import it in place of the module. Exit code 1
names the mutants that survived.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.abc
import importlib.machinery
import importlib.util
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MODULES = [*sorted((ROOT / "tokeval" / "gate").glob("*.py")), ROOT / "tokeval" / "results" / "draws.py"]
TESTS = [ROOT / "tests" / "gate" / f"test_{name}.py" for name in ("judge", "outputs", "rules", "baselines", "paired")]

_FLIPS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}


@dataclass(frozen=True)
class Mutant:
    """The n-th operator of a module's comparisons, replaced."""

    path: Path
    number: int
    operator: type[ast.cmpop]
    line: int
    was: str

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}: {self.was} -> {self.operator.__name__}"

    @property
    def module(self) -> str:
        return ".".join(self.path.relative_to(ROOT).with_suffix("").parts)

    def tree(self) -> ast.Module:
        tree = ast.parse(self.path.read_text("utf-8"))
        node, position = _operators(tree)[self.number]
        node.ops[position] = self.operator()
        return tree


def mutants() -> list[Mutant]:
    """Every mutant, module by module."""
    found = []
    for path in MODULES:
        for number, (node, position) in enumerate(_operators(ast.parse(path.read_text("utf-8")))):
            was = type(node.ops[position])
            found += [Mutant(path, number, flip, node.lineno, was.__name__) for flip in _FLIPS[was]]
    return found


def survives(mutant: Mutant | None) -> bool:
    """Whether the fast tests pass with it; without one, whether they pass at all."""
    import pytest

    with _in_place(mutant), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--rootdir", str(ROOT)]
        code = pytest.main([*options, *map(str, TESTS)])
    return code == pytest.ExitCode.OK


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives the mutated module in place of the module."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if name != self._mutant.module:
            return None
        return importlib.util.spec_from_loader(name, self, origin=str(self._mutant.path))

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._mutant.tree(), str(self._mutant.path), "exec"), module.__dict__)


@contextlib.contextmanager
def _in_place(mutant: Mutant | None) -> Iterator[None]:
    finders = [_Finder(mutant)] if mutant else []
    _forget()
    sys.meta_path[:0] = finders
    try:
        yield
    finally:
        del sys.meta_path[: len(finders)]
        _forget()


def _forget() -> None:
    """Import the gate, its command and its tests anew the next time."""
    for name in list(sys.modules):
        if name.startswith(("tokeval.gate", "tokeval.cli", "tokeval.results.", "tests.gate")):
            del sys.modules[name]


def _operators(tree: ast.Module) -> list[tuple[ast.Compare, int]]:
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Compare)]
    nodes.sort(key=lambda node: (node.lineno, node.col_offset))
    return [(node, position) for node in nodes for position in range(len(node.ops))]


def main() -> int:
    every = int(sys.argv[sys.argv.index("--every") + 1]) if "--every" in sys.argv else 1
    sys.path.insert(0, str(ROOT))
    if not survives(None):
        print("the tests fail as it is")
        return 2
    chosen = mutants()[::every]
    alive = 0
    for mutant in chosen:
        if survives(mutant):
            alive += 1
            print(f"survived: {mutant}", flush=True)
    print(f"{len(chosen) - alive} of {len(chosen)} mutants were found out")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
