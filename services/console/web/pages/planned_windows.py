"""The card of planned windows, and the dialog to announce one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from finops.anomaly.v1 import anomaly_pb2 as pb
from nicegui import ui

from services.common.auth import Access
from services.common.clock import HOUR, Micros, to_datetime, to_micros
from services.common.dimensions import DIMENSIONS
from services.common.errors import InvalidArgumentError
from services.console.domain import figures
from services.console.handlers import listing
from services.console.web.components import dialogs
from services.console.web.components.table import Column, DataTable, Row
from services.console.web.components.text import box, text
from services.console.web.pages import rows
from services.console.web.visit import Visit

Refresh = Callable[[], Awaitable[None]]

_COLUMNS = [
    Column("what", "Series", "title"),
    Column("start", "From"),
    Column("end", "Until"),
    Column("reason", "Reason", minor=True),
    Column("author", "Announced by", minor=True),
]
_DIMENSIONS = {"": "Everything"} | {
    name: name.replace("_", " ").capitalize()
    for name in DIMENSIONS
    if name not in ("tenant", "environment", "service_tier")
}


class PlannedWindowsCard:
    """Part of the page of anomalies."""

    def __init__(self, visit: Visit, refresh: Refresh) -> None:
        self._visit = visit
        self._refresh = refresh
        edits = visit.may(Access.EDIT)
        with box("card card-flush", tag="section").props('aria-label="Planned windows"'):
            with box("card-head"):
                text("Planned windows", "card-title", tag="h2")
                text("nothing is told of them, and nothing learned", "card-note")
                ui.space()
                if edits:
                    button = ui.button("Announce", icon="add", on_click=lambda: announce(visit, refresh))
                    button.props("flat no-caps dense").classes("button")
            actions = [Column("actions", "Actions", "actions")] if edits else []
            self._table = DataTable([*_COLUMNS, *actions], "Planned windows", page_size=10, on_act=self._act)
            self._none = text(
                "None. Announce a load test, a migration or a launch before it begins.", "card-quiet", tag="p"
            )

    async def refresh(self) -> None:
        """Reads them again."""
        found = await listing.planned_windows(self._visit.peers, self._visit.caller)
        self._table.show([self._row(window) for window in found])
        self._table.set_visibility(bool(found))
        self._none.set_visibility(not found)

    async def _act(self, _action: str, name: str) -> None:
        visit = self._visit

        async def delete() -> None:
            await visit.peers.delete_planned_window(visit.caller, pb.DeletePlannedWindowRequest(name=name))
            await self._refresh()

        consequence = "Hours that are not over yet are judged as any; those that are stay as they were judged."
        dialogs.confirm("Delete planned window", consequence, "Delete", delete)

    def _row(self, window: pb.PlannedWindow) -> Row:
        title = rows.series_name(window.series)
        row: Row = {
            "id": window.name,
            "what": {"t": title},
            "start": self._moment(window.start_unix_micros),
            "end": self._moment(window.end_unix_micros),
            "reason": {"t": window.reason, "tone": "wrap"},
            "author": {"t": window.author},
        }
        if self._visit.may(Access.EDIT):
            label = f"Delete planned window of {title}"
            row["actions"] = {"actions": [{"id": "delete", "text": "Delete", "label": label, "tone": "bad"}]}
        return row

    def _moment(self, micros: Micros) -> dict[str, object]:
        return {"t": figures.moment(micros, self._visit.time_zone), "s": float(micros)}


def announce(visit: Visit, refresh: Refresh) -> None:
    """Asks for a window."""
    dialog, body = dialogs.ask("Announce a planned window")
    begin = visit.now() // HOUR * HOUR + HOUR
    with body:
        with box("form-row"):
            dimension = ui.select(_DIMENSIONS, label="Which spend", value="")
            dimension.props("outlined dense").classes("field")
            value = ui.input("Value", placeholder="search").props("outlined dense").classes("field")
        value.bind_visibility_from(dimension, "value", bool)
        with box("form-row"):
            start = _time(visit, "From", begin)
            end = _time(visit, "Until", begin + 8 * HOUR)
        text(f"Times are of {visit.time_zone.key}.", "dialog-text", tag="p")
        reason = ui.input("Reason", placeholder="Load test of the new index").props("outlined dense maxlength=500")
        reason.classes("field")

        async def send() -> bool:
            window = pb.PlannedWindow(
                series={dimension.value: (value.value or "").strip()} if dimension.value else {},
                start_unix_micros=_read(visit, "From", start.value),
                end_unix_micros=_read(visit, "Until", end.value),
                reason=(reason.value or "").strip(),
            )
            await visit.peers.create_planned_window(visit.caller, pb.CreatePlannedWindowRequest(window=window))
            await refresh()
            return True

        dialogs.buttons(dialog, "Announce", send)
    dialog.open()


def _time(visit: Visit, label: str, micros: Micros) -> ui.input:
    shown = to_datetime(micros).astimezone(visit.time_zone).strftime("%Y-%m-%dT%H:%M")
    return ui.input(label, value=shown).props("type=datetime-local stack-label outlined dense").classes("field")


def _read(visit: Visit, label: str, entered: str | None) -> Micros:
    try:
        return to_micros(datetime.fromisoformat(entered or "").replace(tzinfo=visit.time_zone))
    except ValueError:
        raise InvalidArgumentError(f"{label}: give a day and a time.") from None
