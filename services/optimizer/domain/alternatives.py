"""The table of smaller models of the same family: alternatives.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

_SUFFIX = re.compile(r"(-latest|[-@]\d{8}|-\d{4}-\d{2}-\d{2})$")
"""A snapshot's date, or the alias of the newest one."""


@dataclass(frozen=True)
class Alternatives:
    """Smaller models by (provider, model), the nearest first."""

    steps: Mapping[tuple[str, str], tuple[str, ...]]

    def of(self, provider: str, model: str) -> tuple[str, ...]:
        """The smaller models; none where the table knows of none."""
        base = _SUFFIX.sub("", model.lower())
        return self.steps.get((provider.lower(), base), ())


def parse(text: str) -> Alternatives:
    """Reads the table.

    Raises:
        ValueError: a step without source or date, twice the same model, or a model as its own alternative.
    """
    steps: dict[tuple[str, str], tuple[str, ...]] = {}
    for step in tomllib.loads(text)["step"]:
        model, smaller = step["model"], tuple(step["alternatives"])
        if not step.get("source") or not step.get("read"):
            raise ValueError(f"alternatives.toml: {model} has no source or date")
        if model in smaller or not smaller:
            raise ValueError(f"alternatives.toml: {model} needs alternatives other than itself")
        for provider in step["providers"]:
            if (provider, model) in steps:
                raise ValueError(f"alternatives.toml: {provider}/{model} stands there twice")
            steps[provider, model] = smaller
    return Alternatives(steps)
