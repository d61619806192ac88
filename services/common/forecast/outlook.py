"""A forecast that is made once an hour and read at any moment."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from services.common.clock import HOUR, Micros
from services.common.forecast.baseline import baseline_of
from services.common.forecast.conformal import WANTED_COVERAGE, Interval, interval_of
from services.common.forecast.hours import Floats, HourlySpend, hours_of_week
from services.common.money import Picos


class Forecast(NamedTuple):
    """Spend of a whole period, picodollars."""

    expected: Picos
    low: Picos
    high: Picos


@dataclass(frozen=True)
class Outlook:
    """Expected spend of the hours ahead, up to a period's end."""

    start: Micros
    """Start of the first hour ahead."""
    end: Micros
    """The period's end."""
    hourly: Floats
    """Expected spend of each hour from `start`, picodollars; the last may lie partly beyond `end`."""
    cumulative: Floats
    """Sums of `hourly`, with a zero before the first."""
    interval: Interval | None
    method: str
    history_hours: int

    def remaining(self, now: Micros) -> float:
        """Expected spend from `now` to the period's end, picodollars."""
        return self._whole - self._until(min(max(now, self.start), self.end))

    def between(self, start: Micros, end: Micros) -> float:
        """Expected spend of that part of [start, end) that lies ahead and within the period, picodollars."""
        last = min(end, self.end)
        return self._until(last) - self._until(min(max(start, self.start), last))

    @cached_property
    def _whole(self) -> float:
        """Expected spend from `start` to the period's end."""
        return self._until(self.end)

    def forecast(self, spend: Picos, now: Micros) -> Forecast:
        """The period's spend, of which `spend` is past."""
        ahead = self.remaining(now)
        interval = self.interval
        low, high = (interval.low, interval.high) if interval is not None else (1.0, 1.0)
        # The interval tells how far the mean level may lie, either way of what is expected.
        bounds = sorted((ahead * low, ahead, ahead * high))
        return Forecast(spend + round(ahead), spend + round(bounds[0]), spend + round(bounds[-1]))

    def exhausted(self, spend: Picos, limit: Picos, now: Micros) -> Micros | None:
        """When expected spend uses up the limit; None: not within the period. `now` where it is used up already."""
        if spend >= limit:
            return now
        target = self._until(max(now, self.start)) + (limit - spend)
        hour = int(np.searchsorted(self.cumulative, target))
        if hour >= len(self.cumulative):
            return None
        before, after = self.cumulative[hour - 1], self.cumulative[hour]
        moment = self.start + round((hour - 1 + (target - before) / (after - before)) * HOUR)
        return moment if moment < self.end else None

    def _until(self, moment: Micros) -> float:
        """Expected spend from `start` to `moment`, evenly within an hour."""
        hours = min(max((moment - self.start) / HOUR, 0.0), float(len(self.hourly)))
        whole = int(hours)
        part = (hours - whole) * self.hourly.item(whole) if whole < len(self.hourly) else 0.0
        return self.cumulative.item(whole) + part


def outlook_of(history: HourlySpend, end: Micros, zone: str, coverage: float = WANTED_COVERAGE) -> Outlook | None:
    """The outlook after `history`, up to `end`; None: too little history for a baseline, or `end` is past."""
    hours = -(-(end - history.end) // HOUR)
    if hours <= 0:
        return None
    past = len(history.values)
    slots = hours_of_week(history.start, past + hours, zone)
    baseline = baseline_of(history.values, slots[:past])
    if baseline is None:
        return None
    hourly = baseline.expected(slots[past:])
    return Outlook(
        history.end,
        end,
        hourly,
        np.concatenate(([0.0], np.cumsum(hourly))),
        interval_of(history.values, slots[:past], hours, coverage),
        baseline.method,
        past,
    )
