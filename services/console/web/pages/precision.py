"""How often each detector was right, of what people labelled."""

from __future__ import annotations

from finops.anomaly.v1.anomaly_pb2 import Anomaly, ChannelPrecision, GetPrecisionRequest

from services.console.domain import figures
from services.console.web.components.table import Column, DataTable, Row, number
from services.console.web.components.text import box, text
from services.console.web.pages import rows
from services.console.web.visit import Visit

_COLUMNS = [
    Column("channel", "Detector", "title"),
    Column("told", "Told", "number"),
    Column("confirmed", "Right", "number", minor=True),
    Column("expected", "Expected", "number", minor=True),
    Column("false", "False alarms", "number", minor=True),
    Column("precision", "Precision", "number"),
]


class PrecisionCard:
    """Part of the page of anomalies."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        with box("card card-flush", tag="section").props('aria-label="Precision"'):
            with box("card-head"):
                text("Precision", "card-title", tag="h2")
                text("right or expected, of what was labelled; last 90 days", "card-note")
            self._table = DataTable(_COLUMNS, "Precision of each detector", page_size=15)
            self._none = text("Nothing was told in the last 90 days.", "card-quiet", tag="p")

    async def refresh(self) -> None:
        """Counts again."""
        found = (await self._visit.peers.get_precision(self._visit.caller, GetPrecisionRequest())).channels
        self._table.show([_row(each) for each in found])
        self._table.set_visibility(bool(found))
        self._none.set_visibility(not found)


def _row(found: ChannelPrecision) -> Row:
    known = found.HasField("precision")
    return {
        "id": str(found.channel),
        "channel": {"t": rows.channel(Anomaly(channel=found.channel))},
        "told": number(found.told),
        "confirmed": number(found.confirmed),
        "expected": number(found.expected),
        "false": number(found.false_alarms),
        "precision": {"t": figures.percent(found.precision) if known else "–", "s": found.precision if known else -1.0},
    }
