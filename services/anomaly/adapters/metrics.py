"""What the anomaly service counts."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

from services.common.clock import SECOND, Micros

_RECORDS = Counter(
    "aifinops_anomaly_records_total",
    "Cost records by what became of them: watched, too_old, repeated",
    ["fate"],
)
_LATE = Counter("aifinops_anomaly_late_requests_total", "Requests that came after their hour was closed")
_SERIES = Gauge("aifinops_anomaly_series", "Series watched")
_UNWATCHED = Gauge("aifinops_anomaly_unwatched_series", "Series not watched: their dimension has too many values")
_WITHHELD = Gauge("aifinops_anomaly_withheld_alarms", "Anomalies not told because of caps, since history was last read")
_CHECKPOINT_BYTES = Gauge("aifinops_anomaly_checkpoint_bytes", "Size of the last checkpoint, compressed")
_CHECKPOINT_TIME = Gauge("aifinops_anomaly_checkpoint_timestamp_seconds", "When the last checkpoint was made")
_OPEN = Gauge("aifinops_anomaly_open", "Open anomalies")


class PrometheusMeter:
    """Implements `handlers.ports.Meter`."""

    def records(self, watched: int, late: int, too_old: int, repeated: int) -> None:
        for fate, count in (("watched", watched), ("too_old", too_old), ("repeated", repeated)):
            if count:
                _RECORDS.labels(fate).inc(count)
        if late > 0:
            _LATE.inc(late)

    def checkpoint(self, size: int, at: Micros) -> None:
        _CHECKPOINT_BYTES.set(size)
        _CHECKPOINT_TIME.set(at / SECOND)

    def state(self, series: int, unwatched: int, withheld: int, open_anomalies: int) -> None:
        _SERIES.set(series)
        _UNWATCHED.set(unwatched)
        _WITHHELD.set(withheld)
        _OPEN.set(open_anomalies)
