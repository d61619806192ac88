"""Names and values, one below the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nicegui import ui

from services.console.web.components.text import box, text


@dataclass(frozen=True)
class Linked:
    """A value that leads somewhere."""

    text: str
    href: str


def facts(told: Mapping[str, str | Linked]) -> None:
    """Every fact that has a value."""
    with box("facts", tag="dl"):
        for name, value in told.items():
            if isinstance(value, Linked):
                text(name, tag="dt")
                with box("", tag="dd"):
                    ui.link(value.text, value.href).classes("fact-link")
            elif value:
                text(name, tag="dt")
                text(value, tag="dd")
