"""`make wheel-smoke`: the wheel, installed alone in a new environment, compares tokenizers and gates the result.

It brings its corpora and every other file that is no code: a preset finds them without the repository.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def run(*command: str | Path, cwd: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}  # the wheel's code alone
    subprocess.run([str(part) for part in command], check=True, cwd=cwd, env=environment)


def check_contents(wheel: Path) -> None:
    """The wheel holds every file of the package that git knows, and both corpora, byte for byte."""
    listed = subprocess.run(["git", "ls-files", "-z", "tokeval"], check=True, cwd=ROOT, capture_output=True, text=True)
    wanted = {name: ROOT / name for name in listed.stdout.split("\0") if name}
    wanted |= {f"tokeval/data/{name}": ROOT / "corpora" / name for name in ("demo.parquet", "probes.parquet")}
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
        assert held == set(wanted), f"in the wheel or the repository alone: {sorted(held ^ set(wanted))}"
        for name, path in wanted.items():
            assert archive.read(name) == path.read_bytes(), name


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT, cwd=folder)
        (wheel,) = folder.glob("tokeval-*.whl")
        check_contents(wheel)
        venv.create(folder / "env", with_pip=True)
        scripts = folder / "env" / ("Scripts" if sys.platform == "win32" else "bin")
        run(scripts / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel, cwd=folder)
        run(
            scripts / "tokeval",
            "compare",
            *("-t", f"bpe={ROOT / 'corpora/tokenizers/demo-bpe.json'}", "-t", "bytes=bytes:"),
            *("-c", f"demo={ROOT / 'corpora/demo.parquet'}", "-o", "out"),
            cwd=folder,
        )
        # presets bring their corpora: `numbers` the probes, `multilingual` the demo
        for preset in ("numbers", "multilingual"):
            run(scripts / "tokeval", "compare", "-t", "bytes=bytes:", "--preset", preset, "-o", preset, cwd=folder)
        rules = '[[rule]]\nmetric = "round_trip_rate"\nmin = 1.0\n'
        (folder / "rules.toml").write_text(rules, "utf-8")
        run(scripts / "tokeval", "gate", "out", "rules.toml", cwd=folder)
        print(f"{wheel.name} is whole, installs alone, compares, finds its corpora, and gates")


if __name__ == "__main__":
    main()
