"""GitHub Copilot: documented examples, paging, and odd answers."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from finops.usage.v1.usage_pb2 import MEASUREMENT_REPORTED

from services.common.clock import ManualClock, parse_rfc3339
from services.connectors.domain.connector import Connector, SourceRefusedError
from services.connectors.sources import copilot_billing, copilot_seats
from tests.fakes.server import Reply, Seen
from tests.unit.connectors_sources.recordings import golden, window
from tests.unit.connectors_sources.vendor import accepted, dollars, filled, serving, told
from tests.unit.ingest.building import buckets

BILLING = copilot_billing.CONNECTOR
TODAY = window("2026-11-23", "2026-11-24")
JUNE_3 = window("2026-06-03", "2026-06-04")


def seats_at(now: str) -> Connector:
    return replace(copilot_seats.CONNECTOR, pages=copilot_seats.snapshots(ManualClock(parse_rfc3339(now))))


SEATS = seats_at("2026-11-23T12:00:00Z")


def bill(request: Seen) -> Reply:
    return Reply(golden("copilot-billing.json")[request.path.partition("/settings/billing/")[2]])


async def test_an_event_for_each_seat_of_today() -> None:
    async with serving(lambda _: Reply(golden("copilot-seats.json"))) as vendor:
        events, unreadable = await told(vendor, SEATS, TODAY, organization="GitHub")
    assert [filled(event) for event in events] == [
        {
            "id": "github:1:2026-11-23",
            "time": "2026-11-23T00:00:00Z",
            "source": "copilot-seats",
            "provider": "github",
            "model": "copilot-business",
            "tool": "github-copilot",
            "team": "justice-league",
            "user": "octocat",
            "tags": {"organization": "GitHub", "login": "octocat"},
            "usage": {"seats": 1},
            "seat": {
                "pending_cancellation": False,
                "assigned_at": "2021-08-04T00:00:00Z",
                "last_active_at": "2021-10-14T06:53:32Z",
            },
        },
        {
            "id": "github:2:2026-11-23",
            "time": "2026-11-23T00:00:00Z",
            "source": "copilot-seats",
            "provider": "github",
            "model": "copilot-enterprise",
            "tool": "github-copilot",
            "user": "kitten@example.com",
            "tags": {"organization": "GitHub", "login": "octokitten"},
            "usage": {"seats": 1},
            # No last activity is no telemetry, not idleness.
            "seat": {"pending_cancellation": True, "assigned_at": "2021-09-24T00:00:00Z"},
        },
    ]
    assert [(row.row_id, row.reason) for row in unreadable] == [("page 1 seat 3", "assignee.login is missing or empty")]
    seat = accepted(events[0])
    assert seat.measurement != MEASUREMENT_REPORTED
    assert buckets(seat) == {"seats": 1}
    assert seat.seat.last_active_unix_micros == parse_rfc3339("2021-10-14T06:53:32Z")
    assert accepted(events[1]).seat.last_active_unix_micros == 0


async def test_what_it_is_asked() -> None:
    async with serving(lambda _: Reply({"seats": []})) as vendor:
        await told(vendor, SEATS, TODAY, organization="my org?x")
    [request] = vendor.requests
    assert request.path == "/orgs/my org%3Fx/copilot/billing/seats"
    assert request.query == {"per_page": ["100"]}
    assert request.headers["authorization"] == "Bearer s3cret"
    assert request.headers["accept"] == "application/vnd.github+json"


async def test_a_second_reading_of_the_day_is_a_revision_and_the_next_day_another_event() -> None:
    seen_again = golden("copilot-seats.json")
    seen_again["seats"][0]["last_activity_at"] = "2026-11-23T20:00:00Z"
    async with serving(lambda _: Reply(golden("copilot-seats.json"))) as vendor:
        noon, _ = await told(vendor, SEATS, TODAY, organization="o")
    async with serving(lambda _: Reply(seen_again)) as vendor:
        night, _ = await told(vendor, seats_at("2026-11-23T23:59:59Z"), TODAY, organization="O")
        next_day, _ = await told(
            vendor, seats_at("2026-11-24T00:00:00Z"), window("2026-11-23", "2026-11-25"), organization="o"
        )
    assert [(event["id"], event["time"]) for event in noon] == [(event["id"], event["time"]) for event in night]
    assert noon[0]["seat"] != night[0]["seat"]
    assert [event["id"] for event in next_day] == ["o:1:2026-11-24", "o:2:2026-11-24"]


async def test_days_that_are_over_have_no_snapshot() -> None:
    async with serving(lambda _: Reply(golden("copilot-seats.json"))) as vendor:
        assert await told(vendor, SEATS, window("2026-11-16", "2026-11-23"), organization="o") == ([], [])
    assert vendor.requests == []


async def test_pages_are_followed_by_their_links() -> None:
    def page(request: Seen) -> Reply:
        number = int(request.query.get("page", ["1"])[0])
        seat = {"assignee": {"login": f"user-{number}", "id": number}, "plan_type": "business"}
        here = f"http://{request.headers['host']}{request.path}?per_page=100"
        link = f'<{here}&page={number + 1}>; rel="next", <{here}&page=3>; rel="last"' if number < 3 else ""
        return Reply({"seats": [seat]}, headers={"Link": link} if link else {})

    async with serving(page) as vendor:
        events, _ = await told(vendor, SEATS, TODAY, organization="o")
    assert [event["user"] for event in events] == ["user-1", "user-2", "user-3"]


async def test_links_in_a_circle_are_refused() -> None:
    def page(request: Seen) -> Reply:
        return Reply(
            {"seats": []}, headers={"Link": f'<http://{request.headers["host"]}{request.path}?page=2>; rel="next"'}
        )

    async with serving(page) as vendor:
        with pytest.raises(SourceRefusedError, match="circle"):
            await told(vendor, SEATS, TODAY, organization="o")
    assert len(vendor.requests) == 2


async def test_the_bill_by_model_and_its_seat_fees() -> None:
    async with serving(bill) as vendor:
        events, unreadable = await told(vendor, BILLING, JUNE_3, organization="GitHub")
    assert unreadable == []
    assert [(event["tags"]["sku"], event["model"], event["usage"], event["source_cost"]) for event in events] == [
        ("Copilot AI Credits", "GPT-5", {"credits": "500.000000"}, "2"),
        ("Copilot AI Credits", "Auto: Claude Haiku 4.5", {"credits": "5.632911"}, "0.05632911"),
        ("Copilot Premium Request", "GPT-5", {"credits": "100.000000"}, "4"),
        # Actions are not ours, and the credits were told by model: only the seats are left of the whole bill.
        ("Copilot Business", "", {}, "63.333327"),
    ]
    assert filled(events[1]) == {
        "id": "github:2026-06-03:Copilot:Copilot AI Credits:Auto%3A Claude Haiku 4.5:ai-credits",
        "time": "2026-06-03T00:00:00Z",
        "source": "copilot-billing",
        "measurement": "reported",
        "provider": "github",
        "model": "Auto: Claude Haiku 4.5",
        "tool": "github-copilot",
        "tags": {"organization": "GitHub", "sku": "Copilot AI Credits", "unit": "ai-credits"},
        "usage": {"credits": "5.632911"},
        "source_cost": "0.05632911",
    }
    decoded = [accepted(event) for event in events]
    assert {event.measurement for event in decoded} == {MEASUREMENT_REPORTED}
    assert [buckets(event) for event in decoded] == [
        {"credit_micros": 500_000_000}, {"credit_micros": 5_632_911}, {"credit_micros": 100_000_000}, {},
    ]  # fmt: skip
    # 2.00 + 0.05632911 + 4.00 + 63.333327
    assert sum(dollars(event) for event in decoded) == Decimal("69.38965611")


async def test_the_bill_is_asked_day_by_day() -> None:
    async with serving(lambda _: Reply({"usageItems": []})) as vendor:
        await told(vendor, BILLING, window("2026-02-28", "2026-03-02"), organization="acme")
    asked = [
        (request.path.rpartition("/billing/")[2], *(int(request.query[part][0]) for part in ("year", "month", "day")))
        for request in vendor.requests
    ]
    assert asked == [
        (report, 2026, month, day)
        for month, day in ((2, 28), (3, 1))
        for report in ("ai_credit/usage", "premium_request/usage", "usage")
    ]
    assert vendor.requests[0].path == "/organizations/acme/settings/billing/ai_credit/usage"


async def test_bill_rows_that_cannot_be_read_are_told() -> None:
    items: list[Any] = [
        None,
        {"unitType": "ai-credits", "netAmount": 1},
        {"sku": "s", "unitType": "ai-credits", "grossQuantity": 1},
        {"sku": "s", "unitType": "ai-credits", "grossQuantity": "lots", "netAmount": 1},
        {"sku": "s", "unitType": "ai-credits", "grossQuantity": 0.1234567, "netAmount": 0.1, "surprise": []},
    ]

    def answer(request: Seen) -> Reply:
        return Reply({"usageItems": items if request.path.endswith("ai_credit/usage") else []})

    async with serving(answer) as vendor:
        events, unreadable = await told(vendor, BILLING, JUNE_3, organization="o")
    assert [(event["usage"], event["source_cost"]) for event in events] == [({"credits": "0.123457"}, "0.1")]
    assert [(row.row_id, row.reason) for row in unreadable] == [
        ("2026-06-03 ai_credit/usage row 1", "the row must be an object, not nothing"),
        ("2026-06-03 ai_credit/usage row 2", "sku is missing or empty"),
        ("2026-06-03 ai_credit/usage row 3", "netAmount is missing"),
        ("2026-06-03 ai_credit/usage row 4", "grossQuantity must be a number, not 'lots'"),
    ]


@pytest.mark.parametrize("connector", [SEATS, BILLING], ids=lambda connector: connector.name)
async def test_an_answer_of_another_api_is_refused(connector: Connector) -> None:
    async with serving(lambda _: Reply({"message": "x"})) as vendor:
        with pytest.raises(SourceRefusedError, match="without a list"):
            await told(vendor, connector, TODAY, organization="o")
