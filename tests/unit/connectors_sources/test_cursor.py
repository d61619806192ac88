"""Cursor: documented examples, paging, and what its missing ids would cost."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from finops.usage.v1.usage_pb2 import MEASUREMENT_REPORTED

from services.common.clock import ManualClock, parse_rfc3339
from services.connectors.domain.connector import Connector, SourceRefusedError
from services.connectors.sources import cursor_seats, cursor_spend, cursor_usage
from tests.fakes.server import Reply, Seen
from tests.unit.connectors_sources.recordings import golden, window
from tests.unit.connectors_sources.vendor import accepted, dollars, filled, serving, told
from tests.unit.ingest.building import buckets

CLOCK = ManualClock(parse_rfc3339("2026-11-23T12:00:00Z"))
USAGE = cursor_usage.CONNECTOR
SPEND = replace(cursor_spend.CONNECTOR, pages=cursor_spend.cycles(CLOCK))
SEATS = replace(cursor_seats.CONNECTOR, pages=cursor_seats.snapshots(CLOCK))
JUNE_26 = window("2025-06-26", "2025-06-27")
TODAY = window("2026-11-23", "2026-11-24")
MILLIS = 1750979225854


def use(millis: int = MILLIS, **changes: Any) -> dict[str, Any]:
    return {"timestamp": str(millis), "userEmail": "a@example.com", "model": "auto", "chargedCents": 4} | changes


def paged(rows: list[dict[str, Any]], size: int) -> Any:
    """Answers as Cursor does, in pages of `size`."""

    def answer(request: Seen) -> Reply:
        start = (request.body["page"] - 1) * size
        more = start + size < len(rows)
        return Reply(
            {
                "totalUsageEventsCount": len(rows),
                "pagination": {"currentPage": request.body["page"], "hasNextPage": more},
                "usageEvents": rows[start : start + size],
            }
        )

    return answer


async def test_the_documented_events() -> None:
    async with serving(lambda _: Reply(golden("cursor-usage.json"))) as vendor:
        events, unreadable = await told(vendor, USAGE, JUNE_26)
    assert unreadable == []
    events.sort(key=lambda event: event["time"], reverse=True)
    assert [filled(event) for event in events] == [
        {
            "id": "1750979225854:developer@company.com:claude-4.5-sonnet",
            "time": "2025-06-26T23:07:05.854000Z",
            "source": "cursor-usage",
            "provider": "cursor",
            "model": "claude-4.5-sonnet",
            "tool": "cursor",
            "user": "developer@company.com",
            "tags": {"kind": "Usage-based", "max_mode": "true"},
            "usage": {
                "requests": 1,
                "input_tokens": 126,
                "cache_read_tokens": 11964,
                "cache_write_tokens": 6112,
                "output_tokens": 450,
            },
            # 20.18232 cents for the model and 1.18 for the Cursor Token Fee.
            "billed_cost": "0.2136232",
        },
        {
            "id": "1750979173824:developer@company.com:claude-4.5-sonnet",
            "time": "2025-06-26T23:06:13.824000Z",
            "source": "cursor-usage",
            "provider": "cursor",
            "model": "claude-4.5-sonnet",
            "tool": "cursor",
            "user": "developer@company.com",
            "tags": {"kind": "Usage-based", "max_mode": "true"},
            "usage": {"requests": 1, "input_tokens": 5805, "cache_write_tokens": 11964, "output_tokens": 311},
            "billed_cost": "0.3733",
        },
        {
            "id": "1750978339901:admin@company.com:claude-4-sonnet-thinking",
            "time": "2025-06-26T22:52:19.901000Z",
            "source": "cursor-usage",
            "provider": "cursor",
            "model": "claude-4-sonnet-thinking",
            "tool": "cursor",
            "user": "admin@company.com",
            "tags": {"kind": "Included in Business", "max_mode": "true"},
            "usage": {"requests": 1},
            # Its 8 cents are within the plan, which the seat pays.
            "billed_cost": "0",
        },
    ]
    decoded = [accepted(event) for event in events]
    assert all(event.measurement != MEASUREMENT_REPORTED for event in decoded)
    # 21.36232 + 37.33 cents.
    assert sum(dollars(event) for event in decoded) == Decimal("0.5869232")
    taken = buckets(decoded[0])
    assert sum(taken.values()) - taken["requests"] == 126 + 450 + 6112 + 11964


async def test_what_it_is_asked() -> None:
    async with serving(paged([], 500)) as vendor:
        assert await told(vendor, USAGE, JUNE_26) == ([], [])
    [request] = vendor.requests
    assert (request.method, request.path) == ("POST", "/teams/filtered-usage-events")
    assert request.body == {"startDate": 1750896000000, "endDate": 1750982400000, "page": 1, "pageSize": 500}
    # base64 of "s3cret:"
    assert request.headers["authorization"] == "Basic czNjcmV0Og=="


async def test_pages_are_read_to_the_last() -> None:
    rows = [use(MILLIS - number) for number in range(1201)]
    async with serving(paged(rows, 500)) as vendor:
        events, _ = await told(vendor, USAGE, JUNE_26)
    assert len(vendor.requests) == 3
    assert {event["id"] for event in events} == {f"{MILLIS - number}:a@example.com:auto" for number in range(1201)}


async def test_alike_events_are_numbered_the_same_in_whatever_order_they_come() -> None:
    rows = [use(chargedCents=7), use(), use(chargedCents=5), use(model="gpt-5"), use(userEmail="b@example.com")]
    readings = []
    for order in (rows, rows[::-1]):
        async with serving(paged(order, 500)) as vendor:
            events, _ = await told(vendor, USAGE, JUNE_26)
        readings.append({event["id"]: event["billed_cost"] for event in events})
    assert (
        readings[0]
        == readings[1]
        == {
            f"{MILLIS}:a@example.com:auto": "0.04",
            f"{MILLIS}:a@example.com:auto:2": "0.05",
            f"{MILLIS}:a@example.com:auto:3": "0.07",
            f"{MILLIS}:a@example.com:gpt-5": "0.04",
            f"{MILLIS}:b@example.com:auto": "0.04",
        }
    )


async def test_equal_events_are_as_many_as_cursor_says() -> None:
    rows = [use(), use(), use()]
    async with serving(paged(rows, 2)) as vendor:
        events, _ = await told(vendor, USAGE, JUNE_26)
    assert [event["id"] for event in events] == [f"{MILLIS}:a@example.com:auto{suffix}" for suffix in ("", ":2", ":3")]


async def test_an_event_that_comes_in_while_pages_are_read_doubles_none() -> None:
    rows = [use(MILLIS - number, model=f"m{number}") for number in range(6)]

    def growing(request: Seen) -> Reply:
        # One more than when the page before was answered, at the front as the newest.
        arrived = [use(MILLIS + number, model=f"new{number}") for number in range(request.body["page"] - 1, 0, -1)]
        reply: Reply = paged(arrived + rows, 3)(request)
        return reply

    async with serving(growing) as vendor:
        events, _ = await told(vendor, USAGE, JUNE_26)
    assert len(vendor.requests) == 3
    assert sorted(event["model"] for event in events) == ["m0", "m1", "m2", "m3", "m4", "m5"]
    assert not [event["id"] for event in events if event["id"].endswith(":2")]


async def test_a_corrected_event_is_a_revision() -> None:
    async with serving(paged([use(tokenUsage={"inputTokens": 1})], 500)) as vendor:
        [before], _ = await told(vendor, USAGE, JUNE_26)
    async with serving(paged([use(tokenUsage={"inputTokens": 5}, chargedCents=9, kind="Usage-based")], 500)) as vendor:
        [after], _ = await told(vendor, USAGE, JUNE_26)
    assert (before["id"], before["time"]) == (after["id"], after["time"])
    assert before["billed_cost"] != after["billed_cost"]


async def test_both_ends_of_a_day_belong_to_one_day_only() -> None:
    midnight = 1750982400000
    rows = [use(midnight, model="next"), use(midnight - 1, model="last"), use(midnight - 86_400_000, model="first")]
    async with serving(paged(rows, 500)) as vendor:
        events, _ = await told(vendor, USAGE, JUNE_26)
        later, _ = await told(vendor, USAGE, window("2025-06-27", "2025-06-28"))
    assert sorted(event["model"] for event in events) == ["first", "last"]
    assert [event["model"] for event in later] == ["next"]


async def test_a_fraction_of_a_cent_keeps_twelve_decimals_of_a_dollar() -> None:
    async with serving(paged([use(chargedCents=6.853079795837402)], 500)) as vendor:
        [event], _ = await told(vendor, USAGE, JUNE_26)
    # 0.06853079795837402 dollars
    assert event["billed_cost"] == "0.068530797958"
    assert accepted(event).source_cost_picos == 68_530_797_958


async def test_an_event_whose_charge_is_not_told_is_not_free() -> None:
    row = use(isChargeable=True)
    del row["chargedCents"]
    async with serving(paged([row], 500)) as vendor:
        [event], _ = await told(vendor, USAGE, JUNE_26)
    assert "billed_cost" not in event
    assert not accepted(event).HasField("source_cost_picos")


async def test_odd_rows_are_told_and_odd_labels_cost_nothing() -> None:
    rows: list[Any] = [
        [],
        {"userEmail": "a@example.com", "model": "auto"},
        use(timestamp="soon"),
        use(tokenUsage={"inputTokens": 1.5}),
        use(chargedCents=-1),
        use(MILLIS - 1, kind={"new": 1}, maxMode="yes", isHeadless=None, tokenUsage={"inputTokens": "12"}, extra=[1]),
    ]
    async with serving(paged(rows, 500)) as vendor:
        events, unreadable = await told(vendor, USAGE, JUNE_26)
    assert [(event["usage"]["input_tokens"], event["tags"]) for event in events] == [(12, {})]
    assert sorted(row.reason for row in unreadable) == [
        "chargedCents is -1: a use cannot give money back",
        "the row must be an object, not a list of 0",
        "timestamp is missing",
        "timestamp must be a number, not 'soon'",
        "tokenUsage.inputTokens must be a whole number from 0 to 1000000000000000, not Decimal('1.5')",
    ]


async def test_pages_without_end_are_refused() -> None:
    body = {"totalUsageEventsCount": 1, "pagination": {"hasNextPage": True}, "usageEvents": [use()]}
    async with serving(lambda _: Reply(body)) as vendor:
        with pytest.raises(SourceRefusedError, match="go on beyond"):
            await told(vendor, USAGE, JUNE_26)
    assert len(vendor.requests) == 2


async def test_a_total_that_lags_behind_loses_nothing() -> None:
    body = {"totalUsageEventsCount": 1, "pagination": {"hasNextPage": False}, "usageEvents": [use(), use(MILLIS - 1)]}
    async with serving(lambda _: Reply(body)) as vendor:
        events, _ = await told(vendor, USAGE, JUNE_26)
    assert len(events) == 2


async def test_spend_is_what_a_member_was_charged_on_top_of_the_plan() -> None:
    async with serving(lambda _: Reply(golden("cursor-spend.json"))) as vendor:
        events, unreadable = await told(vendor, SPEND, TODAY)
    assert unreadable == []
    assert [filled(event) for event in events] == [
        {
            "id": "2024-02-27T00%3A00%3A00Z:12345",
            "time": "2024-02-27T00:00:00Z",
            "source": "cursor-spend",
            "measurement": "reported",
            "provider": "cursor",
            "tool": "cursor",
            "user": "developer@company.com",
            "tags": {"role": "member"},
            "usage": {},
            "source_cost": "24.5",
        },
        {
            "id": "2024-02-27T00%3A00%3A00Z:12346",
            "time": "2024-02-27T00:00:00Z",
            "source": "cursor-spend",
            "measurement": "reported",
            "provider": "cursor",
            "tool": "cursor",
            "user": "admin@company.com",
            "tags": {"role": "owner"},
            "usage": {},
            # Of $32.00 in all, $13.25 were within the plan.
            "source_cost": "18.75",
        },
    ]
    assert sum(dollars(accepted(event)) for event in events) == Decimal("43.25")


async def test_spend_is_read_page_by_page_and_for_the_present_only() -> None:
    def page(request: Seen) -> Reply:
        member = {"userId": request.body["page"], "email": "a@example.com", "spendCents": 1}
        return Reply({"teamMemberSpend": [member], "subscriptionCycleStart": 1708992000000, "totalPages": 3})

    async with serving(page) as vendor:
        events, _ = await told(vendor, SPEND, TODAY)
        assert await told(vendor, SPEND, window("2026-11-16", "2026-11-23")) == ([], [])
    assert [event["id"].rpartition(":")[2] for event in events] == ["1", "2", "3"]
    assert [request.body["page"] for request in vendor.requests] == [1, 2, 3]


async def test_spend_without_its_cycle_is_refused() -> None:
    async with serving(lambda _: Reply({"teamMemberSpend": []})) as vendor:
        with pytest.raises(SourceRefusedError, match="cycle"):
            await told(vendor, SPEND, TODAY)


async def test_a_seat_for_each_paying_member() -> None:
    async with serving(lambda _: Reply(golden("cursor-members.json"))) as vendor:
        events, unreadable = await told(vendor, SEATS, TODAY, plan="cursor-teams")
        assert await told(vendor, SEATS, window("2026-11-24", "2026-11-25"), plan="cursor-teams") == ([], [])
    assert unreadable == []
    assert filled(events[0]) == {
        "id": "12345:2026-11-23",
        "time": "2026-11-23T00:00:00Z",
        "source": "cursor-seats",
        "provider": "cursor",
        "model": "cursor-teams",
        "tool": "cursor",
        "user": "developer@company.com",
        "tags": {"role": "member"},
        "usage": {"seats": 1},
    }
    # One was removed, one administers without a seat.
    assert [event["user"] for event in events] == ["developer@company.com", "admin@company.com"]
    assert buckets(accepted(events[0])) == {"seats": 1}
    assert accepted(events[0]).seat.last_active_unix_micros == 0
    assert len(vendor.requests) == 1


@pytest.mark.parametrize("connector", [USAGE, SPEND, SEATS], ids=lambda connector: connector.name)
async def test_an_answer_of_another_api_is_refused(connector: Connector) -> None:
    asked = JUNE_26 if connector is USAGE else TODAY
    async with serving(lambda _: Reply({"error": "x"})) as vendor:
        with pytest.raises(SourceRefusedError, match="without a list"):
            await told(vendor, connector, asked, plan="cursor-teams")
