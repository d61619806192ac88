"""OpenAI's reports: rows of both generations, every kind, pages; and that the fake speaks as the real API does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import openai
import pytest

from services.common.clock import SystemClock
from services.connectors.adapters.source_api import HttpApi
from services.connectors.domain.connector import Connector, SourceRefusedError, Unreadable, Window
from services.connectors.domain.event import Event
from services.connectors.domain.rate_limit import TokenBucket
from services.connectors.sources import openai_costs, openai_usage
from tests.fakes.openai import KINDS, FakeOpenAI, days_ago, hours_ago
from tests.fakes.server import FakeServer, rate_limited

DAY = datetime(2026, 11, 20, tzinfo=UTC)
SECRET = "sk-admin-1"


@asynccontextmanager
async def served(provider: FakeOpenAI) -> AsyncIterator[FakeServer]:
    async with FakeServer(provider.routes(), secret=f"Bearer {SECRET}") as server:
        yield server


async def read(server: FakeServer, connector: Connector, start: datetime, end: datetime) -> list[Event | Unreadable]:
    headers = connector.headers(SECRET)
    bucket = TokenBucket(6_000, burst=6_000)
    async with HttpApi(f"{server.url}/v1", headers, bucket, SystemClock()) as api:
        return [row async for page in connector.pages(api, Window(start, end), {}) for row in page]


async def one(row: Mapping[str, Any], kind: str = "completions", connector: Connector = openai_usage.CONNECTOR) -> Any:
    provider = FakeOpenAI()
    provider.use(kind, DAY, **row)
    async with served(provider) as server:
        (found,) = await read(server, connector, DAY, DAY + timedelta(days=1))
    return found


async def test_a_row_of_the_former_generation() -> None:
    """The API reference's own example: 5,000 text tokens of which 4,000 cached, audio beside them."""
    event = await one(
        {
            "input_tokens": 5000, "output_tokens": 1000, "input_cached_tokens": 4000, "input_audio_tokens": 300,
            "output_audio_tokens": 200, "num_model_requests": 5, "project_id": "proj_abc", "user_id": "user-abc",
            "api_key_id": "key_abc", "model": "gpt-4o-mini-2024-07-18", "batch": False, "service_tier": "default",
        }
    )  # fmt: skip
    assert event == {
        "id": "completions:1795132800:proj_abc:user-abc:key_abc:gpt-4o-mini-2024-07-18:false:default",
        "time": "2026-11-20T00:00:00Z",
        "source": "openai-usage",
        "provider": "openai",
        "tool": "openai-api",
        "model": "gpt-4o-mini-2024-07-18",
        "project": "proj_abc",
        "user": "user-abc",
        "key": "key_abc",
        "batch": False,
        "service_tier": "standard",
        "tags": {"report": "completions"},
        "measurement": "reported",
        "usage": {
            "requests": 5,
            "input_tokens": 1000,
            "cache_read_tokens": 4000,
            "cache_write_tokens": 0,
            "input_audio_tokens": 300,
            "input_image_tokens": 0,
            "output_tokens": 1000,
            "output_audio_tokens": 200,
            "output_image_tokens": 0,
        },
    }


async def test_a_row_of_todays_generation_adds_up_to_its_totals() -> None:
    event = await one(
        {
            "input_tokens": 10_000, "input_uncached_tokens": 5_500, "input_text_tokens": 4_000,
            "input_audio_tokens": 1_000, "input_image_tokens": 500, "input_cached_tokens": 4_000,
            "input_cached_text_tokens": 3_000, "input_cached_audio_tokens": 900, "input_cached_image_tokens": 100,
            "input_cache_write_tokens": 500, "output_tokens": 2_000, "output_text_tokens": 1_500,
            "output_audio_tokens": 300, "output_image_tokens": 200, "num_model_requests": 9, "batch": True,
            "service_tier": "flex", "model": "gpt-5.4",
        }
    )  # fmt: skip
    usage = event["usage"]
    assert usage == {
        "requests": 9, "input_tokens": 4_000, "cache_read_tokens": 4_000, "cache_write_tokens": 500,
        "input_audio_tokens": 1_000, "input_image_tokens": 500, "output_tokens": 1_500, "output_audio_tokens": 300,
        "output_image_tokens": 200,
    }  # fmt: skip
    assert sum(usage[name] for name in usage if name.startswith(("input", "cache"))) == 10_000
    assert sum(usage[name] for name in usage if name.startswith("output")) == 2_000
    assert (event["batch"], event["service_tier"], event["model"]) == (True, "flex", "gpt-5.4")


