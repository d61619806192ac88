"""What the panel of an event tells about a correction."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

from finops.cost.v1.cost_pb2 import Booked, CostLine, CostRecord, Rating
from finops.usage.v1.usage_pb2 import Correction, CorrectionKind, UsageEvent

from services.common.clock import parse_rfc3339
from services.console.web.pages import entry

VISIT = cast(Any, SimpleNamespace(time_zone=ZoneInfo("Europe/Berlin")))


def test_a_move_tells_who_why_and_from_where() -> None:
    correction = Correction(
        kind=CorrectionKind.CORRECTION_KIND_REATTRIBUTION, author="ann", reason="wrong team",
        recorded_unix_micros=parse_rfc3339("2026-03-10T12:00:00Z"),
    )  # fmt: skip
    record = CostRecord(
        usage=UsageEvent(team="ads", user="bob", tags={"f": "x"}, correction=correction),
        previous=Booked(usage=UsageEvent(user="bob", model="gpt-4o", tags={"f": "x"}), cost_picos=15 * 10**5),
    )
    told = {name: value for name, value in entry._correction(VISIT, record).items() if value}
    assert told == {
        "Correction": "Reattribution", "By": "ann", "Reason": "wrong team", "Recorded": "10 Mar 2026, 13:00",
        "Cost before": "$0.0000015", "Team before": "none", "Model before": "gpt-4o",
    }  # fmt: skip


def test_views_of_cost_are_shown_where_they_differ() -> None:
    rating = Rating(cost_picos=10**12, list_cost_picos=2 * 10**12, contracted_cost_picos=10**12, billed_cost_picos=0)
    assert entry._views(rating) == {"At list prices": "$2.00", "Billed": "$0.00"}
    assert not entry._has_list_prices(rating)
    rating.lines.append(CostLine(list_price_picos_per_million=0))
    assert entry._has_list_prices(rating)
