"""The client against scripted answers, and against ingest's own endpoints."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence

import httpx
import pytest

from services.common.clock import format_rfc3339
from services.common.errors import UnavailableError
from services.common.http.server import application
from services.connectors.adapters.ingest_client import BATCH, IngestClient, IngestRefusedError, Rejection
from services.connectors.domain.event import Event
from tests.unit.ingest.building import NOW
from tests.unit.ingest.serving import serve


def _events(count: int) -> list[Event]:
    return [
        {"id": f"e{n}", "time": "2026-11-23T12:00:00Z", "source": "test", "usage": {"input_tokens": n}}
        for n in range(count)
    ]


class Script:
    """Answers in turn; keeps what was sent and how long was waited."""

    def __init__(self, *answers: Callable[[list[Event]], httpx.Response] | Exception) -> None:
        self._answers = list(answers)
        self.batches: list[list[Event]] = []
        self.pauses: list[float] = []
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        events = json.loads(gzip.decompress(request.content))
        self.batches.append(events)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(events)

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def client(self, patience_seconds: float = 300) -> IngestClient:
        return IngestClient(
            "http://ingest/", "sk", transport=httpx.MockTransport(self), sleep=self.sleep,
            patience_seconds=patience_seconds,
        )  # fmt: skip


def _all(events: Sequence[Event]) -> httpx.Response:
    return httpx.Response(202, json={"accepted": len(events), "rejected": []})


def _status(status: int, **headers: str) -> Callable[[list[Event]], httpx.Response]:
    body = {"error": {"code": "X", "message": f"said {status}"}}
    return lambda _: httpx.Response(status, headers={n.replace("_", "-"): v for n, v in headers.items()}, json=body)


async def test_batches_in_order() -> None:
    script = Script(_all)
    events = _events(2 * BATCH + 1)
    async with script.client() as client:
        receipt = await client.send(events)
    assert receipt.accepted == len(events)
    assert [len(batch) for batch in script.batches] == [BATCH, BATCH, 1]
    assert [event for batch in script.batches for event in batch] == events
    assert str(script.requests[0].url) == "http://ingest/v1/events"
    assert script.requests[0].headers["authorization"] == "Bearer sk"


async def test_rejections_carry_the_index_of_what_was_given() -> None:
    def last_refused(events: list[Event]) -> httpx.Response:
        refused = {"index": len(events) - 1, "code": "missing_field", "message": "time: is missing"}
        return httpx.Response(202, json={"accepted": len(events) - 1, "rejected": [refused]})

    async with Script(_all, last_refused).client() as client:
        receipt = await client.send(_events(BATCH + 3))
    assert receipt.accepted == BATCH + 2
    assert receipt.rejected == [Rejection(BATCH + 2, "missing_field", "time: is missing")]


async def test_none_accepted_is_no_failure() -> None:
    def none(events: list[Event]) -> httpx.Response:
        refused = [{"index": n, "code": "x", "message": "m"} for n in range(len(events))]
        return httpx.Response(422, json={"accepted": 0, "rejected": refused, "error": {"message": "none"}})

    async with Script(none).client() as client:
        receipt = await client.send(_events(2))
    assert (receipt.accepted, len(receipt.rejected)) == (0, 2)


async def test_waits_as_told_and_sends_the_same_again() -> None:
    away = httpx.ConnectError("connection refused")
    script = Script(_status(429, Retry_After="7"), _status(503), away, _status(503, Retry_After="soon"), _all)
    async with script.client() as client:
        assert (await client.send(_events(3))).accepted == 3
    assert script.pauses[0] == 7
    assert all(0 < pause < 10 for pause in script.pauses)
    assert len(script.batches) == 5
    assert all(batch == script.batches[0] for batch in script.batches)


async def test_patience_ends() -> None:
    script = Script(_status(503, Retry_After="20"))
    async with script.client(patience_seconds=60) as client:
        with pytest.raises(
            UnavailableError, match=r"http://ingest/v1/events took no events for 60 s: HTTP 503: said 503"
        ):
            await client.send(_events(1))
    assert sum(script.pauses) == 60


async def test_too_large_is_halved_down_to_the_event_that_is() -> None:
    def small_ones(events: list[Event]) -> httpx.Response:
        return _status(413)(events) if any(event["id"] == "e5" for event in events) else _all(events)

    script = Script(small_ones)
    async with script.client() as client:
        receipt = await client.send(_events(8))
    assert receipt.accepted == 7
    assert [rejection.index for rejection in receipt.rejected] == [5]
    assert [len(batch) for batch in script.batches] == [8, 4, 4, 2, 1, 1, 2]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (_status(401), "refuses the API key: said 401"),
        (_status(403), "refuses the API key: said 403"),
        (_status(404), r"does not answer as ingest does \(HTTP 404: said 404\): check the URL"),
        (lambda _: httpx.Response(200, text="<html>"), "does not answer as ingest does"),
        (lambda _: httpx.Response(200, json=[1]), "does not answer as ingest does"),
        (lambda _: httpx.Response(202, json={"accepted": 1, "rejected": []}), "accounted for 1 of 2"),
    ],
)
async def test_refusals_say_how_to_mend(answer: Callable[[list[Event]], httpx.Response], said: str) -> None:
    async with Script(answer).client() as client:
        with pytest.raises(IngestRefusedError, match=said):
            await client.send(_events(2))


@pytest.mark.parametrize("url", ["ftp://x", "localhost:8080", "http://[::bad", ""])
async def test_an_address_that_is_none(url: str) -> None:
    async with IngestClient(url, "sk") as client:
        with pytest.raises(IngestRefusedError):
            await client.send(_events(1))


async def test_nothing_to_send_asks_nobody() -> None:
    script = Script(_status(401))
    async with script.client() as client:
        assert (await client.send([])).accepted == 0
    assert script.requests == []


async def test_ingest_itself_takes_what_is_sent() -> None:
    """Its limit of 50 events a request makes the client halve its batches."""
    served = serve(max_items=50)
    events = _events(120)
    for event in events:
        event["time"] = format_rfc3339(NOW)
    events[70]["usage"] = {"input_tokens": -1}
    transport = httpx.ASGITransport(application(served.routes, None, dict))
    async with IngestClient("http://ingest", served.service_key, transport=transport) as client:
        receipt = await client.send(events)
    assert receipt.accepted == 119
    assert [(rejection.index, rejection.code) for rejection in receipt.rejected] == [(70, "out_of_range")]
    assert len(served.kept.events) == 119


async def test_ingest_itself_refuses_an_unknown_key() -> None:
    transport = httpx.ASGITransport(application(serve().routes, None, dict))
    async with IngestClient("http://ingest", "nonsense", transport=transport) as client:
        with pytest.raises(IngestRefusedError, match="refuses the API key"):
            await client.send(_events(1))
