"""The events behind a figure: which, and how each came to its cost."""

from __future__ import annotations

from finops.cost.v1.cost_pb2 import CostRecord, Rating, RatingStatus
from finops.ledger.v1.ledger_pb2 import ListCostEntriesRequest
from finops.usage.v1.usage_pb2 import CorrectionKind, Outcome, Quantities
from nicegui import ui

from services.common import cost_lines
from services.common.dimensions import DIMENSIONS, TOKEN_BUCKETS, quantities
from services.console.domain import figures
from services.console.domain.enums import word
from services.console.domain.periods import Range
from services.console.web.components.table import Column, DataTable, Row, money, number
from services.console.web.components.text import box, text
from services.console.web.visit import Visit

_PAGE = 50
_COLUMNS = [
    Column("time", "Time", sortable=False),
    Column("who", "Who", sortable=False),
    Column("model", "Model", sortable=False),
    Column("tokens", "Tokens", "number", sortable=False, minor=True),
    Column("cost", "Cost", "number", sortable=False),
]
_STATUS_TONES = {
    RatingStatus.RATING_STATUS_PRICED: ("Priced", "good"),
    RatingStatus.RATING_STATUS_PARTIAL: ("Partly priced", "warn"),
    RatingStatus.RATING_STATUS_UNPRICED: ("Unpriced", "bad"),
}


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
                text("Events, newest first. Open one to see its price.", "card-note", tag="p")
                self._table = DataTable(_COLUMNS, "Events", on_open=self._detail)
                self._more = ui.button("Show more", on_click=self._load).props("flat no-caps").classes("button")
                self._none = text("No events.", "card-quiet", tag="p")
            self._event = box("panel-body")
        self._event.set_visibility(False)
        self._none.set_visibility(False)
        dialog.on("hide", dialog.delete)
        dialog.open()
        await self._load()

    async def _load(self) -> None:
        with self._visit.telling():
            answer = await self._visit.peers.list_cost_entries(self._visit.caller, self._request)
            self._records += answer.entries
            self._request.page_token = answer.next_page_token
            self._more.set_visibility(bool(answer.next_page_token))
            self._none.set_visibility(not self._records)
            self._table.show([self._row(str(index), record) for index, record in enumerate(self._records)])

    def _row(self, row_id: str, record: CostRecord) -> Row:
        usage = record.usage
        unpriced = record.rating.status != RatingStatus.RATING_STATUS_PRICED
        return {
            "id": row_id,
            "time": {"t": figures.moment(usage.time_unix_micros, self._visit.time_zone)},
            "who": {"t": usage.user or usage.key or usage.source or "–", "t2": usage.team},
            "model": {"t": usage.model or usage.tool or "–", "t2": usage.provider},
            "tokens": number(tokens(usage.quantities)),
            "cost": {**money(record.rating.cost_picos), "t2": "unpriced" if unpriced else ""},
        }

    async def _detail(self, row_id: str) -> None:
        self._event.clear()
        with self._event:
            ui.button("All events", icon="arrow_back", on_click=self._back).props("flat no-caps dense").classes(
                "button"
            )
            _event(self._visit, self._records[int(row_id)])
        self._list.set_visibility(False)
        self._event.set_visibility(True)

    def _back(self) -> None:
        self._event.set_visibility(False)
        self._list.set_visibility(True)


