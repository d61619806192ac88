"""The platform's own event."""

from __future__ import annotations

from typing import Any

import pytest
from finops.usage.v1.usage_pb2 import MEASUREMENT_REPORTED, OUTCOME_CACHE_HIT, OUTCOME_FAILED

from services.common.clock import parse_rfc3339
from services.ingest.domain.rejection import Reason
from services.ingest.domain.sources.native import decode
from tests.unit.ingest.building import buckets, context, native, refused

DESIGN_EXAMPLE: dict[str, Any] = {
    "id": "req-1", "time": "2026-11-23T12:00:00Z", "source": "checkout-api", "provider": "openai", "model": "gpt-4o",
    "tool": "openai-api", "team": "search", "user": "ann@example.com", "project": "ranker", "key": "prod-key-1",
    "environment": "prod", "tags": {"feature": "answers"}, "service_tier": "standard", "batch": False,
    "usage": {"input_tokens": 900, "cache_read_tokens": 100, "cache_write_tokens": 0, "cache_write_1h_tokens": 0,
              "output_tokens": 50, "reasoning_tokens": 20, "input_audio_tokens": 0, "output_audio_tokens": 0,
              "input_image_tokens": 0, "output_image_tokens": 0, "web_searches": 0, "requests": 1},
}  # fmt: skip


def test_every_field_of_the_contract_arrives() -> None:
    event = decode(DESIGN_EXAMPLE, context())
    assert event.tenant_id == "acme"
    assert event.source_event_id == "req-1"
    assert event.time_unix_micros == parse_rfc3339("2026-11-23T12:00:00Z")
    assert not event.time_inferred
    for name in (
        "source",
        "provider",
        "model",
        "tool",
        "team",
        "user",
        "project",
        "key",
        "environment",
        "service_tier",
    ):
        assert getattr(event, name) == DESIGN_EXAMPLE[name]
    assert dict(event.tags) == {"feature": "answers"}
    assert buckets(event) == {
        "input_tokens": 900, "cache_read_tokens": 100, "output_tokens": 50, "reasoning_tokens": 20, "requests": 1,
    }  # fmt: skip


def test_only_id_time_and_usage_are_needed() -> None:
    event = decode(native(), context())
    assert event.source == "api"
    assert buckets(event) == {"input_tokens": 900, "output_tokens": 50, "requests": 1}


def test_seats_credits_and_the_rest() -> None:
    event = decode(
        native(
            usage={"seats": 1, "credits": "12.345678"},
            model="copilot-business",
            seat={
                "assigned_at": "2026-01-02T00:00:00Z",
                "last_active_at": None,
                "pending_cancellation": True,
                "price_per_month": "19.5",
            },
            session="s-1",
            region="eu",
            estimated=True,
            measurement="reported",
        ),
        context(),
    )
    assert buckets(event) == {"seats": 1, "credit_micros": 12_345_678}
    assert event.seat.assigned_unix_micros == parse_rfc3339("2026-01-02T00:00:00Z")
    assert event.seat.last_active_unix_micros == 0
    assert event.seat.pending_cancellation
    assert event.seat.price_picos_per_month == 19_500_000_000_000
    assert not decode(native(seat={}), context()).seat.HasField("price_picos_per_month")
    assert (event.session, event.region, event.estimated) == ("s-1", "eu", True)
    assert event.measurement == MEASUREMENT_REPORTED


@pytest.mark.parametrize(("word", "outcome"), [("failed", OUTCOME_FAILED), ("cache_hit", OUTCOME_CACHE_HIT)])
def test_an_outcome_that_costs_nothing_is_still_a_request(word: str, outcome: int) -> None:
    event = decode(native(outcome=word, usage={}), context())
    assert event.outcome == outcome
    assert buckets(event) == {"requests": 1}


@pytest.mark.parametrize(
    ("dollars", "picos"),
    [
        ("0.0125", 12_500_000_000), ("0", 0), ("0.000000000001", 1), ("1E-7", 100_000), (".5", 5 * 10**11),
        ("0.10000000000000000000", 10**11), ("9223372.036854775807", 2**63 - 1), ("7", 7 * 10**12),
    ],
)  # fmt: skip
def test_what_the_source_says_it_cost_is_exact(dollars: str, picos: int) -> None:
    event = decode(native(source_cost=dollars), context())
    assert event.HasField("source_cost_picos")
    assert event.source_cost_picos == picos


def test_audio_by_its_duration_is_kept_to_the_millisecond() -> None:
    for value, milliseconds in ((12.5, 12_500), ("0.001", 1), (3, 3_000)):
        assert buckets(decode(native(usage={"audio_seconds": value}), context())) == {
            "audio_milliseconds": milliseconds
        }
    assert "round it to 3 decimals" in refused(decode, native(usage={"audio_seconds": "0.0001"}))[1]


