"""Where any spend is heading, on demand."""

from __future__ import annotations

from finops.budget.v1.budget_pb2 import ForecastPoint, ForecastSpendRequest, ForecastSpendResponse

from services.budget.domain.forecast.course import Point, buckets_of, course_of
from services.budget.domain.forecast.run_rate import run_rate
from services.budget.domain.periods import Window, known_zones
from services.budget.handlers.forecasting import HISTORY, SpendHistory, cut, message_of
from services.common import money
from services.common.clock import DAY, HOUR, Clock, Micros
from services.common.errors import FieldViolation, InvalidArgumentError
from services.common.filters import FilterError, parse
from services.common.forecast.outlook import Forecast, outlook_of

LONGEST: Micros = 400 * DAY
HOURLY_UP_TO: Micros = 62 * DAY


class SpendForecasts:
    """Reads a spend's past from the ledger and looks ahead."""

    def __init__(self, history: SpendHistory, clock: Clock) -> None:
        self._history = history
        self._clock = clock

    async def forecast(self, tenant_id: str, request: ForecastSpendRequest) -> ForecastSpendResponse:
        """Raises InvalidArgumentError, UnavailableError."""
        now = self._clock.now()
        window, zone = _range_of(request), request.time_zone or "UTC"
        first = min(window.start, now - HISTORY)
        spent = await self._history.hourly(tenant_id, request.filter, first - first % HOUR, now)
        past, _ = cut(spent, now)
        outlook = outlook_of(past, window.end, zone)
        so_far = round(spent.between(window.start, min(window.end, spent.end)))
        expected = run_rate(so_far, window, now)
        forecast = outlook.forecast(so_far, now) if outlook is not None else Forecast(expected, expected, expected)
        buckets = buckets_of(window, zone, by_day=window.end - window.start > HOURLY_UP_TO)
        return ForecastSpendResponse(
            forecast=message_of(forecast, outlook), points=map(_message, course_of(spent, outlook, buckets, now))
        )


def _range_of(request: ForecastSpendRequest) -> Window:
    start, end = request.start_unix_micros, request.end_unix_micros
    violations = []
    if not 0 <= start < end:
        violations.append(FieldViolation("end_unix_micros", "must be later than start_unix_micros, both since 1970"))
    elif end - start > LONGEST:
        violations.append(FieldViolation("end_unix_micros", f"at most {LONGEST // DAY} days after start_unix_micros"))
    zone = request.time_zone or "UTC"
    if zone not in known_zones():
        violations.append(
            FieldViolation("time_zone", f"no IANA time zone {zone[:64]!r}: use a name like Europe/Berlin")
        )
    try:
        parse(request.filter)
    except FilterError as error:
        violations.append(FieldViolation("filter", str(error)))
    if violations:
        listed = "; ".join(f"{v.field}: {v.description}" for v in violations)
        raise InvalidArgumentError(f"no forecast of this: {listed}", violations=violations)
    return Window(start, end)


def _message(point: Point) -> ForecastPoint:
    message = ForecastPoint(time_unix_micros=point.time)
    for field in ("actual", "expected", "low", "high"):
        amount: float | None = getattr(point, field)
        if amount is not None:
            getattr(message, field).CopyFrom(money.to_proto(round(amount)))
    return message
