"""The events behind a figure: which, and how each came to its cost."""

from __future__ import annotations

from finops.cost.v1.cost_pb2 import CostRecord, RatingStatus
from finops.ledger.v1.ledger_pb2 import ListCostEntriesRequest
from finops.usage.v1.usage_pb2 import Quantities
from nicegui import ui

from services.common.dimensions import TOKEN_BUCKETS
from services.common.money import from_proto
from services.console.domain import figures
from services.console.domain.cost_query import CostQuery
from services.console.domain.periods import Range
from services.console.web.components.table import Column, DataTable, Row, money, number
from services.console.web.components.text import box, text
from services.console.web.pages import entry, links
from services.console.web.visit import Visit

_PAGE = 50
_COLUMNS = [
    Column("time", "Time", sortable=False),
    Column("who", "Who", sortable=False),
    Column("model", "Model", sortable=False),
    Column("tokens", "Tokens", "number", sortable=False, minor=True),
    Column("cost", "Cost", "number", sortable=False),
]


def tokens(counted: Quantities) -> int:
    """All token buckets together; they are disjoint."""
    return sum(getattr(counted, bucket) for bucket in TOKEN_BUCKETS)


async def show(visit: Visit, title: str, period: Range, condition: str) -> None:
    """Opens the panel."""
    panel = _Panel(visit, title, period, condition)
    await panel.open()


class _Panel:
    def __init__(self, visit: Visit, title: str, period: Range, condition: str) -> None:
        self._visit = visit
        self._title = title
        self._sums = CostQuery(period, filter=condition)
        self._request = ListCostEntriesRequest(
            start_unix_micros=period.start, end_unix_micros=period.end, filter=condition, page_size=_PAGE
        )
        self._records: list[CostRecord] = []

    async def open(self) -> None:
        with ui.dialog().props("position=right full-height") as dialog, ui.card().classes("panel"):
            dialog.props["aria-label"] = f"Events: {self._title}"
            with box("dialog-head"):
                text(self._title, "dialog-title", tag="h2")
                ui.button(icon="close", on_click=dialog.close).props('flat round dense aria-label="Close"').classes(
                    "icon-button"
                )
            self._list = box("panel-body")
            with self._list:
                self._total = text("", "panel-total", tag="p")
                text(
                    "Newest first, a correction on a line of its own. Open one to see its price.", "card-note", tag="p"
                )
                self._table = DataTable(_COLUMNS, "Events", on_open=self._detail)
                self._more = ui.button("Show more", on_click=self._load).props("flat no-caps").classes("button")
                self._none = text("No events.", "card-quiet", tag="p")
            self._event = box("panel-body")
        self._event.set_visibility(False)
        self._none.set_visibility(False)
        dialog.on("hide", dialog.delete)
        dialog.open()
        await self._load()
        await self._add_up()

    async def _load(self) -> None:
        with self._visit.telling():
            answer = await self._visit.peers.list_cost_entries(self._visit.caller, self._request)
            self._records += answer.entries
            self._request.page_token = answer.next_page_token
            self._more.set_visibility(bool(answer.next_page_token))
            self._none.set_visibility(not self._records)
            self._table.show([self._row(str(index), record) for index, record in enumerate(self._records)])

    async def _add_up(self) -> None:
        """The figure these entries are behind: the sum of all of them, not only of those listed so far."""
        with self._visit.telling():
            rows = (await self._visit.peers.query_costs(self._visit.caller, self._sums.request())).rows
            cost, events = sum(from_proto(row.cost) for row in rows), sum(row.events for row in rows)
            self._total.show(
                f"{figures.dollars(cost)} in {figures.plural(events, 'event')}", figures.dollars_exact(cost)
            )

    def _row(self, row_id: str, record: CostRecord) -> Row:
        usage = record.usage
        return {
            "id": row_id,
            "time": {"t": figures.moment(usage.time_unix_micros, self._visit.time_zone)},
            "who": {"t": usage.user or usage.key or usage.source or "–", "t2": usage.team},
            "model": {"t": usage.model or usage.tool or "–", "t2": usage.provider},
            "tokens": number(tokens(usage.quantities)),
            "cost": {**money(record.rating.cost_picos), "t2": _note(record)},
        }

    async def _detail(self, row_id: str) -> None:
        self._event.clear()
        with self._event:
            record = self._records[int(row_id)]
            with box("page-actions"):
                ui.button("All events", icon="arrow_back", on_click=self._back).props("flat no-caps dense").classes(
                    "button"
                )
                ui.space()
                ui.link("This event and its corrections", links.event(record)).classes("fact-link")
            entry.show(self._visit, record)
        self._list.set_visibility(False)
        self._event.set_visibility(True)

    def _back(self) -> None:
        self._event.set_visibility(False)
        self._list.set_visibility(True)


def _note(record: CostRecord) -> str:
    """What a line says below its cost: that it lacks a price, or by how much a correction changed it."""
    told = [] if record.rating.status == RatingStatus.RATING_STATUS_PRICED else ["unpriced"]
    if record.revision > 1:
        sign = "+" if record.cost_delta_picos > 0 else ""
        told.append(f"revision {record.revision}: {sign}{figures.dollars(record.cost_delta_picos)}")
    return ", ".join(told)