def test_time_of_gpus_is_kept_to_the_millisecond() -> None:
    assert buckets(decode(native(usage={"gpu_seconds": "180.25"}), context())) == {"gpu_milliseconds": 180_250}
    assert "round it to 3 decimals" in refused(decode, native(usage={"gpu_seconds": "0.0001"}))[1]


def test_what_the_vendor_bills_is_told_from_what_a_source_believes() -> None:
    billed = decode(native(billed_cost="0.04", usage={}), context())
    assert (billed.source_cost_picos, billed.source_cost_billed) == (4 * 10**10, True)
    assert not decode(native(source_cost="0.04"), context()).source_cost_billed
    reason, message = refused(decode, native(billed_cost="1", source_cost="1"))
    assert (reason, message) == (
        Reason.INCONSISTENT,
        "billed_cost: stands beside source_cost: send one of them",
    )
    assert refused(decode, native(billed_cost="-1"))[0] == Reason.OUT_OF_RANGE


def test_a_reported_row_sums_up_more_than_an_event() -> None:
    hour = decode(native(measurement="reported", usage={"cache_read_tokens": 10**12}), context())
    assert hour.quantities.cache_read_tokens == 10**12
    assert refused(decode, native(usage={"cache_read_tokens": 10**12}))[0] == Reason.OUT_OF_RANGE


def test_a_reported_row_may_be_money_alone() -> None:
    for usage in ({}, {"input_tokens": 0}):
        event = decode(native(measurement="reported", source_cost="-12.5", usage=usage), context())
        assert event.source_cost_picos == -12_500_000_000_000
        assert buckets(event) == {}
    assert not decode(native(), context()).HasField("source_cost_picos")


def test_a_reported_row_is_as_many_requests_as_it_says() -> None:
    assert buckets(decode(native(measurement="reported", usage={"input_tokens": 9}), context())) == {"input_tokens": 9}
    row = native(measurement="reported", usage={"input_tokens": 9, "requests": 3})
    assert buckets(decode(row, context())) == {"input_tokens": 9, "requests": 3}


def test_content_is_dropped_and_unknown_fields_are_counted() -> None:
    secret = "my prompt"
    known = context()
    event = decode(native(messages=[secret], prompt=secret, response={"x": secret}, completion=secret), known)
    assert known.dropped_fields == 0
    assert secret.encode() not in event.SerializeToString()
    decode(native(colour="red", shape="round"), known)
    assert known.dropped_fields == 2


