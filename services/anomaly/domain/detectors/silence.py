"""Silence: nothing at all where requests are usual.

An hour that is usually quiet says nothing either way, so only hours in which the series has always been busy count.
"""

from __future__ import annotations

import math

from services.anomaly.domain.baseline import PULL
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.ring import HourRing, median
from services.anomaly.domain.series import Hour


class SilenceDetector:
    """The silence channel of one series; also knows how many requests an hour usually has."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._requests = HourRing()

    def expected(self, hour: Hour) -> float:
        """Requests usual in this hour."""
        weekly = self._requests.same_hour_of_week(hour)
        daily = self._requests.same_hour_of_day(hour)
        wide = median(daily) if daily else 0.0
        return (len(weekly) * median(weekly) + PULL * wide) / (len(weekly) + PULL) if weekly else wide

    def is_silent(self, hour: Hour, requests: int) -> bool:
        """True if nothing came where something always did."""
        if requests > 0:
            return False
        weekly = self._requests.same_hour_of_week(hour)
        if not weekly or min(weekly) <= 0 or median(weekly) < self._policy.silent_requests:
            return False
        return self.expected(hour) >= self._policy.silent_requests

    def learn(self, hour: Hour, requests: int) -> None:
        self._requests.put(hour, max(0, requests))

    def pass_over(self, hour: Hour) -> None:
        """The hour belongs to an anomaly."""
        self._requests.put(hour, math.nan)

    def amend(self, hour: Hour, requests: int) -> None:
        """Adds late records to an hour that was closed."""
        before = self._requests.get(hour)
        self._requests.amend(hour, max(0.0, requests + (0.0 if math.isnan(before) else before)))