@pytest.mark.parametrize(
    ("kind", "row", "usage", "tags"),
    [
        ("embeddings", {"input_tokens": 1_000, "num_model_requests": 7}, {"input_tokens": 1_000, "requests": 7}, {}),
        ("moderations", {"input_tokens": 16, "num_model_requests": 2}, {"input_tokens": 16, "requests": 2}, {}),
        (
            "images",
            {"images": 3, "num_model_requests": 2, "size": "1024x1024", "source": "image.edit"},
            {"credits": "3", "requests": 2},
            {"unit": "images", "image_size": "1024x1024", "image_source": "image.edit"},
        ),
        ("audio_speeches", {"characters": 45, "num_model_requests": 1}, {"credits": "45", "requests": 1},
         {"unit": "characters"}),
        ("audio_transcriptions", {"seconds": 10, "num_model_requests": 1}, {"credits": "10", "requests": 1},
         {"unit": "seconds"}),
        ("vector_stores", {"usage_bytes": 1_234_567}, {"credits": "1.234567", "requests": 0}, {"unit": "megabytes"}),
        ("code_interpreter_sessions", {"num_sessions": 4}, {"credits": "4", "requests": 0}, {"unit": "sessions"}),
    ],
)  # fmt: skip
async def test_every_other_kind(kind: str, row: dict[str, Any], usage: dict[str, Any], tags: dict[str, str]) -> None:
    event = await one(row | {"project_id": "proj_abc"}, kind)
    assert {name: value for name, value in event["usage"].items() if value or name == "requests"} == usage
    assert event["tags"] == {"report": kind} | tags
    assert event["project"] == "proj_abc" and event["measurement"] == "reported"


async def test_groups_have_ids_of_their_own_which_stay_when_a_bucket_grows() -> None:
    provider = FakeOpenAI()
    for user in ("ann", "bob"):
        for model in ("a", "b"):
            provider.use("completions", DAY, user_id=user, model=model, input_tokens=1, num_model_requests=1)
    async with served(provider) as server:
        before = await read(server, openai_usage.CONNECTOR, DAY, DAY + timedelta(hours=2))
        provider.use("completions", DAY, user_id="ann", model="a", input_tokens=5, num_model_requests=2)
        after = await read(server, openai_usage.CONNECTOR, DAY, DAY + timedelta(hours=2))
    assert len({_id(row) for row in before}) == 4
    assert {_id(row) for row in before} == {_id(row) for row in after}
    changed = [row for row in after if row not in before]
    assert [row["usage"]["input_tokens"] for row in changed if not isinstance(row, Unreadable)] == [6]


async def test_pages_and_hasty_requests() -> None:
    provider = FakeOpenAI(page_buckets=5)
    for number in range(48):
        provider.use("completions", DAY + timedelta(hours=number), input_tokens=number, num_model_requests=1)
    async with served(provider) as server:
        server.fail_next(None, rate_limited(0), None, rate_limited(0))
        found = await read(server, openai_usage.CONNECTOR, DAY, DAY + timedelta(hours=48))
    assert [row["usage"]["input_tokens"] for row in found if not isinstance(row, Unreadable)] == list(range(48))
    assert {seen.one("bucket_width") for seen in server.requests} == {"1h"}
    assert server.paths().count("/v1/organization/usage/completions") == 12


async def test_pages_that_go_round_in_a_circle_end() -> None:
    body = {"object": "page", "data": [], "has_more": True, "next_page": "again"}
    async with FakeServer({"GET /v1/organization/costs": lambda _: body}) as server:
        with pytest.raises(SourceRefusedError, match="circle"):
            await read(server, openai_costs.CONNECTOR, DAY, DAY + timedelta(days=1))


