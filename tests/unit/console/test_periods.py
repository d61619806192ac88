"""Days, months, buckets and the period before."""

from __future__ import annotations

from datetime import date

import pytest

from services.common.clock import DAY, HOUR, parse_rfc3339
from services.console.domain.periods import Range, add_months, buckets, day_start, last_days, preset, previous, zone

NOW = parse_rfc3339("2026-11-23T15:30:00Z")
UTC = zone("UTC")
NEW_YORK = zone("America/New_York")


def at(text: str) -> int:
    return parse_rfc3339(text)


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("today", "2026-11-23T00:00:00Z", "2026-11-23T16:00:00Z"),
        ("7d", "2026-11-17T00:00:00Z", "2026-11-23T16:00:00Z"),
        ("month", "2026-11-01T00:00:00Z", "2026-11-23T16:00:00Z"),
        ("last_month", "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"),
    ],
)
def test_presets(name: str, start: str, end: str) -> None:
    assert preset(name, NOW, UTC) == Range(at(start), at(end))


def test_a_preset_that_is_none() -> None:
    with pytest.raises(ValueError, match="custom"):
        preset("custom", NOW, UTC)


def test_months_cross_years() -> None:
    assert add_months(date(2026, 11, 1), 2) == date(2027, 1, 1)
    assert add_months(date(2026, 1, 1), -1) == date(2025, 12, 1)


def test_the_period_before_meets_the_same_hours() -> None:
    assert previous(last_days(7, NOW, UTC), UTC) == Range(at("2026-11-10T00:00:00Z"), at("2026-11-16T16:00:00Z"))
    odd = Range(NOW - 5 * HOUR, NOW)
    assert previous(odd, UTC) == Range(NOW - 10 * HOUR, NOW - 5 * HOUR)


def test_the_period_before_a_clock_change_keeps_midnights() -> None:
    week = Range(at("2026-11-01T00:00:00-04:00"), at("2026-11-08T00:00:00-05:00"))
    assert previous(week, NEW_YORK) == Range(at("2026-10-25T00:00:00-04:00"), at("2026-11-01T00:00:00-04:00"))


def test_buckets_cover_the_period_without_gaps() -> None:
    period = Range(at("2026-10-31T22:30:00-04:00"), at("2026-11-02T01:00:00-05:00"))
    days = buckets(period, "day", NEW_YORK)
    assert days == [day_start(date(2026, 10, 31), NEW_YORK), day_start(date(2026, 11, 1), NEW_YORK),
                    day_start(date(2026, 11, 2), NEW_YORK)]  # fmt: skip
    assert days[2] - days[1] == DAY + HOUR
    hours = buckets(period, "hour", NEW_YORK)
    assert hours[0] == at("2026-10-31T22:00:00-04:00")
    assert len(hours) == 28


def test_weeks_start_on_monday_and_months_on_the_first() -> None:
    period = Range(at("2026-10-29T12:00:00Z"), at("2026-12-01T00:00:00Z"))
    assert buckets(period, "week", UTC)[0] == at("2026-10-26T00:00:00Z")
    assert buckets(period, "week", UTC)[-1] == at("2026-11-30T00:00:00Z")
    assert buckets(period, "month", UTC) == [at("2026-10-01T00:00:00Z"), at("2026-11-01T00:00:00Z")]
    assert buckets(period, "total", UTC) == [period.start]


@pytest.mark.parametrize("name", ["Nowhere/City", "Europe", "/etc/passwd", "a" * 5_000, "a\0b"])
def test_no_such_zone(name: str) -> None:
    with pytest.raises(ValueError, match="IANA"):
        zone(name)
