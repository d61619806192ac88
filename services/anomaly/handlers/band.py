"""What a series did around an anomaly, hour by hour, and what is usual for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from finops.anomaly.v1.anomaly_pb2 import Anomaly, BandPoint, GetExpectedBandResponse

from services.anomaly.domain.cause.weeks import Span
from services.anomaly.domain.channels import value_of
from services.anomaly.domain.describe import UNITS
from services.anomaly.domain.detectors.calibrated import Band
from services.anomaly.domain.series import NOTHING, Hour, Totals, hour_of
from services.anomaly.handlers.ports import Archive
from services.anomaly.handlers.read import get_anomaly
from services.common.clock import DAY, HOUR, Clock
from services.common.dimensions import is_dimension

BEFORE = 2 * DAY
AFTER = DAY // 2
SHOWN_BY_COST = frozenset({Anomaly.CHANNEL_RUNAWAY, Anomaly.CHANNEL_KEY_NOVELTY, Anomaly.CHANNEL_NEW_PAIRS})
"""What is no figure of an hour is shown by the dollars of the hours it lies in."""


class HourlyLedger(Protocol):
    """Raises UnavailableError if the ledger is away."""

    async def hourly(self, tenant: str, series: Mapping[str, str], span: Span) -> Mapping[Hour, Totals]:
        """Watched usage of a series; hours without any are left out."""
        ...


class Baselines(Protocol):
    """What the watch has learned."""

    def course(
        self, tenant: str, labels: Mapping[str, str], channel: Anomaly.Channel, hours: Sequence[Hour]
    ) -> Sequence[Band | None]:
        """What is usual in these hours; None where nothing is known, as of a series that is not watched."""
        ...


class Bands:
    """Answers GetExpectedBand."""

    def __init__(self, archive: Archive, ledger: HourlyLedger, baselines: Baselines, clock: Clock) -> None:
        self._archive = archive
        self._ledger = ledger
        self._baselines = baselines
        self._clock = clock

    async def around(self, tenant: str, name: str) -> GetExpectedBandResponse:
        """From two days before an anomaly to half a day after it, whole hours that are over.

        Raises:
            InvalidArgumentError: not an anomaly's name.
            NotFoundError: the tenant has no such anomaly.
            UnavailableError: ClickHouse or the ledger is away.
        """
        anomaly = await get_anomaly(self._archive, tenant, name)
        first, end = hour_of(anomaly.start_unix_micros) * HOUR, -(-anomaly.end_unix_micros // HOUR) * HOUR
        span = Span(first - BEFORE, max(end, min(end + AFTER, self._clock.now() // HOUR * HOUR)))
        labels = {name: value for name, value in anomaly.series.items() if is_dimension(name)}
        actual = await self._ledger.hourly(tenant, labels, span)
        hours = range(hour_of(span.start), hour_of(span.end))
        by_cost = anomaly.channel in SHOWN_BY_COST
        channel = Anomaly.CHANNEL_COST if by_cost else anomaly.channel
        course = self._baselines.course(tenant, labels, channel, hours)
        return GetExpectedBandResponse(
            unit=UNITS[channel] if by_cost else anomaly.unit,
            points=[
                _point(hour, value_of(channel, actual.get(hour, NOTHING)), band)
                for hour, band in zip(hours, course, strict=True)
            ],
        )


def _point(hour: Hour, actual: float | None, band: Band | None) -> BandPoint:
    point = BandPoint(time_unix_micros=hour * HOUR, actual=actual)
    if band is not None:
        point.expected, point.low, point.high = band.expected, band.low, band.high
    return point
