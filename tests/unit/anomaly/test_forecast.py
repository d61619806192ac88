"""Forecasts of watched series, from the hours that the running watch remembers."""

from __future__ import annotations

import numpy as np
import pytest
from finops.anomaly.v1.anomaly_pb2 import ForecastSeriesRequest, ForecastSeriesResponse

from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Series, Totals
from services.anomaly.domain.tenant import TenantWatch
from services.anomaly.handlers.forecast import Forecaster
from services.anomaly.handlers.learned import Learned
from services.common.clock import DAY, HOUR, ManualClock, Micros
from services.common.errors import FailedPreconditionError, InvalidArgumentError, NotFoundError, UnavailableError
from services.common.forecast.hours import HourlySpend
from services.common.money import PICOS_PER_DOLLAR, from_proto
from tests.unit.anomaly.organisation import FIRST
from tests.unit.anomaly.series import drain
from tests.unit.anomaly.stream import Bench, CostLog

SEARCH, PAIRED, WHOLE = Series("team", "search"), Series("team+model", "search\x1fgpt"), Series("tenant", "acme")
DAYS = 35


def dollars(n: int, rng: np.random.Generator) -> float:
    """Busy by day, a tenth of it at weekends."""
    return float((10 if 8 <= n % 24 < 18 else 1) * (0.1 if n // 24 % 7 >= 5 else 1) * rng.lognormal(0, 0.15))


@pytest.fixture(scope="module")
def watch() -> TenantWatch:
    watch, rng = TenantWatch("acme", Policy()), np.random.default_rng(1)
    for n in range(24 * DAYS):
        watch.add(FIRST + n, (SEARCH, PAIRED, WHOLE), Totals(round(dollars(n, rng) * PICOS_PER_DOLLAR), 50, 50))
        drain(watch.close_through(FIRST + n))
    for n in range(24 * (DAYS - 2), 24 * DAYS):
        watch.add(FIRST + n, (Series("team", "new"),), Totals(PICOS_PER_DOLLAR, 50, 50))
    watch.add(FIRST + 24 * DAYS, (Series("team", "new"),), Totals(PICOS_PER_DOLLAR, 50, 50))
    drain(watch.close_through(FIRST + 24 * DAYS))
    return watch


NOW: Micros = (FIRST + 24 * DAYS) * HOUR + HOUR // 2


async def ask(
    watch: TenantWatch, end: Micros = NOW + 7 * DAY, coverage: float = 0, **series: str
) -> ForecastSeriesResponse:
    def spent(tenant: str, wanted: Series) -> HourlySpend | None:
        assert tenant == "acme"
        found = watch.panel.spent(wanted)
        return None if found is None else HourlySpend(found[0] * HOUR, found[1] * PICOS_PER_DOLLAR)

    forecaster = Forecaster(spent, ("tenant", "team", "model", "team+model"), ManualClock(NOW))
    request = ForecastSeriesRequest(series=series, end_unix_micros=end, coverage=coverage)
    return await forecaster.forecast("acme", request)


async def test_a_week_is_what_weeks_cost_and_days_add_up_to_it(watch: TenantWatch) -> None:
    found = await ask(watch, team="search")
    rng = np.random.default_rng(2)
    week = sum(dollars(n, rng) for n in range(168))
    expected = from_proto(found.expected) / PICOS_PER_DOLLAR
    assert expected == pytest.approx(week, rel=0.1)
    assert sum(from_proto(point.expected) for point in found.points) == pytest.approx(
        from_proto(found.expected), rel=1e-9
    )
    assert from_proto(found.low) < from_proto(found.expected) <= from_proto(found.high)
    assert 0 < found.error < 0.1
    starts = [point.start_unix_micros for point in found.points]
    assert starts[0] == NOW // HOUR * HOUR
    assert all(start % DAY == 0 for start in starts[1:])
    assert len(starts) == 8
    weekday, saturday = found.points[1], found.points[5]
    assert from_proto(weekday.expected) > 5 * from_proto(saturday.expected)
    for point in found.points:
        assert from_proto(point.low) <= from_proto(point.expected) <= from_proto(point.high)


async def test_more_coverage_is_a_wider_interval(watch: TenantWatch) -> None:
    narrow, wide = await ask(watch, coverage=0.5, team="search"), await ask(watch, coverage=0.9, team="search")
    assert narrow.expected == wide.expected
    day, wider = narrow.points[1], wide.points[1]
    assert from_proto(wider.high) - from_proto(wider.low) > from_proto(day.high) - from_proto(day.low)


async def test_pairs_and_the_whole_organisation(watch: TenantWatch) -> None:
    whole = await ask(watch)
    assert whole == await ask(watch, model="gpt", team="search")


@pytest.mark.parametrize(
    ("end", "coverage", "series", "error"),
    [
        (NOW, 0.0, {"team": "search"}, InvalidArgumentError),
        (NOW + 401 * DAY, 0.0, {"team": "search"}, InvalidArgumentError),
        (NOW + DAY, 1.0, {"team": "search"}, InvalidArgumentError),
        (NOW + DAY, -0.1, {"team": "search"}, InvalidArgumentError),
        (NOW + DAY, 0.0, {"user": "ann"}, InvalidArgumentError),
        (NOW + DAY, 0.0, {"team": "nobody"}, NotFoundError),
        (NOW + DAY, 0.0, {"team": "new"}, FailedPreconditionError),
    ],
)
async def test_what_cannot_be_told(
    watch: TenantWatch, end: Micros, coverage: float, series: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await ask(watch, end, coverage, **series)


async def test_while_history_is_read_it_asks_for_patience() -> None:
    bench = Bench(CostLog(), ManualClock(NOW))
    learned = Learned(lambda: bench.watch.desk)
    with pytest.raises(UnavailableError):
        learned.spent("acme", SEARCH)
    await bench.start()
    assert learned.spent("acme", SEARCH) is None
