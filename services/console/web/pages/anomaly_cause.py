"""Why an anomaly came about: its difference in steps, who is behind it, and the first events."""

from __future__ import annotations

from finops.anomaly.v1.anomaly_pb2 import Anomaly, Cause, CausePart

from services.common import money as amounts
from services.common.event_key import event_key
from services.console.domain import figures
from services.console.web.components import anomaly_charts, charts
from services.console.web.components.table import Column, DataTable, Row, money
from services.console.web.components.text import box, card, text
from services.console.web.pages import links
from services.console.web.visit import Visit

_FACTORS = {
    CausePart.FACTOR_REQUESTS: "Requests",
    CausePart.FACTOR_MIX: "Mix of models",
    CausePart.FACTOR_TOKENS_PER_REQUEST: "Tokens per request",
    CausePart.FACTOR_PRICE: "Price of a token",
    CausePart.FACTOR_APPEARED: "New use",
    CausePart.FACTOR_VANISHED: "Ended use",
    CausePart.FACTOR_OTHER: "Other",
}
_PARTS = [Column("why", "What changed", sortable=False), Column("amount", "Dollars", "number", sortable=False)]
_DRIVERS = [
    Column("who", "Where", "title", sortable=False),
    Column("actual", "Actual", "number", sortable=False),
    Column("usual", "Usual", "number", sortable=False, minor=True),
    Column("share", "Explains", "number", sortable=False),
]
_EVENTS = [
    Column("event", "Event", "title", sortable=False),
    Column("time", "Time", sortable=False),
    Column("cost", "Cost", "number", sortable=False),
]


class Why:
    """The cards below an anomaly's chart. Hidden while there is no cause."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._whole = box("stack")
        with self._whole:
            with box("grid grid-main"):
                with card("Why", "the difference from usual, taken apart"):
                    self._steps = charts.Chart("From the usual to the actual cost, step by step", "chart chart-short")
                    self._compared = text("", "card-note", tag="p")
                    self._parts = DataTable(_PARTS, "Parts of the difference")
                with card("Where", "who and what is behind it"):
                    self._drivers = DataTable(_DRIVERS, "Drivers")
                    self._alike = text("Spread as it always is: nobody stands out.", "card-quiet", tag="p")
            self._first = box("stack")
            with self._first, card("First events", "the earliest within the anomaly"):
                self._events = DataTable(_EVENTS, "First events")
        self._whole.set_visibility(False)

    def show(self, found: Anomaly) -> None:
        """The cause as it stands."""
        self._whole.set_visibility(found.HasField("cause"))
        cause = found.cause
        self._steps.show(_waterfall(cause))
        weeks = figures.plural(cause.compared_weeks, "week")
        self._compared.show(f"Compared with the same hours of the week, mean of {weeks} before.")
        self._parts.show([_part(number, part) for number, part in enumerate(cause.parts)])
        self._drivers.show(_drivers(cause))
        self._alike.set_visibility(not cause.drivers)
        self._first.set_visibility(bool(cause.first_events))
        self._events.show(_events(self._visit, found))


def _waterfall(cause: Cause) -> dict[str, object]:
    steps = [(_factor(part), part.amount) for part in cause.parts]
    told = [("Usual", cause.usual), *steps, ("Actual", cause.actual)]
    return anomaly_charts.waterfall(
        [name for name, _ in told], [figures.dollars_float(amounts.from_proto(amount)) for _, amount in told]
    )


def _factor(part: CausePart) -> str:
    return _FACTORS.get(part.factor, "Other")


def _part(number: int, part: CausePart) -> Row:
    return {
        "id": str(number),
        "why": {"t": _factor(part), "t2": part.detail},
        "amount": money(amounts.from_proto(part.amount)),
    }


def _drivers(cause: Cause) -> list[Row]:
    return [
        {
            "id": f"{driver.dimension}-{driver.value}",
            "who": {"t": driver.value, "t2": driver.dimension.replace("_", " ")},
            "actual": money(amounts.from_proto(driver.actual)),
            "usual": money(amounts.from_proto(driver.usual)),
            "share": {"t": figures.percent(driver.explained_share)},
        }
        for driver in cause.drivers
    ]


def _events(visit: Visit, found: Anomaly) -> list[Row]:
    return [
        {
            "id": str(number),
            "event": {
                "t": event.source_event_id,
                "t2": event.source,
                "href": links.event_at(
                    event_key(found.tenant_id, event.source, event.source_event_id), event.time_unix_micros
                ),
            },
            "time": {"t": figures.moment(event.time_unix_micros, visit.time_zone)},
            "cost": money(amounts.from_proto(event.cost)),
        }
        for number, event in enumerate(found.cause.first_events)
    ]
