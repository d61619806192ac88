"""Anomalies: what left its range."""

from __future__ import annotations

from finops.anomaly.v1.anomaly_pb2 import Anomaly
from nicegui import ui

from services.common import money as amounts
from services.console.domain import figures
from services.console.handlers import listing
from services.console.web.components import notices
from services.console.web.components.live import Live
from services.console.web.components.segments import segments
from services.console.web.components.table import Column, DataTable, Row, money
from services.console.web.components.text import box
from services.console.web.pages import rows
from services.console.web.pages.planned_windows import PlannedWindowsCard
from services.console.web.pages.precision import PrecisionCard
from services.console.web.shell import Page
from services.console.web.visit import Visit

_COLUMNS = [
    Column("severity", "Severity", "badge"),
    Column("what", "Series"),
    Column("summary", "What happened", minor=True),
    Column("impact", "Impact", "number"),
    Column("started", "Started", minor=True),
    Column("state", "State", "badge"),
]
_STATES = {"open": "Open", "all": "All"}


async def build(visit: Visit) -> None:
    """The page."""

    async def refresh() -> None:
        state = Anomaly.STATE_OPEN if shown.value == "open" else Anomaly.STATE_UNSPECIFIED
        found = await listing.anomalies(visit.peers, visit.caller, state)
        table.show([_row(visit, each) for each in found])
        table.set_visibility(bool(found))
        nothing.set_visibility(not found)
        await windows.refresh()
        await precision.refresh()

    async def open_anomaly(name: str) -> None:
        ui.navigate.to(f"/anomalies/{rows.last_part(name)}")

    async def choose(_state: str) -> None:
        await live.refresh()

    live = Live(visit, refresh)
    with box("page-actions"):
        shown = segments(_STATES, "open", "Which anomalies", choose)
    with box("card card-flush", tag="section"):
        table = DataTable(_COLUMNS, "Anomalies", on_open=open_anomaly)
        nothing = notices.empty(
            "o_monitor_heart",
            "Nothing out of range",
            "Every series of spend is compared with the same hours of earlier weeks, once it has a week of history. "
            "Where no usage is counted yet, send a first event.",
            notices.first_event(visit.ingest_url),
        )
        nothing.set_visibility(False)
    windows, precision = PlannedWindowsCard(visit, live.refresh), PrecisionCard(visit)
    await live.first()


def _row(visit: Visit, found: Anomaly) -> Row:
    is_open = found.state == Anomaly.STATE_OPEN
    started = found.start_unix_micros
    return {
        "id": found.name,
        "severity": rows.severity(found),
        "what": {"t": rows.series_name(found.series), "href": rows.anomaly_href(found), "t2": rows.channel(found)},
        "summary": {"t": found.summary, "tone": "wrap"},
        "impact": money(amounts.from_proto(found.impact)),
        "started": {
            "t": figures.ago(started, visit.now()),
            "s": float(started),
            "x": figures.moment(started, visit.time_zone),
        },
        "state": {"t": "Open" if is_open else "Closed", "tone": "warn" if is_open else "quiet"},
    }


PAGE = Page("/anomalies", "Anomalies", build, "o_monitor_heart", "Spend that left its usual range")
