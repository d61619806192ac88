"""Whatever arrives at the public HTTP API: a precise 4xx for what is wrong, 202 for the rest, never a 5xx."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.e2e.conftest import tenant_client
from tests.e2e.events import event, total
from tests.e2e.running import Client, Cluster, eventually

CONTENT_TYPES = (
    "application/json",
    "application/x-ndjson",
    "application/cloudevents+json",
    "application/cloudevents-batch+json",
    "",
)
INGEST = ("/v1/events", "/v1/usage/openai", "/v1/usage/anthropic", "/v1/litellm")


def _with_usage(**usage: Any) -> dict[str, Any]:
    return event(1, usage=usage)


def _shifted(**delta: float) -> dict[str, Any]:
    return {**event(1), "time": (datetime.now(UTC) + timedelta(**delta)).isoformat()}


BAD_EVENTS: list[tuple[str, Any, str]] = [
    ("not an object", 17, "object"),
    ("no id", {k: v for k, v in event(1).items() if k != "id"}, "id"),
    ("empty id", {**event(1), "id": ""}, "id"),
    ("no time", {k: v for k, v in event(1).items() if k != "time"}, "time"),
    ("no usage", {k: v for k, v in event(1).items() if k != "usage"}, "usage"),
    ("time without offset", {**event(1), "time": "2026-11-23T12:00:00"}, "offset"),
    ("future", _shifted(days=2), "time"),
    ("ancient", _shifted(days=-5_000), "time"),
    ("negative", _with_usage(input_tokens=-1), "usage.input_tokens"),
    ("absurd", _with_usage(input_tokens=10**15), "usage.input_tokens"),
    ("a boolean count", _with_usage(input_tokens=True), "usage.input_tokens"),
    ("half a token", _with_usage(input_tokens=1.5), "usage.input_tokens"),
    ("a text count", _with_usage(input_tokens="many"), "usage.input_tokens"),
    ("an unknown bucket", _with_usage(inptu_tokens=5), "inptu_tokens"),
    ("a long team", event(1, team="x" * 5_000), "team"),
    ("tags that are a list", event(1, tags=["a"]), "tags"),
    ("too many tags", event(1, tags={str(n): "x" for n in range(500)}), "tags"),
]


@pytest.mark.parametrize(("bad", "mentions"), [case[1:] for case in BAD_EVENTS], ids=[case[0] for case in BAD_EVENTS])
def test_one_bad_event_spares_the_rest(client: Client, bad: Any, mentions: str) -> None:
    answer = client.http.post("/v1/events", json=[event(1), bad, event(2)])
    assert answer.status_code == 202, answer.text
    body = answer.json()
    assert body["accepted"] == 2
    assert [rejected["index"] for rejected in body["rejected"]] == [1]
    assert mentions in body["rejected"][0]["message"]
    alone = client.http.post("/v1/events", json=bad)
    assert alone.status_code in (400, 422), alone.text


def test_cache_tokens_above_the_input_are_refused(client: Client) -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 11}}
    body = {"id": "c1", "object": "chat.completion", "model": "gpt-4o", "usage": usage}
    answer = client.http.post("/v1/usage/openai", json=body)
    assert answer.status_code == 422
    assert "cached_tokens" in answer.text


@pytest.mark.parametrize(
    ("body", "content_type", "statuses"),
    [
        (b"", "application/json", {400}),
        (b"{", "application/json", {400}),
        (b"[]", "application/json", {400, 422}),
        (b"\xff\xfe", "application/json", {400}),
        (b"[" * 100_000, "application/json", {400}),
        (b'{"id": "a"}\n{"id', "application/x-ndjson", {400, 422}),
        (b"id,time\n", "text/csv", {415}),
        (gzip.compress(b"0" * 30_000_000), "application/json", {400, 413}),
    ],
)
def test_a_body_that_is_no_batch(client: Client, body: bytes, content_type: str, statuses: set[int]) -> None:
    headers = {"Content-Type": content_type}
    if body[:2] == b"\x1f\x8b":
        headers["Content-Encoding"] = "gzip"
    answer = client.http.post("/v1/events", content=body, headers=headers)
    assert answer.status_code in statuses, (answer.status_code, answer.text[:300])
    assert answer.json()["error"]["message"]


def test_a_hundred_megabytes_are_refused_early(client: Client) -> None:
    def body() -> Any:
        for _ in range(100):
            yield b"x" * 1_000_000

    try:
        answer = client.http.post("/v1/events", content=body(), headers={"Content-Type": "application/json"})
    except httpx.TransportError:
        pass  # The server may close while the rest is still being sent.
    else:
        assert answer.status_code == 413
    huge = client.http.post("/v1/events", content=b"x" * 6_000_000, headers={"Content-Type": "application/json"})
    assert huge.status_code == 413


def test_keys_and_roles(cluster: Cluster, client: Client) -> None:
    for path in INGEST:
        assert httpx.post(client.url + path, json=event(1), trust_env=False).status_code == 401
        wrong = httpx.post(
            client.url + path, json=event(1), headers={"Authorization": "Bearer afk_wrong"}, trust_env=False
        )
        assert wrong.status_code == 401
        assert wrong.headers["WWW-Authenticate"] == "Bearer"
    viewer = tenant_client(cluster, client.tenant, "viewer")
    assert viewer.http.post("/v1/events", json=event(1)).status_code == 403
    assert viewer.http.post("/api/v1/budgets", json={"amount": "1", "period": "month"}).status_code == 403
    assert viewer.http.get("/api/v1/costs").status_code == 200
    ingest = tenant_client(cluster, client.tenant, "ingest")
    assert ingest.http.get("/api/v1/costs").status_code == 403
    ingest.send(event(1))


def test_an_unknown_model_is_counted_and_shown_not_free(client: Client) -> None:
    budget = client.post(
        "/api/v1/budgets", {"display_name": "Labs", "amount": "1.00", "period": "month", "filter": 'team = "labs"'}
    )
    usage = {"input_tokens": 1_000_000, "output_tokens": 0, "requests": 1}
    unknown = event(2, provider="nobody", model="not-in-any-book", team="labs", usage=usage)
    client.send([event(1, model="gpt-4o"), unknown])
    rows = eventually(lambda: client.costs(group_by="model", granularity="total"), lambda rows: len(rows) == 2)
    by_model = {row["model"]: row for row in rows}
    assert by_model["not-in-any-book"]["unpriced_events"] == 1
    assert Decimal(by_model["not-in-any-book"]["cost"]) == 0
    assert Decimal(by_model["not-in-any-book"]["shadow_cost"]) > 0
    assert Decimal(by_model["gpt-4o"]["cost"]) == total([event(1, model="gpt-4o")])
    status = eventually(
        lambda: client.get(f"/api/v1/{budget['name']}/status"), lambda status: Decimal(status["shadow"]) > 0
    )
    assert Decimal(status["used_ratio"] if isinstance(status["used_ratio"], str) else str(status["used_ratio"])) > 1


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"group_by": "colour"}, "group_by"),
        ({"granularity": "fortnight"}, "granularity"),
        ({"start": "yesterday"}, "start"),
        ({"start": "2026-01-02T00:00:00Z", "end": "2026-01-01T00:00:00Z"}, "end"),
        ({"timezone": "Mars/Olympus"}, "time"),
        ({"filter": "team ="}, "filter"),
    ],
)
def test_bad_queries_name_the_parameter(client: Client, parameters: dict[str, str], field: str) -> None:
    answer = client.http.get("/api/v1/costs", params=parameters)
    assert answer.status_code == 400, answer.text
    assert field in json.dumps(answer.json()["error"])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(INGEST), body=st.binary(max_size=400), kind=st.sampled_from(CONTENT_TYPES))
def test_arbitrary_bytes_never_fail_the_server(client: Client, path: str, body: bytes, kind: str) -> None:
    answer = client.http.post(path, content=body, headers={"Content-Type": kind} if kind else {})
    assert answer.status_code < 500, answer.text


leaves = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
)
documents = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "usage", "time", "tags", "model", "prompt_tokens", "input_tokens", "metadata", "x"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(INGEST), document=documents)
def test_arbitrary_json_never_fails_the_server(client: Client, path: str, document: Any) -> None:
    answer = client.http.post(path, json=document)
    assert answer.status_code < 500, answer.text
