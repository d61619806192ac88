"""Local times: quiet hours, and when a digest is due. A local day has 23 or 25 hours twice a year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from services.common.clock import Micros, to_datetime, to_micros

EVERY_DAY = frozenset(range(7))


@dataclass(frozen=True)
class QuietHours:
    """A stretch of local time that begins on some days of the week (Monday is 0)."""

    start: time
    end: time
    zone: ZoneInfo
    days: frozenset[int] = EVERY_DAY
    critical_passes: bool = False

    def end_after(self, now: Micros) -> Micros | None:
        """When the stretch that `now` lies in ends; None where it lies in none."""
        today = to_datetime(now).astimezone(self.zone).date()
        for first_day in (today - timedelta(days=1), today):
            if first_day.weekday() in self.days:
                last_day = first_day if self.end > self.start else first_day + timedelta(days=1)
                start, end = _instant(first_day, self.start, self.zone), _instant(last_day, self.end, self.zone)
                if start <= now < end:
                    return end
        return None


def quiet_until(stretches: tuple[QuietHours, ...], at: Micros, critical: bool) -> Micros:
    """The first moment from `at` on that lies in none of the stretches; `at` itself where it does not.

    Stretches that leave no gap within a fortnight would hold messages for ever: then the last end found is returned.
    """
    moment = at
    for _ in range(14 * max(1, len(stretches))):
        ends = [s.end_after(moment) for s in stretches if not (critical and s.critical_passes)]
        later = [end for end in ends if end is not None]
        if not later:
            return moment
        moment = max(later)
    return moment


class Cadence(StrEnum):
    """How often a digest is sent."""

    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"


@dataclass(frozen=True)
class Digest:
    """A message now and then instead of one for each event."""

    cadence: Cadence
    at: time
    zone: ZoneInfo
    weekday: int = 0
    critical_passes: bool = False

    def due_after(self, created: Micros) -> Micros:
        """The first sending after `created`."""
        local = to_datetime(created).astimezone(self.zone)
        if self.cadence is Cadence.HOURLY:
            return self._hourly(local)
        day = local.date()
        if self.cadence is Cadence.WEEKLY:
            day += timedelta(days=(self.weekday - day.weekday()) % 7)
        step = timedelta(days=7 if self.cadence is Cadence.WEEKLY else 1)
        due = _instant(day, self.at, self.zone)
        return due if due > created else _instant(day + step, self.at, self.zone)

    def _hourly(self, local: datetime) -> Micros:
        # In absolute time, so that an hour that comes twice has two digests.
        moment = local.astimezone(UTC)
        past = (local.minute - self.at.minute) % 60
        last = moment.replace(second=0, microsecond=0) - timedelta(minutes=past)
        return to_micros(last + timedelta(hours=1))


def _instant(day: date, at: time, zone: ZoneInfo) -> Micros:
    """The moment of a local time: the first of two; where clocks jump over it, the moment they jump to."""
    local = datetime.combine(day, at, zone)
    moment = local.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return to_micros(moment)
    # In a gap (PEP 495) fold 0 counts with the offset before the jump and lands after it, fold 1 the other way round.
    return _jump(to_micros(local.replace(fold=1).astimezone(UTC)), to_micros(moment), zone)


def _jump(low: Micros, high: Micros, zone: ZoneInfo) -> Micros:
    """The first microsecond in (low, high] with the offset of `high`."""
    wanted = to_datetime(high).astimezone(zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if to_datetime(middle).astimezone(zone).utcoffset() == wanted:
            high = middle
        else:
            low = middle
    return high
