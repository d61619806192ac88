"""The hours around an anomaly: what is usual of each, as far as the watch knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from random import Random

from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.cause.weeks import Span
from services.anomaly.domain.detectors.calibrated import Band
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Hour, Series, Totals, hour_of
from services.anomaly.domain.tenant import TenantWatch
from services.anomaly.handlers.band import Bands
from services.common.clock import HOUR, MINUTE, ManualClock
from services.common.money import PICOS_PER_DOLLAR
from tests.unit.anomaly.organisation import FIRST
from tests.unit.anomaly.series import drain
from tests.unit.anomaly.stream import MemoryArchive

DAYS = 21
LAST = FIRST + 24 * DAYS
PAIR = Series("team+model", "search\x1fgpt-5")


def _dollars(hour: Hour) -> float:
    return 20.0 if 8 <= hour % 24 < 18 else 5.0


class Trained:
    """Three weeks of days and nights. Implements `Baselines`, and a ledger that tells of the last ten hours."""

    def __init__(self) -> None:
        self.watch = TenantWatch("acme", Policy())
        rng = Random(3)
        for hour in range(FIRST, LAST):
            dollars = _dollars(hour) * rng.lognormvariate(0, 0.05)
            requests = round(10 * dollars)
            self.watch.add(hour, [PAIR], Totals(round(dollars * PICOS_PER_DOLLAR), requests, requests))
            drain(self.watch.close_through(hour))

    def course(
        self, tenant: str, labels: Mapping[str, str], channel: Anomaly.Channel, hours: Sequence[Hour]
    ) -> Sequence[Band | None]:
        return self.watch.course(labels, channel, hours)

    async def hourly(self, tenant: str, series: Mapping[str, str], span: Span) -> Mapping[Hour, Totals]:
        assert dict(series) == {"model": "gpt-5", "team": "search"}
        last = hour_of(span.end)
        return {hour: Totals(90 * PICOS_PER_DOLLAR, 30, 1) for hour in range(last - 10, last)}


@cache
def trained() -> Trained:
    return Trained()


def _anomaly(channel: Anomaly.Channel, model: str = "gpt-5") -> Anomaly:
    return Anomaly(
        name="anomalies/a", tenant_id="acme", series={"model": model, "team": "search"}, channel=channel,
        start_unix_micros=(LAST - 3) * HOUR, end_unix_micros=LAST * HOUR, unit="USD/hour",
    )  # fmt: skip


async def test_days_and_nights_have_bands_of_their_own() -> None:
    archive = MemoryArchive({"anomalies/a": _anomaly(Anomaly.CHANNEL_COST)})
    answer = await Bands(archive, trained(), trained(), ManualClock(LAST * HOUR + 1)).around("acme", "anomalies/a")
    assert answer.unit == "USD/hour"
    hours = [point.time_unix_micros // HOUR for point in answer.points]
    assert hours == list(range(LAST - 3 - 48, LAST)), "an hour under way is not over"
    for hour, point in zip(hours, answer.points, strict=True):
        assert 0.85 < point.expected / _dollars(hour) < 1.15
        assert point.low < point.expected < point.high < 2 * _dollars(hour)
        assert point.actual == (90 if hour >= LAST - 10 else 0)


async def test_half_a_day_after_it_is_shown_once_it_is_over() -> None:
    archive = MemoryArchive({"anomalies/a": _anomaly(Anomaly.CHANNEL_UNIT_COST)})
    answer = await Bands(archive, trained(), trained(), ManualClock((LAST + 99) * HOUR)).around("acme", "anomalies/a")
    assert answer.points[-1].time_unix_micros == (LAST + 11) * HOUR
    assert answer.points[-1].actual == 3.0
    assert not answer.points[0].HasField("actual"), "no requests, no cost of one"
    assert 0.09 < answer.points[-1].expected < 0.11


async def test_a_runaway_is_shown_in_its_hours() -> None:
    runaway = _anomaly(Anomaly.CHANNEL_RUNAWAY)
    runaway.series["session"] = "s-1"
    runaway.start_unix_micros += 7 * MINUTE
    runaway.end_unix_micros -= 50 * MINUTE
    runaway.unit = "USD/minute"
    archive = MemoryArchive({"anomalies/a": runaway})
    answer = await Bands(archive, trained(), trained(), ManualClock(LAST * HOUR + 1)).around("acme", "anomalies/a")
    assert answer.unit == "USD/hour"
    assert [point.time_unix_micros // HOUR for point in answer.points] == list(range(LAST - 51, LAST))
    assert all(point.HasField("expected") for point in answer.points)


def test_of_silence_what_always_came() -> None:
    hours = [LAST - 12, LAST - 1]
    for hour, band in zip(hours, trained().course("acme", PAIR.labels, Anomaly.CHANNEL_SILENCE, hours), strict=True):
        assert band is not None
        assert band.low <= band.expected <= band.high
        assert 0.8 < band.expected / (10 * _dollars(hour)) < 1.2


def test_nothing_is_expected_of_what_is_not_watched() -> None:
    for labels, channel in (
        ({"team": "search", "model": "o3"}, Anomaly.CHANNEL_COST),
        (PAIR.labels, Anomaly.CHANNEL_NEW_PAIRS),
        (PAIR.labels, Anomaly.CHANNEL_CACHE_HIT_SHARE),
    ):
        assert trained().course("acme", labels, channel, [LAST, LAST + 1]) == [None, None]
