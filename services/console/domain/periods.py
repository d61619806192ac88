"""Days and months in a time zone, and the period before a period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.common.clock import HOUR, Micros, to_datetime, to_micros


@dataclass(frozen=True)
class Range:
    """Half-open [start, end)."""

    start: Micros
    end: Micros

    @property
    def length(self) -> Micros:
        return self.end - self.start


@lru_cache(maxsize=512)
def zone(name: str) -> ZoneInfo:
    """The IANA zone; an empty name is UTC.

    Raises:
        ValueError: no such zone.
    """
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is not an IANA time zone such as Europe/Berlin") from None


def local_date(moment: Micros, tz: ZoneInfo) -> date:
    """The calendar day a moment falls on."""
    return to_datetime(moment).astimezone(tz).date()


def day_start(day: date, tz: ZoneInfo) -> Micros:
    """The first moment of a day; where a clock change skips midnight, the first that exists."""
    return to_micros(datetime.combine(day, time.min, tzinfo=tz).astimezone(UTC))


def add_months(first: date, months: int) -> date:
    """The first day of the month so many months away."""
    index = first.year * 12 + first.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def days_between(first: date, end: date) -> list[date]:
    """Every day of [first, end)."""
    return [first + timedelta(days=n) for n in range((end - first).days)]


def hour_end(now: Micros) -> Micros:
    """The end of the current hour. A range up to there is whole hours, which the ledger answers from its rollups."""
    return now // HOUR * HOUR + HOUR


def days_back(count: int, moment: Micros, tz: ZoneInfo) -> Micros:
    """The start of the first of `count` calendar days, the last of which has this moment."""
    return day_start(local_date(moment, tz) - timedelta(days=count - 1), tz)


def last_days(count: int, now: Micros, tz: ZoneInfo) -> Range:
    """The last `count` calendar days, today included, up to the end of the current hour."""
    return Range(days_back(count, now, tz), hour_end(now))


PRESETS: dict[str, str] = {
    "today": "Today",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
    "90d": "Last 90 days",
    "month": "This month",
    "last_month": "Last month",
    "custom": "Custom",
}
"""Ranges the UI offers, by their name in its addresses."""


def preset(name: str, now: Micros, tz: ZoneInfo) -> Range:
    """The range a preset stands for.

    Raises:
        ValueError: no such preset, or `custom`, which has no range of its own.
    """
    today = local_date(now, tz)
    month = today.replace(day=1)
    match name:
        case "today":
            return Range(day_start(today, tz), hour_end(now))
        case "7d" | "30d" | "90d":
            return last_days(int(name[:-1]), now, tz)
        case "month":
            return Range(day_start(month, tz), hour_end(now))
        case "last_month":
            return Range(day_start(add_months(month, -1), tz), day_start(month, tz))
        case _:
            raise ValueError(f"no range {name!r}")


def previous(period: Range, tz: ZoneInfo) -> Range:
    """The period of the same length just before.

    A period that starts at a midnight is moved by whole days, so that it meets the same hours of the day.
    """
    start = to_datetime(period.start).astimezone(tz)
    if start.time() != time.min:
        return Range(period.start - period.length, period.start)
    last = to_datetime(period.end - 1).astimezone(tz).date()
    days = (last - start.date()).days + 1
    return Range(_days_earlier(period.start, days, tz), _days_earlier(period.end, days, tz))


def buckets(period: Range, granularity: str, tz: ZoneInfo) -> list[Micros]:
    """The start of every hour, day, week (Monday) or month that a period touches; of any other granularity, its own."""
    if granularity == "hour":
        return list(range(period.start // HOUR * HOUR, period.end, HOUR))
    first, end = local_date(period.start, tz), local_date(period.end - 1, tz) + timedelta(days=1)
    match granularity:
        case "day":
            starts = days_between(first, end)
        case "week":
            starts = days_between(first - timedelta(days=first.weekday()), end)[::7]
        case "month":
            months = (end.year - first.year) * 12 + end.month - first.month + 1
            starts = [month for n in range(months) if (month := add_months(first, n)) < end]
        case _:
            return [period.start]
    return [day_start(day, tz) for day in starts]


def _days_earlier(moment: Micros, days: int, tz: ZoneInfo) -> Micros:
    local = to_datetime(moment).astimezone(tz).replace(tzinfo=None)
    return to_micros((local - timedelta(days=days)).replace(tzinfo=tz).astimezone(UTC))
