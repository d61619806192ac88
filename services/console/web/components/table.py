"""A table that sorts, can be walked with the keyboard, and changes in place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from nicegui.element import Element
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
        classes = f"k-{self.kind}" + (" numeric" if numeric else "") + (" minor" if self.minor else "")
        return {
            "name": self.name,
            "label": self.title,
            "kind": self.kind,
            "numeric": numeric,
            "sortable": self.sortable and self.kind != "actions",
            "classes": classes,
        }


def money(picos: Picos) -> Cell:
    """An amount: rounded, exact on hover, sorted by value."""
    return {"t": figures.dollars(picos), "s": figures.dollars_float(picos), "x": figures.dollars_exact(picos)}


def number(value: int) -> Cell:
    """A count, exact on hover."""
    return {"t": figures.count(value), "s": value, "x": f"{value:,}"}


def delta(difference: Picos, ratio: float | None) -> Cell:
    """A change against the period before; more spend is the bad direction."""
    tone = "" if ratio is None or not difference else "up" if difference > 0 else "down"
    sign = "+" if difference > 0 else ""
    return {
        "t": figures.change(ratio) if difference else "0%",
        "s": figures.dollars_float(difference),
        "x": f"{sign}{figures.dollars_exact(difference)}",
        "tone": tone,
    }


class DataTable(Element, component="data_table.js"):
    """Rows are dicts of cells with an `id`. With `on_open` a row can be clicked, or opened with Enter.

    Rows of a tree also say their `level` from 0, their `parent`'s id, and whether they are a `branch`, which folds.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        name: str,
        *,
        on_open: Callable[[str], Awaitable[None]] | None = None,
        on_act: Callable[[str, str], Awaitable[None]] | None = None,
        page_size: int = 0,
    ) -> None:
        super().__init__()
        self.props["columns"] = [column.definition() for column in columns]
        self.props["rows"] = []
        self.props["label"] = name
        self.props["opens"] = on_open is not None
        self.props["page-size"] = page_size
        if on_open is not None:
            opened = on_open

            async def open_row(event: GenericEventArguments) -> None:
                await opened(str(event.args))

            self.on("open", open_row)
        if on_act is not None:
            acted = on_act

            async def act(event: GenericEventArguments) -> None:
                await acted(str(event.args[0]), str(event.args[1]))

            self.on("act", act)

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Other columns, for the rows that come next."""
        fresh = [column.definition() for column in columns]
        if fresh != self.props["columns"]:
            self.props["columns"] = fresh

    def show(self, rows: Sequence[Row]) -> None:
        """These rows; nothing is sent when they are the same."""
        if list(rows) != self.props["rows"]:
            self.props["rows"] = list(rows)
