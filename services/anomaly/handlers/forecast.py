"""Where a watched series is heading: what its hours of the week usually cost, at the level of the last days."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence

from finops.anomaly.v1.anomaly_pb2 import ForecastSeriesRequest, ForecastSeriesResponse, SeriesForecastPoint

from services.anomaly.domain.series import PAIR, TENANT, Series
from services.common.clock import DAY, HOUR, Clock, Micros
from services.common.errors import FailedPreconditionError, InvalidArgumentError, NotFoundError
from services.common.forecast.conformal import Interval, interval_of
from services.common.forecast.hours import HourlySpend, hours_of_week
from services.common.forecast.outlook import outlook_of
from services.common.money import to_proto

LONGEST_DAYS = 400
COVERAGE = 0.8
_ZONE = "UTC"
_DAY_HOURS = 24

Spent = Callable[[str, Series], HourlySpend | None]
"""Spend of a tenant's series, picodollars; raises UnavailableError while history is being read."""


class Forecaster:
    """Forecasts from the hours that the running watch remembers: eight weeks at most."""

    def __init__(self, spent: Spent, dimensions: Sequence[str], clock: Clock) -> None:
        self._spent = spent
        self._dimensions = {frozenset(name.split(PAIR)): name for name in dimensions}
        self._clock = clock

    async def forecast(self, tenant: str, request: ForecastSeriesRequest) -> ForecastSeriesResponse:
        """Expected spend from the hour under way to the end asked for, in all and by UTC day.

        Raises:
            InvalidArgumentError: an end, coverage or series that makes no sense.
            NotFoundError: nothing was spent on such a series lately.
            FailedPreconditionError: it is too young.
            UnavailableError: history is being read.
        """
        now, end = self._clock.now(), request.end_unix_micros
        coverage = request.coverage or COVERAGE
        if not now < end <= now + LONGEST_DAYS * DAY:
            raise InvalidArgumentError.of("end_unix_micros", f"must lie ahead, {LONGEST_DAYS} days at most")
        if not 0 < coverage < 1:
            raise InvalidArgumentError.of("coverage", "must lie between 0 and 1")
        series = self._series(tenant, request.series)
        history = self._spent(tenant, series)
        if history is None:
            raise NotFoundError(f"nothing was spent lately on {' '.join(f'{k}={v}' for k, v in series.labels.items())}")
        # A few dozen past forecasts are made to test this one: not on the event loop.
        found = await asyncio.to_thread(_forecast, history, now // HOUR * HOUR, end, coverage)
        if found is None:
            raise FailedPreconditionError("this series has less than three days of history")
        return found

    def _series(self, tenant: str, labels: Mapping[str, str]) -> Series:
        if not labels:
            return Series(TENANT, tenant)
        name = self._dimensions.get(frozenset(labels))
        if name is None:
            watched = ", ".join(name for name in self._dimensions.values() if name != TENANT)
            raise InvalidArgumentError.of("series", f"no such series is watched: there are {watched}")
        return Series.of({part: labels[part] for part in name.split(PAIR)})


def _forecast(history: HourlySpend, start: Micros, end: Micros, coverage: float) -> ForecastSeriesResponse | None:
    outlook = outlook_of(history, end, _ZONE, coverage)
    if outlook is None:
        return None
    whole = outlook.interval
    slots = hours_of_week(history.start, len(history.values), _ZONE)
    daily = interval_of(history.values, slots, min(_DAY_HOURS, len(outlook.hourly)), coverage)
    answer = ForecastSeriesResponse()
    _tell(answer, outlook.between(start, end), [whole])
    if whole is not None and not math.isnan(whole.past_error):
        answer.error = whole.past_error
    begin = start
    while begin < end:
        stop = min(begin - begin % DAY + DAY, end)
        point = answer.points.add(start_unix_micros=begin)
        _tell(point, outlook.between(begin, stop), [whole, daily])
        begin = stop
    return answer


def _tell(
    told: ForecastSeriesResponse | SeriesForecastPoint, expected: float, intervals: Sequence[Interval | None]
) -> None:
    """The amount, and the widest of the intervals; without any none is told."""
    told.expected.CopyFrom(to_proto(round(expected)))
    known = [interval for interval in intervals if interval is not None]
    if known:
        low = min(1.0, *(interval.low for interval in known))
        high = max(1.0, *(interval.high for interval in known))
        told.low.CopyFrom(to_proto(round(expected * low)))
        told.high.CopyFrom(to_proto(round(expected * high)))
