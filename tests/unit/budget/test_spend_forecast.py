"""ForecastSpend: the past as it was, the rest as expected, and both together the total."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from finops.budget.v1.budget_pb2 import ForecastSpendRequest, ForecastSpendResponse

from services.budget.handlers.spend_forecast import SpendForecasts
from services.common import money
from services.common.clock import DAY, HOUR, ManualClock, Micros, to_micros
from services.common.errors import InvalidArgumentError
from services.common.forecast.hours import HourlySpend
from tests.unit.budget.world import World

NOW = to_micros(datetime(2026, 11, 23, 12, 30, tzinfo=UTC))
DOLLAR = 10**12


class Ledger:
    """A dollar an hour, for as long as told."""

    def __init__(self, hours: int) -> None:
        self._begun = NOW - hours * HOUR

    async def hourly(self, tenant_id: str, scope_filter: str, start: Micros, end: Micros) -> HourlySpend:
        values = [
            DOLLAR * (min(hour + HOUR, end) - hour) / HOUR if hour >= self._begun else 0.0
            for hour in range(start, end, HOUR)
        ]
        return HourlySpend(start, np.array(values))


async def forecast(hours: int, start: Micros, end: Micros, zone: str = "") -> ForecastSpendResponse:
    forecasts = SpendForecasts(Ledger(hours), ManualClock(NOW))
    request = ForecastSpendRequest(start_unix_micros=start, end_unix_micros=end, time_zone=zone)
    return await forecasts.forecast("acme", request)


async def test_points_add_up_to_the_forecast() -> None:
    start = NOW - NOW % DAY
    answer = await forecast(60 * 24, start, start + DAY)
    assert [p.HasField("actual") for p in answer.points] == [True] * 13 + [False] * 11
    assert [p.HasField("expected") for p in answer.points] == [False] * 12 + [True] * 12
    known = sum(money.from_proto(p.expected if p.HasField("expected") else p.actual) for p in answer.points)
    assert known == money.from_proto(answer.forecast.expected) == 24 * DOLLAR
    assert answer.forecast.low == answer.forecast.high == answer.forecast.expected
    assert answer.forecast.method == "hour-of-week"


async def test_long_ranges_come_by_local_day() -> None:
    start = to_micros(datetime(2026, 10, 1, 4, tzinfo=UTC))  # midnight in New York
    end = to_micros(datetime(2027, 1, 1, 5, tzinfo=UTC))
    answer = await forecast(60 * 24, start, end, "America/New_York")
    assert len(answer.points) == 92
    by_time = {p.time_unix_micros: p for p in answer.points}
    back = by_time[to_micros(datetime(2026, 11, 1, 4, tzinfo=UTC))]  # 25 hours: the clocks go back
    assert money.from_proto(back.actual) == 25 * DOLLAR


async def test_a_young_spend_goes_on_at_its_mean_rate() -> None:
    start = NOW - NOW % DAY
    answer = await forecast(10, start, start + DAY)
    assert answer.forecast.method == "run-rate"
    assert not answer.forecast.HasField("low")
    assert not any(p.HasField("expected") for p in answer.points)


async def test_a_range_that_is_over_is_what_it_was() -> None:
    answer = await forecast(60 * 24, NOW - 10 * DAY, NOW - 8 * DAY)
    assert money.from_proto(answer.forecast.expected) == 48 * DOLLAR


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"start_unix_micros": 5, "end_unix_micros": 5}, "end_unix_micros"),
        ({"start_unix_micros": 0, "end_unix_micros": 500 * DAY}, "end_unix_micros"),
        ({"end_unix_micros": 5, "time_zone": "Mars/Base"}, "time_zone"),
        ({"end_unix_micros": 5, "filter": "team ="}, "filter"),
    ],
    ids=["empty", "too long", "zone", "filter"],
)
async def test_what_is_wrong_is_named(fields: dict[str, int | str], named: str) -> None:
    forecasts = SpendForecasts(Ledger(1), World().clock)
    with pytest.raises(InvalidArgumentError) as refused:
        await forecasts.forecast("acme", ForecastSpendRequest(**fields))  # type: ignore[arg-type]
    assert [violation.field for violation in refused.value.violations] == [named]
