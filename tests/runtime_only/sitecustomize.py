"""Python that starts with this folder on PYTHONPATH imports only files of packages that RUNTIME_FILES names.

It is the environment of `make demo` without the seconds of making one: what tests and checks bring is not there.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType


class OnlyRuntime:
    """Finds a module of an installed package only if the file is one of these."""

    def __init__(self, files: frozenset[str]) -> None:
        self._files = files
        self._installed = tuple({sysconfig.get_path(kind) + os.sep for kind in ("purelib", "platlib")})

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or spec.origin is None or not spec.origin.startswith(self._installed):
            return None
        if spec.origin in self._files:
            return spec
        raise ModuleNotFoundError(f"No module named {name!r} among what is installed at run time", name=name)


sys.meta_path.insert(0, OnlyRuntime(frozenset(Path(os.environ["RUNTIME_FILES"]).read_text().splitlines())))  # type: ignore[arg-type]
