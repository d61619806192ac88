"""An environment for processes in which there is only what `make demo` installs."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
GUARD = Path(__file__).parent / "runtime_only"
EXPORT = ("export", "--frozen", "--offline", "--quiet", "--no-default-groups", "--extra", "embedded",
          "--no-hashes", "--no-annotate", "--no-header", "--no-emit-project")  # fmt: skip


def packages() -> list[str]:
    """Those the lock file names for running the platform on this machine."""
    uv = Path(sys.executable).with_name("uv")
    exported = subprocess.run([uv, *EXPORT], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    needed = [Requirement(line) for line in exported.splitlines() if line.strip()]
    return [each.name for each in needed if each.marker is None or each.marker.evaluate()]


def only_runtime(folder: Path) -> dict[str, str]:
    """Variables with which a Python process imports nothing that is not installed at run time.

    Args:
        folder: where the list of files goes that may be imported.
    """
    listed = folder / "runtime-files"
    files = (
        str(found.locate_file(file))
        for found in map(distribution, packages())
        for file in found.files or ()
        if file.suffix in (".py", ".so")
    )
    listed.write_text("\n".join(files))
    path = os.pathsep.join([str(GUARD), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    return {"PYTHONPATH": path, "RUNTIME_FILES": str(listed)}
