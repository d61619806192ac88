"""Where days, weeks and months begin in a time zone. Weeks begin on Monday (ISO 8601)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from services.common.clock import Micros, to_datetime, to_micros

Unit = Literal["day", "week", "month"]


@cache
def zone_names() -> frozenset[str]:
    """Every IANA zone this machine knows."""
    return frozenset(available_timezones())


def bucket_starts(unit: Unit, start: Micros, end: Micros, zone_name: str) -> list[Micros]:
    """Starts of the buckets that [start, end) touches, ascending; the first may lie before `start`.

    A day whose midnight a clock change skips begins with the change; one whose midnight happens twice
    begins with the first.
    """
    zone = ZoneInfo(zone_name)
    # A day more on either side, for midnights that a clock change skips or doubles.
    day = _floor(unit, to_datetime(start).astimezone(zone).date() - timedelta(days=1))
    last = to_datetime(end).astimezone(zone).date() + timedelta(days=1)
    starts: list[Micros] = []
    while day <= last:
        starts.append(_midnight(day, zone))
        day = _next(unit, day)
    ordered = sorted(set(starts))
    return [begin for begin, following in pairwise([*ordered, end]) if following > start and begin < end]


def _midnight(day: date, zone: ZoneInfo) -> Micros:
    return to_micros(datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC))


def _floor(unit: Unit, day: date) -> date:
    match unit:
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
    return day


def _next(unit: Unit, day: date) -> date:
    match unit:
        case "week":
            return day + timedelta(days=7)
        case "month":
            return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return day + timedelta(days=1)
