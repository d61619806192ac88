"""Silence: nothing at all where events are usual.

An hour that is usually quiet says nothing either way, so only hours in which the series has always been busy count.
"""

from __future__ import annotations

from services.anomaly.domain.policy import Policy
from services.anomaly.domain.ring import median
from services.anomaly.domain.series import Hour
from services.anomaly.domain.volume import UsualVolume


class SilenceDetector:
    """The silence channel of one series. It counts events, not the requests they may stand for: events arrive apart
    from each other, so that their number tells how unlikely none is."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._events = UsualVolume()

    def is_silent(self, hour: Hour, events: int) -> bool:
        """True if nothing came where something always did."""
        if events > 0:
            return False
        weekly = self._events.in_other_weeks(hour)
        if not weekly or min(weekly) <= 0 or median(weekly) < self._policy.silent_events:
            return False
        return self._events.usual(hour) >= self._policy.silent_events

    def learn(self, hour: Hour, events: int) -> None:
        self._events.learn(hour, events)

    def pass_over(self, hour: Hour) -> None:
        """The hour belongs to an anomaly."""
        self._events.pass_over(hour)

    def amend(self, hour: Hour, late: int) -> None:
        """Adds events that came after the hour was closed."""
        self._events.amend(hour, late)
