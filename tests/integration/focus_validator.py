"""The FinOps Foundation's own validator of FOCUS files, in a virtual environment of its own.

It needs Python 3.12, and libraries older than ours: NumPy 1, and the pyarrow that still works with it. Its package
brings the rules of FOCUS 1.2; those of later versions it would fetch from the network, which tests do not use.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import NoReturn

import pytest

REQUIREMENTS = ("focus-validator==2.2.1", "pyarrow>=19,<22")
PYTHON = "AIFINOPS_TEST_PYTHON312"

_HOME = Path(sys.prefix) / "focus-validator"
_READY = _HOME / "ready"
_FAILED = re.compile(r"^❌ (\S+): FAIL", re.MULTILINE)
_TOTAL = re.compile(r"^Total: (\d+) \| Pass: (\d+) \| Fail: (\d+) \| Skipped: (\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Verdict:
    """What the validator says about a file."""

    passed: int
    failed: frozenset[str]


class FocusValidator:
    """The installed command."""

    def __init__(self, home: Path) -> None:
        self._python = home / "bin" / "python"
        [self._packages] = home.glob("lib/python3*/site-packages")

    @cached_property
    def criteria(self) -> frozenset[str]:
        """All that may be said to apply to a file's origin."""
        return frozenset(
            re.findall(r"^([A-Z_]+_SUPPORTED)\t", self._run("--show-applicability-criteria"), re.MULTILINE)
        )

    def judge(self, file: Path, criteria: Iterable[str]) -> Verdict:
        """Against FOCUS 1.2."""
        options = ["--focus-dataset", "CostAndUsage", "--applicability-criteria", ",".join(sorted(criteria))]
        output = self._run("--data-file", str(file), *options)
        told = _TOTAL.search(output)
        assert told is not None, output[-2_000:]
        verdict = Verdict(int(told[2]), frozenset(_FAILED.findall(output)))
        assert len(verdict.failed) == int(told[3])
        return verdict

    def _run(self, *options: str) -> str:
        command = [str(self._python), "-m", "focus_validator.main", "--validate-version", "1.2", "--block-download"]
        # It looks for its list of currencies from where it stands.
        done = subprocess.run([*command, *options], cwd=self._packages, capture_output=True, text=True, timeout=150)
        assert done.returncode == 0, done.stderr[-2_000:]
        return done.stdout


@cache
def installed() -> FocusValidator:
    """The validator, installed from PyPI at its first use. Skips the test, loudly, where that is not possible."""
    _HOME.parent.mkdir(parents=True, exist_ok=True)
    with (_HOME.parent / "focus-validator.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _READY.exists() or _READY.read_text() != "\n".join(REQUIREMENTS):
            _install()
    return FocusValidator(_HOME)


def _install() -> None:
    python = next(_pythons(), None)
    if python is None:
        _missing(f"there is no Python 3.12: name one in {PYTHON}")
    shutil.rmtree(_HOME, ignore_errors=True)
    try:
        for command in (["venv", "--python", python, _HOME], ["pip", "install", "--python", _HOME, *REQUIREMENTS]):
            uv = [Path(sys.executable).with_name("uv"), *command, "--quiet"]
            subprocess.run(uv, capture_output=True, text=True, check=True, timeout=420)
    except (subprocess.SubprocessError, OSError) as error:
        said = getattr(error, "stderr", "") or str(error)
        _missing(f"{', '.join(REQUIREMENTS)} cannot be installed: {said.strip().splitlines()[-1:]}")
    _READY.write_text("\n".join(REQUIREMENTS))


def _pythons() -> Iterator[str]:
    named = os.environ.get(PYTHON)
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    on_path = shutil.which("python3.12")
    for candidate in (named, *map(str, sorted(versions.glob("3.12*/bin/python"))), on_path):
        if candidate and "3.12" in _version(candidate):
            yield candidate


def _version(python: str) -> str:
    try:
        done = subprocess.run([python, "--version"], capture_output=True, text=True, timeout=20)
    except OSError:
        return ""
    return done.stdout if done.returncode == 0 else ""


def _missing(why: str) -> NoReturn:
    message = f"NOT JUDGED BY THE OFFICIAL FOCUS VALIDATOR: {why}"
    warnings.warn(message, stacklevel=2)
    pytest.skip(message)