@pytest.mark.parametrize(
    ("changes", "reason", "message"),
    [
        ({"id": None}, Reason.MISSING, "id: is missing or blank"),
        ({"id": "  "}, Reason.MISSING, "id: is missing or blank"),
        ({"id": 7}, Reason.WRONG_TYPE, "id: must be a string, not 7"),
        ({"id": "x" * 257}, Reason.TOO_LONG, "id: has 257 characters"),
        ({"team": "a\nb"}, Reason.INVALID, "team: holds control characters"),
        ({"team": ["a"]}, Reason.WRONG_TYPE, "team: must be a string, not an array"),
        ({"time": None}, Reason.MISSING, "time: is missing"),
        ({"time": 1795445531}, Reason.WRONG_TYPE, "time: must be a string"),
        ({"time": "yesterday"}, Reason.INVALID, "time: 'yesterday' is not an RFC 3339 time"),
        ({"time": "2026-11-23T12:00:00"}, Reason.INVALID, "has no offset"),
        ({"time": "2026-11-23T12:05:01Z"}, Reason.OUT_OF_RANGE, "time: lies in the future"),
        ({"time": "2025-10-19T11:59:59Z"}, Reason.OUT_OF_RANGE, "time: lies before 2025-10-19T12:00:00Z"),
        ({"usage": None}, Reason.MISSING, "usage: is missing"),
        ({"usage": {}}, Reason.MISSING, "usage: is empty"),
        ({"usage": [1]}, Reason.WRONG_TYPE, "usage: must be an object, not an array"),
        (
            {"usage": {"prompt_tokens": 1}},
            Reason.UNKNOWN_FIELD,
            "usage.prompt_tokens: is not known: use input_tokens, ",
        ),
        ({"usage": {"input_tokens": -1}}, Reason.OUT_OF_RANGE, "usage.input_tokens: is -1: a count cannot be negative"),
        ({"usage": {"input_tokens": 10**9 + 1}}, Reason.OUT_OF_RANGE, "usage.input_tokens: is 1000000001: more than"),
        ({"usage": {"input_tokens": 1e300}}, Reason.WRONG_TYPE, "usage.input_tokens: must be a whole number"),
        ({"usage": {"input_tokens": 1.5}}, Reason.WRONG_TYPE, "usage.input_tokens: must be a whole number, not 1.5"),
        (
            {"usage": {"input_tokens": True}},
            Reason.WRONG_TYPE,
            "usage.input_tokens: must be a whole number, not a boolean",
        ),
        (
            {"usage": {"input_tokens": "5"}},
            Reason.WRONG_TYPE,
            "usage.input_tokens: must be a whole number, not a string",
        ),
        ({"usage": {"seats": 10_001}}, Reason.OUT_OF_RANGE, "usage.seats: is 10001"),
        (
            {"usage": {"credits": "0.0000001"}},
            Reason.INVALID,
            "usage.credits: is 0.0000001: finer than is kept",
        ),
        ({"usage": {"credits": "NaN"}}, Reason.WRONG_TYPE, "usage.credits: must be a decimal"),
        ({"usage": {"credits": "-1"}}, Reason.OUT_OF_RANGE, "usage.credits: is -1"),
        ({"tags": {"a": 1}}, Reason.WRONG_TYPE, "tags.a: must be a string, not 1"),
        ({"tags": {"": "x"}}, Reason.INVALID, "tags: has a tag without a name"),
        ({"tags": {"k" * 65: "x"}}, Reason.TOO_LONG, "has 65 characters"),
        ({"tags": {"k": "v" * 257}}, Reason.TOO_LONG, "tags.k: has 257 characters"),
        ({"tags": {str(n): "" for n in range(33)}}, Reason.TOO_LONG, "tags: has 33 tags"),
        ({"tags": "a=b"}, Reason.WRONG_TYPE, "tags: must be an object"),
        ({"batch": "yes"}, Reason.WRONG_TYPE, "batch: must be true or false"),
        ({"outcome": "lost"}, Reason.INVALID, "outcome: must be one of answered, failed, cache_hit"),
        ({"measurement": "guessed"}, Reason.INVALID, "measurement: must be one of metered, reported"),
        ({"usage": {}, "source_cost": "1"}, Reason.MISSING, "usage: is empty"),
        ({"usage": {}, "measurement": "reported"}, Reason.MISSING, "usage: is empty"),
        ({"source_cost": 0.1}, Reason.WRONG_TYPE, "source_cost: must be dollars as a decimal string such as"),
        ({"source_cost": "$1"}, Reason.WRONG_TYPE, "source_cost: must be dollars"),
        ({"source_cost": "1_0"}, Reason.WRONG_TYPE, "source_cost: must be dollars"),
        ({"source_cost": "NaN"}, Reason.WRONG_TYPE, "source_cost: must be dollars"),
        ({"source_cost": "\u0661"}, Reason.WRONG_TYPE, "source_cost: must be dollars"),
        ({"source_cost": "0" * 41}, Reason.WRONG_TYPE, "source_cost: must be dollars"),
        ({"source_cost": "0.0000000000015"}, Reason.OUT_OF_RANGE, "finer than a picodollar (12 decimals)"),
        ({"source_cost": "1e999"}, Reason.OUT_OF_RANGE, "source_cost: '1e999' is out of range"),
        ({"source_cost": "9223372.036854775808"}, Reason.OUT_OF_RANGE, "one event holds up to 9223372 dollars"),
        ({"source_cost": "-1"}, Reason.OUT_OF_RANGE, "source_cost: is negative: only a provider's own report"),
        ({"seat": {"since": "x"}}, Reason.UNKNOWN_FIELD, "seat.since: is not known"),
        (
            {"seat": {"price_per_month": "100000.01"}},
            Reason.OUT_OF_RANGE,
            "seat.price_per_month: is 100000.01",
        ),
        ({"seat": {"price_per_month": 19}}, Reason.WRONG_TYPE, "seat.price_per_month: must be dollars as a decimal"),
        ({"seat": {"assigned_at": "x"}}, Reason.INVALID, "seat.assigned_at: 'x' is not an RFC 3339 time"),
    ],
)
def test_what_cannot_be_accepted_says_where_and_how_to_mend(
    changes: dict[str, Any], reason: Reason, message: str
) -> None:
    found, text = refused(decode, {**native(), **changes})
    assert found is reason
    assert message in text


def test_the_edges_of_what_is_accepted() -> None:
    event = decode(
        native(
            id="x" * 256,
            time="2026-11-23T12:05:00Z",
            usage={"input_tokens": 10**9, "output_tokens": 12.0, "seats": 10_000, "reasoning_tokens": None},
            tags={"k" * 64: "v" * 256},
        ),
        context(),
    )
    assert buckets(event) == {"input_tokens": 10**9, "output_tokens": 12, "seats": 10_000, "requests": 1}
    assert decode(native(time="2025-10-19T12:00:00Z"), context()).time_unix_micros == parse_rfc3339(
        "2025-10-19T12:00:00Z"
    )


def test_anything_but_an_object_is_refused() -> None:
    items: tuple[object, ...] = (None, 1, "x", [], True)
    for item in items:
        assert refused(decode, item)[0] is Reason.NOT_AN_OBJECT
