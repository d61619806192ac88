"""Polled sources: one file each. A file that defines a Connector is found by being here."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

from services.connectors.domain.connector import Connector


def _catalogue() -> Mapping[str, Connector]:
    found: dict[str, Connector] = {}
    for file in iter_modules(__path__):
        for value in vars(import_module(f"{__name__}.{file.name}")).values():
            if isinstance(value, Connector) and found.setdefault(value.name, value) is not value:
                raise ValueError(
                    f"two connectors are called {value.name!r}: their events would be taken for each other's"
                )
    return dict(sorted(found.items()))


CONNECTORS: Mapping[str, Connector] = _catalogue()
"""Every connector there is, by name."""
