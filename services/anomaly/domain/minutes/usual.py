"""What a series usually spends, from the hours that its baseline knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from services.anomaly.domain.minutes.tally import MINUTES_AN_HOUR, Minute
from services.anomaly.domain.panel import Panel
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import TENANT, Hour, Series

SETTLED_HOURS = 2
"""Hours so long before a minute are closed by then, however far the reading of one partition is ahead of another."""


class Usual(NamedTuple):
    """Dollars an hour."""

    typical: float
    busiest: float


@dataclass
class UsualSpend:
    """Looked up only where something is suspected."""

    tenant: str
    panel: Panel
    policy: Policy

    def of(self, series: Series, minute: Minute) -> Usual | None:
        """None: it has no history. A session is held against its user's, or its key's, or its team's."""
        hour = minute // MINUTES_AN_HOUR
        whose = _whose(series)
        row = None if whose is None else self._mature(whose, hour)
        if row is None:
            return None
        through = hour - SETTLED_HOURS
        return Usual(self.panel.cost.typical(row, hour, through), self.panel.cost.busiest(row, through))

    def tenant_has_history(self, minute: Minute) -> bool:
        return self._mature(Series(TENANT, self.tenant), minute // MINUTES_AN_HOUR) is not None

    def _mature(self, series: Series, hour: Hour) -> int | None:
        row = self.panel.index.get(series)
        if row is None or hour - SETTLED_HOURS - self.panel.lives.first[row] < self.policy.min_history_hours:
            return None
        return row


def _whose(series: Series) -> Series | None:
    labels = {name: value for name, value in series.labels.items() if name != "session"}
    return next((Series(name, value) for name, value in labels.items()), None)
