"""`/forecasts`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from finops.anomaly.v1 import anomaly_pb2 as pb
from pydantic import Field

from services.common.clock import DAY, format_rfc3339, parse_rfc3339
from services.common.dimensions import DIMENSIONS
from services.common.errors import InvalidArgumentError
from services.console.api.calls import ConsoleOf, PeersOf, Reader, refusals
from services.console.api.models import Answer, Dollars, Time, dollars

router = APIRouter(tags=["forecasts"])

_DAYS = 30
_WATCHED = tuple(name for name in DIMENSIONS if name != "tenant")
_PARAMETERS: list[dict[str, Any]] = [
    {
        "name": name,
        "in": "query",
        "required": False,
        "schema": {"type": "string"},
        "description": f"The {name} whose series it is; those that anomalies are watched by, alone or in their pairs",
    }
    for name in _WATCHED
]


class ForecastDay(Answer):
    start_time: Time = Field(description="Of a UTC day, or of the hour under way")
    expected: Dollars
    low: Dollars | None
    high: Dollars | None


class Forecast(Answer):
    """Where a watched series is heading."""

    series: dict[str, str] = Field(description="Empty: the whole organisation", examples=[{"team": "search"}])
    start_time: Time
    end_time: Time
    expected: Dollars
    low: Dollars | None = Field(description="null: its past is too short to tell")
    high: Dollars | None
    error: float | None = Field(
        description="Mean absolute error of past forecasts of this series made as far ahead, as a share of its spend"
    )
    days: list[ForecastDay]


@router.get(
    "/forecasts",
    summary="Where a watched series is heading",
    responses=refusals(404),
    openapi_extra={"parameters": _PARAMETERS},
)
async def get_forecast(
    request: Request,
    caller: Reader,
    peers: PeersOf,
    console: ConsoleOf,
    end: Annotated[str, Query(description=f"RFC 3339, at most 400 days ahead. Default: {_DAYS} days ahead")] = "",
    coverage: Annotated[float, Query(ge=0, lt=1, description="Of the interval; 0: 0.8")] = 0,
) -> Forecast:
    """Spend from the hour under way to `end`: what each hour of the week usually costs, at the level of late."""
    try:
        until = parse_rfc3339(end) if end else console.clock.now() + _DAYS * DAY
    except ValueError as error:
        raise InvalidArgumentError.of("end", str(error)) from error
    series = {name: request.query_params[name] for name in _WATCHED if name in request.query_params}
    asked = pb.ForecastSeriesRequest(series=series, end_unix_micros=until, coverage=coverage)
    found = await peers.forecast_series(caller, asked)
    return Forecast(
        series=series,
        start_time=format_rfc3339(found.points[0].start_unix_micros),
        end_time=format_rfc3339(until),
        expected=dollars(found.expected),
        low=dollars(found.low) if found.HasField("low") else None,
        high=dollars(found.high) if found.HasField("high") else None,
        error=found.error if found.HasField("error") else None,
        days=[
            ForecastDay(
                start_time=format_rfc3339(point.start_unix_micros),
                expected=dollars(point.expected),
                low=dollars(point.low) if point.HasField("low") else None,
                high=dollars(point.high) if point.HasField("high") else None,
            )
            for point in found.points
        ],
    )
