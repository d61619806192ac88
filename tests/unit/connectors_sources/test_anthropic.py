"""Anthropic's reports: documented examples, paging, and odd answers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from services.connectors.domain.connector import Connector, SourceRefusedError
from services.connectors.sources import anthropic_costs, anthropic_usage, claude_code_analytics
from tests.fakes.server import Handler, Reply
from tests.unit.connectors_sources.recordings import golden, window
from tests.unit.connectors_sources.vendor import accepted, dollars, filled, serving, told
from tests.unit.ingest.building import buckets

USAGE, COSTS, CLAUDE_CODE = anthropic_usage.CONNECTOR, anthropic_costs.CONNECTOR, claude_code_analytics.CONNECTOR
AUGUST_1 = window("2025-08-01", "2025-08-02")
SEPTEMBER_8 = window("2025-09-08", "2025-09-09")


def always(body: Any) -> Handler:
    return lambda _: Reply(body)


def hour(start: str, *models: str) -> dict[str, Any]:
    return {"starting_at": start, "results": [{"model": model, "output_tokens": 1} for model in models]}


async def test_the_documented_usage_in_disjoint_buckets() -> None:
    async with serving(always(golden("anthropic-usage.json"))) as vendor:
        events, unreadable = await told(vendor, USAGE, AUGUST_1)
    assert unreadable == []
    assert [filled(event) for event in events] == [
        {
            "id": "2025-08-01T00%3A00%3A00Z:wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ:apikey_01Rj2N8SVvo6BePZj99NhmiT:"
            "claude-opus-4-6:standard:0-200k:global",
            "time": "2025-08-01T00:00:00Z",
            "source": "anthropic-usage",
            "measurement": "reported",
            "provider": "anthropic",
            "model": "claude-opus-4-6",
            "project": "wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ",
            "key": "apikey_01Rj2N8SVvo6BePZj99NhmiT",
            "service_tier": "standard",
            "tags": {"context_window": "0-200k"},
            "usage": {
                "input_tokens": 1500,
                "cache_read_tokens": 200,
                "cache_write_tokens": 500,
                "cache_write_1h_tokens": 1000,
                "output_tokens": 500,
                "web_searches": 10,
            },
        },
        {
            "id": "2025-08-01T00%3A00%3A00Z:::claude-opus-4-6:batch:200k-1M:us",
            "time": "2025-08-01T00:00:00Z",
            "source": "anthropic-usage",
            "measurement": "reported",
            "provider": "anthropic",
            "model": "claude-opus-4-6",
            "project": "default",
            "service_tier": "standard",
            "batch": True,
            "region": "us",
            "tags": {"context_window": "200k-1M"},
            "usage": {"input_tokens": 300000, "output_tokens": 70},
        },
    ]
    # Every token of the example is in one bucket: 1500 + 200 + 500 + 1000 + 500, and ten searches.
    taken = buckets(accepted(events[0]))
    assert sum(taken.values()) - taken["web_searches"] == 3700
    assert "requests" not in taken


async def test_what_it_is_asked() -> None:
    async with serving(always({"data": [], "has_more": False})) as vendor:
        await told(vendor, USAGE, AUGUST_1)
        await told(vendor, COSTS, AUGUST_1)
        await told(vendor, CLAUDE_CODE, SEPTEMBER_8)
    usage, costs, claude_code = vendor.requests
    assert usage.headers["x-api-key"] == "s3cret"
    assert usage.headers["anthropic-version"] == "2023-06-01"
    assert (usage.method, usage.path) == ("GET", "/v1/organizations/usage_report/messages")
    assert usage.query == {
        "starting_at": ["2025-08-01T00:00:00Z"],
        "ending_at": ["2025-08-02T00:00:00Z"],
        "bucket_width": ["1h"],
        "limit": ["168"],
        "group_by": ["workspace_id", "api_key_id", "model", "service_tier", "context_window", "inference_geo"],
    }
    assert costs.path == "/v1/organizations/cost_report"
    assert costs.query["group_by"] == ["workspace_id", "description"]
    assert costs.query["bucket_width"] == ["1d"]
    assert claude_code.path == "/v1/organizations/usage_report/claude_code"
    assert claude_code.query == {"starting_at": ["2025-09-08"], "limit": ["1000"]}


async def test_pages_are_followed_to_the_last() -> None:
    pages = {
        None: ({"data": [hour("2025-08-01T00:00:00Z", "a")], "has_more": True, "next_page": "page_Mg=="}),
        "page_Mg==": ({"data": [hour("2025-08-01T01:00:00Z", "a", "b")], "has_more": True, "next_page": "page_Mw=="}),
        "page_Mw==": ({"data": [hour("2025-08-01T02:00:00Z", "c")], "has_more": False, "next_page": None}),
    }
    async with serving(lambda request: Reply(pages[request.query.get("page", [None])[0]])) as vendor:
        events, _ = await told(vendor, USAGE, AUGUST_1)
    assert [(event["time"][11:13], event["model"]) for event in events] == [
        ("00", "a"), ("01", "a"), ("01", "b"), ("02", "c"),
    ]  # fmt: skip
    assert len(vendor.requests) == 3
    # The cursor goes with the question it belongs to.
    assert all(request.query["bucket_width"] == ["1h"] for request in vendor.requests)


async def test_an_hour_outside_the_window_is_another_readings() -> None:
    body = {
        "data": [
            hour("2025-07-31T23:00:00Z", "a"),
            hour("2025-08-01T23:00:00Z", "b"),
            hour("2025-08-02T00:00:00Z", "c"),
        ]
    }
    async with serving(always(body)) as vendor:
        events, unreadable = await told(vendor, USAGE, AUGUST_1)
    assert [event["model"] for event in events] == ["b"]
    assert unreadable == []


async def test_the_same_row_has_the_same_id_whatever_its_figures() -> None:
    grown = golden("anthropic-usage.json")
    grown["data"][0]["results"][0]["output_tokens"] = 900
    async with serving(always(golden("anthropic-usage.json"))) as first, serving(always(grown)) as second:
        before, _ = await told(first, USAGE, AUGUST_1)
        after, _ = await told(second, USAGE, AUGUST_1)
    assert [event["id"] for event in before] == [event["id"] for event in after]
    assert [event["time"] for event in before] == [event["time"] for event in after]
    assert after[0]["usage"]["output_tokens"] == 900


async def test_costs_are_cents_with_all_their_decimals() -> None:
    async with serving(always(golden("anthropic-costs.json"))) as vendor:
        events, unreadable = await told(vendor, COSTS, AUGUST_1)
    assert unreadable == []
    assert filled(events[0]) == {
        "id": "2025-08-01:wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ:Claude Opus 5 Usage - Input Tokens",
        "time": "2025-08-01T00:00:00Z",
        "source": "anthropic-costs",
        "measurement": "reported",
        "provider": "anthropic",
        "model": "claude-opus-5",
        "project": "wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ",
        "service_tier": "standard",
        "tags": {
            "line_item": "Claude Opus 5 Usage - Input Tokens",
            "cost_type": "tokens",
            "token_type": "uncached_input_tokens",
            "context_window": "0-200k",
        },
        "usage": {},
        "source_cost": "1.2378912",
    }
    assert (events[1]["project"], events[1]["source_cost"]) == ("default", "0.000001")
    # $1.2378912 and a ten thousandth of a cent: 123.78922 cents together.
    assert sum(dollars(accepted(event)) for event in events) == Decimal("1.2378922")


async def test_two_rows_of_one_line_item_are_two_events() -> None:
    row = golden("anthropic-costs.json")["data"][0]["results"][0]
    rows = [row, row | {"amount": "1"}, row | {"amount": "10"}]
    async with serving(always({"data": [{"starting_at": "2025-08-01T00:00:00Z", "results": rows}]})) as vendor:
        events, _ = await told(vendor, COSTS, AUGUST_1)
    name = events[0]["id"]
    assert [event["id"] for event in events] == [name, f"{name}:2", f"{name}:3"]
    assert sum(Decimal(event["source_cost"]) for event in events) == Decimal("1.3478912")


async def test_a_credit_is_negative_and_another_currency_is_not_guessed() -> None:
    row = golden("anthropic-costs.json")["data"][0]["results"][0]
    rows = [
        row | {"amount": "-250", "description": "Credit"},
        row | {"currency": "EUR", "description": "b"},
        row | {"amount": None, "description": "c"},
        row | {"amount": "1,5", "description": "d"},
    ]
    async with serving(always({"data": [{"starting_at": "2025-08-01T00:00:00Z", "results": rows}]})) as vendor:
        events, unreadable = await told(vendor, COSTS, AUGUST_1)
    assert [event["source_cost"] for event in events] == ["-2.5"]
    assert accepted(events[0]).source_cost_picos == -2_500_000_000_000
    assert [(row.row_id, row.reason) for row in unreadable] == [
        ("2025-08-01T00:00:00Z row 2", "currency is EUR: only US dollars are taken"),
        ("2025-08-01T00:00:00Z row 3", "amount is missing"),
        ("2025-08-01T00:00:00Z row 4", "amount must be a number, not '1,5'"),
    ]


async def test_claude_code_by_person_and_model() -> None:
    async with serving(always(golden("claude-code-analytics.json"))) as vendor:
        events, unreadable = await told(vendor, CLAUDE_CODE, SEPTEMBER_8)
    assert unreadable == []
    assert [filled(event) for event in events] == [
        {
            "id": "2025-09-08:dc9f6c26-b22c-4831-8d01-0446bada88f1:api::vscode:developer@company.com::claude-opus-5-5",
            "time": "2025-09-08T00:00:00Z",
            "source": "claude-code-analytics",
            "measurement": "reported",
            "provider": "anthropic",
            "model": "claude-opus-5-5",
            "tool": "claude-code",
            "user": "developer@company.com",
            "tags": {"customer_type": "api", "terminal_type": "vscode"},
            "usage": {
                "input_tokens": 100000,
                "cache_read_tokens": 10000,
                "cache_write_tokens": 5000,
                "output_tokens": 35000,
            },
            # 113 cents.
            "source_cost": "1.13",
        },
        {
            "id": "2025-09-08:dc9f6c26-b22c-4831-8d01-0446bada88f1:subscription::tmux::ci:claude-opus-5-5",
            "time": "2025-09-08T00:00:00Z",
            "source": "claude-code-analytics",
            "measurement": "reported",
            "provider": "anthropic",
            "model": "claude-opus-5-5",
            "tool": "claude-code",
            "key": "ci",
            "tags": {"customer_type": "subscription", "terminal_type": "tmux"},
            # Within a subscription nobody is charged the estimate.
            "usage": {"input_tokens": 10, "output_tokens": 20},
        },
    ]
    assert not accepted(events[1]).HasField("source_cost_picos")


async def test_claude_code_is_asked_day_by_day() -> None:
    async with serving(always({"data": [], "has_more": False})) as vendor:
        await told(vendor, CLAUDE_CODE, window("2025-02-27", "2025-03-02"))
    assert [request.query["starting_at"] for request in vendor.requests] == [
        ["2025-02-27"],
        ["2025-02-28"],
        ["2025-03-01"],
    ]


async def test_rows_of_another_kind_do_not_harm_their_neighbours() -> None:
    records = [
        7,
        {"actor": {"email_address": "a@example.com"}, "model_breakdown": "none"},
        {"actor": {}, "model_breakdown": [{"model": "m", "tokens": {"input": 1}}]},
        {"actor": {"email_address": "b@example.com"}, "model_breakdown": [{"model": "m", "tokens": {"input": -1}}]},
        {
            "actor": {"email_address": "c@example.com"},
            "news": {},
            "model_breakdown": [{"model": "m", "tokens": {"input": 3}}],
        },
    ]
    async with serving(always({"data": records, "has_more": False})) as vendor:
        events, unreadable = await told(vendor, CLAUDE_CODE, SEPTEMBER_8)
    assert [(event["user"], event["usage"]["input_tokens"]) for event in events] == [("c@example.com", 3)]
    assert [row.reason for row in unreadable] == [
        "the row must be an object, not 7",
        "model_breakdown must be a list, not 'none'",
        "actor has neither email_address nor api_key_name",
        "tokens.input must be a whole number from 0 to 1000000000000000, not -1",
    ]


@pytest.mark.parametrize("connector", [USAGE, COSTS, CLAUDE_CODE], ids=lambda connector: connector.name)
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ([], "a list of 0"),
        ("nothing", "'nothing'"),
        ({"data": {}}, "without a list 'data'"),
        ({"data": [], "has_more": True}, "not where"),
        ({"data": [], "has_more": True, "next_page": "again"}, "not where"),
    ],
)
async def test_an_answer_of_another_api_is_refused(connector: Connector, body: Any, said: str) -> None:
    async with serving(always(body)) as vendor:
        with pytest.raises(SourceRefusedError, match=said):
            await told(vendor, connector, SEPTEMBER_8)


async def test_a_wrong_key_is_refused_without_showing_it() -> None:
    body = {"type": "error", "error": {"type": "authentication_error", "message": "invalid x-api-key s3cret"}}
    async with serving(lambda _: Reply(body, 401)) as vendor:
        with pytest.raises(SourceRefusedError) as caught:
            await told(vendor, USAGE, AUGUST_1)
    assert caught.value.status == 401
    assert "s3cret" not in str(caught.value)
