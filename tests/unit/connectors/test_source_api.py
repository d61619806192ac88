"""The HTTP client against a server that misbehaves."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

import pytest
from starlette.responses import Response

from services.common.clock import SystemClock
from services.common.errors import UnavailableError
from services.connectors.adapters.source_api import HttpApi, Limits
from services.connectors.domain.connector import SourceRefusedError
from services.connectors.domain.rate_limit import TokenBucket
from tests.fakes.server import (
    FakeServer,
    Reply,
    Seen,
    disconnect,
    garbage,
    rate_limited,
    refused,
    server_error,
    slow,
)

SECRET = "sk-admin-0123456789abcdef"


class Waiting:
    """Does not wait, and says how long it would have."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        if seconds:
            self.seconds.append(seconds)


@asynccontextmanager
async def api(
    server: FakeServer, *, path: str = "/v1", limits: Limits | None = None, bucket: TokenBucket | None = None
) -> AsyncIterator[tuple[HttpApi, Waiting]]:
    waiting = Waiting()
    headers = {"Authorization": f"Bearer {SECRET}"}
    pace = bucket or TokenBucket(6_000, burst=6_000)
    async with HttpApi(server.url + path, headers, pace, SystemClock(), limits=limits, sleep=waiting) as client:
        yield client, waiting


def echo(seen: Seen) -> Any:
    return {"query": {name: list(values) for name, values in seen.query.items()}, "body": seen.body}


def server(**routes: Any) -> FakeServer:
    return FakeServer({"GET /v1/things": echo, "POST /v1/things": echo, **routes}, secret=f"Bearer {SECRET}")


async def test_parameters_repeat_and_numbers_stay_exact() -> None:
    routes = {"GET /v1/cost": lambda _: {"value": Decimal("0.10000000000000000001")}}
    async with server(**routes) as there, api(there) as (client, waiting):
        found = await client.get("things", {"group_by": ["model", "user"], "limit": 7})
        posted = await client.post("/things", {"page": 2})
        exact = await client.get("cost")
    assert found.body["query"] == {"group_by": ["model", "user"], "limit": ["7"]}
    assert posted.body["body"] == {"page": 2}
    assert exact.body["value"] == Decimal("0.10000000000000000001")
    assert waiting.seconds == []


async def test_what_may_be_tried_again_is() -> None:
    async with server() as there, api(there) as (client, waiting):
        there.fail_next(rate_limited(3), server_error(502), disconnect(), garbage(), rate_limited("nonsense", 503))
        assert (await client.get("things")).body["query"] == {}
    assert len(there.requests) == 6
    assert waiting.seconds[0] == 3, "Retry-After"
    assert all(seconds < 40 for seconds in waiting.seconds)
    assert waiting.seconds[1] < waiting.seconds[3] < waiting.seconds[4], "pauses grow"


async def test_a_source_may_name_a_date_by_its_own_clock() -> None:
    async with server() as there, api(there) as (client, waiting):
        there.clock_offset = timedelta(hours=-2)
        there.fail_next(rate_limited(format_datetime(there.now() + timedelta(seconds=30), usegmt=True)))
        await client.get("things")
        assert timedelta(hours=2) <= client.behind < timedelta(hours=2, seconds=10)
    assert 25 <= waiting.seconds[0] <= 31


async def test_a_clock_ahead_of_ours_is_not_behind() -> None:
    async with server() as there, api(there) as (client, _):
        there.clock_offset = timedelta(hours=5)
        await client.get("things")
        assert client.behind == timedelta(0)


async def test_it_is_given_up_for_as_long_as_the_source_says() -> None:
    async with server() as there, api(there, limits=Limits(patience_seconds=60)) as (client, waiting):
        there.fail_next(rate_limited(3_600))
        with pytest.raises(UnavailableError, match="slow down") as caught:
            await client.get("things")
    assert caught.value.retry_after_seconds == 3_600
    assert waiting.seconds == [] and len(there.requests) == 1


async def test_patience_ends() -> None:
    async with server() as there, api(there, limits=Limits(patience_seconds=20)) as (client, waiting):
        there.fail_next(*[server_error()] * 50)
        with pytest.raises(UnavailableError, match="something went wrong"):
            await client.get("things")
    assert sum(waiting.seconds) <= 20


