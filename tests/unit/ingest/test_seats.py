"""Rosters of seats."""

from __future__ import annotations

from typing import Any

import pytest

from services.common.clock import format_rfc3339, parse_rfc3339
from services.common.money import PICOS_PER_DOLLAR
from services.ingest.domain.rejection import Reason, Rejected
from services.ingest.domain.sources.seats import MAX_DAYS, days_of, decode
from services.ingest.handlers import MAX_EVENTS
from tests.unit.ingest.building import context
from tests.unit.ingest.serving import serve


def roster_seat(**changes: Any) -> dict[str, Any]:
    seat = {"tool": "chatgpt", "provider": "openai", "plan": "chatgpt-business", "user": "ann@example.com"} | changes
    return {name.removesuffix("_"): value for name, value in seat.items() if value is not None}


def days(**changes: Any) -> list[str]:
    return [format_rfc3339(event.time_unix_micros)[:10] for event in days_of(roster_seat(**changes), context())]


def test_without_dates_it_is_a_seat_of_today() -> None:
    (event,) = days_of(
        roster_seat(team="search", price_per_month="25", last_active_at="2026-11-20T08:00:00Z", tags={"cc": "42"}),
        context(),
    )
    assert format_rfc3339(event.time_unix_micros) == "2026-11-23T00:00:00Z"
    assert (event.tenant_id, event.source, event.model, event.user) == (
        "acme", "seats", "chatgpt-business", "ann@example.com",
    )  # fmt: skip
    assert (event.tool, event.provider, event.team, dict(event.tags)) == ("chatgpt", "openai", "search", {"cc": "42"})
    assert (event.quantities.seats, event.quantities.requests) == (1, 0)
    assert event.seat.price_picos_per_month == 25 * PICOS_PER_DOLLAR
    assert event.seat.last_active_unix_micros == parse_rfc3339("2026-11-20T08:00:00Z")


def test_it_counts_from_its_assignment_to_the_day_before_its_removal() -> None:
    assert days(from_="2026-11-20") == ["2026-11-20", "2026-11-21", "2026-11-22", "2026-11-23"]
    assert days(from_="2026-11-01", assigned_at="2026-11-21T17:00:00+02:00") == [
        "2026-11-21",
        "2026-11-22",
        "2026-11-23",
    ]
    assert days(from_="2026-11-20", removed_at="2026-11-22T10:00:00Z") == ["2026-11-20", "2026-11-21"]
    assert days(from_="2026-11-20", through="2026-11-21") == ["2026-11-20", "2026-11-21"]
    assert days(assigned_at="2026-11-23", removed_at="2026-11-23") == []
    assert days(removed_at="2026-11-01") == []


def test_a_day_keeps_its_name_and_another_seat_has_another() -> None:
    def names(**changes: Any) -> set[str]:
        return {event.source_event_id for event in days_of(roster_seat(**changes), context())}

    assert names() <= names(from_="2026-11-01", team="moved", last_active_at="2026-11-02T00:00:00Z")
    others = [names(), names(plan="plus"), names(user="bob"), names(tool="x"), names(provider="y")]
    assert len(set.union(*others)) == len(others)


@pytest.mark.parametrize(
    ("changes", "reason", "message"),
    [
        ({"user": None}, Reason.MISSING, "user: is missing"), ({"plan": " "}, Reason.MISSING, "plan: is missing"),
        ({"seats": 3}, Reason.UNKNOWN_FIELD, "seats: is not known: use user, plan, "),
        ({"from_": "2026-11-30"}, Reason.OUT_OF_RANGE, "from: lies in the future"),
        ({"through": "2026-12-01"}, Reason.OUT_OF_RANGE, "through: lies in the future"),
        ({"from_": "2020-01-01"}, Reason.OUT_OF_RANGE, "from: lies before"),
        ({"from_": "2026-08-01"}, Reason.OUT_OF_RANGE, f"from: asks for more than {MAX_DAYS} days"),
        ({"from_": "yesterday!"}, Reason.INVALID, "from: "), ({"from_": 20261123}, Reason.WRONG_TYPE, "from: must be"),
        ({"assigned_at": "2026-11-02", "removed_at": "2026-11-01"}, Reason.INCONSISTENT, "removed_at: lies before"),
        ({"price_per_month": "100001"}, Reason.OUT_OF_RANGE, "price_per_month: is 100001: must lie"),
        ({"last_active_at": 5}, Reason.WRONG_TYPE, "last_active_at: must be"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(changes: dict[str, Any], reason: Reason, message: str) -> None:
    with pytest.raises(Rejected) as caught:
        decode(roster_seat(**changes), context())
    assert caught.value.reason == reason
    assert str(caught.value).startswith(message)


async def test_a_roster_over_http() -> None:
    served = serve()
    roster = [roster_seat(from_="2026-11-22"), roster_seat(user="bob", removed_at="2026-11-01"), roster_seat(user=None)]
    answer = await served.client.post("/v1/seats", json=roster)
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 2
    assert [(r["index"], r["code"]) for r in answer.json()["rejected"]] == [(2, "missing_field")]
    assert [format_rfc3339(event.time_unix_micros)[:10] for event in served.kept.events] == ["2026-11-22", "2026-11-23"]
    nobody = await served.client.post("/v1/seats", json=roster[1:2])
    assert (nobody.status_code, nobody.json()) == (202, {"accepted": 0, "rejected": []})
    assert (await served.client.post("/v1/seats", json=[])).status_code == 422


async def test_a_request_stands_for_so_many_days_and_no_more() -> None:
    served = serve(max_body_bytes=10**6, max_items=2_000)
    roster = [roster_seat(user=f"user-{n}", from_="2026-10-01") for n in range(MAX_EVENTS // 54 + 1)]
    refused = await served.client.post("/v1/seats", json=roster)
    assert refused.status_code == 413
    assert "more than 50000 events" in refused.text
    assert served.kept.events == []
