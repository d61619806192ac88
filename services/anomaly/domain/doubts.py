"""Alarms that people called false, by detector and series: each makes the next one need more evidence."""

from __future__ import annotations

from services.anomaly.domain.bank import HOURS_A_WEEK
from services.anomaly.domain.series import Hour

LASTS_HOURS = 8 * HOURS_A_WEEK
"""As long as the baselines remember: by then the series has taught how heavy its tail is."""


class Doubts:
    """Of one tenant."""

    def __init__(self) -> None:
        self._hours: dict[tuple[str, int], list[Hour]] = {}

    def add(self, detector: str, row: int, hour: Hour) -> None:
        """An alarm was called false in this hour."""
        self._hours.setdefault((detector, row), []).append(hour)

    def of(self, detector: str, row: int, hour: Hour) -> int:
        """How many still count."""
        said = self._hours.get((detector, row))
        if not said:
            return 0
        lasting = [when for when in said if hour - when < LASTS_HOURS]
        self._hours[detector, row] = lasting
        return len(lasting)

    def forget(self, row: int) -> None:
        """The row is another series' from now on."""
        for key in [key for key in self._hours if key[1] == row]:
            del self._hours[key]
