"""A series as incidents see it."""

from __future__ import annotations

from dataclasses import dataclass

from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.panel import Panel
from services.anomaly.domain.reason import Ratios
from services.anomaly.domain.series import Series


@dataclass(frozen=True)
class Watched:
    """One series, as incidents see it."""

    panel: Panel
    series: Series

    def usual_month(self) -> float:
        """Dollars in 30 usual days."""
        row = self.panel.index.get(self.series)
        return 0.0 if row is None else self.panel.cost.usual_month(row)

    def ratios(self) -> Ratios:
        """Those of the hour judged last; none where it, and hours pooled with it, hold too few requests."""
        row = self.panel.index.get(self.series)
        detectors = () if row is None else self.panel.ratios.detectors
        return {each.channel: each.figures(row) for each in detectors if row is not None and each.judged()[row]}


RATIO_CHANNELS = frozenset(
    {
        Anomaly.CHANNEL_UNIT_COST,
        Anomaly.CHANNEL_INPUT_TOKENS_PER_REQUEST,
        Anomaly.CHANNEL_OUTPUT_TOKENS_PER_REQUEST,
        Anomaly.CHANNEL_CACHE_HIT_SHARE,
    }
)
"""Channels on which an anomaly is one of the price of a request, not of their number."""
