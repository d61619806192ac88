"""One figure with its name, and a line that puts it in proportion."""

from __future__ import annotations

from nicegui import ui

from services.common.money import Picos
from services.console.web.components.text import box, text


class Stat:
    """A figure that changes in place."""

    def __init__(self, name: str, hint: str = "", href: str = "") -> None:
        with box("stat", tag="section") as section:
            section.props["aria-label"] = name
            with box("stat-name"):
                if href:
                    ui.link(name, href)
                else:
                    text(name)
                if hint:
                    with ui.icon("o_info").classes("stat-hint").props('tabindex="0" role="img"') as icon:
                        icon.props["aria-label"] = hint
                        ui.tooltip(hint)
            self._value = text("–", "stat-value")
            self._note = text("", "stat-note")

    def show_money(self, picos: Picos | None, note: str = "", tone: str = "") -> None:
        """An amount; None where it is not known."""
        if picos is None:
            self._value.show("–")
        else:
            self._value.show_money(picos)
        self._tell(note, tone)

    def show(self, value: str, note: str = "", tone: str = "") -> None:
        """Any other figure."""
        self._value.show(value)
        self._tell(note, tone)

    def _tell(self, note: str, tone: str) -> None:
        self._note.show(note)
        self._note.classes(replace=f"stat-note {tone}".strip())
