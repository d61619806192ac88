"""The newest point of each cumulative series, so that one that was overtaken does not take its total back.

A Collector that sends several batches at once may deliver an older total after a newer one. Where that reaches the same
process it is dropped here; where it does not, the next point of the series puts it right.
"""

from __future__ import annotations

from collections import OrderedDict

from services.ingest.domain.otlp.metrics import Point

MOST_SERIES = 100_000


class Newest:
    """Remembers times of points, of the series seen last."""

    def __init__(self, most: int = MOST_SERIES) -> None:
        self._most = most
        self._times: OrderedDict[tuple[str, str, int], int] = OrderedDict()

    def overtaken(self, tenant_id: str, point: Point) -> bool:
        """Whether a newer point of the series came before. The same point again is none: it may be a resend of what was
        not made durable."""
        if not point.cumulative:
            return False
        key = (tenant_id, point.series, point.start)
        newest = self._times.pop(key, 0)
        self._times[key] = max(newest, point.time)
        if len(self._times) > self._most:
            self._times.popitem(last=False)
        return point.time < newest