def _event(visit: Visit, record: CostRecord) -> None:
    usage, rating = record.usage, record.rating
    with box("event-head"):
        text(figures.dollars_exact(rating.cost_picos), "event-cost")
        label, tone = _STATUS_TONES.get(rating.status, ("Unknown", "quiet"))
        text(label, f"badge tone-{tone}")
    facts = {
        "Time": figures.moment(usage.time_unix_micros, visit.time_zone),
        "Id": usage.source_event_id,
        "Source": usage.source,
        "Provider": usage.provider,
        "Model": usage.model,
        "Tool": usage.tool,
        "Team": usage.team,
        "User": usage.user,
        "Project": usage.project,
        "Key": usage.key,
        "Environment": usage.environment,
        "Session": usage.session,
        "Tier": (usage.service_tier or "standard") + (", batch" if usage.batch else ""),
        "Tags": ", ".join(f"{name}={value}" for name, value in sorted(usage.tags.items())),
        "Outcome": "" if not usage.outcome else Outcome.Name(usage.outcome).removeprefix("OUTCOME_").lower(),
        "Revision": f"{record.revision}, changed by {figures.dollars_exact(record.cost_delta_picos)}",
    }
    _facts({name: value for name, value in facts.items() if value})
    if usage.HasField("correction") or record.HasField("previous"):
        text("Why it was booked anew", "event-title", tag="h3")
        _facts({name: value for name, value in _correction(visit, record).items() if value})
    text("How it was priced", "event-title", tag="h3")
    table = DataTable(
        [
            Column("bucket", "Bucket", sortable=False),
            Column("quantity", "Quantity", "number", sortable=False),
            Column("price", "Per million", "number", sortable=False),
            *([Column("list", "At list", "number", sortable=False)] if _has_list_prices(rating) else []),
            Column("cost", "Cost", "number", sortable=False),
        ],
        "Price of each bucket",
    )
    table.show(_lines(record))
    _facts(
        {
            name: value
            for name, value in {
                "Price": rating.price_id or "none found",
                "Price book": rating.price_book_version,
                "Assumed": "; ".join(rating.assumptions),
                "At shadow price": figures.dollars_exact(rating.shadow_cost_picos) if rating.shadow_cost_picos else "",
                **_views(rating),
            }.items()
            if value
        }
    )


def _correction(visit: Visit, record: CostRecord) -> dict[str, str]:
    facts: dict[str, str] = {}
    if record.usage.HasField("correction"):
        correction = record.usage.correction
        facts = {
            "Correction": word(CorrectionKind, correction.kind).replace("_", " ").capitalize(),
            "By": correction.author,
            "Reason": correction.reason,
            "Recorded": figures.moment(correction.recorded_unix_micros, visit.time_zone),
            "Run": correction.run_id,
        }
    if record.HasField("previous"):
        before, now = record.previous.usage, record.usage
        facts |= {
            "Cost before": figures.dollars_exact(record.previous.cost_picos),
            **{
                f"{name.replace('_', ' ').capitalize()} before": was or "none"
                for name in DIMENSIONS
                if name != "tenant" and (was := getattr(before, name)) != getattr(now, name)
            },
            "Tags before": ", ".join(f"{name}={value}" for name, value in sorted(before.tags.items()))
            if before.tags != now.tags
            else "",
        }
    return facts


def _views(rating: Rating) -> dict[str, str]:
    """The views of cost that differ from the effective one."""
    return {
        name: figures.dollars_exact(getattr(rating, view))
        for name, view in (
            ("At list prices", "list_cost_picos"),
            ("At contract prices", "contracted_cost_picos"),
            ("Billed", "billed_cost_picos"),
        )
        if rating.HasField(view) and getattr(rating, view) != rating.cost_picos
    }


def _has_list_prices(rating: Rating) -> bool:
    return any(cost_lines.list_price(line) is not None for line in rating.lines)


def _lines(record: CostRecord) -> list[Row]:
    lines = [
        {
            "id": line.bucket,
            "bucket": {"t": _bucket(line.bucket)},
            "quantity": {"t": f"{line.quantity:,}", "s": line.quantity},
            "price": {"t": figures.dollars_exact(cost_lines.price(line))},
            "list": {
                "t": figures.dollars_exact(
                    cost_lines.price(line) if (listed := cost_lines.list_price(line)) is None else listed
                )
            },
            "cost": {"t": figures.dollars_exact(line.cost_picos)},
        }
        for line in record.rating.lines
    ]
    counted = quantities(record.usage.quantities)
    return lines + [
        {
            "id": bucket,
            "bucket": {"t": _bucket(bucket)},
            "quantity": {"t": f"{counted.get(bucket, 0):,}"},
            "price": {"t": "no price", "tone": "up"},
            "list": {"t": "–", "tone": "faint"},
            "cost": {"t": "–", "tone": "faint"},
        }
        for bucket in record.rating.unpriced_buckets
    ]


def _bucket(name: str) -> str:
    return name.replace("_", " ").removesuffix(" tokens").capitalize()


def _facts(facts: dict[str, str]) -> None:
    with box("facts", tag="dl"):
        for name, value in facts.items():
            text(name, tag="dt")
            text(value, tag="dd")
