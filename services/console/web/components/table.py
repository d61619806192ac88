"""A table that sorts, can be walked with the keyboard, and changes in place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

from nicegui import ui
from nicegui.events import GenericEventArguments

from services.common.money import Picos
from services.console.domain import figures


class Cell(TypedDict, total=False):
    """What a cell shows. `t`: text, `s`: what it sorts by, `x`: hover text; the rest by kind of column."""

    t: str
    s: float | str
    x: str
    t2: str
    tone: str
    href: str
    width: float
    mark: float | None
    ticks: list[float]
    actions: list[dict[str, str]]


Row = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """`kind`: title, text, number, share, delta, badge, bar or actions. `minor` columns are left out on a phone."""

    name: str
    title: str
    kind: str = "text"
    minor: bool = False
    sortable: bool = True

    def definition(self) -> dict[str, Any]:
        numeric = self.kind in ("number", "delta", "share")
        classes = f"k-{self.kind}" + (" minor" if self.minor else "")
        return {
            "name": self.name,
            "label": self.title,
            "field": self.name,
            "align": "right" if numeric else "left",
            "sortable": self.sortable and self.kind != "actions",
            ":sort": "afSort",
            "kind": self.kind,
            "classes": classes,
            "headerClasses": classes,
        }


def money(picos: Picos) -> Cell:
    """An amount: rounded, exact on hover, sorted by value."""
    return {"t": figures.dollars(picos), "s": figures.dollars_float(picos), "x": figures.dollars_exact(picos)}


def number(value: int) -> Cell:
    """A count, exact on hover."""
    return {"t": figures.count(value), "s": value, "x": f"{value:,}"}


def delta(difference: Picos, ratio: float | None) -> Cell:
    """A change against the period before; more spend is the bad direction."""
    tone = "up" if difference > 0 else "down" if difference < 0 else ""
    sign = "+" if difference > 0 else ""
    return {
        "t": figures.change(ratio) if difference else "0%",
        "s": figures.dollars_float(difference),
        "x": f"{sign}{figures.dollars_exact(difference)}",
        "tone": tone,
    }


_TEMPLATES = Path(__file__).parent / "templates"
_HEADER = (_TEMPLATES / "table_header.html").read_text()
_BODY = (_TEMPLATES / "table_body.html").read_text()


class DataTable:
    """Rows are dicts of cells with an `id`; a row with `open` can be clicked, or opened with Enter."""

    def __init__(
        self,
        columns: Sequence[Column],
        name: str,
        *,
        on_open: Callable[[str], Awaitable[None]] | None = None,
        on_act: Callable[[str, str], Awaitable[None]] | None = None,
        page_size: int = 0,
        sort_by: str = "",
    ) -> None:
        pagination: dict[str, Any] = {"rowsPerPage": page_size}
        if sort_by:
            pagination |= {"sortBy": sort_by, "descending": True}
        self._opens = on_open is not None
        self._page_size = page_size
        self._table = ui.table(rows=[], columns=[c.definition() for c in columns], pagination=pagination, row_key="id")
        self._table.classes("table").props("flat dense binary-state-sort")
        self._table.props["aria-label"] = name
        self._table.props["table-header-class"] = "table-head"
        self._table.add_slot("header", _HEADER)
        self._table.add_slot("body", _BODY)
        if on_open is not None:
            opened = on_open

            async def open_row(event: GenericEventArguments) -> None:
                await opened(str(event.args))

            self._table.on("open", open_row)
        if on_act is not None:
            acted = on_act

            async def act(event: GenericEventArguments) -> None:
                await acted(str(event.args[0]), str(event.args[1]))

            self._table.on("act", act)

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Other columns, for the rows that come next."""
        self._table.props["columns"] = [column.definition() for column in columns]

    def show(self, rows: Sequence[Row]) -> None:
        """These rows; nothing is sent when they are the same."""
        fresh = [{**row, "open": self._opens} for row in rows]
        self._table.props["hide-bottom"] = not self._page_size or len(fresh) <= self._page_size
        if fresh != self._table.props["rows"]:
            self._table.props["rows"] = fresh

    def set_visibility(self, visible: bool) -> None:
        self._table.set_visibility(visible)
