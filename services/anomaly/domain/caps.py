"""How many alarms people can bear: so many a series and week, and a tenant and day."""

from __future__ import annotations

from typing import NamedTuple

from services.anomaly.domain.bank import HOURS_A_DAY, HOURS_A_WEEK
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Hour, Series


class _Told(NamedTuple):
    hour: Hour
    series: Series
    size: int


class Caps:
    """What one tenant was told lately."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._told: list[_Told] = []

    def allow(self, hour: Hour, series: Series, size: int) -> bool:
        """False if people were told enough already, unless this is far larger than any of it."""
        week = [told for told in self._told if told.series == series and hour - told.hour < HOURS_A_WEEK]
        day = [told for told in self._told if told.hour // HOURS_A_DAY == hour // HOURS_A_DAY]
        caps = ((week, self._policy.alarms_per_series_week), (day, self._policy.alarms_per_tenant_day))
        for told, cap in caps:
            if len(told) >= cap and size < self._policy.encore * max(one.size for one in told):
                return False
        return True

    def note(self, hour: Hour, series: Series, size: int) -> None:
        """People were told of this, picodollars as it stood then."""
        self._told = [told for told in self._told if hour - told.hour < HOURS_A_WEEK]
        self._told.append(_Told(hour, series, size))
