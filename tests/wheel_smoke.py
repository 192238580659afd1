"""`make wheel-smoke`: the wheel, installed alone in a new environment, compares tokenizers and gates the result."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def run(*command: str | Path, cwd: Path) -> None:
    subprocess.run([str(part) for part in command], check=True, cwd=cwd)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT, cwd=folder)
        (wheel,) = folder.glob("tokeval-*.whl")
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
        rules = '[[rule]]\nmetric = "round_trip_rate"\nmin = 1.0\n'
        (folder / "rules.toml").write_text(rules, "utf-8")
        run(scripts / "tokeval", "gate", "out", "rules.toml", cwd=folder)
        print(f"{wheel.name} installs alone, compares and gates")


if __name__ == "__main__":
    main()
