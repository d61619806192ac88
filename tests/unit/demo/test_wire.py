"""What is sent is what the endpoints' own decoders read, bucket for bucket."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.clock import to_micros
from services.demo import wire
from services.demo.seats import Seats
from services.demo.traffic import Traffic, Use
from services.demo.workloads import Route
from services.ingest.domain.attribution import HeaderMap
from services.ingest.domain.context import Context
from services.ingest.domain.sources import anthropic, litellm, native, openai
from services.ingest.domain.times import TimeWindow
from tests.unit.demo.history import ANCHOR, DAYS, SEED, history

NOW = to_micros(ANCHOR)
WINDOW = TimeWindow.at(NOW, max_age_days=DAYS + 2, max_ahead_seconds=300)

SINGLE: dict[Route, tuple[Callable[[Use], Any], Callable[[object, Context], UsageEvent]]] = {
    Route.OPENAI: (wire.openai, openai.decode),
    Route.ANTHROPIC: (wire.anthropic, anthropic.decode),
    Route.LITELLM: (wire.litellm, litellm.decode),
}


def context(use: Use | None = None) -> Context:
    headers = {name.lower(): value for name, value in wire.attribution(use).items()} if use else {}
    return Context("acme", NOW, WINDOW, HeaderMap().read(headers))


def test_every_native_event_of_the_history_is_accepted_and_read_as_meant() -> None:
    reading = context()
    for use in history():
        event = native.decode(wire.native(use), reading)
        quantities = event.quantities
        assert event.time_unix_micros == to_micros(use.time)
        assert (
            quantities.input_tokens,
            quantities.cache_read_tokens,
            quantities.cache_write_tokens,
            quantities.output_tokens,
            quantities.reasoning_tokens,
            quantities.requests,
        ) == (
            use.input_tokens,
            use.cache_read_tokens,
            use.cache_write_tokens,
            use.output_tokens,
            use.reasoning_tokens,
            use.requests,
        )
        assert (event.team, event.user, event.model) == (use.workload.team, use.user, use.workload.model)
    assert reading.dropped_fields == 0


@pytest.mark.parametrize("route", SINGLE)
def test_single_requests_are_read_as_meant(route: Route) -> None:
    write, decode = SINGLE[route]
    found = [use for use in history() if use.workload.route is route][:200]
    assert found
    for use in found:
        event = decode(write(use), context(use if route is not Route.LITELLM else None))
        quantities = event.quantities
        assert abs(event.time_unix_micros - to_micros(use.time)) < 1_000_000
        assert not event.time_inferred
        assert (quantities.input_tokens, quantities.cache_read_tokens) == (use.input_tokens, use.cache_read_tokens)
        assert quantities.output_tokens + quantities.reasoning_tokens == use.output_tokens + use.reasoning_tokens
        assert (event.team, event.user, event.project) == (use.workload.team, use.user, use.workload.project)
        assert (event.provider, event.model, event.key) == (
            use.workload.provider,
            use.workload.model,
            use.workload.key,
        )
        assert event.tags["simulated"] == "true"


def test_seats_are_read_as_meant() -> None:
    for seat in Seats(SEED, ANCHOR).on(ANCHOR.date() - timedelta(days=1)):
        event = native.decode(wire.native_seat(seat), context())
        assert event.quantities.seats == 1
        assert event.model == seat.holding.plan.plan
        assert event.seat.assigned_unix_micros == to_micros(seat.holding.assigned)
        assert event.seat.last_active_unix_micros == to_micros(seat.last_active)


def test_the_same_use_is_written_the_same_way_twice() -> None:
    hour = ANCHOR - timedelta(days=1)
    first, second = (Traffic(SEED, ANCHOR).uses(hour) for _ in range(2))
    assert list(map(wire.native, first)) == list(map(wire.native, second))
