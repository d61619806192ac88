"""Causes on real engines: what was changed in the events is what the anomaly says, in dollars that add up."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

import pytest
from finops.anomaly.v1.anomaly_pb2 import Anomaly, CausePart, GetExpectedBandRequest, ListAnomaliesRequest
from finops.anomaly.v1.anomaly_pb2_grpc import AnomalyServiceStub
from finops.cost.v1.cost_pb2 import CostRecord, Rating, RatingStatus
from finops.usage.v1.usage_pb2 import Quantities, UsageEvent

from services.anomaly.app import build
from services.common import host
from services.common.auth import Role
from services.common.clock import HOUR, MINUTE, Micros, SystemClock
from services.common.errors import NotFoundError
from services.common.grpc.client import Channel, call
from services.common.money import from_proto
from services.common.settings import AuthSettings, ClickHouseSettings, KafkaSettings
from tests.integration.test_anomaly import stage, until

DAYS = 22
LASTS = 5
PRICES = {"gpt-4o": 2.5, "gpt-5": 10.0}
"""Dollars for a million tokens of input; a tenth of it from the cache, four times as much for output."""


@dataclass(frozen=True)
class Habit:
    """What one user asks of one model in an hour."""

    team: str
    user: str
    model: str
    requests: int
    sent: int = 20_000
    cached: float = 0.7
    got: int = 500
    dearer: float = 1.0


def _spike(habit: Habit) -> Habit:
    return replace(habit, requests=60 * habit.requests) if (habit.user, habit.model) == ("ann", "gpt-5") else habit


def _price(habit: Habit) -> Habit:
    return replace(habit, dearer=4.0) if habit.model == "gpt-4o" else habit


def _tokens(habit: Habit) -> Habit:
    return replace(habit, got=10 * habit.got, sent=2 * habit.sent)


def _cache(habit: Habit) -> Habit:
    return replace(habit, cached=0.0)


INCIDENTS = {
    "search": (52, _spike, CausePart.FACTOR_REQUESTS),
    "support": (76, _price, CausePart.FACTOR_PRICE),
    "data": (100, _tokens, CausePart.FACTOR_TOKENS_PER_REQUEST),
    "web": (124, _cache, CausePart.FACTOR_PRICE),
}
"""By team: hours ago, what changed, and as what it is to be told."""


def history(end: Micros) -> Iterator[CostRecord]:
    """Four teams around the clock; in each of them something happens to five hours of one day."""
    rng, last = Random(11), end // HOUR
    for hour in range(last - 24 * DAYS, last + 1):
        for team, (ago, change, _) in INCIDENTS.items():
            for number, user in enumerate(("ann", "bob", "cid")):
                for model, requests in (("gpt-4o", 60), ("gpt-5", 15)):
                    habit = Habit(team, user, model, round(requests * rng.lognormvariate(0, 0.1)))
                    habit = change(habit) if 0 <= hour - (last - ago) < LASTS else habit
                    moment = hour * HOUR + (number * 11 + len(model)) * MINUTE
                    if moment <= end:
                        yield _cost(habit, moment)


def _cost(habit: Habit, at: Micros) -> CostRecord:
    read = int(habit.sent * habit.cached)
    price = habit.dearer * PRICES[habit.model]
    picos = round(habit.requests * (habit.sent - read + read / 10 + 4 * habit.got) * price * 1e6)
    quantities = Quantities(
        requests=habit.requests, input_tokens=habit.requests * (habit.sent - read),
        cache_read_tokens=habit.requests * read, output_tokens=habit.requests * habit.got,
    )  # fmt: skip
    usage = UsageEvent(
        event_key=uuid.uuid4().bytes, content_hash=uuid.uuid4().bytes, tenant_id="acme", source="gateway",
        source_event_id=f"{habit.team}-{habit.user}-{habit.model}-{at}", time_unix_micros=at, received_unix_micros=at,
        provider="openai", model=habit.model, tool="openai-api", team=habit.team, user=f"{habit.user}@{habit.team}",
        quantities=quantities,
    )  # fmt: skip
    rating = Rating(cost_picos=picos, status=RatingStatus.RATING_STATUS_PRICED)
    return CostRecord(
        usage=usage, revision=1, events_delta=1, rating=rating, cost_delta_picos=picos, quantity_delta=quantities
    )


@pytest.mark.slow
async def test_what_was_changed_is_what_is_told(
    kafka_settings: KafkaSettings, clickhouse_settings: ClickHouseSettings, auth_settings: AuthSettings
) -> None:
    async with stage(kafka_settings, clickhouse_settings, auth_settings) as scene:
        settings = scene.settings()
        keyring = host.key_ring(settings)
        process = host.Host("anomaly", settings, [build(settings, keyring)], keyring)
        await process.start()
        channel = Channel(f"127.0.0.1:{process.grpc.port}")
        stub, admin = AnomalyServiceStub(channel.channel()), settings.auth.admin_key.get_secret_value()
        costs = list(history(SystemClock().now()))
        last = costs[-1].usage.time_unix_micros // HOUR
        found: list[Anomaly] = []

        async def explained() -> bool:
            answer = await call(stub.ListAnomalies, ListAnomaliesRequest(state=Anomaly.STATE_CLOSED), key=admin)
            found[:] = answer.anomalies
            starts = {anomaly.start_unix_micros // HOUR for anomaly in found if anomaly.HasField("cause")}
            return starts >= {last - ago for ago, _, _ in INCIDENTS.values()}

        try:
            await scene.append(costs)
            await until(explained)
            for team, (ago, _, factor) in INCIDENTS.items():
                (anomaly,) = [one for one in found if one.start_unix_micros // HOUR == last - ago]
                cause = anomaly.cause
                assert cause.parts[0].factor == factor, anomaly.summary
                difference = from_proto(cause.actual) - from_proto(cause.usual)
                assert sum(from_proto(part.amount) for part in cause.parts) == difference
                assert abs(from_proto(cause.parts[0].amount) / difference - 1) < 0.2
                assert abs(difference / from_proto(anomaly.impact) - 1) < 0.35
                within = [c for c in costs if last - ago <= c.usage.time_unix_micros // HOUR < last - ago + LASTS]
                (spent,) = {sum(c.cost_delta_picos for c in within if c.usage.team == team)}
                assert from_proto(cause.actual) == spent
                assert 0 < len(cause.first_events) <= 5
                times = [event.time_unix_micros for event in cause.first_events]
                assert times == sorted(times) and times[0] >= anomaly.start_unix_micros
                assert anomaly.hours_between >= 175_000
                assert cause.summary in anomaly.summary
                await _is_out_of_its_band(stub, anomaly, admin)
            before = await call(stub.GetExpectedBand, GetExpectedBandRequest(name=found[0].name), key=admin)

            async def in_ledger() -> bool:
                return await scene.in_ledger() == len(costs)

            await until(in_ledger)
            await channel.stop()
            await process.stop()
            process = host.Host("anomaly", settings, [build(settings, keyring)], keyring)
            await process.start()
            channel = Channel(f"127.0.0.1:{process.grpc.port}")
            stub = AnomalyServiceStub(channel.channel())

            async def learned_again() -> bool:
                request = GetExpectedBandRequest(name=found[0].name)
                after = await call(stub.GetExpectedBand, request, key=admin)
                # Only what was spent is known while history is read.
                assert [point.actual for point in after.points] == [point.actual for point in before.points]
                expected = [point.expected for point in before.points]
                return [point.expected for point in after.points] == pytest.approx(expected, rel=0.1)

            await until(learned_again)
            stranger, _ = await keyring.create("globex", Role.ADMIN, "stranger", "test")
            with pytest.raises(NotFoundError):
                await call(stub.GetExpectedBand, GetExpectedBandRequest(name=found[0].name), key=stranger)
        finally:
            await channel.stop()
            await process.stop()


async def _is_out_of_its_band(stub: AnomalyServiceStub, anomaly: Anomaly, key: str) -> None:
    band = await call(stub.GetExpectedBand, GetExpectedBandRequest(name=anomaly.name), key=key)
    assert band.unit == anomaly.unit
    times = [point.time_unix_micros for point in band.points]
    assert times == list(range(anomaly.start_unix_micros - 48 * HOUR, anomaly.end_unix_micros + 12 * HOUR, HOUR))
    within = [p for p in band.points if anomaly.start_unix_micros <= p.time_unix_micros < anomaly.end_unix_micros]
    others = [point for point in band.points if point not in within]
    assert all(point.low <= point.expected <= point.high for point in band.points)
    if anomaly.channel == Anomaly.CHANNEL_CACHE_HIT_SHARE:
        assert all(point.actual < point.low for point in within)
    else:
        assert all(point.actual > point.high for point in within)
    assert sum(point.low <= point.actual <= point.high for point in others) > 0.9 * len(others)
