"""What runs needs nothing that only tests or checks bring. test_up.py starts the platform and the demo likewise."""

from __future__ import annotations

import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import services
from tests.runtime import ROOT, only_runtime

IMPORT = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


def _import(folder: Path, *modules: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", IMPORT, *modules], cwd=ROOT, env={**os.environ, **only_runtime(folder)},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def test_every_module_is_imported_with_what_is_installed_at_run_time(tmp_path: Path) -> None:
    modules = [found.name for found in pkgutil.walk_packages(services.__path__, "services.")]
    assert {"services.allinone.cli", "services.notifier.app"} <= set(modules)
    done = _import(tmp_path, *modules)
    assert done.returncode == 0, done.stderr[-2_000:]


def test_what_tests_bring_is_not_there(tmp_path: Path) -> None:
    assert _import(tmp_path, "cryptography").returncode == 0
    done = _import(tmp_path, "cryptography", "hypothesis")
    assert done.returncode == 1
    assert "No module named 'hypothesis'" in done.stderr
