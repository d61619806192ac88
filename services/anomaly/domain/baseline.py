"""What an hour usually is: a median for each hour of the week, shrunk towards what is known better.

Eight weeks give an hour of the week eight values at most, so its median is mixed with that of the hour of the day, and
that with the series' own: n values weigh n / (n + k) (empirical Bayes shrinkage). Weeks are UTC weeks: where daylight
saving moves a rhythm by an hour, the spread of the neighbouring hours covers the weeks until it is relearned.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass

from river import stats

from services.anomaly.domain.ring import HOURS_A_DAY, HOURS_A_WEEK, HourRing, median
from services.anomaly.domain.series import Hour

PULL = 1.0
"""k of the shrinkage: how many values the wider median counts for."""
SPREAD_PULL = 5.0
SPREAD_MEMORY = 0.1
"""Weight of the newest deviation in an hour of the day's own spread."""
WINDOW = 2 * HOURS_A_WEEK
MAD_TO_SIGMA = 1.4826
"""Of a normal distribution: standard deviation over median absolute deviation."""
MEAN_TO_SIGMA = 1.2533
"""Of a normal distribution: standard deviation over mean absolute deviation."""
WEEKLY_EVENT = 4.0
"""An hour of the week this many spreads above its hour of the day is an event of its own: a weekly batch."""
CLIP = 4.0
"""A lone outlier is learned as at most so many spreads from the level."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is usual for an hour, on the baseline's own scale."""

    level: float
    spread: float

    def score(self, value: float) -> float:
        """Spreads above the level."""
        return (value - self.level) / self.spread


class SeasonalBaseline:
    """Level and spread by hour of the week, of values on a scale where their noise is about even (square root, log)."""

    def __init__(self, *, relative_spread: float, absolute_spread: float) -> None:
        """
        Args:
            relative_spread: least spread, as a share of the level.
            absolute_spread: least spread at all; a constant series has no spread of its own.
        """
        self._relative = relative_spread
        self._absolute = absolute_spread
        self._learned = HourRing()
        self._seen = HourRing()
        self._middle = stats.RollingQuantile(0.5, WINDOW)
        self._deviation = stats.RollingQuantile(0.5, WINDOW)
        self._by_hour = array("d", [0.0]) * HOURS_A_DAY
        self._counts = array("i", [0]) * HOURS_A_DAY
        self.observations = 0

    def expect(self, hour: Hour) -> Expectation | None:
        """What is usual for this hour; None before anything was learned."""
        if not self.observations:
            return None
        wide = self._level_of_day(hour)
        spread = self._spread(hour)
        weekly = self._learned.same_hour_of_week(hour)
        level = wide
        if weekly:
            level = (len(weekly) * median(weekly) + PULL * wide) / (len(weekly) + PULL)
            highest = max(weekly)
            if highest > wide + WEEKLY_EVENT * max(spread, self._relative * abs(wide), self._absolute):
                level = highest
        level = self._habit(hour, level, spread)
        return Expectation(level, max(spread, self._relative * abs(level), self._absolute))

    def learn(self, hour: Hour, value: float, expected: Expectation | None, *, clipped: bool) -> None:
        """Takes in the value of an hour, in the order of hours.

        Args:
            hour: which.
            value: on the baseline's scale.
            expected: what `expect` said of it.
            clipped: hold back what lies far outside.
        """
        self._seen.put(hour, value)
        if expected is not None:
            if clipped:
                reach = CLIP * expected.spread
                value = min(max(value, expected.level - reach), expected.level + reach)
            self._note_deviation(hour, abs(value - expected.level))
        self._learned.put(hour, value)
        self._middle.update(value)
        self.observations += 1

    def pass_over(self, hour: Hour, value: float) -> None:
        """Remembers a value without learning from it; NaN for an hour without one."""
        self._seen.put(hour, value)
        self._learned.put(hour, float("nan"))

    def last_seen(self, hour: Hour) -> float:
        """The value of an hour as it was; NaN if unknown."""
        return self._seen.get(hour)

    def amend(self, hour: Hour, value: float) -> None:
        """Corrects an hour that was learned, after late records."""
        if self._learned.get(hour) == self._learned.get(hour):
            self._learned.amend(hour, value)
        self._seen.amend(hour, value)

    def relearn(self, since: Hour, through: Hour) -> None:
        """Takes what was passed over since that hour for the new normal, and forgets what was before."""
        self._middle = stats.RollingQuantile(0.5, WINDOW)
        self._learned.forget_before(since)
        for hour in range(since, through + 1):
            value = self._seen.get(hour)
            if value == value:
                self._learned.amend(hour, value)
                self._middle.update(value)

    def values(self) -> list[float]:
        """What was learned, of the last eight weeks."""
        return self._learned.known()

    def _level_of_day(self, hour: Hour) -> float:
        middle = self._middle.get()
        whole = 0.0 if middle is None else float(middle)
        daily = self._learned.same_hour_of_day(hour)
        if not daily:
            return whole
        return (len(daily) * median(daily) + PULL * whole) / (len(daily) + PULL)

    def _spread(self, hour: Hour) -> float:
        deviation = self._deviation.get()
        whole = 0.0 if deviation is None else MAD_TO_SIGMA * float(deviation)
        slot = hour % HOURS_A_DAY
        count = self._counts[slot]
        return (count * MEAN_TO_SIGMA * self._by_hour[slot] + SPREAD_PULL * whole) / (count + SPREAD_PULL)

    def _habit(self, hour: Hour, level: float, spread: float) -> float:
        """What came twice in the same hour of the week is a habit, even if it was called an anomaly both times."""
        twice = sorted(self._seen.same_hour_of_week(hour))[-2:]
        if len(twice) == 2 and twice[0] > level + WEEKLY_EVENT * max(spread, self._absolute):
            return twice[0]
        return level

    def _note_deviation(self, hour: Hour, deviation: float) -> None:
        self._deviation.update(deviation)
        slot = hour % HOURS_A_DAY
        count = self._counts[slot]
        # A plain mean until it has the memory's weight, then an exponential one: no start-up bias.
        weight = max(SPREAD_MEMORY, 1 / (count + 1))
        self._by_hour[slot] += weight * (deviation - self._by_hour[slot])
        self._counts[slot] = min(count + 1, HOURS_A_WEEK)
