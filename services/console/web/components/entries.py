"""Rows of a form that can be added and removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from nicegui import ui

from services.console.web.components.text import box, text

AnyField = TypeVar("AnyField", ui.input, ui.select)

Values = Mapping[str, str]


@dataclass(frozen=True)
class Entry:
    """One field of a row. `choices`: words by value; `kind`: of the HTML input."""

    name: str
    label: str
    first: str = ""
    """Of a row that is added."""
    choices: Mapping[str, str] | None = None
    kind: str = "text"
    placeholder: str = ""
    wide: bool = False


class Entries:
    """A titled list of rows."""

    def __init__(self, title: str, hint: str, entries: Sequence[Entry], rows: Sequence[Values], add: str) -> None:
        self._title, self._entries = title, entries
        self._rows: list[tuple[ui.element, dict[str, ui.input | ui.select]]] = []
        with box("entries", tag="fieldset") as self.element:
            text(title, "entries-title", tag="legend")
            text(hint, "entries-hint", tag="p")
            self._list = box("entries-rows")
            ui.button(add, icon="add", on_click=lambda: self._add({})).props("flat dense no-caps").classes("button")
        for row in rows:
            self._add(row)

    def rows(self) -> list[dict[str, str]]:
        """What was entered, in order."""
        return [{name: str(field.value or "") for name, field in fields.items()} for _, fields in self._rows]

    def _add(self, values: Values) -> None:
        fields: dict[str, ui.input | ui.select] = {}
        with self._list, box("entries-row") as row:
            for entry in self._entries:
                fields[entry.name] = _input(entry, values.get(entry.name, entry.first))
            remove = ui.button(icon="close", on_click=lambda: self._remove(row)).props("flat round dense")
            remove.props["aria-label"] = f"Remove from {self._title.lower()}"
            remove.classes("icon-button")
        self._rows.append((row, fields))

    def _remove(self, row: ui.element) -> None:
        self._rows = [pair for pair in self._rows if pair[0] is not row]
        row.delete()


def _input(entry: Entry, value: str) -> ui.input | ui.select:
    if entry.choices is not None:
        choices = {value: value, **entry.choices} if value not in entry.choices else dict(entry.choices)
        return field(ui.select(choices, label=entry.label, value=value))
    made = field(ui.input(entry.label, value=value, placeholder=entry.placeholder))
    if entry.kind != "text":
        made.props(f"type={entry.kind} stack-label" + (" step=1" if entry.kind == "datetime-local" else ""))
    return made.classes("entry-wide") if entry.wide else made


def field(element: AnyField) -> AnyField:
    """The look of every field of a form."""
    element.props("outlined dense hide-bottom-space").classes("field")
    return element
