"""Generates the Python stubs under proto/gen from proto/finops. `--check` fails where the committed ones differ."""

from __future__ import annotations

import argparse
import filecmp
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

ROOT = Path(__file__).resolve().parent
COMMITTED = ROOT / "gen"


def generate(target: Path) -> None:
    """Writes messages, services and their type stubs, with an `__init__.py` in every package, under `target`."""
    sources = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "finops").rglob("*.proto"))
    subprocess.run(
        [
            sys.executable, "-m", "grpc_tools.protoc",
            f"--proto_path={ROOT}",
            f"--proto_path={files('grpc_tools').joinpath('_proto')}",
            f"--python_out={target}",
            f"--pyi_out={target}",
            f"--grpc_python_out={target}",
            f"--mypy_grpc_out={target}",
            *sources,
        ],
        cwd=ROOT,
        check=True,
        # Where the plugin for type stubs is installed, whether or not the environment is activated.
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
    )  # fmt: skip
    for folder in [target / "finops", *(path for path in (target / "finops").rglob("*") if path.is_dir())]:
        (folder / "__init__.py").touch()


def differences(left: Path, right: Path) -> list[str]:
    """Paths that are not the same file in both folders."""
    found: list[str] = []

    def walk(compared: filecmp.dircmp[str], prefix: str) -> None:
        _, changed, errors = filecmp.cmpfiles(compared.left, compared.right, compared.common_files, shallow=False)
        ignored = {"__pycache__"}
        found.extend(prefix + name for name in [*compared.left_only, *compared.right_only, *changed, *errors]
                     if name not in ignored)  # fmt: skip
        for name, child in compared.subdirs.items():
            if name not in ignored:
                walk(child, f"{prefix}{name}/")

    walk(filecmp.dircmp(left, right), "")
    return sorted(found)


def main() -> int:
    """Regenerates, or with `--check` compares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch)
        generate(fresh)
        if check:
            stale = differences(fresh, COMMITTED)
            if stale:
                sys.stderr.write("stale stubs, run `make proto`:\n" + "".join(f"  {name}\n" for name in stale))
            return 1 if stale else 0
        shutil.rmtree(COMMITTED, ignore_errors=True)
        shutil.copytree(fresh, COMMITTED)
    return 0


if __name__ == "__main__":
    sys.exit(main())
