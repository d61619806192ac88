"""Hours that are still open: counters by series, until the watermark says nothing more will come."""

from __future__ import annotations

from collections.abc import Mapping

from services.anomaly.domain.series import Hour, Series, Totals


class OpenHours:
    """The open hours of one tenant."""

    def __init__(self) -> None:
        self._hours: dict[Hour, dict[Series, Totals]] = {}
        self.closed_through: Hour | None = None
        """The last hour that was closed."""

    def is_closed(self, hour: Hour) -> bool:
        return self.closed_through is not None and hour <= self.closed_through

    def add(self, hour: Hour, series: Series, totals: Totals) -> None:
        """Counts into an open hour."""
        bucket = self._hours.setdefault(hour, {})
        before = bucket.get(series)
        bucket[series] = totals if before is None else before.plus(totals)

    def first(self) -> Hour | None:
        """The earliest hour that holds anything."""
        return min(self._hours, default=None)

    def next(self) -> Hour | None:
        """The hour to close next, whether or not it holds anything."""
        return self.first() if self.closed_through is None else self.closed_through + 1

    def close(self, hour: Hour) -> Mapping[Series, Totals]:
        """Ends an hour and everything before it; returns what it held."""
        self.closed_through = hour
        return self._hours.pop(hour, {})

    def skip_to(self, hour: Hour) -> None:
        """Makes `hour` the next to close: nothing lies in between."""
        self.closed_through = hour - 1

    def __len__(self) -> int:
        return len(self._hours)
