"""One event with all its revisions: every correction, by whom and why, and what each changed."""

from __future__ import annotations

from finops.cost.v1.cost_pb2 import CostRecord
from nicegui import ui

from services.common.clock import DAY, HOUR, Micros, parse_rfc3339
from services.common.dimensions import DIMENSIONS
from services.console.domain import figures
from services.console.domain.cost_query import equals
from services.console.domain.periods import Range
from services.console.handlers import listing
from services.console.web.components import notices
from services.console.web.components.live import Live
from services.console.web.components.table import Column, DataTable, Row, money
from services.console.web.components.text import box, card
from services.console.web.pages import entry, links
from services.console.web.shell import Page
from services.console.web.visit import Visit

_COLUMNS = [
    Column("revision", "Revision", sortable=False),
    Column("why", "Why", "title", sortable=False),
    Column("by", "By", sortable=False, minor=True),
    Column("recorded", "Recorded", sortable=False, minor=True),
    Column("change", "Change", "number", sortable=False),
    Column("cost", "Cost since then", "number", sortable=False),
]


async def build(visit: Visit) -> None:
    """The page."""
    revisions: list[CostRecord] = []
    at = _moment(visit.request.query_params.get("at", ""))
    key = visit.request.path_params["event_key"]

    async def refresh() -> None:
        found = await listing.revisions(visit.peers, visit.caller, key, at) if at is not None else []
        whole.set_visibility(bool(found))
        missing.set_visibility(not found)
        table.show([_row(visit, index, record) for index, record in enumerate(found)])
        if found != revisions:
            revisions[:] = found
            _draw(len(found) - 1)

    def _draw(index: int) -> None:
        shown.clear()
        with shown:
            record = revisions[index]
            newest = index == len(revisions) - 1
            counts = "what counts now" if newest else "superseded"
            with card(f"Revision {record.revision}", counts), box("panel-body"):
                entry.show(visit, record)
            with card("Other use like this"):
                _neighbours(record)

    async def open_revision(row_id: str) -> None:
        _draw(int(row_id))

    live = Live(visit, refresh)
    ui.link("← Costs", "/costs").classes("back-link")
    whole = box("stack")
    with whole:
        with card("Revisions", "each books the difference to the one before; nothing is overwritten"):
            table = DataTable(_COLUMNS, "Revisions", on_open=open_revision)
        shown = box("grid grid-main")
    whole.set_visibility(False)
    missing = notices.empty(
        "o_search_off",
        "No such event",
        "It may belong to another tenant, be older than entries are kept, or its address is incomplete. "
        "Open a row in Costs to get to events.",
    )
    missing.set_visibility(False)
    await live.first()


def _moment(text: str) -> Micros | None:
    try:
        return parse_rfc3339(text)
    except ValueError:
        return None


def _row(visit: Visit, index: int, record: CostRecord) -> Row:
    correction = record.usage.correction
    recorded = correction.recorded_unix_micros or record.usage.received_unix_micros
    return {
        "id": str(index),
        "revision": {"t": str(record.revision)},
        "why": {"t": entry.correction_name(record), "t2": correction.reason, "x": correction.reason},
        "by": {"t": correction.author or record.usage.source},
        "recorded": {"t": figures.moment(recorded, visit.time_zone) if recorded else "–"},
        "change": money(record.cost_delta_picos),
        "cost": money(record.rating.cost_picos),
    }


def _neighbours(record: CostRecord) -> None:
    """Where its cost is a part of what: each dimension of the event, in the hour and the day around it."""
    usage = record.usage
    hour = usage.time_unix_micros // HOUR * HOUR
    day = usage.time_unix_micros // DAY * DAY
    with box("link-list"):
        around = links.costs(Range(hour, hour + HOUR), ("model", "user"))
        ui.link("Everything in this hour", around).classes("fact-link")
        for name in DIMENSIONS:
            value = getattr(usage, name, "") if name != "tenant" else ""
            if value:
                condition = equals(name, value)
                ui.link(
                    f"{name.replace('_', ' ').capitalize()} {value}, this day",
                    links.costs(Range(day, day + DAY), ("model",), condition),
                ).classes("fact-link")


PAGE = Page("/events/{event_key}", "Event", build, under="/costs")