async def test_a_row_that_contradicts_itself_is_told_and_harms_no_other() -> None:
    provider = FakeOpenAI()
    provider.use("completions", DAY, model="bad", input_tokens=10, input_cached_tokens=11, num_model_requests=1)
    provider.use("completions", DAY, model="good", input_tokens=10, num_model_requests=1)
    async with served(provider) as server:
        bad, good = await read(server, openai_usage.CONNECTOR, DAY, DAY + timedelta(hours=1))
    assert isinstance(bad, Unreadable) and "more than input_tokens" in bad.reason
    assert not isinstance(good, Unreadable) and good["usage"]["input_tokens"] == 10


@pytest.mark.parametrize("body", [[], {"object": "list"}, {"data": [{"start_time": 10**14, "results": []}]}, None])
async def test_an_answer_of_another_api_is_refused(body: Any) -> None:
    async with FakeServer({"GET /v1/organization/costs": lambda _: body}) as server:
        with pytest.raises(SourceRefusedError):
            await read(server, openai_costs.CONNECTOR, DAY, DAY + timedelta(days=1))


async def test_costs_are_exact_and_keep_their_line() -> None:
    event = await one(
        {"value": Decimal("0.0612345678901234567"), "line_item": "gpt-4o-2024-08-06, input", "project_id": "proj_abc",
         "api_key_id": "key_abc"},
        "costs", openai_costs.CONNECTOR,
    )  # fmt: skip
    assert event == {
        "id": "costs:1795132800:proj_abc:gpt-4o-2024-08-06, input:key_abc",
        "time": "2026-11-20T00:00:00Z",
        "source": "openai-costs",
        "provider": "openai",
        "tool": "openai-api",
        "model": "gpt-4o-2024-08-06",
        "project": "proj_abc",
        "key": "key_abc",
        "tags": {"line_item": "gpt-4o-2024-08-06, input"},
        "usage": {},
        "measurement": "reported",
        "source_cost": "0.06123456789",
    }


async def test_a_credit_is_negative_and_other_currencies_are_told() -> None:
    credit = await one({"value": Decimal("-5.5"), "line_item": "credit grant"}, "costs", openai_costs.CONNECTOR)
    assert (credit["source_cost"], credit["model"]) == ("-5.5", "")
    body = {"data": [{"start_time": 0, "results": [{"amount": {"value": 1, "currency": "eur"}}, {"amount": None}]}]}
    async with FakeServer({"GET /v1/organization/costs": lambda _: body}) as server:
        foreign, none = await read(server, openai_costs.CONNECTOR, DAY, DAY + timedelta(days=1))
    assert isinstance(foreign, Unreadable) and "only US dollars" in foreign.reason
    assert isinstance(none, Unreadable) and "amount.value is missing" in none.reason


async def test_the_fake_answers_as_openais_own_client_expects() -> None:
    provider = FakeOpenAI(page_buckets=2)
    async with served(provider) as server:
        for number, kind in enumerate(KINDS):
            units = {"images": "images", "audio_speeches": "characters", "audio_transcriptions": "seconds",
                     "vector_stores": "usage_bytes", "code_interpreter_sessions": "num_sessions"}  # fmt: skip
            provider.use(kind, hours_ago(server, 3), **{units.get(kind, "input_tokens"): number + 1},
                         output_tokens=0, num_model_requests=1, project_id="p")  # fmt: skip
        provider.use("costs", days_ago(server, 1), value=Decimal("0.06"), line_item="gpt-4o, input")
        start = int(days_ago(server, 2).timestamp())
        end = int(days_ago(server, -1).timestamp())
        async with openai.AsyncOpenAI(
            api_key="unused", admin_api_key=SECRET, base_url=f"{server.url}/v1", max_retries=0
        ) as client:
            usage = client.admin.organization.usage
            for kind in KINDS:
                page = await getattr(usage, kind)(
                    start_time=start, end_time=end, bucket_width="1h", limit=100, group_by=["project_id"]
                )
                assert page.has_more and len(page.data) == 2
            costs = await usage.costs(start_time=start, end_time=end, group_by=["line_item"])
    (bucket,) = [bucket for bucket in costs.data if bucket.results]
    assert bucket.results[0].object == "organization.costs.result"
    assert bucket.results[0].amount is not None and bucket.results[0].amount.value == 0.06
    assert bucket.results[0].line_item == "gpt-4o, input"


def _id(row: Event | Unreadable) -> str:
    assert not isinstance(row, Unreadable), row
    return row["id"]
