"""What the running watch has learned of a series, for whoever asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.detectors.calibrated import Band
from services.anomaly.domain.series import Hour, Series
from services.anomaly.handlers.desk import Desk
from services.common.clock import HOUR
from services.common.errors import UnavailableError
from services.common.forecast.hours import HourlySpend
from services.common.money import PICOS_PER_DOLLAR


class Learned:
    """Reads the watch between two of its steps; changes nothing."""

    def __init__(self, desk: Callable[[], Desk | None]) -> None:
        """`desk`: the watch's, None while history is being read."""
        self._desk = desk

    def course(
        self, tenant: str, labels: Mapping[str, str], channel: Anomaly.Channel, hours: Sequence[Hour]
    ) -> Sequence[Band | None]:
        """What is usual in these hours for a series; None: it is not watched, or history is still being read."""
        desk = self._desk()
        watch = None if desk is None else desk.watches.get(tenant)
        return [None] * len(hours) if watch is None else watch.course(labels, channel, hours)

    def spent(self, tenant: str, series: Series) -> HourlySpend | None:
        """Picodollars a series spent in each hour that is over, as far back as is known; None: it is not watched.

        Raises:
            UnavailableError: history is being read.
        """
        desk = self._desk()
        if desk is None:
            raise UnavailableError("anomaly: history is being read; ask again in a while", retry_after_seconds=10)
        watch = desk.watches.get(tenant)
        found = None if watch is None else watch.panel.spent(series)
        return None if found is None else HourlySpend(found[0] * HOUR, found[1] * PICOS_PER_DOLLAR)
