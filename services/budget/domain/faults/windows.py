"""Where periods lie, and what they hand on."""

from __future__ import annotations

import re
from datetime import date

from finops.budget.v1 import budget_pb2 as pb

from services.budget.domain.faults.values import Faults, wrong_amount, wrong_enum
from services.budget.domain.periods import ONE_DAY, day_start, known_zones

MAX_RANGE_DAYS = 1_826
"""Five years, as far as one question to the ledger reaches."""
MAX_ROLLING = {pb.RollingWindow.UNIT_HOUR: 744, pb.RollingWindow.UNIT_DAY: 400}
"""The most hours or days a rolling window has: a month, and a good year."""

_FIRST_DAY, _LAST_DAY = date(1970, 1, 2), date(2199, 12, 30)
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def window_faults(message: pb.Budget) -> Faults:
    yield from wrong_enum("period", message.period, pb.Period, needed=True)
    zone = message.time_zone or "UTC"
    if zone not in known_zones():
        yield "time_zone", f"no IANA time zone {zone[:64]!r}: use a name such as Europe/Berlin"
    yield from _calendar_faults(message.calendar)
    yield from _range_faults(message, zone)
    yield from _rolling_faults(message)
    yield from _carry_over_faults(message)


def _calendar_faults(calendar: pb.Calendar) -> Faults:
    if calendar.year_start_month > 12:
        yield "calendar.year_start_month", "1 (January) to 12, or 0 for January"
    if calendar.year_start_day > 28:
        yield "calendar.year_start_day", "1 to 28, so that every month has it, or 0 for 1"
    yield from wrong_enum("calendar.week_start", calendar.week_start, pb.DayOfWeek)
    yield from wrong_enum("calendar.week_pattern", calendar.week_pattern, pb.WeekPattern)


def _range_faults(message: pb.Budget, zone: str) -> Faults:
    custom = message.period == pb.PERIOD_CUSTOM
    if custom != message.HasField("custom_range"):
        yield "custom_range", "PERIOD_CUSTOM needs it" if custom else "only PERIOD_CUSTOM has one: leave it out"
    elif custom:
        first = _day(message.custom_range.first_day)
        last = _day(message.custom_range.last_day)
        for field, day in (("first_day", first), ("last_day", last)):
            if day is None:
                yield f"custom_range.{field}", "a day between 1970 and 2199 such as 2026-12-31"
        if first is not None and last is not None:
            yield from _span_faults(first, last, zone)


def _span_faults(first: date, last: date, zone: str) -> Faults:
    if last < first:
        yield "custom_range.last_day", "must not come before first_day"
    elif (last - first).days >= MAX_RANGE_DAYS:
        yield "custom_range.last_day", f"at most {MAX_RANGE_DAYS:,} days"
    elif zone in known_zones() and day_start(first, zone) == day_start(last + ONE_DAY, zone):
        yield "custom_range", f"there was no such day in {zone}"


def _rolling_faults(message: pb.Budget) -> Faults:
    rolling = message.period == pb.PERIOD_ROLLING
    if rolling != message.HasField("rolling_window"):
        yield "rolling_window", "PERIOD_ROLLING needs it" if rolling else "only PERIOD_ROLLING has one: leave it out"
    elif rolling:
        window = message.rolling_window
        yield from wrong_enum("rolling_window.unit", window.unit, pb.RollingWindow.Unit, needed=True)
        most = MAX_ROLLING.get(window.unit)
        if most is not None and not 1 <= window.count <= most:
            yield "rolling_window.count", f"1 to {most}"


def _carry_over_faults(message: pb.Budget) -> Faults:
    if not message.HasField("carry_over"):
        return
    if message.period in (pb.PERIOD_CUSTOM, pb.PERIOD_ROLLING):
        yield "carry_over", f"{pb.Period.Name(message.period)} has no period before: leave it out"
    carry_over = message.carry_over
    if carry_over.HasField("maximum"):
        yield from wrong_amount("carry_over.maximum", carry_over.maximum)
        if not (carry_over.unspent or carry_over.overspent):
            yield "carry_over", "set unspent, overspent or both, or leave it out"


def _day(text: str) -> date | None:
    """The day, or None where it is not one, or not in the form YYYY-MM-DD."""
    try:
        day = date.fromisoformat(text) if _ISO_DAY.fullmatch(text) else None
    except ValueError:
        return None
    return day if day is not None and _FIRST_DAY <= day <= _LAST_DAY else None
