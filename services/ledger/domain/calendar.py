"""Where hours, days, weeks and months begin in a time zone. Weeks begin on Monday (ISO 8601)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from services.common.clock import DAY, HOUR, SECOND, Micros, to_datetime, to_micros

Unit = Literal["day", "week", "month"]

Place = tuple[int, ...]
"""Of a bucket in its range: what buckets of two ranges have in common that are compared with each other."""


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


class HourShift(NamedTuple):
    """How far the hours of a zone are off those of UTC."""

    since: Micros
    shift: Micros
    """Below an hour: hours begin so much before those of UTC."""


def hour_shifts(start: Micros, end: Micros, zone_name: str) -> list[HourShift]:
    """Those of [start, end), ascending, the first since ever: one, but where clocks change by a part of an hour."""
    zone = ZoneInfo(zone_name)
    found = [HourShift(0, _shift(start, zone))]
    for day in range(start, end, DAY):
        last = min(day + DAY, end)
        if _shift(last, zone) != found[-1].shift:
            found.append(HourShift(_change(day, last, zone), _shift(last, zone)))
    return found


def hour_starts(start: Micros, end: Micros, shifts: Sequence[HourShift]) -> list[Micros]:
    """Starts of the hours that [start, end) touches; the first may lie before `start`. A new shift begins one."""
    starts: list[Micros] = []
    for (since, shift), following in zip(shifts, [*(each.since for each in shifts[1:]), end], strict=True):
        first = max(start, since)
        begin = (first + shift) // HOUR * HOUR - shift
        starts += [max(since, hour) for hour in range(begin, following, HOUR)]
    return starts


def _shift(moment: Micros, zone: ZoneInfo) -> Micros:
    offset = to_datetime(moment).astimezone(zone).utcoffset() or timedelta()
    return offset // timedelta(microseconds=1) % HOUR


def _change(before: Micros, after: Micros, zone: ZoneInfo) -> Micros:
    """When the shift changes between two moments, to the second."""
    first = _shift(before, zone)
    while after - before > SECOND:
        middle = (before + after) // 2
        before, after = (middle, after) if _shift(middle, zone) == first else (before, middle)
    return after // SECOND * SECOND


def bucket_places(starts: Sequence[Micros]) -> dict[Micros, Place]:
    """Days, weeks and months are counted: the third day has the place of any third day."""
    return {start: (index,) for index, start in enumerate(starts)}


def hour_places(hours: Sequence[Micros], zone_name: str) -> dict[Micros, Place]:
    """Hours go by the clock on the wall: nine o'clock on the third day, also where a clock change lies before it. An
    hour that happens twice has two places."""
    zone = ZoneInfo(zone_name)
    local = [to_datetime(hour).astimezone(zone) for hour in hours]
    return {
        hour: ((at.date() - local[0].date()).days, at.hour, at.minute, at.fold)
        for hour, at in zip(hours, local, strict=True)
    }


def just_before(start: Micros, end: Micros, zone_name: str) -> tuple[Micros, Micros]:
    """The range of the same length before [start, end).

    One that begins at a midnight moves by as many whole days as it touches, so that it meets the same hours.
    """
    zone = ZoneInfo(zone_name)
    first = to_datetime(start).astimezone(zone).date()
    if _midnight(first, zone) != start:
        return start - (end - start), start
    days = (to_datetime(end - 1).astimezone(zone).date() - first).days + 1
    return _nonempty(
        _moved(start, zone, lambda day: day - timedelta(days=days)),
        _moved(end, zone, lambda day: day - timedelta(days=days)),
        end - start,
    )


def months_before(start: Micros, end: Micros, months: int, zone_name: str) -> tuple[Micros, Micros]:
    """The same days and hours so many months before [start, end). A day that the month lacks is its last."""
    zone = ZoneInfo(zone_name)
    return _nonempty(
        _moved(start, zone, lambda day: min(_months_earlier(day, months))),
        _end_months_before(end, months, zone),
        end - start,
    )


def _end_months_before(end: Micros, months: int, zone: ZoneInfo) -> Micros:
    day = to_datetime(end).astimezone(zone).date()
    same, last = _months_earlier(day, months)
    if same > last:
        return _midnight(last + timedelta(days=1), zone)
    return _moved(end, zone, lambda _: same)


def _months_earlier(day: date, months: int) -> tuple[date, date]:
    """As many days into the month so many months before, perhaps beyond its end; and that month's last day."""
    index = day.year * 12 + day.month - 1 - months
    first = date(index // 12, index % 12 + 1, 1)
    return first + timedelta(days=day.day - 1), _next("month", first) - timedelta(days=1)


def _moved(moment: Micros, zone: ZoneInfo, move: Callable[[date], date]) -> Micros:
    """The same time by the clock on the wall on another day."""
    local = to_datetime(moment).astimezone(zone)
    return to_micros(datetime.combine(move(local.date()), local.time(), tzinfo=zone).astimezone(UTC))


def _nonempty(start: Micros, end: Micros, length: Micros) -> tuple[Micros, Micros]:
    """An hour that a clock change doubles is no time at all by the clock of another day: then its length counts."""
    return start, end if end > start else start + length


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