async def test_a_server_that_hangs_or_is_away_is_unavailable() -> None:
    limits = Limits(patience_seconds=3, timeout_seconds=0.2)
    async with server() as there, api(there, limits=limits) as (client, _):
        there.fail_next(*[slow(0.5)] * 9)
        with pytest.raises(UnavailableError, match="ReadTimeout"):
            await client.get("things")
    async with api(there, limits=limits) as (client, _):
        with pytest.raises(UnavailableError, match="ConnectError"):
            await client.get("things")


@pytest.mark.parametrize(("status", "mend"), [(400, ""), (401, "revoked"), (403, "may read"), (404, "base URL")])
async def test_a_refusal_says_what_and_how_to_mend_it_but_not_the_secret(status: int, mend: str) -> None:
    async with server() as there, api(there) as (client, _):
        there.fail_next(refused(status, f"no: Bearer {SECRET}, {SECRET}"))
        with pytest.raises(SourceRefusedError) as caught:
            await client.get("things")
    assert caught.value.status == status
    assert "no: ***" in str(caught.value) and mend in str(caught.value)
    assert SECRET not in str(caught.value)
    assert len(there.requests) == 1


async def test_redirects_are_not_followed_with_a_secret() -> None:
    moved = Reply({}, 302, {"Location": "http://elsewhere.example/"})
    async with server(**{"GET /v1/moved": lambda _: moved}) as there, api(there) as (client, _):
        with pytest.raises(SourceRefusedError, match="secrets do not follow"):
            await client.get("moved")


async def test_pages_are_followed_on_the_same_host_alone() -> None:
    def page(seen: Seen) -> Any:
        number = int(seen.one("page", "1"))
        links = {1: f"{there.url}/v1/pages?page=2&ids=a&ids=b", 2: "https://elsewhere.example/3"}
        return Reply({"page": number, "ids": seen.all("ids")}, headers={"Link": f'<{links[number]}>; rel="next"'})

    async with server(**{"GET /v1/pages": page}) as there, api(there) as (client, _):
        first = await client.get("pages")
        second = await client.get(first.next_url)
        assert second.body == {"page": 2, "ids": ["a", "b"]}
        assert (await client.get(first.next_url, {"extra": 1})).body["ids"] == ["a", "b"]
        with pytest.raises(SourceRefusedError, match="not on") as caught:
            await client.get(second.next_url)
    assert "elsewhere.example" in str(caught.value)
    assert len(there.requests) == 3


async def test_an_answer_without_end_is_cut() -> None:
    routes, limits = {"GET /v1/huge": lambda _: ["x" * 10_000]}, Limits(max_answer_bytes=5_000)
    async with server(**routes) as there, api(there, limits=limits) as (client, _):
        with pytest.raises(SourceRefusedError, match="more than 5000 bytes"):
            await client.get("huge")


async def test_nesting_without_end_and_numbers_that_are_none_are_no_json() -> None:
    async with server() as there, api(there, limits=Limits(patience_seconds=0.1)) as (client, _):
        for body in (b"[" * 100_000, b'{"value": NaN}'):
            there.fail_next(_raw(body))
            with pytest.raises(UnavailableError, match="no JSON"):
                await client.get("things")


async def test_it_keeps_its_own_pace() -> None:
    async with server() as there, api(there, bucket=TokenBucket(60, burst=2)) as (client, waiting):
        for _ in range(4):
            await client.get("things")
    assert len(waiting.seconds) == 2
    assert 0.5 < waiting.seconds[0] <= 1 < waiting.seconds[1] <= 2


def _raw(body: bytes) -> Any:
    async def fault(_: FakeServer, __: Response) -> Response:
        return Response(body, media_type="application/json")

    return fault


async def test_the_secret_inside_basic_credentials_is_not_shown_either() -> None:
    basic = "Basic " + base64.b64encode(f"{SECRET}:".encode()).decode()
    there = FakeServer({"GET /v1/things": echo}, secret=basic)
    there.fail_next(refused(403, f"no team has the key {SECRET}"))
    headers = {"Authorization": basic}
    async with there, HttpApi(f"{there.url}/v1", headers, TokenBucket(600), SystemClock()) as client:
        with pytest.raises(SourceRefusedError, match="no team has the key") as caught:
            await client.get("things")
    assert SECRET not in str(caught.value)
